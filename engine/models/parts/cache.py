"""The keys and values that a Transformer decoder keeps, so that each further token is read in one short step.

The rows of a state lie in groups (a sentence and its beams). A group has one store of keys and values, to which
every row's new position is added; a mask says which entries are a row's own ancestors. So reordering beams moves
only the mask, and no key or value is copied while a search goes on. A longer state writes into the free room of the
shorter one's store, which never reads that far.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor, nn

from engine.models.parts.attention import Folded, Layers
from engine.models.parts.positions import Positions

ROOM = 16
"""Entries a store begins with; it doubles as needed."""


class Store:
    """Keys and values [N, layers, 2, H, capacity, K] of N groups; entries from `used` on are free."""

    def __init__(self, data: Tensor, used: int) -> None:
        self.data = data
        self.used = used

    def claim(self, held: int, count: int) -> Store:
        """A store with these first `held` entries and `count` writable ones after them."""
        if self.used == held and held + count <= self.data.shape[4]:
            self.used = held + count
            return self
        groups, layers, two, heads, _, size = self.data.shape
        data = self.data.new_empty(groups, layers, two, heads, max(ROOM, 2 * (held + count)), size)
        data[:, :, :, :, :held] = self.data[:, :, :, :, :held]
        return Store(data, held + count)


Memory = tuple[Folded, ...]
"""N encoded sources as each of the decoder's layers reads them."""


