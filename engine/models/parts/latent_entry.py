"""Where a latent point enters a decoder, in one place for all of them.

Shapes: B rows, D latent dimensions, E embedding, H hidden, L layers, M memory slots.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

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
