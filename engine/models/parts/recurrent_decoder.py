"""A recurrent decoder of a latent point.

Shapes: B rows, T positions, D latent dimensions, E embedding, H hidden, L layers, M memory slots, G gates (3 in a
GRU, 4 in an LSTM).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn

from engine.models.parts.cells import Recurrence, advance, input_gates
from engine.models.parts.latent_entry import Condition, read_memory
from engine.models.parts.padding import packed, packed_rows


@dataclass(frozen=True)
class RecurrentState:
    """What a recurrent decoder remembers of B rows."""

    h: Tensor  # [B, L, H]
    c: Tensor | None  # [B, L, H], LSTM cells
    gates: Tensor | None  # [B, G H], the point's share of the first layer's gates, the same at every position
    memory: Tensor | None  # [B, M, H]

    def select(self, rows: Tensor) -> RecurrentState:
        """The states of the given rows."""

        def take(part: Tensor | None) -> Tensor | None:
            return None if part is None else part[rows]

        return RecurrentState(self.h[rows], take(self.c), take(self.gates), take(self.memory))

    @classmethod
    def concat(cls, states: Sequence[RecurrentState]) -> RecurrentState:
        """One state of all rows."""

        def join(parts: Sequence[Tensor | None]) -> Tensor | None:
            found = [p for p in parts if p is not None]
            return torch.cat(found) if found else None

        return RecurrentState(
            torch.cat([s.h for s in states]),
            join([s.c for s in states]),
            join([s.gates for s in states]),
            join([s.memory for s in states]),
        )

    def __len__(self) -> int:
        return len(self.h)


class RecurrentDecoder(nn.Module):
    """GRU (Cho et al. 2014) or LSTM layers over input words, conditioned on a point."""

    def __init__(self, cell: Literal["gru", "lstm"], *, embedding: int, beside: int, hidden: int, layers: int) -> None:
        """`beside`: width of what stands beside every input word, D or 0."""
        super().__init__()
        self.hidden, self.layers, self.embedding = hidden, layers, embedding
        make = nn.GRU if cell == "gru" else nn.LSTM
        self.rnn: Recurrence = make(embedding + beside, hidden, layers, batch_first=True)

    def forward(self, inputs: Tensor, lengths: Tensor, condition: Condition) -> Tensor:
        """Training: hidden vectors after every counted position, packed.

        Args:
            inputs: [B, T, E] input word vectors, padded.
            lengths: [B] counted positions, on the CPU.
            condition: of the B rows.

        Returns:
            [sum of lengths, H] in the order of a packed sequence.
        """
        rows, length, _ = inputs.shape
        if condition.embedding is not None:
            inputs = inputs + condition.embedding[:, None]
        if condition.input is not None:
            inputs = torch.cat([inputs, condition.input[:, None].expand(rows, length, -1)], 2)
        first = self._first(condition, rows, inputs).transpose(0, 1).contiguous()
        start = first if isinstance(self.rnn, nn.GRU) else (first, torch.zeros_like(first))
        hidden: Tensor = self.rnn(packed(inputs, lengths), start)[0].data
        if condition.memory is None:
            return hidden
        return read_memory(hidden, condition.memory[packed_rows(lengths).to(hidden.device)])

    def begin(self, condition: Condition, rows: int, like: Tensor) -> RecurrentState:
        """The state before the first input word."""
        h = self._first(condition, rows, like)
        weight = self.rnn.get_parameter("weight_ih_l0")  # G H, E + D
        shares = []
        if condition.embedding is not None:
            shares.append(condition.embedding @ weight[:, : self.embedding].T)
        if condition.input is not None:
            shares.append(condition.input @ weight[:, self.embedding :].T)
        gates = torch.stack(shares).sum(0) if shares else None
        return RecurrentState(h, None if isinstance(self.rnn, nn.GRU) else torch.zeros_like(h), gates, condition.memory)

    def step(self, state: RecurrentState, word_gates: Tensor) -> RecurrentState:
        """One more input word, given its share of the first layer's gates ([B, G H], see `word_gates`)."""
        gates = word_gates if state.gates is None else word_gates + state.gates
        cells = () if state.c is None else state.c.unbind(1)
        hs, cs = advance(self.rnn, gates, state.h.unbind(1), cells)
        return replace(state, h=_stack(hs), c=_stack(cs) if cs else None)

    def read(self, state: RecurrentState) -> Tensor:
        """The vector that predicts the next word, [B, H]."""
        return read_memory(state.h[:, -1], state.memory)

    def word_gates(self, words: Tensor) -> Tensor:
        """The share of input words [N, E] in the first layer's gates, [N, G H]."""
        return input_gates(self.rnn, words)

    def _first(self, condition: Condition, rows: int, like: Tensor) -> Tensor:
        if condition.state is not None:
            return condition.state
        return like.new_zeros(rows, self.layers, self.hidden)


def _stack(layers: Sequence[Tensor]) -> Tensor:
    """[B, H] each -> [B, L, H]."""
    return torch.stack(list(layers), 1) if len(layers) > 1 else layers[0][:, None]
