"""What is the same in all searches that write one token after another: at each step, some prefixes live on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from typing import Any

from torch import Tensor

from engine.messages import Hypothesis
from engine.search.node import Choice, Frontier, Node


class Strategy(ABC):
    """Chooses which prefixes live on."""

    beam: int
    """Most live prefixes of one frontier."""
    end: int
    """The vocabulary's end mark; set by `strategy_of`."""
    groups = 1
    """Frontiers of one input."""
    reads_on_at_end = True
    """Whether prefixes of the maximum length may still be given an end mark."""
    stops_early = True
    """Whether a frontier may end once it has `beam` finished hypotheses; else it goes on to its natural end."""
    chains = False
    """Whether every live prefix is a draw of its own, that ends once."""

    def begin(self, prompt: Sequence[int]) -> Any:
        """The root's `Node.extra` for a text that begins with this prompt."""
        del prompt

    @abstractmethod
    def step(self, scores: Tensor, frontiers: Sequence[Frontier]) -> list[Choice]:
        """One step of all searches.

        Args:
            scores: [A, W, V], next-token scores of the W live prefixes of each frontier; rows beyond a frontier's
                live prefixes do not count; blocked tokens are minus infinity.
            frontiers: A of them; read, not changed.

        Returns:
            A choice for each frontier.
        """

    def returned(self, ranked: Sequence[tuple[Node, float]]) -> list[tuple[Node, float, float]]:
        """Of what one input has finished (and its scores, best first): what counts, with importance weights."""
        return [(node, score, 0.0) for node, score in ranked]

    def judged(self, found: list[Hypothesis]) -> Generator[int, None, list[Hypothesis]]:
        """The hypotheses of one input in their last order; yields how many have been weighed, where that takes long."""
        yield from ()
        return found
