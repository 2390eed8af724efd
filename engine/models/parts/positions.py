"""Where a token stands, as sinusoids added to its vector (Vaswani et al. 2017)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def sinusoids(count: int, width: int) -> Tensor:
    """Position vectors [count, width]: sines in the first half, cosines in the second (the layout of Marian)."""
    rates = torch.exp(torch.arange(0, width, 2, dtype=torch.float64) * (-math.log(10_000.0) / width))
    angles = torch.arange(count, dtype=torch.float64)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], 1)[:, :width].float()


class Positions(nn.Module):
    """Token vectors scaled by the square root of the width, plus sinusoidal positions, grown as needed."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.scale = math.sqrt(width)
        self.width = width
        self._table = torch.empty(0, width)

    def table(self, count: int, like: Tensor) -> Tensor:
        """At least `count` position vectors, on the device of `like`."""
        if len(self._table) < count or self._table.device != like.device:
            with torch.inference_mode(False):  # the table outlives the run that first needed it
                self._table = sinusoids(max(64, 1 << (count - 1).bit_length()), self.width).to(like.device)
        return self._table

    def forward(self, vectors: Tensor) -> Tensor:
        """[B, T, D] token vectors -> [B, T, D], positions counted from zero."""
        out: Tensor = vectors * self.scale + self.table(vectors.shape[1], vectors)[: vectors.shape[1]]
        return out

    def after(self, vectors: Tensor, position: int | Tensor) -> Tensor:
        """[B, T, D] token vectors the first of which stands at `position`, the same for all rows or one for each."""
        count = vectors.shape[1]
        if isinstance(position, int):
            places = self.table(position + count, vectors)[position : position + count]
        else:
            steps = torch.arange(count, device=vectors.device)
            places = self.table(int(position.max()) + count, vectors)[position[:, None] + steps]
        return torch.add(places, vectors, alpha=self.scale)
