"""The one training loop: AdamW, early stopping, resumable after a kill, the same weights under the same seed."""

from __future__ import annotations

import math
import os
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

from engine.checkpoint import Document, save
from engine.messages import Event, Metric, ModelSaved, Progress, TrainingPoint, brief
from engine.training.data import batches
from engine.training.recipe import Optimisation, Recipe

SAVE_EVERY = 60.0  # seconds between resumable states


@dataclass(frozen=True)
class Loss:
    """A batch's loss: the sum to minimise, over how many units, and its named parts (for display)."""

    total: Tensor  # summed over the batch
    count: int  # units the sum is divided by: tokens or sentences
    terms: Mapping[str, float] = field(default_factory=dict)


class Task(Protocol):
    """What a kind of model needs to be trained."""

    model: nn.Module
    lengths: list[int]
    """Tokens of each training example of the pass begun last."""

    def begin(self, number: int) -> None:
        """Make the training examples of a pass ready, counted from 0; the first stands ready from the start."""

    def loss(self, indices: list[int], step: int) -> Loss:
        """The loss of a batch of training examples, with gradients; `step` counts from 0 for annealing."""

    def validate(self) -> tuple[float, dict[str, float]]:
        """The figure to choose a model by (lower is better) and the metrics of the validation split."""

    def test(self) -> dict[str, Metric]:
        """The metrics of the test split, for the model card."""

    def trace(self) -> dict[str, np.ndarray[Any, Any]]:
        """Arrays of held-out sentences, saved with the checkpoint; empty for most."""


class Recorder(Protocol):
    """Follows a training: see `engine.training.recorder`."""

    def look(self, step: int, total: int) -> Event | None:
        """A frame, where this step is one to look at."""

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """The whole trace, saved with the checkpoint."""

    def state(self) -> dict[str, Tensor]:
        """What a resumed run needs to go on recording."""

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a saved state."""


def learning_rate(step: int, total: int, settings: Optimisation) -> float:
    """Linear warm-up, then a cosine down to a tenth, or a plateau and a straight line down to zero."""
    if step < settings.warmup_steps:
        return settings.learning_rate * (step + 1) / settings.warmup_steps
    if settings.schedule == "trapezoid":
        return settings.learning_rate * min(1.0, max(0, total - step) / max(1.0, settings.decay * total))
    share = (step - settings.warmup_steps) / max(1, total - settings.warmup_steps)
    return settings.learning_rate * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * min(1.0, share))))


class _Run:
    """Everything a resumed run must know."""

    def __init__(self, task: Task, settings: Optimisation, recorder: Recorder | None) -> None:
        decay = [p for p in task.model.parameters() if p.dim() > 1]
        rest = [p for p in task.model.parameters() if p.dim() <= 1]
        groups = [{"params": decay, "weight_decay": settings.weight_decay}, {"params": rest, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, settings.beta2), fused=True)
        self.model = task.model
        self.recorder = recorder
        self.epoch = self.batch = self.step = self.stale = 0
        self.best = math.inf
        self.best_weights = self.snapshot()
        self.average = self.snapshot() if settings.average else {}

    def snapshot(self) -> dict[str, Tensor]:
        return {k: v.detach().clone() for k, v in self.model.state_dict().items()}

    def save(self, path: Path) -> None:
        """Write the state beside, then move it over the old one: a kill leaves one of the two whole."""
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".part")
        counters = [self.epoch, self.batch, self.step, self.stale]
        with _disk_errors(beside), beside.open("wb") as file:
            torch.save(
                {
                    "counters": counters,
                    "best": self.best,
                    "weights": self.model.state_dict(),
                    "best_weights": self.best_weights,
                    "average": self.average,
                    "optimizer": self.optimizer.state_dict(),
                    "random": torch.get_rng_state(),
                    "trace": self.recorder.state() if self.recorder else {},
                },
                file,
            )
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)

    def load(self, path: Path) -> None:
        """Raises ValueError when the file is broken or of another recipe; nothing in it is executed."""
        try:
            if not zipfile.is_zipfile(path):  # torch's older formats unpack themselves in other places first
                raise ValueError("no archive")
            self._restore(torch.load(path, weights_only=True))
        except Exception as error:
            raise ValueError(f"{path} is no state of this recipe; remove it or choose another run folder") from error

    def _restore(self, state: dict[str, Any]) -> None:
        self.epoch, self.batch, self.step, self.stale = state["counters"]
        self.best, self.best_weights, self.average = state["best"], state["best_weights"], state["average"]
        self.model.load_state_dict(state["weights"])
        self.optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random"])
        if self.recorder:
            self.recorder.restore(state.get("trace", {}))


@contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    """A state that cannot be written is given up, and torch's complaint about a full disk said as an OSError."""
    try:
        yield
    except (RuntimeError, OSError) as error:
        path.unlink(missing_ok=True)
        raise OSError(f"the training's state cannot be written to {path.parent}: {brief(error)}") from error


