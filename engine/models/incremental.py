"""A Transformer decoder read one token at a time, its keys and values kept: what beams and samplers call.

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
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.models.attention import Folded, Layer, Positions
from engine.models.product import Packed
from engine.text import BOS, Tokenizer

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

    @staticmethod
    def concat(states: Sequence[DecoderState]) -> DecoderState:
        """One state of all rows; raises ValueError for states of translations, which belong to their sources."""
        if any(s.memory is not None for s in states):
            raise ValueError("states of different translations cannot be joined")
        states = [s.alone() for s in states]
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
        return DecoderState(Store(data, most), most, position, hidden, mask if bool(mask.any()) else None)

    def __len__(self) -> int:
        return len(self.hidden)


def _pick(memory: Memory | None, sources: list[int]) -> Memory | None:
    """The memory of the given sources."""
    if memory is None or sources == list(range(len(memory[0].keys))):
        return memory
    index = torch.tensor(sources, device=memory[0].keys.device)
    return tuple(layer.select(index) for layer in memory)


class Incremental:
    """`NextToken` and `Scores` over a stack of decoder layers with tied word vectors."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        embedding: nn.Embedding,
        positions: Positions,
        layers: nn.ModuleList,
        norm: nn.Module,
        memory: Memory | None = None,
        output: Packed | None = None,
    ) -> None:
        self.tokenizer = tokenizer
        self.embedding, self.positions, self.norm = embedding, positions, norm
        self.layers = [cast(Layer, layer) for layer in layers]
        self.memory = memory
        self.output = output or Packed()
        self.track_coverage = False  # keep the attention each source position got, for coverage penalties

    def begin(self, batch: int) -> DecoderState:
        """The state after the start mark; raises ValueError unless there are as many rows as sources."""
        if self.memory is not None and batch != len(self.memory[0].keys):
            raise ValueError(f"{batch} rows do not fit {len(self.memory[0].keys)} sources")
        weight = self.embedding.weight
        heads, width = self.layers[0].attention.heads, weight.shape[1]
        data = weight.new_empty(batch, len(self.layers), 2, heads, ROOM, width // heads)
        coverage = None
        if self.track_coverage and self.memory is not None:
            coverage = weight.new_zeros(batch, self.memory[0].length)
        empty = DecoderState(Store(data, 0), 0, 0, weight.new_empty(batch, width), None, self.memory, coverage)
        return self.advance(empty, torch.full((batch,), BOS, device=weight.device))

    def advance(self, state: DecoderState, tokens: Tensor) -> DecoderState:
        """The state after one more token in each row; `tokens` [B]."""
        return self._extend(state, tokens[:, None])[0]

    def log_probs(self, state: DecoderState) -> Tensor:
        """[B, V]."""
        return self.output.product(state.hidden, self.embedding.weight, None).log_softmax(1)

    def features(self, state: DecoderState) -> Tensor:
        """A vector for each row that says what is meant next, [B, D]: the last position's output."""
        return state.hidden

    def score(self, state: DecoderState, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Log-probability of each token of a continuation, [B, T]; see `capabilities.Scores`."""
        hidden = state.hidden[:, None]
        if tokens.shape[1] > 1:
            hidden = torch.cat([hidden, self._extend(state, tokens[:, :-1])[1]], 1)  # B, T, D
        counted = lengths[:, None] > torch.arange(tokens.shape[1], device=tokens.device)
        logits = functional.linear(hidden[counted], self.embedding.weight)
        out = hidden.new_zeros(tokens.shape)
        out[counted] = logits.gather(1, tokens[counted][:, None])[:, 0] - logits.logsumexp(1)
        return out

    def _extend(self, state: DecoderState, tokens: Tensor) -> tuple[DecoderState, Tensor]:
        """The state after T more tokens ([B, T]) and the output at each of them [B, T, D]."""
        rows, count = tokens.shape
        if count > 1:
            state = state.alone()
        groups = len(state.store.data)
        added = rows // groups * count  # entries of each group
        store = state.store.claim(state.held, added)
        mask, later = _masks(state, groups, added, chain=count > 1)
        x = self.positions.after(functional.embedding(tokens, self.embedding.weight), state.position)
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
