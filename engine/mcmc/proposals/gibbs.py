"""The proposal of Miao et al. (2019): two language models pre-select, the target chooses."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from engine.mcmc.arrays import Array
from engine.mcmc.proposals.protocol import Contexts


@dataclass(frozen=True)
class Gibbs:
    """q(w) proportional to forward(w | before) backward(w | after), m(w) = pi(x_w)^(1 / T).

    With eps = 0 and the present word in Q a replacement is a Gibbs step, always accepted, and insertion and deletion
    both turn on the one number R / pi(x_-)^(1 / T), R the sum of m over Q.
    """

    candidates: int
    full_share: float

    @property
    def stays(self) -> bool:
        """A replacement may draw the word that stands there."""
        return True

    def law(self, contexts: Contexts) -> Tensor:
        """Both models' log-probabilities, added."""
        return contexts.forward + contexts.backward

    def log_weights(self, log_pi: Array, log_q: Array) -> Array:
        """The target's."""
        return log_pi
