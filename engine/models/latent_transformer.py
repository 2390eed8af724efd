"""A Transformer decoder of a latent point (as in OPTIMUS, Li et al. 2020), with the interface of `RecurrentDecoder`.

z may stand before the sentence as a position of its own (state), beside or in every input word (input, embedding),
or as slots that every layer attends to (memory).

Shapes: B rows, T positions, E embedding, H width, L layers, M memory slots, A attention heads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.models.attention import Folded, Layer, Positions
from engine.models.decoders import Condition


@dataclass(frozen=True)
class TransformerState:
    """What was read so far, for B rows of equal length."""

    cache: Tensor  # [B, L, 2, A, positions, H / A], keys and values; never written again
    hidden: Tensor  # [B, H], the last position's output
    offset: Tensor | None  # [B, H], the point's share of every input vector
    memory: tuple[Folded, ...]  # of each layer; none where z does not enter there

    def select(self, rows: Tensor) -> TransformerState:
        """The states of the given rows."""
        offset = None if self.offset is None else self.offset[rows]
        memory = tuple(m.select(rows) for m in self.memory)
        return TransformerState(self.cache[rows], self.hidden[rows], offset, memory)

    @staticmethod
    def concat(states: Sequence[TransformerState]) -> TransformerState:
        """One state of all rows; raises ValueError when they have read differently many positions."""
        if len({s.cache.shape[4] for s in states}) > 1:
            raise ValueError("only states that have read equally many words can be joined")
        offsets = [s.offset for s in states if s.offset is not None]
        memory = tuple(
            Folded(
                torch.cat([m.keys for m in layer]),
                torch.cat([m.bias for m in layer]),
                torch.cat([m.values for m in layer]),
                layer[0].length,
            )
            for layer in zip(*(s.memory for s in states), strict=True)
        )
        return TransformerState(
            torch.cat([s.cache for s in states]),
            torch.cat([s.hidden for s in states]),
            torch.cat(offsets) if offsets else None,
            memory,
        )

    def __len__(self) -> int:
        return len(self.hidden)


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
        if hidden % heads:
            raise ValueError(f"width {hidden} does not divide into {heads} heads")
        self.hidden, self.embedding, self.heads = hidden, embedding, heads
        self.input = nn.Linear(embedding + beside, hidden)
        self.positions = Positions(hidden)
        made = [Layer(hidden, heads, 2 * hidden, dropout, cross=memory) for _ in range(layers)]
        self.layers = nn.ModuleList(made)
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
        for layer in self._layers():
            slots = condition.memory
            memory = layer.cross.memory(slots) if layer.cross is not None and slots is not None else None
            x = layer(x, causal=True, memory=memory)
        x = self.norm(x if first is None else x[:, 1:])
        packed: Tensor = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False).data
        return packed

    def begin(self, condition: Condition, rows: int, like: Tensor) -> TransformerState:
        """The state before the first input word."""
        empty = like.new_zeros(rows, len(self.layers), 2, self.heads, 0, self.hidden // self.heads)
        crosses = [layer.cross for layer in self._layers()]
        slots = condition.memory
        memory = tuple(c.fold(slots, None) for c in crosses if c is not None and slots is not None)
        state = TransformerState(empty, like.new_zeros(rows, self.hidden), self._offset(condition), memory)
        return state if condition.state is None else self._read_on(state, condition.state[:, 0])

    def step(self, state: TransformerState, word_gates: Tensor) -> TransformerState:
        """One more input word, given its input vector ([B, H], see `word_gates`)."""
        return self._read_on(state, word_gates if state.offset is None else word_gates + state.offset)

    def read(self, state: TransformerState) -> Tensor:
        """The vector that predicts the next word, [B, H]."""
        return state.hidden

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

    def _read_on(self, state: TransformerState, vectors: Tensor) -> TransformerState:
        held = state.cache.shape[4]
        cache = functional.pad(state.cache, (0, 0, 0, 1))  # a copy: the state before may be continued in another way
        x = self.positions.after(vectors[:, None], held)
        for i, layer in enumerate(self._layers()):
            x, _ = layer.extend(x, cache[:, i], held, None, state.memory[i] if state.memory else None)
        return replace(state, cache=cache, hidden=self.norm(x)[:, 0])

    def _layers(self) -> list[Layer]:
        return [layer for layer in self.layers if isinstance(layer, Layer)]