@dataclass(frozen=True)
class DecoderState:
    """What was read so far, for B rows in N groups of B / N neighbours each."""

    store: Store
    held: int  # entries of the store, M
    position: int | Tensor  # of the next token; [B] where rows differ
    hidden: Tensor  # [B, D], the last position's output
    mask: Tensor | None = None  # [N, B / N, M], minus infinity at entries that are no ancestors; None: all are
    memory: Memory | None = None  # of N sources
    coverage: Tensor | None = None  # [B, S], attention each source position got so far; kept only when asked for

    def select(self, rows: Tensor) -> DecoderState:
        """The states of the given rows; rows that come from one group should be neighbours and equally many."""
        wanted = rows.tolist()
        if wanted == list(range(len(self))):
            return self
        each = len(self) // len(self.store.data)
        runs = [(group, len(list(run))) for group, run in groupby(row // each for row in wanted)]
        if len({count for _, count in runs}) == 1:
            groups = [group for group, _ in runs]
        else:  # no common size: every row becomes a group of its own
            groups = [row // each for row in wanted]
        store = self.store
        if groups != list(range(len(store.data))):
            store = Store(store.data[torch.tensor(groups, device=store.data.device)], self.held)
        return DecoderState(
            store,
            self.held,
            self.position if isinstance(self.position, int) else self.position[rows],
            self.hidden[rows],
            None if self.mask is None else self.mask.flatten(0, 1)[rows].view(len(groups), -1, self.held),
            _pick(self.memory, groups),
            None if self.coverage is None else self.coverage[rows],
        )

    def alone(self) -> DecoderState:
        """The same rows, each a group of its own."""
        each = len(self) // len(self.store.data)
        if each == 1:
            return self
        return DecoderState(
            Store(self.store.data.repeat_interleave(each, 0), self.held),
            self.held,
            self.position,
            self.hidden,
            None if self.mask is None else self.mask.reshape(len(self), 1, self.held),
            _pick(self.memory, [i for i in range(len(self) // each) for _ in range(each)]),
            self.coverage,
        )

    @classmethod
    def concat(cls, states: Sequence[DecoderState]) -> DecoderState:
        """One state of all rows; raises ValueError where they read sources of unequal lengths."""
        states = [s.alone() for s in states]
        memory = _join([s.memory for s in states])
        most = max(s.held for s in states)
        hidden = torch.cat([s.hidden for s in states])
        _, layers, two, heads, _, size = states[0].store.data.shape
        data = hidden.new_zeros(len(hidden), layers, two, heads, most + ROOM, size)
        mask = hidden.new_full((len(hidden), 1, most), -math.inf)
        positions = torch.empty(len(hidden), dtype=torch.long, device=hidden.device)
        row = 0
        for state in states:
            part = slice(row, row + len(state))
            data[part, :, :, :, : state.held] = state.store.data[:, :, :, :, : state.held]
            mask[part, :, : state.held] = 0.0 if state.mask is None else state.mask
            positions[part] = state.position
            row += len(state)
        same = len({s.position if isinstance(s.position, int) else -1 for s in states}) == 1
        position = states[0].position if same and isinstance(states[0].position, int) else positions
        return DecoderState(Store(data, most), most, position, hidden, mask if bool(mask.any()) else None, memory)

    def __len__(self) -> int:
        return len(self.hidden)


def _pick(memory: Memory | None, sources: list[int]) -> Memory | None:
    """The memory of the given sources."""
    if memory is None or sources == list(range(len(memory[0].keys))):
        return memory
    index = torch.tensor(sources, device=memory[0].keys.device)
    return tuple(layer.select(index) for layer in memory)


def _join(parts: Sequence[Memory | None]) -> Memory | None:
    """The memory of all sources, one after the other."""
    found = [m for m in parts if m]
    if not found:
        return None
    if len({layer.length for memory in found for layer in memory}) > 1 or len(found) < len(parts):
        raise ValueError("states of different translations cannot be joined")
    return tuple(Folded.concat(layer) for layer in zip(*found, strict=True))


class Stack:
    """A decoder's layers as they read on: a few new positions at a time, all earlier ones kept."""

    def __init__(self, layers: Layers, positions: Positions, norm: nn.Module) -> None:
        self.layers, self.positions, self.norm = layers, positions, norm

    def empty(self, rows: int, like: Tensor, memory: Memory | None = None, *, covered: bool = False) -> DecoderState:
        """The state of `rows` sequences of which nothing was read; `covered`: it keeps what sources were looked at."""
        heads, width = self.layers[0].attention.heads, self.layers[0].attention.width
        data = like.new_empty(rows, len(self.layers), 2, heads, ROOM, width // heads)
        coverage = like.new_zeros(rows, memory[0].length) if covered and memory else None
        return DecoderState(Store(data, 0), 0, 0, like.new_empty(rows, width), None, memory, coverage)

    def extend(self, state: DecoderState, vectors: Tensor) -> tuple[DecoderState, Tensor]:
        """The state after T more positions ([B, T, D] input vectors) and the output at each of them, [B, T, D]."""
        rows, count, _ = vectors.shape
        if count > 1:
            state = state.alone()
        groups = len(state.store.data)
        added = rows // groups * count  # entries of each group
        store = state.store.claim(state.held, added)
        mask, later = _masks(state, groups, added, chain=count > 1)
        x = self.positions.after(vectors, state.position)
        x = x.view(groups, added, -1)
        memory, coverage = state.memory, state.coverage
        for i, layer in enumerate(self.layers):
            source = None if memory is None else memory[i]
            x, asked = layer.extend(x, store.data[:, i], state.held, mask, source)
            if coverage is not None and source is not None and i + 1 == len(self.layers):
                coverage = coverage + source.weights(asked).mean(2).reshape(rows, count, -1).sum(1)
        x = self.norm(x).view(rows, count, -1)
        held, position = state.held + added, state.position + count
        return DecoderState(store, held, position, x[:, -1], later, memory, coverage), x


def _masks(state: DecoderState, groups: int, added: int, *, chain: bool) -> tuple[Tensor | None, Tensor | None]:
    """What the new entries may see ([N or 1, 1, added, M + added]), and the mask of the state after them.

    New entries are either one for each row of a group, which see themselves only, or, in a `chain`, successive
    positions of a group's one row, which see those before them too.
    """
    if state.mask is None and added == 1:
        return None, None
    like = state.hidden
    hidden = like.new_full((added, added), -math.inf)
    new = hidden.triu(1) if chain else hidden.fill_diagonal_(0.0)
    if state.mask is None and chain:
        return torch.cat([like.new_zeros(added, state.held), new], 1)[None, None], None
    old = like.new_zeros(groups, 1, state.held) if state.mask is None else state.mask
    mask = torch.cat([old.expand(groups, added, -1), new.expand(groups, -1, -1)], 2)
    return mask[:, None], mask[:, -1:] if chain else mask
