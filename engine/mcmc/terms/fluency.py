"""Fluency: log p(x) of the forward language model, end mark included, in nats."""

from __future__ import annotations

from engine.mcmc.arrays import Array
from engine.mcmc.terms.protocol import Edits


class Fluency:
    """What the kernel reads anyway."""

    name = "fluency"

    def score(self, edits: Edits) -> Array:
        """Log-probabilities, [A, J + 1]."""
        return edits.log_prob
