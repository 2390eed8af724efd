"""A Transformer decoder of a latent point (as in OPTIMUS, Li et al. 2020), with the interface of `RecurrentDecoder`.

z may stand before the sentence as a position of its own (state), beside or in every input word (input, embedding),
or as slots that every layer attends to (memory).

Shapes: B rows, T positions, E embedding, H width, L layers, M memory slots, A attention heads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.models.parts.attention import Layers
from engine.models.parts.cache import DecoderState, Stack
from engine.models.parts.latent_entry import Condition
from engine.models.parts.padding import packed
from engine.models.parts.positions import Positions


@dataclass(frozen=True)
class PointState:
    """What was read so far, for B rows."""

    read: DecoderState
    offset: Tensor | None  # [B, H], the point's share of every input vector

    def select(self, rows: Tensor) -> PointState:
        """The states of the given rows."""
        return PointState(self.read.select(rows), None if self.offset is None else self.offset[rows])

    @classmethod
    def concat(cls, states: Sequence[PointState]) -> PointState:
        """One state of all rows."""
        offsets = [s.offset for s in states if s.offset is not None]
        return PointState(DecoderState.concat([s.read for s in states]), torch.cat(offsets) if offsets else None)

    def __len__(self) -> int:
        return len(self.read)


class TransformerDecoder(nn.Module):
    """Pre-norm Transformer layers over input words, conditioned on a point."""

    def __init__(
        self,
        *,
        embedding: int,
        beside: int,
        hidden: int,
        layers: int,
        heads: int,
        memory: bool,
        dropout: float,
    ) -> None:
        """`beside`: width of what stands beside every input word, D or 0; `memory`: whether layers attend to slots.

        Raises ValueError when the width does not divide into the heads.
        """
        super().__init__()
        self.hidden, self.embedding = hidden, embedding
        self.input = nn.Linear(embedding + beside, hidden)
        self.positions = Positions(hidden)
        self.layers = Layers(layers, hidden, heads, 2 * hidden, dropout, cross=memory)
        self.norm = nn.LayerNorm(hidden)

    def forward(self, inputs: Tensor, lengths: Tensor, condition: Condition) -> Tensor:
        """Training: vectors after every counted position, packed; see `RecurrentDecoder.forward`."""
        x = self.word_gates(inputs)
        offset = self._offset(condition)
        if offset is not None:
            x = x + offset[:, None]
        first = condition.state
        if first is not None:
            x = torch.cat([first[:, :1], x], 1)
        x = self.positions(x)
        for layer in self.layers:
            slots = condition.memory
            memory = layer.cross.memory(slots) if layer.cross is not None and slots is not None else None
            x = layer(x, causal=True, memory=memory)
        x = self.norm(x if first is None else x[:, 1:])
        return packed(x, lengths).data

    def begin(self, condition: Condition, rows: int, like: Tensor) -> PointState:
        """The state before the first input word."""
        crosses = [layer.cross for layer in self.layers]
        slots = condition.memory
        memory = tuple(c.fold(slots, None) for c in crosses if c is not None and slots is not None)
        state = PointState(self._stack().empty(rows, like, memory or None), self._offset(condition))
        return state if condition.state is None else self._read_on(state, condition.state[:, 0])

    def step(self, state: PointState, word_gates: Tensor) -> PointState:
        """One more input word, given its input vector ([B, H], see `word_gates`)."""
        return self._read_on(state, word_gates if state.offset is None else word_gates + state.offset)

    def read(self, state: PointState) -> Tensor:
        """The vector that predicts the next word, [B, H]."""
        return state.read.hidden

    def word_gates(self, words: Tensor) -> Tensor:
        """Input words [..., E] as input vectors [..., H], before the point's share."""
        return functional.linear(words, self.input.weight[:, : self.embedding], self.input.bias)

    def _offset(self, condition: Condition) -> Tensor | None:
        weight = self.input.weight  # H, E + D
        shares = []
        if condition.embedding is not None:
            shares.append(condition.embedding @ weight[:, : self.embedding].T)
        if condition.input is not None:
            shares.append(condition.input @ weight[:, self.embedding :].T)
        return torch.stack(shares).sum(0) if shares else None

    def _read_on(self, state: PointState, vectors: Tensor) -> PointState:
        return PointState(self._stack().extend(state.read, vectors[:, None])[0], state.offset)

    def _stack(self) -> Stack:
        return Stack(self.layers, self.positions, self.norm)
