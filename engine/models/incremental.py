"""A Transformer decoder read one token at a time, its keys and values kept: what beams and samplers call.

A state's keys and values lie in a buffer with room to spare. A longer state writes into the free room of the
shorter one's buffer (which never reads that far), so that reading on copies nothing; choosing rows copies them
once. Rows of different lengths are aligned at their ends: the first `start` positions of a row do not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.models.attention import Layer, Positions
from engine.text import BOS, Tokenizer

ROOM = 8
"""Positions a buffer grows by."""


class Buffer:
    """Keys and values [B, layers, 2, H, capacity, K]; positions from `used` on are free."""

    def __init__(self, data: Tensor, used: int) -> None:
        self.data = data
        self.used = used

    def claim(self, length: int, count: int) -> Buffer:
        """A buffer with these first `length` positions and `count` writable ones after them."""
        if self.used == length and length + count <= self.data.shape[4]:
            self.used = length + count
            return self
        rows, layers, two, heads, _, size = self.data.shape
        data = self.data.new_empty(rows, layers, two, heads, length + count + ROOM, size)
        data[:, :, :, :, :length] = self.data[:, :, :, :, :length]
        return Buffer(data, length + count)


@dataclass(frozen=True)
class Memory:
    """Encoded sources as the decoder's layers ask them."""

    layers: tuple[Tensor, ...]  # keys and values, each [N, 2, H, S, K]
    mask: Tensor | None  # [N, 1, 1, S], true where a source position may be seen

    def select(self, sources: list[int]) -> Memory:
        """The memory of the given sources."""
        if sources == list(range(len(self))):
            return self
        index = torch.tensor(sources, device=self.layers[0].device)
        return Memory(tuple(m[index] for m in self.layers), None if self.mask is None else self.mask[index])

    def __len__(self) -> int:
        return len(self.layers[0])


@dataclass(frozen=True)
class DecoderState:
    """What was read so far, for B rows; rows of one source lie together, equally many for each source."""

    buffer: Buffer
    length: int  # positions held
    hidden: Tensor  # [B, D], the last position's output
    start: Tensor | None = None  # [B], positions that do not count; None: all count
    memory: Memory | None = None
    coverage: Tensor | None = None  # [B, S], attention each source position got so far; kept only when asked for

    def select(self, rows: Tensor) -> DecoderState:
        """The states of the given rows."""
        wanted = rows.tolist()
        if wanted == list(range(len(self))):
            return self
        memory = self.memory
        if memory is not None:
            each = len(self) // len(memory)
            runs = [(source, len(list(run))) for source, run in groupby(row // each for row in wanted)]
            even = len({count for _, count in runs}) <= 1
            memory = memory.select([s for s, _ in runs] if even else [row // each for row in wanted])
        return DecoderState(
            Buffer(self.buffer.data.index_select(0, rows), self.length),
            self.length,
            self.hidden[rows],
            None if self.start is None else self.start[rows],
            memory,
            None if self.coverage is None else self.coverage[rows],
        )

    @staticmethod
    def concat(states: Sequence[DecoderState]) -> DecoderState:
        """One state of all rows; raises ValueError for states of translations, which belong to their sources."""
        if any(s.memory is not None for s in states):
            raise ValueError("states of different translations cannot be joined")
        longest = max(s.length for s in states)
        _, layers, two, heads, _, size = states[0].buffer.data.shape
        rows = sum(len(s) for s in states)
        hidden = torch.cat([s.hidden for s in states])
        data = hidden.new_zeros(rows, layers, two, heads, longest + ROOM, size)
        start = torch.zeros(rows, dtype=torch.long, device=hidden.device)
        row = 0
        for state in states:
            part, shift = slice(row, row + len(state)), longest - state.length
            data[part, :, :, :, shift:longest] = state.buffer.data[:, :, :, :, : state.length]
            start[part] = shift if state.start is None else state.start + shift
            row += len(state)
        return DecoderState(Buffer(data, longest), longest, hidden, start if bool(start.any()) else None)

    def __len__(self) -> int:
        return len(self.hidden)


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
    ) -> None:
        self.tokenizer = tokenizer
        self.embedding, self.positions, self.norm = embedding, positions, norm
        self.layers = [cast(Layer, layer) for layer in layers]
        self.memory = memory
        self.track_coverage = False  # keep the attention each source position got, for coverage penalties

    def begin(self, batch: int) -> DecoderState:
        """The state after the start mark; raises ValueError unless there are as many rows as sources."""
        if self.memory is not None and batch != len(self.memory):
            raise ValueError(f"{batch} rows do not fit {len(self.memory)} sources")
        weight = self.embedding.weight
        heads, width = self.layers[0].attention.heads, weight.shape[1]
        data = weight.new_empty(batch, len(self.layers), 2, heads, 2 * ROOM, width // heads)
        coverage = None
        if self.track_coverage and self.memory is not None:
            coverage = weight.new_zeros(batch, self.memory.layers[0].shape[3])
        empty = DecoderState(Buffer(data, 0), 0, weight.new_empty(batch, width), None, self.memory, coverage)
        return self.advance(empty, torch.full((batch,), BOS, device=weight.device))

    def advance(self, state: DecoderState, tokens: Tensor) -> DecoderState:
        """The state after one more token in each row; `tokens` [B]."""
        return self._extend(state, tokens[:, None])[0]

    def log_probs(self, state: DecoderState) -> Tensor:
        """[B, V]."""
        return functional.log_softmax(functional.linear(state.hidden, self.embedding.weight), 1)

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
        count = tokens.shape[1]
        length = state.length
        buffer = state.buffer.claim(length, count)
        mask = self._mask(state, count, tokens.device)
        x = self.positions.after(functional.embedding(tokens, self.embedding.weight), length, state.start)
        memory = state.memory
        coverage = state.coverage
        for i, layer in enumerate(self.layers):
            keys = None if memory is None else memory.layers[i]
            x, asked = layer.extend(x, buffer.data[:, i], length, mask, keys, None if memory is None else memory.mask)
            if coverage is not None and i + 1 == len(self.layers) and keys is not None and layer.cross is not None:
                assert memory is not None
                weights = layer.cross.weights(asked, keys, memory.mask)
                coverage = coverage + weights.reshape(len(tokens), count, -1).sum(1)
        x = self.norm(x)
        return DecoderState(buffer, length + count, x[:, -1], state.start, memory, coverage), x

    def _mask(self, state: DecoderState, count: int, device: torch.device) -> Tensor | None:
        """[B or 1, 1, T, length + T]: positions up to one's own, from the row's start on."""
        if count == 1 and state.start is None:
            return None
        places = torch.arange(state.length + count, device=device)
        mask = places <= places[state.length :, None]
        if state.start is None:
            return mask[None, None]
        seen: Tensor = mask & (places >= state.start[:, None, None])
        # a row whose positions all lie before its start still sees itself, or the softmax has nothing to share out
        return seen[:, None]
