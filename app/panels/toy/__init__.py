"""The exact toy: a space small enough to enumerate, so that the sampler can be checked to the last digit."""

from app.panels.toy.panel import ToyPanel

__all__ = ["ToyPanel"]
