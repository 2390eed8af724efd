"""What is trained: a model, its text and its losses. The joint between the `Trainer` and each kind of model.

A new kind of training is a class with these members. The Trainer owns the rest: device, precision, backward passes,
clipping, counters, schedule, saving and stopping.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

from engine.messages import Event, Metric
from engine.models.parts.model import TextModel
from engine.text import Tokenizer
from engine.training.recipe import Optimisation

MODEL = "model"
"""The module that the checkpoint holds, and the optimiser of its weights."""


@dataclass(frozen=True)
class Batch:
    """Which training examples a step is made of, and where its tensors belong."""

    indices: list[int]
    step: int  # counts from 0, for annealing and for noise that a resumed run must draw again
    device: torch.device


@dataclass(frozen=True)
class Loss:
    """The sum to minimise, over how many units, and its named parts (for display)."""

    total: Tensor  # summed over the batch
    count: int  # units the sum is divided by: tokens or sentences
    terms: Mapping[str, float] = field(default_factory=dict)
    optimiser: str = MODEL  # whose weights take a step down this loss; those of the others stay


class Task(Protocol):
    """What a kind of model needs to be trained."""

    tokenizer: Tokenizer
    lengths: list[int]
    """Tokens of each training example of the pass begun last."""

    @property
    def model(self) -> TextModel:
        """What the checkpoint will hold."""

    @property
    def held_out(self) -> Mapping[str, int]:
        """How many examples validation and test have, by split."""

    def modules(self) -> Mapping[str, nn.Module]:
        """All that learns, by name, `MODEL` among them: what moves to the device and what a resumed run needs."""

    def optimisers(self, settings: Optimisation) -> Mapping[str, Optimizer]:
        """By name, over weights that lie on the device already.

        The learning rate of a parameter group is its peak and follows the schedule, unless it has `scheduled=False`.
        """

    def begin(self, number: int) -> None:
        """Make the training examples of a pass ready, counted from 0; the first stands ready from the start."""

    def step(self, batch: Batch) -> Iterator[Loss]:
        """The losses of a training step in turn: each one's optimiser has taken its step when the next is asked for."""

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


class ModelTask:
    """The common case, to be inherited: one model, one optimiser, the same examples in each pass, nothing recorded."""

    model: TextModel

    def modules(self) -> Mapping[str, nn.Module]:
        """The model alone."""
        return {MODEL: self.model}

    def optimisers(self, settings: Optimisation) -> Mapping[str, Optimizer]:
        """AdamW over all weights."""
        return {MODEL: adamw(self.model, settings)}

    def begin(self, number: int) -> None:
        """Every pass has the same examples."""

    def trace(self) -> dict[str, np.ndarray[Any, Any]]:
        """Nothing is recorded."""
        return {}


def adamw(module: nn.Module, settings: Optimisation) -> Optimizer:
    """AdamW (Loshchilov and Hutter 2019) with a recipe's settings; vectors do not decay."""
    decay = [p for p in module.parameters() if p.dim() > 1]
    rest = [p for p in module.parameters() if p.dim() <= 1]
    groups = [{"params": decay, "weight_decay": settings.weight_decay}, {"params": rest, "weight_decay": 0.0}]
    return AdamW(groups, lr=settings.learning_rate, betas=(0.9, settings.beta2), fused=True)
