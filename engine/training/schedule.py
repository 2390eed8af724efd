"""The learning rate over a training."""

from __future__ import annotations

import math

from engine.training.recipe import Optimisation


def learning_rate(peak: float, step: int, total: int, settings: Optimisation) -> float:
    """The rate at a step (from 0) of `total`: linear warm-up to the peak, then the schedule.

    cosine: down to a tenth. trapezoid: at the peak until the last share `decay` of all steps, then linearly to zero
    (Zhai et al. 2022; Hägele et al. 2024).
    """
    if step < settings.warmup_steps:
        return peak * (step + 1) / settings.warmup_steps
    if settings.schedule == "trapezoid":
        return peak * min(1.0, max(0, total - step) / max(1.0, settings.decay * total))
    share = (step - settings.warmup_steps) / max(1, total - settings.warmup_steps)
    return peak * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * min(1.0, share))))
