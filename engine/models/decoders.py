"""Recurrent decoders of a latent point, and where the point enters them.

Shapes: B rows, T positions, D latent dimensions, E embedding, H hidden, L layers, M memory slots, G gates (3 in a
GRU, 4 in an LSTM).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Place = Literal["state", "input", "embedding", "memory"]


@dataclass(frozen=True)
class Condition:
    """What a decoder is told of the points of B rows; parts that the places do not name are None."""

    state: Tensor | None  # [B, L, H], first hidden vectors
    input: Tensor | None  # [B, D], beside every input word
    embedding: Tensor | None  # [B, E], added to every input word
    memory: Tensor | None  # [B, M, H], slots that every position may look at

    def select(self, rows: Tensor) -> Condition:
        """The conditions of the given rows."""
        return Condition(*(None if p is None else p[rows] for p in self.parts))

    @staticmethod
    def concat(conditions: Sequence[Condition]) -> Condition:
        """One condition of all rows."""
        columns = zip(*(c.parts for c in conditions), strict=True)
        return Condition(*(None if column[0] is None else torch.cat(column) for column in columns))

    @property
    def parts(self) -> tuple[Tensor | None, ...]:
        """The four parts in order."""
        return self.state, self.input, self.embedding, self.memory


class LatentEntry(nn.Module):
    """Where z enters a decoder, in one place for all of them.

    state: z is mapped to the first hidden vectors (Bowman et al. 2016). input: z stands beside every input word
    (Yang et al. 2017). embedding: z is mapped and added to every input word; memory: z is mapped to slots that every
    position attends to, keys equal to values (both: OPTIMUS, Li et al. 2020).
    """

    def __init__(
        self, places: Sequence[Place], *, latent: int, embedding: int, hidden: int, layers: int, slots: int
    ) -> None:
        super().__init__()
        self.beside = "input" in places
        self.layers, self.slots = layers, slots
        self.to_state = nn.Linear(latent, layers * hidden) if "state" in places else None
        self.to_embedding = nn.Linear(latent, embedding, bias=False) if "embedding" in places else None
        self.to_memory = nn.Linear(latent, slots * hidden, bias=False) if "memory" in places else None

    def forward(self, points: Tensor) -> Condition:
        """[B, D] -> what the decoder is told."""
        rows = len(points)
        return Condition(
            state=torch.tanh(self.to_state(points)).view(rows, self.layers, -1) if self.to_state else None,
            input=points if self.beside else None,
            embedding=self.to_embedding(points) if self.to_embedding else None,
            memory=self.to_memory(points).view(rows, self.slots, -1) if self.to_memory else None,
        )


def read_memory(hidden: Tensor, memory: Tensor | None) -> Tensor:
    """Hidden vectors [B, H] plus what they attend to in their rows' slots [B, M, H]."""
    if memory is None:
        return hidden
    weights = torch.einsum("bh,bmh->bm", hidden, memory).mul(hidden.shape[1] ** -0.5).softmax(1)
    return hidden + torch.einsum("bm,bmh->bh", weights, memory)


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

    @staticmethod
    def concat(states: Sequence[RecurrentState]) -> RecurrentState:
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
        self.rnn: nn.GRU | nn.LSTM = make(embedding + beside, hidden, layers, batch_first=True)

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
        packed = nn.utils.rnn.pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
        first = self._first(condition, rows, inputs).transpose(0, 1).contiguous()
        start = first if isinstance(self.rnn, nn.GRU) else (first, torch.zeros_like(first))
        hidden: Tensor = self.rnn(packed, start)[0].data
        if condition.memory is None:
            return hidden
        return read_memory(hidden, condition.memory[packed_rows(lengths).to(hidden.device)])

    def begin(self, condition: Condition, rows: int, like: Tensor) -> RecurrentState:
        """The state before the first input word."""
        h = self._first(condition, rows, like)
        weight = self._weight("ih", 0)  # G H, E + D
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
        hs, cs = [], []
        for layer in range(self.layers):
            h = state.h[:, layer]
            if state.c is None:
                h = self._gru(gates, h, layer)
            else:
                i, f, g, o = (
                    torch.addmm(gates, h, self._weight("hh", layer).T).add_(self._bias("hh", layer)).chunk(4, 1)
                )
                c = torch.sigmoid(f) * state.c[:, layer] + torch.sigmoid(i) * torch.tanh(g)
                h = torch.sigmoid(o) * torch.tanh(c)
                cs.append(c)
            hs.append(h)
            if layer + 1 < self.layers:
                gates = functional.linear(h, self._weight("ih", layer + 1), self._bias("ih", layer + 1))
        return RecurrentState(
            torch.stack(hs, 1) if self.layers > 1 else hs[0][:, None],
            None if state.c is None else torch.stack(cs, 1),
            state.gates,
            state.memory,
        )

    def read(self, state: RecurrentState) -> Tensor:
        """The vector that predicts the next word, [B, H]."""
        return read_memory(state.h[:, -1], state.memory)

    def word_gates(self, words: Tensor) -> Tensor:
        """The share of input words [N, E] in the first layer's gates, [N, G H]."""
        return functional.linear(words, self._weight("ih", 0)[:, : self.embedding], self._bias("ih", 0))

    def _gru(self, gates: Tensor, h: Tensor, layer: int) -> Tensor:
        size = 2 * self.hidden
        inner = torch.addmm(self._bias("hh", layer), h, self._weight("hh", layer).T)
        reset, update = torch.sigmoid(gates[:, :size] + inner[:, :size]).chunk(2, 1)
        new = torch.tanh(torch.addcmul(gates[:, size:], reset, inner[:, size:]))
        return torch.lerp(new, h, update)

    def _first(self, condition: Condition, rows: int, like: Tensor) -> Tensor:
        if condition.state is not None:
            return condition.state
        return like.new_zeros(rows, self.layers, self.hidden)

    def _weight(self, kind: str, layer: int) -> Tensor:
        weight: Tensor = getattr(self.rnn, f"weight_{kind}_l{layer}")
        return weight

    def _bias(self, kind: str, layer: int) -> Tensor:
        bias: Tensor = getattr(self.rnn, f"bias_{kind}_l{layer}")
        return bias


def packed_rows(lengths: Tensor) -> Tensor:
    """The row that each element of a packed sequence belongs to, [sum of lengths]."""
    rows = torch.arange(len(lengths))[:, None].expand(-1, int(lengths.max()))
    return nn.utils.rnn.pack_padded_sequence(rows, lengths, batch_first=True, enforce_sorted=False).data
