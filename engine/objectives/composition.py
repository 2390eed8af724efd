"""A training objective composed by name: each term's schedule, and what bends the terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from torch import Tensor

from engine.objectives.annealing import Schedule
from engine.objectives.free_bits import By
from engine.objectives.noise import Corruption, Share

LIKELIHOODS = ("reconstruction", "bag-of-words")
"""Terms that are no divergences and are not annealed with them."""


class Aggressive(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Aggressive encoder training (He et al. 2019): the encoder catches up before each step of the decoder."""

    until: Annotated[int, msgspec.Meta(ge=1)]  # training step at which it ends
    most: Annotated[int, msgspec.Meta(ge=1)] = 100  # encoder steps before one decoder step
    check: Annotated[int, msgspec.Meta(ge=1)] = 15  # encoder steps between two looks whether the loss still falls
    learning_rate: Annotated[float, msgspec.Meta(gt=0)] = 1.0  # of the encoder's plain gradient descent


class Gumbel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How discrete codes are drawn in training (Jang et al. 2017): softly, at a temperature that may fall."""

    temperature: Annotated[float, msgspec.Meta(gt=0)] = 1.0
    final: Annotated[float, msgspec.Meta(gt=0)] = 1.0  # reached exponentially
    steps: Annotated[int, msgspec.Meta(ge=1)] = 10_000  # until then
    straight_through: bool = False  # one-hot forward, soft gradients backward

    def at(self, step: int) -> float:
        """The temperature at a training step."""
        share = min(1.0, step / self.steps)
        return float(self.temperature ** (1 - share) * self.final**share)


class Objective(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `options` of a recipe: terms by name with their schedules; a term left out or at zero costs nothing.

    An autoencoder has the reconstruction alone; a denoising one a corruption as well; a VAE adds the KL.
    """

    terms: Annotated[dict[str, Schedule], msgspec.Meta(min_length=1)]
    annealing: Schedule = Schedule()  # shared by all divergences, on top of their own
    free_bits: Annotated[float, msgspec.Meta(ge=0)] = 0.0  # nats; by sentence: of all dimensions together
    free_bits_by: By = "dimension"
    word_dropout: Share = 0.0
    bag_smoothing: Annotated[float, msgspec.Meta(ge=0)] = 0.0  # a: the bag's words count a / (a + p(w)); 0: all alike
    corruption: Corruption | None = None
    aggressive: Aggressive | None = None
    gumbel: Gumbel = Gumbel()
    as_released: bool = False  # where the published code differs from its paper: a discrete code's KL times K / M

    def weigh(self, terms: Mapping[str, Tensor], step: int) -> Tensor:
        """The weighted sum at a training step; raises ValueError when a named term is not among `terms`."""
        wanted = {name: schedule for name, schedule in self.terms.items() if schedule.weight}
        if missing := sorted(set(wanted) - set(terms)):
            known = ", ".join(sorted(terms))
            raise ValueError(f"the model has no loss term {missing[0]!r}; it has {known}")
        shared = self.annealing.at(step)
        parts = [
            terms[name] * (schedule.at(step) * (1.0 if name in LIKELIHOODS else shared))
            for name, schedule in wanted.items()
        ]
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total


def read_objective(options: Mapping[str, Any]) -> Objective:
    """An objective from a recipe's options; raises ValueError with one sentence."""
    try:
        return msgspec.convert(dict(options), Objective)
    except msgspec.ValidationError as error:
        raise ValueError(f"the recipe's options are no usable objective: {error}") from error
