"""Length: L = -(|x| - goal)^2 / 2, |x| in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.mcmc.arrays import Array
from engine.mcmc.terms.protocol import Edits


@dataclass(frozen=True)
class Length:
    """A Gaussian around a goal."""

    goal: int
    name = "length"

    def score(self, edits: Edits) -> Array:
        """[A, J + 1]."""
        off: Array = (edits.words_after - self.goal).astype(np.float64)
        return -0.5 * off**2
