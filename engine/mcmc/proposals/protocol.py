"""What draws the word at a slot, as a protocol, so that another way to propose is one file.

    g(w | v) = (1 - eps) m(w) 1[w in Q] / sum over c in Q of m(c)  +  eps q(w)

q  a law over the whole vocabulary, given the slot's contexts and nothing else
Q  its K likeliest words, and the keywords
m  weights of those words, from the target's density of the sentence with each, or from q
v  the word that stands in the slot: none before an insertion and after a deletion

A proposal that does not let the word stay gives v no chance and divides both parts by what is left. The kernel draws
from g(. | v) and tests with g(w | v) and g(v | w), so that the target stays invariant whatever q, K, m and eps are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from torch import Tensor

from engine.mcmc.arrays import Array, Ids


@dataclass
class Contexts:
    """The left and right contexts of A gaps, and what the run's two models say of the word between them."""

    before: Sequence[Ids]  # the words left of each gap
    after: Sequence[Ids]  # and right of it, in their order
    forward: Tensor  # [A, V] log p(w | before) of the forward model
    read_backward: Callable[[], Tensor]

    @cached_property
    def backward(self) -> Tensor:
        """[A, V] log p(w | after) of the backward model, which is read only when asked for."""
        return self.read_backward()


class Proposes(Protocol):
    """Draws words; `engine.mcmc.exact` checks each kind to the last digit."""

    @property
    def candidates(self) -> int:
        """K, words in Q besides the keywords; their sentences are all scored by the target."""

    @property
    def full_share(self) -> float:
        """eps, the share of words drawn from q; above 0 every word can be reached."""

    @property
    def stays(self) -> bool:
        """Whether the word that stands in the slot may be drawn again."""

    def law(self, contexts: Contexts) -> Tensor:
        """Log q up to a constant, [A, V]; it must not know what stands in the gap."""

    def log_weights(self, log_pi: Array, log_q: Array) -> Array:
        """Log m of the words of Q, [A, J], from log pi(x_w) / T and log q(w), both [A, J]."""
