"""The one training loop: every task's device, precision, clipping, counters, schedule, saving and stopping.

A run is resumable after a kill, and the same weights come of the same seed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from engine.checkpoint import Document, save
from engine.device import get_random_state, set_random_state
from engine.messages import Event, ModelInfo, ModelSaved, Progress, TrainingBegan, TrainingPoint
from engine.models.parts.model import TextModel
from engine.models.parts.output_layer import after_step
from engine.training.data import batches
from engine.training.recipe import Recipe
from engine.training.schedule import learning_rate
from engine.training.state import IN_HEADER, read_state, sweep, write_state
from engine.training.task import MODEL, Batch, Loss, Recorder, Task

SAVE_EVERY = 60.0  # seconds between resumable states
POINT_EVERY = 50  # steps between two of the loss terms that are shown
VERBS = {"valid": "validate", "test": "test"}
M = TypeVar("M")


class Diverged(ValueError):
    """A loss, a gradient or a weight is no number any more; the message is one sentence for a person."""


class Trainer:
    """One training of one task, from its beginning or from where it was stopped."""

    def __init__(
        self,
        recipe: Recipe,
        task: Task,
        *,
        device: torch.device | None = None,
        recorder: Recorder | None = None,
        request: str = "",
    ) -> None:
        """Move everything to the device; `request` is the fingerprint that a saved state must have.

        Raises ValueError with one sentence where there is nothing to train on, to validate or to test with.
        """
        _refuse_empty(recipe, task)
        self.recipe, self.task, self.recorder, self.request = recipe, task, recorder, request
        self.device = device or torch.device("cpu")
        self.modules = dict(task.modules())
        for module in self.modules.values():
            module.to(self.device)
        self.optimisers = dict(task.optimisers(recipe.training))
        for optimiser in self.optimisers.values():
            for group in optimiser.param_groups:
                group.setdefault("initial_lr", group["lr"])
        self._weights = {name: self._weights_of(o) for name, o in self.optimisers.items()}
        self.total = len(self._batches(0)) * recipe.training.passes
        self.epoch = self.batch = self.step = self.stale = 0
        self.saved = 0  # the step of the state on disk; 0: there is none
        self.best = math.inf
        self.best_weights: dict[str, Tensor] = {}  # none until the first validation
        self.average = self._snapshot() if recipe.training.average else {}

    def run(self, state: Path, output: Path) -> Generator[Event]:
        """Train, yielding what happens after each step; the last event is `ModelSaved`.

        A recorder's frames are yielded as they are taken, the first before the first step. A run that was stopped or
        killed goes on where its last saved state was and ends with the same weights as one that never was; closing
        the iterator saves the state of the last step. Raises `Diverged`, or OSError when the disk is full.
        """
        torch.manual_seed(self.recipe.seed)
        sweep(state)
        if state.exists():
            read_state(state, self.request, self._restore)
        yield TrainingBegan(
            state=str(state), output=str(output), step=self.step, total=self.total, finished=not self._going_on
        )
        if self.recorder and (frame := self.recorder.look(self.step, self.total)):
            yield frame
        try:
            yield from self._passes(state)
        except GeneratorExit:
            if self.step > self.saved:
                self._save(state)
            raise
        yield ModelSaved(info=self._finish(output))

    # --- the loop ----------------------------------------------------------------------------------------------------

    def _passes(self, state: Path) -> Iterator[Event]:
        """Between two yields the counters, the weights and the noise belong together: any of them can be saved."""
        settings, began, first = self.recipe.training, time.monotonic(), self.step
        at = began  # of the last save
        while self._going_on:
            self.task.begin(self.epoch)
            order = self._batches(self.epoch)
            marks = {round(len(order) * (i + 1) / settings.validations) for i in range(settings.validations)}
            number = self.epoch + 1
            for indices in order[self.batch :]:
                terms = self._step(indices)
                self.batch, self.step = self.batch + 1, self.step + 1
                marked = self.batch in marks
                events = self._events(terms, validate=marked)
                if self.batch == len(order):
                    self.epoch, self.batch = self.epoch + 1, 0
                if marked or time.monotonic() - at > SAVE_EVERY:
                    self._save(state)
                    at = time.monotonic()
                rate = (self.step - first) / max(1e-9, time.monotonic() - began)
                note = f"pass {number}, {rate:.1f} steps/s"
                yield Progress(done=self.step, total=self.total, unit="steps", note=note)
                yield from events
                if not self._going_on:  # no gain for long enough
                    break

    def _events(self, terms: Mapping[str, float], *, validate: bool) -> list[Event]:
        """What there is to say after a step."""
        events: list[Event] = []
        if self.step % POINT_EVERY == 0:
            events.append(TrainingPoint(step=self.step, total=self.total, terms=dict(terms)))
        if self.recorder and (frame := self.recorder.look(self.step, self.total)):
            events.append(frame)
        if validate:
            events.append(self._validate())
        return events

    def _step(self, indices: list[int]) -> dict[str, float]:
        """One batch: every loss in turn, each followed by its optimiser's step; returns the terms, by name."""
        for module in self.modules.values():
            module.train()
        for optimiser in self.optimisers.values():
            for group in optimiser.param_groups:
                if group.get("scheduled", True):
                    group["lr"] = learning_rate(group["initial_lr"], self.step, self.total, self.recipe.training)
        terms: dict[str, float] = {}
        losses = self.task.step(Batch(indices, self.step, self.device))
        while (loss := self._next(losses)) is not None:
            name = "loss" if loss.optimiser == MODEL else f"{loss.optimiser}_loss"
            terms |= {name: self._descend(loss), **loss.terms}
        if self.average:
            for name, weight in self.task.model.state_dict().items():
                if weight.is_floating_point():
                    self.average[name].lerp_(weight, 1 - self.recipe.training.average)
        return terms

    def _next(self, losses: Iterator[Loss]) -> Loss | None:
        """The next loss, in the recipe's precision; autocast ends with it, for it keeps casts of weights that move."""
        bfloat16 = self.recipe.training.precision == "bfloat16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=bfloat16):
            return next(losses, None)

    def _descend(self, loss: Loss) -> float:
        """Go one step down a loss; its value per unit. The weights stay as they were where it is no number."""
        weights = self._weights[loss.optimiser]
        per_unit = loss.total / loss.count
        per_unit.backward(inputs=weights)  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(weights, self.recipe.training.clip)
        value, size = torch.stack([per_unit.detach().float(), norm.float()]).tolist()  # one wait for the device
        if not (math.isfinite(value) and math.isfinite(size)):
            what = f"the loss is {value}" if not math.isfinite(value) else f"the gradient's norm is {size}"
            raise self._diverged(what)
        optimiser = self.optimisers[loss.optimiser]
        optimiser.step()
        if loss.optimiser == MODEL:
            after_step(self.task.model)
        optimiser.zero_grad(set_to_none=True)
        return float(value)

    def _validate(self) -> TrainingPoint:
        """Judge the weights (their moving average, where one is kept) and remember the best."""
        model, current = self.task.model, self._snapshot()
        if self.average:
            model.load_state_dict(self.average)
        figure, metrics = self._measured(self.task.validate)
        if not math.isfinite(figure):
            raise self._diverged(f"the validation's loss is {figure}")
        self.stale += 1
        if figure < self.best:
            self.best, self.stale, self.best_weights = figure, 0, self._snapshot()
        model.load_state_dict(current)
        return TrainingPoint(step=self.step, total=self.total, terms=metrics, split="valid")

    def _measured(self, measure: Callable[[], M]) -> M:
        """Figures of a split, all modules at rest; a perplexity beyond all numbers is a training that diverged."""
        for module in self.modules.values():
            module.eval()
        try:
            with torch.inference_mode():
                return measure()
        except OverflowError as error:
            raise self._diverged("a perplexity is beyond all numbers") from error

    def _finish(self, output: Path) -> ModelInfo:
        """Measure the best weights as they will be stored (float16) and write the checkpoint."""
        task, recipe = self.task, self.recipe
        task.model.load_state_dict(self.best_weights)
        with torch.no_grad():
            for parameter in task.model.parameters():
                parameter.copy_(parameter.half().float())
        if not self._finite():
            raise self._diverged("a weight is too large for the checkpoint's float16")
        metrics = self._measured(task.test)
        card = recipe.card
        document = Document(
            name=recipe.name,
            config=_plain_config(task.model),
            tokenizer=str(task.tokenizer.kind),
            card=type(card)(card.title, card.summary, card.data, card.licence, {**card.metrics, **metrics}),
            partner=recipe.partner,
            role=recipe.role,
            trained={
                "task": recipe.task,
                "steps": self.step,
                "seed": recipe.seed,
                "torch": str(torch.__version__),
                "options": recipe.options,
                "max_tokens": recipe.max_tokens,
                "request": self.request[:IN_HEADER],
            },
        )
        trace = task.trace() | (self.recorder.arrays() if self.recorder else {})
        return save(output, task.model, document, trace=trace)

    # --- the state ---------------------------------------------------------------------------------------------------

    @property
    def _going_on(self) -> bool:
        settings = self.recipe.training
        return self.epoch < settings.passes and self.stale < settings.patience

    def _batches(self, epoch: int) -> list[list[int]]:
        return batches(self.task.lengths, self.recipe.training.batch_tokens, self.recipe.seed, epoch)

    def _snapshot(self) -> dict[str, Tensor]:
        return {k: v.detach().clone() for k, v in self.task.model.state_dict().items()}

    def _finite(self) -> bool:
        return all(bool(p.isfinite().all()) for module in self.modules.values() for p in module.parameters())

    def _diverged(self, what: str) -> Diverged:
        kept = f"the state of step {self.saved:,} is kept" if self.saved else "nothing was saved"
        return Diverged(f"the training diverged at step {self.step:,}: {what}; try a smaller learning rate ({kept})")

    def _save(self, path: Path) -> None:
        """Keep the state, unless a weight is no number: then the last good one stays."""
        if not self._finite():
            raise self._diverged("a weight is no number")
        values = {
            "counters": [self.epoch, self.batch, self.step, self.stale],
            "total": self.total,
            "best": self.best,
            "modules": {name: module.state_dict() for name, module in self.modules.items()},
            "best_weights": self.best_weights,
            "average": self.average,
            "optimisers": {name: optimiser.state_dict() for name, optimiser in self.optimisers.items()},
            "random": get_random_state(self.device),
            "trace": self.recorder.state() if self.recorder else {},
        }
        write_state(path, self.request, values)
        self.saved = self.step

    def _restore(self, values: dict[str, Any]) -> None:
        self.epoch, self.batch, self.step, self.stale = values["counters"]
        self.best, self.saved = values["best"], self.step
        self.best_weights, self.average = (
            {k: v.to(self.device) for k, v in values[name].items()} for name in ("best_weights", "average")
        )
        for name, module in self.modules.items():
            module.load_state_dict(values["modules"][name])
        for name, optimiser in self.optimisers.items():
            optimiser.load_state_dict(values["optimisers"][name])
        set_random_state(self.device, values["random"])
        if self.recorder:
            self.recorder.restore(values["trace"])

    def _weights_of(self, optimiser: Optimizer) -> list[nn.Parameter]:
        """The weights an optimiser moves, in the order of their modules."""
        own = {id(p) for group in optimiser.param_groups for p in group["params"]}
        every = (p for module in self.modules.values() for p in module.parameters())
        return [p for p in every if id(p) in own and p.requires_grad]


def _plain_config(model: TextModel) -> dict[str, Any]:
    config: dict[str, Any] = msgspec.to_builtins(model.config)
    return config


def _refuse_empty(recipe: Recipe, task: Task) -> None:
    """Raises ValueError where a split has nothing that the task can use."""
    if not task.lengths:
        raise ValueError(
            f"there is nothing to train on: every training sentence is longer than {recipe.max_tokens} tokens "
            "or stands in the validation or test text"
        )
    for split, count in task.held_out.items():
        if not count:
            raise ValueError(f"there is nothing to {VERBS[split]} with: no sentence of the {split} split can be used")
