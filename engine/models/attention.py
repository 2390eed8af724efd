"""The parts of a Transformer (Vaswani et al. 2017): attention with a cache, feed-forward layers, positions.

Normalisation stands before each sublayer (pre-norm, Xiong et al. 2020) or after it (post-norm, as first published
and as in Marian). Attention weights are never dropped out, so that the fused kernel can be used everywhere.

Shapes: B rows, S source positions, T target positions, D width, H heads, K = D / H.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Norm = Literal["pre", "post"]


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

    def after(self, vectors: Tensor, length: int, start: Tensor | None) -> Tensor:
        """[B, T, D] token vectors that follow `length` positions, the first `start` ([B]) of which do not count."""
        count = vectors.shape[1]
        table = self.table(length + count, vectors)
        if start is None:
            return torch.add(table[length : length + count], vectors, alpha=self.scale)
        places = torch.arange(length, length + count, device=vectors.device) - start[:, None]
        return torch.add(table[places], vectors, alpha=self.scale)


def fused_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, *, causal: bool = False) -> Tensor:
    """Scaled dot-product attention in float32: on CPUs the kernel's bfloat16 backward is ten times slower."""
    if q.dtype is torch.bfloat16 and q.device.type == "cpu":
        q, k, v = q.float(), k.float(), v.float()
    with torch.autocast(q.device.type, enabled=False):
        return functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal)


