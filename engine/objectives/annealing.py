"""Schedules of a term's weight over training steps, each a pure function of the step giving 0 to 1."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import msgspec

Shape = Literal["constant", "linear", "logistic", "cyclical"]


def linear(step: int, steps: int) -> float:
    """0 at step 0, 1 from `steps` on."""
    return min(1.0, step / steps)


def logistic(step: int, middle: int, steepness: float) -> float:
    """1 / (1 + exp(-steepness (step - middle))): Bowman et al. 2016; k = 0.0025 and middle 2,500 are the usual pair."""
    return 1.0 / (1.0 + math.exp(-steepness * (step - middle)))


def cyclical(step: int, period: int, rise: float, rest: float = 0.0) -> float:
    """Within each period: 0 for the share `rest`, then linear for the share `rise`, then 1.

    Fu et al. 2019 rise over half a cycle without rest; OPTIMUS rests half a cycle and rises over a quarter.
    """
    place = (step % period) / period
    if place < rest:
        return 0.0
    return min(1.0, (place - rest) / rise)


class Schedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a loss term is weighted: `weight` times its annealing, never below `floor`."""

    weight: float = 1.0  # the final weight; of the KL, beta (Higgins et al. 2017)
    annealing: Shape = "constant"
    steps: Annotated[int, msgspec.Meta(ge=1)] = 2500  # linear: length; logistic: middle; cyclical: one period
    steepness: Annotated[float, msgspec.Meta(gt=0)] = 0.0025  # of the logistic curve, a step
    rise: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.5  # share of a cycle
    rest: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.0  # share of a cycle at zero, before the rise
    cycles: Annotated[int, msgspec.Meta(ge=0)] = 0  # after so many the weight stays at the top; 0: cycles on
    floor: Annotated[float, msgspec.Meta(ge=0)] = 0.0

    def at(self, step: int) -> float:
        """The weight at a training step, counted from 0."""
        if self.annealing == "linear":
            share = linear(step, self.steps)
        elif self.annealing == "logistic":
            share = logistic(step, self.steps, self.steepness)
        elif self.annealing == "cyclical" and not (self.cycles and step >= self.cycles * self.steps):
            share = cyclical(step, self.steps, self.rise, self.rest)
        else:
            share = 1.0
        return max(self.floor, self.weight * share)
