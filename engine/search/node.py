"""What a search is made of: prefixes (nodes of a tree), candidates for the next token, choices among them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch

from engine.messages.search import Reason


@dataclass(slots=True, eq=False)
class Node:
    """A prefix: its last token and the node it extends. The root stands for the start mark."""

    id: int
    parent: Node | None
    token: int
    log_prob: float  # of the token, under the model, nats
    total: float  # of the prefix, under the model, nats
    merit: float  # what the search compares; differs from `total` under a repetition penalty or tempered sampling
    length: int  # tokens, an end mark counted
    group: int = 0
    score: float = 0.0  # what it was chosen by
    extra: Any = None  # the strategy's own: a perturbed log-probability, the constraints met
    rank: int = 0  # of the token at its place, 1 is the likeliest; 0: not recorded
    alternatives: tuple[tuple[int, float], ...] = ()  # the likeliest tokens there and their log-probabilities

    def tokens(self) -> list[int]:
        """The prefix, start mark left out."""
        out = []
        node: Node | None = self
        while node is not None and node.parent is not None:
            out.append(node.token)
            node = node.parent
        return out[::-1]

    def path(self) -> list[Node]:
        """The nodes of the prefix, root left out."""
        out = []
        node: Node | None = self
        while node is not None and node.parent is not None:
            out.append(node)
            node = node.parent
        return out[::-1]


def root(group: int = 0) -> Node:
    """The empty prefix."""
    return Node(-1, None, -1, 0.0, 0.0, 0.0, 0, group)


@dataclass(slots=True, eq=False)
class Candidate:
    """A token that may follow one of the live prefixes."""

    row: int  # the live prefix
    token: int
    merit: float  # of the extended prefix
    score: float  # what it was ranked by, where that is not the merit (perturbed, penalised)
    log_prob: float = 0.0  # of the token under the model
    extra: Any = None


@dataclass(slots=True)
class Choice:
    """What a strategy did with one input's candidates at one step."""

    kept: list[Candidate] = field(default_factory=list)
    ended: list[Candidate] = field(default_factory=list)  # with an end mark
    pruned: list[tuple[Candidate, Reason]] = field(default_factory=list)
    evicted: list[Node] = field(default_factory=list)  # finished earlier, pushed out now (stochastic beams only)


class Frontier:
    """The search for one input, or for one diverse group of it."""

    def __init__(self, index: int, group: int, seed: int, extra: Any = None) -> None:
        self.input = index
        self.group = group
        self.live = [root(group)]
        self.live[0].extra = extra
        self.finished: list[Node] = []
        self.cut: list[Node] = []  # stopped at the maximum length, or where nothing may follow; no end mark
        self.coverage: dict[int, float] = {}  # coverage penalty of finished nodes, by node id
        self.done = False
        self.seed = seed
        self._generator: torch.Generator | None = None

    @property
    def generator(self) -> torch.Generator:
        """Random numbers of this input alone, so that its draws do not depend on its neighbours."""
        if self._generator is None:
            self._generator = torch.Generator().manual_seed(self.seed)
        return self._generator