def train(
    recipe: Recipe, task: Task, run_folder: Path, output: Path, recorder: Recorder | None = None
) -> Iterator[Event]:
    """Train, yielding progress between steps; the last event is `ModelSaved`.

    A recorder's frames are yielded as they are taken, the first before the first step. An interrupted run (same
    recipe, same run folder) goes on where its last saved state was and ends with the same weights as an
    uninterrupted one.
    """
    settings = recipe.training
    state_path = run_folder / f"{recipe.name}.state"
    total = len(batches(task.lengths, settings.batch_tokens, recipe.seed, 0)) * settings.passes
    torch.manual_seed(recipe.seed)
    run = _Run(task, settings, recorder)
    if state_path.exists():
        run.load(state_path)
    saved = started = time.monotonic()
    first_step = run.step
    if recorder and (frame := recorder.look(run.step, total)):
        yield frame
    while run.epoch < settings.passes and run.stale < settings.patience:
        task.begin(run.epoch)
        order = batches(task.lengths, settings.batch_tokens, recipe.seed, run.epoch)
        marks = {round(len(order) * (i + 1) / settings.validations) for i in range(settings.validations)}
        while run.batch < len(order):
            loss = _step(task, run, settings, order[run.batch], total)
            run.batch += 1
            run.step += 1
            rate = (run.step - first_step) / max(1e-9, time.monotonic() - started)
            yield Progress(done=run.step, total=total, unit="steps", note=f"pass {run.epoch + 1}, {rate:.1f} steps/s")
            if run.step % 50 == 0:
                per_unit = {"loss": loss.total.item() / loss.count, **loss.terms}
                yield TrainingPoint(step=run.step, total=total, terms=per_unit)
            if recorder and (frame := recorder.look(run.step, total)):
                yield frame
            if run.batch in marks:
                yield _validate(task, run, total)
                if run.stale >= settings.patience:
                    break
            if time.monotonic() - saved > SAVE_EVERY or run.batch in marks:
                run.save(state_path)
                saved = time.monotonic()
        run.epoch, run.batch = run.epoch + 1, 0
    run.save(state_path)
    run.model.load_state_dict(run.best_weights)
    task.model.eval()
    yield ModelSaved(info=finish(recipe, task, output, steps=run.step, recorder=recorder))


def finish(recipe: Recipe, task: Task, output: Path, *, steps: int, recorder: Recorder | None = None) -> Any:
    """Measure the chosen weights as they will be stored (float16) and write the checkpoint."""
    with torch.no_grad():
        for parameter in task.model.parameters():
            parameter.copy_(parameter.half().float())
    task.model.eval()
    with torch.inference_mode():
        metrics = task.test()
    card = recipe.card
    document = Document(
        name=recipe.name,
        config=_plain_config(task.model),
        tokenizer=str(task.model.tokenizer.kind),  # type: ignore[union-attr]
        card=type(card)(card.title, card.summary, card.data, card.licence, {**card.metrics, **metrics}),
        partner=recipe.partner,
        role=recipe.role,
        trained={
            "task": recipe.task,
            "steps": steps,
            "seed": recipe.seed,
            "torch": str(torch.__version__),
            "options": recipe.options,
            "max_tokens": recipe.max_tokens,
        },
    )
    trace = task.trace() | (recorder.arrays() if recorder else {})
    return save(output, task.model, document, trace=trace)


def _plain_config(model: nn.Module) -> dict[str, Any]:
    config: dict[str, Any] = msgspec.to_builtins(model.config)
    return config


def _step(task: Task, run: _Run, settings: Optimisation, indices: list[int], total: int) -> Loss:
    task.model.train()
    for group in run.optimizer.param_groups:
        group["lr"] = learning_rate(run.step, total, settings)
    with torch.autocast("cpu", torch.bfloat16, enabled=settings.precision == "bfloat16"):
        loss = task.loss(indices, run.step)
    (loss.total / loss.count).backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(task.model.parameters(), settings.clip)
    run.optimizer.step()
    run.optimizer.zero_grad(set_to_none=True)
    if settings.average:
        for name, value in run.model.state_dict().items():
            run.average[name].lerp_(value, 1 - settings.average) if value.is_floating_point() else None
    return loss


def _validate(task: Task, run: _Run, total: int) -> TrainingPoint:
    """Judge the weights (their moving average, where one is kept) and remember the best."""
    current = run.snapshot()
    if run.average:
        task.model.load_state_dict(run.average)
    task.model.eval()
    with torch.inference_mode():
        figure, metrics = task.validate()
    run.stale += 1
    if figure < run.best:
        run.best, run.stale, run.best_weights = figure, 0, run.snapshot()
    task.model.load_state_dict(current)
    return TrainingPoint(step=run.step, total=total, terms=metrics, split="valid")