class SelfAttention(nn.Module):
    """Multi-head attention of a sequence to itself; queries, keys and values come from one product."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        for part in self.qkv.weight.data.chunk(3):  # each a square product of its own
            nn.init.xavier_uniform_(part)

    def forward(self, x: Tensor, *, causal: bool = False, mask: Tensor | None = None) -> Tensor:
        """[B, T, D] -> [B, T, D]; `mask` [B, 1, 1, T] is true where a key may be seen."""
        rows, length, width = x.shape
        qkv = self.qkv(x).view(rows, length, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each B, H, T, K
        mixed = fused_attention(q, k, v, mask, causal=causal)
        out: Tensor = self.out(mixed.transpose(1, 2).reshape(rows, length, width))
        return out

    def extend(self, x: Tensor, cache: Tensor, length: int, mask: Tensor | None) -> Tensor:
        """More positions of sequences whose keys and values are kept.

        Args:
            x: [B, T, D], the new positions.
            cache: [B, 2, H, capacity, K], `length` positions filled; gets T more.
            length: positions before x.
            mask: [B or 1, 1, T, length + T], true where a position may be seen; None: all of them.
        """
        rows, count, width = x.shape
        qkv = self.qkv(x).view(rows, count, 3, self.heads, width // self.heads).permute(0, 2, 3, 1, 4)
        cache[:, :, :, length : length + count] = qkv[:, 1:]
        seen = cache[:, :, :, : length + count]
        mixed = functional.scaled_dot_product_attention(qkv[:, 0], seen[:, 0], seen[:, 1], attn_mask=mask)
        out: Tensor = self.out(mixed.transpose(1, 2).reshape(rows, count, width))
        return out


class CrossAttention(nn.Module):
    """Multi-head attention of target positions to source positions."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.kv = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)
        for part in (self.query.weight, *self.kv.weight.data.chunk(2)):
            nn.init.xavier_uniform_(part)

    def memory(self, source: Tensor) -> Tensor:
        """Keys and values of encoded sources: [B, S, D] -> [B, 2, H, S, K]."""
        rows, length, width = source.shape
        kv: Tensor = self.kv(source).view(rows, length, 2, self.heads, width // self.heads)
        return kv.permute(0, 2, 3, 1, 4)

    def forward(self, x: Tensor, memory: Tensor, mask: Tensor | None) -> Tensor:
        """[B, T, D] and the memory of B sources -> [B, T, D]; `mask` [B, 1, 1, S] is true where a key may be seen."""
        rows, length, width = x.shape
        q = self.query(x).view(rows, length, self.heads, width // self.heads).transpose(1, 2)
        mixed = fused_attention(q, memory[:, 0], memory[:, 1], mask)
        out: Tensor = self.out(mixed.transpose(1, 2).reshape(rows, length, width))
        return out

    def weights(self, x: Tensor, memory: Tensor, mask: Tensor | None) -> Tensor:
        """How much each target position looks at each source position, mean over heads: [B, T, S]."""
        rows, length, width = x.shape
        q = self.query(x).view(rows, length, self.heads, width // self.heads).transpose(1, 2)
        logits: Tensor = q @ memory[:, 0].transpose(2, 3) / math.sqrt(width // self.heads)
        if mask is not None:
            logits = logits.masked_fill(~mask, -math.inf)
        return logits.softmax(3).mean(1)


class FeedForward(nn.Module):
    """Two products with a rectifier between, at every position alike."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.inner = nn.Linear(width, inner)
        self.out = nn.Linear(inner, width)
        nn.init.xavier_uniform_(self.inner.weight)
        nn.init.xavier_uniform_(self.out.weight)

    def forward(self, x: Tensor) -> Tensor:
        """[..., D] -> [..., D]."""
        out: Tensor = self.out(functional.relu(self.inner(x), inplace=True))
        return out


class Layer(nn.Module):
    """One Transformer layer: self-attention, attention to a source where there is one, feed-forward."""

    def __init__(self, width: int, heads: int, inner: int, dropout: float, *, cross: bool, norm: Norm = "pre") -> None:
        super().__init__()
        self.pre = norm == "pre"
        self.attention = SelfAttention(width, heads)
        self.attention_norm = nn.LayerNorm(width)
        self.cross = CrossAttention(width, heads) if cross else None
        self.cross_norm = nn.LayerNorm(width) if cross else None
        self.feed = FeedForward(width, inner)
        self.feed_norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: Tensor,
        *,
        causal: bool = False,
        mask: Tensor | None = None,
        memory: Tensor | None = None,
        memory_mask: Tensor | None = None,
    ) -> Tensor:
        """[B, T, D] -> [B, T, D]."""
        norm = self.attention_norm
        x = self._after(x, norm, self.dropout(self.attention(self._before(x, norm), causal=causal, mask=mask)))
        if self.cross is not None and self.cross_norm is not None and memory is not None:
            norm = self.cross_norm
            x = self._after(x, norm, self.dropout(self.cross(self._before(x, norm), memory, memory_mask)))
        norm = self.feed_norm
        return self._after(x, norm, self.dropout(self.feed(self._before(x, norm))))

    def extend(
        self, x: Tensor, cache: Tensor, length: int, mask: Tensor | None, memory: Tensor | None, source: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """More positions without dropout; see `SelfAttention.extend`.

        Args:
            x: [B, T, D].
            cache: [B, 2, H, capacity, K], this layer's.
            length: positions before x.
            mask: of the cache.
            memory: [N, 2, H, S, K], B being a multiple of N: the rows of one source lie together.
            source: [N, 1, 1, S], true where a source position may be seen.

        Returns:
            The layer's output [B, T, D] and what asked its source, [N, B / N * T, D].
        """
        norm = self.attention_norm
        x = self._after(x, norm, self.attention.extend(self._before(x, norm), cache, length, mask))
        asked = x
        if self.cross is not None and self.cross_norm is not None and memory is not None:
            norm = self.cross_norm
            asked = self._before(x, norm).reshape(len(memory), -1, x.shape[2])  # beams are further target positions
            x = self._after(x, norm, self.cross(asked, memory, source).view_as(x))
        norm = self.feed_norm
        return self._after(x, norm, self.feed(self._before(x, norm))), asked

    def memory(self, encoded: Tensor) -> Tensor:
        """What this layer asks of encoded sources; see `CrossAttention.memory`. Raises ValueError without one."""
        if self.cross is None:
            raise ValueError("this layer has no source to look at")
        return self.cross.memory(encoded)

    def source_attention(self, x: Tensor, memory: Tensor, source: Tensor | None) -> Tensor:
        """How much each of x's positions [B, T, D] looks at each source position in this layer, [B, T, S]."""
        if self.cross is None or self.cross_norm is None:
            raise ValueError("this layer has no source to look at")
        x = self._after(x, self.attention_norm, self.attention(self._before(x, self.attention_norm), causal=True))
        return self.cross.weights(self._before(x, self.cross_norm), memory, source)

    def _before(self, x: Tensor, norm: nn.LayerNorm) -> Tensor:
        return norm(x) if self.pre else x

    def _after(self, x: Tensor, norm: nn.LayerNorm, change: Tensor) -> Tensor:
        return x + change if self.pre else norm(x + change)
