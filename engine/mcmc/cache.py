"""What a language model remembers of every prefix of every chain's sentence, so that nothing is read twice.

Two of these serve a run: the forward model's over prefixes, the backward model's over suffixes. After an edit only
the states beyond it are forgotten, and they are computed again only up to where the next edit needs them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np
import torch
from torch import Tensor

from engine.capabilities import NextToken, State
from engine.mcmc.arrays import Ids

S = TypeVar("S", bound=State)

AFRESH = 256
"""Words after which reading starts anew: a Transformer's states hold all that was ever read on the way to them."""


class Readings(Generic[S]):
    """States of one model after the first 0, 1, 2 ... words of each chain's sentence, in its reading order."""

    def __init__(self, model: NextToken[S], chains: int, longest: int) -> None:
        self._model = model
        self._stride = longest + 1
        self._chains = chains
        self._start()

    def _start(self) -> None:
        begin = self._model.begin(1)
        self._states: S = begin.select(torch.zeros(self._chains * self._stride, dtype=torch.long))
        self.known = np.zeros(self._chains, np.int64)  # words read, of each chain
        self._read = 0  # words since the start

    def at(self, chains: Ids, depth: Ids, word: Callable[[Ids, Ids], Tensor]) -> S:
        """The states of some chains after `depth` words each; all chains advance together.

        Args:
            chains: [A] distinct chain numbers.
            depth: [A] words to have read.
            word: the word of chains [N] at reading places [N], as model ids [N].
        """
        if self._read >= AFRESH:
            self._start()
        place = np.minimum(self.known[chains], depth)
        late = np.flatnonzero(place < depth)
        if len(late):
            chain, place, goal = chains[late], place[late], depth[late]
            state = self._states.select(self._rows(chain, place))
            states, rows = [self._states], []
            while True:
                state = self._model.advance(state, word(chain, place))
                place = place + 1
                self._read += 1
                states.append(state)
                rows.append(self._rows(chain, place))
                more = place < goal
                if not more.any():
                    break
                if not more.all():
                    state = state.select(torch.from_numpy(np.flatnonzero(more)))
                    chain, place, goal = chain[more], place[more], goal[more]
            self._replace(torch.cat(rows), type(state).concat(states))
            self.known[chains[late]] = depth[late]
        return self._states.select(self._rows(chains, depth))

    def forget(self, chain: int, kept: int) -> None:
        """Words of a chain beyond the first `kept` (in reading order) have changed."""
        self.known[chain] = min(int(self.known[chain]), kept)

    def exchange(self, order: Ids) -> None:
        """Chain c takes over what was known of chain `order[c]`."""
        places = order[:, None] * self._stride + np.arange(self._stride)
        self._states = self._states.select(torch.from_numpy(places.ravel()))
        self.known = self.known[order]

    def _rows(self, chains: Ids, places: Ids) -> Tensor:
        return torch.from_numpy(chains * self._stride + places)

    def _replace(self, rows: Tensor, states: S) -> None:
        total = len(self._states)
        index = torch.arange(total)
        index[rows] = torch.arange(total, total + len(rows))
        self._states = states.select(index)


class Laws(Generic[S]):
    """The law of the word that follows a context, for the contexts met last; a context may come from any chain."""

    def __init__(self, model: NextToken[S], readings: Readings[S], room: int) -> None:
        self._model, self._readings, self._room = model, readings, room
        self._kept: OrderedDict[bytes, Tensor] = OrderedDict()

    def of(self, keys: Sequence[bytes], chains: Ids, depth: Ids, word: Callable[[Ids, Ids], Tensor]) -> Tensor:
        """Log-probabilities after each chain's first `depth` words, whose bytes are `keys`: [A, V]."""
        fresh = list({key: row for row, key in enumerate(keys) if key not in self._kept}.values())
        if fresh:
            rows = np.asarray(fresh)
            laws = self._model.log_probs(self._readings.at(chains[rows], depth[rows], word))
            self._kept.update((keys[row], law.clone()) for row, law in zip(fresh, laws.unbind(), strict=True))
        found = torch.stack([self._kept[key] for key in keys])
        for key in keys:
            self._kept.move_to_end(key)
        while len(self._kept) > self._room:
            self._kept.popitem(last=False)
        return found

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()
