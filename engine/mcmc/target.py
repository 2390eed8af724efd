"""The target law over sentences: a sum of named, weighted log terms inside a support.

    log pi(x) = sum over terms t of w_t S_t(x)     for x in the support

What the terms are: `engine.mcmc.terms`. The support: between `shortest` and `longest` words, every requirement met, and
the words outside the vocabulary exactly those of the first sentence, in their order (nothing could ever propose such a
word again).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.mcmc.arrays import Array
from engine.mcmc.support import Support
from engine.mcmc.terms import Edits, Term


@dataclass(frozen=True)
class Target:
    """The terms, each with its weight, and the support."""

    support: Support
    terms: tuple[tuple[float, Term], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the terms, in the order of every array of terms."""
        return tuple(term.name for _, term in self.terms)

    def score(self, edits: Edits) -> Array:
        """Weighted terms of the sentences that edits make, [A, J + 1, terms]; the last column is without a word."""
        parts = [weight * term.score(edits) for weight, term in self.terms]
        return np.stack(parts, -1) if parts else np.zeros((*edits.log_prob.shape, 0))
