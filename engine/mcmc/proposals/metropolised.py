"""The metropolised Gibbs sampler (Liu 1996): a replacement never draws the word that stands there.

Liu, "Peskun's theorem and a modified discrete-state Gibbs sampler", Biometrika 83(3): every off-diagonal entry of the
transition matrix is at least the Gibbs step's, so that no average over the chain has a larger asymptotic variance.
With eps = 0 and both words in Q a replacement of v by w is accepted with min(1, (R - m(v)) / (R - m(w))).
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.mcmc.proposals.gibbs import Gibbs


@dataclass(frozen=True)
class Metropolised(Gibbs):
    """The same words as `Gibbs`, less the one that stands there."""

    @property
    def stays(self) -> bool:
        """A replacement always proposes another word."""
        return False
