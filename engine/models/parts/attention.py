"""The layers of a Transformer (Vaswani et al. 2017): attention that reads a cache or a source, and feed-forward nets.

Normalisation stands before each sublayer (pre-norm, Xiong et al. 2020) or after it (post-norm, as first published
and as in Marian). Attention weights are never dropped out, so that the fused kernel can be used everywhere.

Shapes: B rows, S source positions, T target positions, D width, H heads, K = D / H.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.models.parts.product import Product

Norm = Literal["pre", "post"]


def fused_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, *, causal: bool = False) -> Tensor:
    """Scaled dot-product attention in float32: on CPUs the kernel's bfloat16 backward is ten times slower."""
    if q.dtype is not torch.bfloat16 or q.device.type != "cpu":
        return functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal)
    with torch.autocast("cpu", enabled=False):
        q, k, v = q.float(), k.float(), v.float()
        return functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal)


class SelfAttention(nn.Module):
    """Multi-head attention of a sequence to itself; queries, keys and values come from one product."""

    def __init__(self, width: int, heads: int) -> None:
        """Raises ValueError when the width does not divide into the heads."""
        super().__init__()
        if width % heads:
            raise ValueError(f"width {width} does not divide into {heads} heads")
        self.width, self.heads = width, heads
        self.qkv = Product(width, 3 * width)
        self.out = Product(width, width)
        for part in self.qkv.weight.data.chunk(3):  # each a square product of its own
            nn.init.xavier_uniform_(part)

    def forward(self, x: Tensor, *, causal: bool = False, mask: Tensor | None = None) -> Tensor:
        """[B, T, D] -> [B, T, D]; `mask` [B, 1, 1, T] is true where a key may be seen."""
        rows, length, width = x.shape
        qkv = self.qkv.forward(x).view(rows, length, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each B, H, T, K
        mixed = fused_attention(q, k, v, mask, causal=causal)
        return self.out.forward(mixed.transpose(1, 2).reshape(rows, length, width))

    def extend(self, x: Tensor, cache: Tensor, held: int, mask: Tensor | None) -> Tensor:
        """More positions of sequences whose keys and values are kept; what is read, before the output's product.

        Args:
            x: [N, T, D], the new positions of N groups of sequences.
            cache: [N, 2, H, capacity, K], `held` entries filled; gets T more.
            held: entries before x.
            mask: [N or 1, 1, T, held + T], added to the attention; None: every entry is seen.
        """
        groups, count, width = x.shape
        qkv = self.qkv.forward(x).view(groups, count, 3, self.heads, -1).permute(2, 0, 3, 1, 4)  # 3, N, H, T, K
        end = held + count
        cache[:, :, :, held:end] = qkv[1:].transpose(0, 1)
        keys, values = cache[:, :, :, :end].unbind(1)
        mixed = functional.scaled_dot_product_attention(qkv[0], keys, values, attn_mask=mask)
        return mixed.transpose(1, 2).reshape(groups, count, width)


class CrossAttention(nn.Module):
    """Multi-head attention of target positions to source positions."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = Product(width, width)
        self.kv = Product(width, 2 * width)
        self.out = Product(width, width)
        for part in (self.query.weight, *self.kv.weight.data.chunk(2)):
            nn.init.xavier_uniform_(part)

    def memory(self, source: Tensor) -> Tensor:
        """Keys and values of encoded sources: [B, S, D] -> [B, 2, H, S, K]."""
        rows, length, width = source.shape
        kv: Tensor = self.kv.forward(source).view(rows, length, 2, self.heads, width // self.heads)
        return kv.permute(0, 2, 3, 1, 4)

    def forward(self, x: Tensor, memory: Tensor, mask: Tensor | None) -> Tensor:
        """[B, T, D] and the memory of B sources -> [B, T, D]; `mask` [B, 1, 1, S] is true where a key may be seen."""
        rows, length, width = x.shape
        q = self.query.forward(x).view(rows, length, self.heads, width // self.heads).transpose(1, 2)
        mixed = fused_attention(q, memory[:, 0], memory[:, 1], mask)
        return self.out.forward(mixed.transpose(1, 2).reshape(rows, length, width))

    def fold(self, source: Tensor, mask: Tensor | None) -> Folded:
        """Encoded sources [N, S, D] (mask [N, 1, 1, S]) with this layer's query and output products multiplied in.

        x Wq K' = x (Wq K') and p V Wo = p (V Wo): what does not depend on x is multiplied once a sentence. Biases and
        the mask become numbers added to each key; as weights sum to one, each value takes its share of the output's
        bias.
        """
        groups, length, width = source.shape
        size = width // self.heads
        keys, values = self.memory(source).unbind(1)  # each N, H, S, K
        query = self.query.weight.view(self.heads, size, width) / math.sqrt(size)
        query_bias = self.query.bias.view(self.heads, size, 1) / math.sqrt(size)
        out = self.out.weight.T.reshape(self.heads, size, width)
        bias = (keys @ query_bias)[..., 0]  # N, H, S
        if mask is not None:
            bias = bias.masked_fill(~mask[:, 0], -math.inf)
        return Folded(
            (keys @ query).flatten(1, 2).transpose(1, 2).contiguous(),
            bias.reshape(groups, 1, -1),
            (values @ out).flatten(1, 2).contiguous() + self.out.bias / self.heads,
            length,
        )


class Folded(NamedTuple):
    """N encoded sources as one layer's attention reads them while decoding."""

    keys: Tensor  # [N, D, H * S]
    bias: Tensor  # [N, 1, H * S]
    values: Tensor  # [N, H * S, D]
    length: int  # S

    def weights(self, x: Tensor) -> Tensor:
        """How much each target position looks at each source position, by head: [N, T, D] -> [N, T, H, S]."""
        logits = torch.baddbmm(self.bias, x, self.keys)
        return logits.view(*x.shape[:2], -1, self.length).softmax(3)

    def read(self, x: Tensor, residual: Tensor) -> Tensor:
        """What the positions read, added to the residual: [N, T, D] each."""
        return torch.baddbmm(residual, self.weights(x).flatten(2), self.values)

    def select(self, sources: Tensor) -> Folded:
        """The given sources."""
        return Folded(self.keys[sources], self.bias[sources], self.values[sources], self.length)

    @staticmethod
    def concat(parts: Sequence[Folded]) -> Folded:
        """All sources, which are equally long."""
        keys, bias, values = (torch.cat(column) for column in zip(*(p[:3] for p in parts), strict=True))
        return Folded(keys, bias, values, parts[0].length)


class FeedForward(nn.Module):
    """Two products with a rectifier between, at every position alike."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.inner = Product(width, inner)
        self.out = Product(inner, width)
        nn.init.xavier_uniform_(self.inner.weight)
        nn.init.xavier_uniform_(self.out.weight)

    def forward(self, x: Tensor) -> Tensor:
        """[..., D] -> [..., D]."""
        return self.out.forward(self.inner.rectified(x))


def _normal(norm: nn.LayerNorm, x: Tensor) -> Tensor:
    """The norm, without the hooks of a module call, which cost more than the norm of a few rows."""
    return torch.layer_norm(x, norm.normalized_shape, norm.weight, norm.bias, norm.eps)


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
        self, x: Tensor, cache: Tensor, held: int, mask: Tensor | None, source: Folded | None
    ) -> tuple[Tensor, Tensor]:
        """More positions without dropout; see `SelfAttention.extend`.

        Args:
            x: [N, T, D], the new positions of N groups of sequences, a group's all reading one source.
            cache: [N, 2, H, capacity, K], this layer's.
            held: entries before x.
            mask: of the cache.
            source: N of them.

        Returns:
            The layer's output [N, T, D] and what asked the source, [N, T, D].
        """
        norm = self.attention_norm
        mixed = self.attention.extend(self._before(x, norm), cache, held, mask)
        x = asked = self._sum(x, norm, mixed, self.attention.out)
        if source is not None and self.cross_norm is not None:
            norm = self.cross_norm
            asked = self._before(x, norm)
            x = source.read(asked, x)
            x = x if self.pre else _normal(norm, x)
        norm = self.feed_norm
        return self._sum(x, norm, self.feed.inner.rectified(self._before(x, norm)), self.feed.out), asked

    def _sum(self, x: Tensor, norm: nn.LayerNorm, change: Tensor, out: Product) -> Tensor:
        x = out.plus(change, x)
        return x if self.pre else _normal(norm, x)

    def memory(self, encoded: Tensor) -> Tensor:
        """What this layer asks of encoded sources; see `CrossAttention.memory`. Raises ValueError without one."""
        return self._source().memory(encoded)

    def fold(self, encoded: Tensor, mask: Tensor | None) -> Folded:
        """The same for decoding; see `CrossAttention.fold`. Raises ValueError without a source."""
        return self._source().fold(encoded, mask)

    def _source(self) -> CrossAttention:
        if self.cross is None:
            raise ValueError("this layer has no source to look at")
        return self.cross

    def source_attention(self, x: Tensor, encoded: Tensor, mask: Tensor | None) -> Tensor:
        """How much each of x's positions [B, T, D] looks at each source position in this layer, [B, T, S]."""
        x = self._after(x, self.attention_norm, self.attention(self._before(x, self.attention_norm), causal=True))
        asked = x if self.cross_norm is None else self._before(x, self.cross_norm)
        return self.fold(encoded, mask).weights(asked).mean(2)

    def _before(self, x: Tensor, norm: nn.LayerNorm) -> Tensor:
        return _normal(norm, x) if self.pre else x

    def _after(self, x: Tensor, norm: nn.LayerNorm, change: Tensor) -> Tensor:
        return x + change if self.pre else _normal(norm, x + change)


class Layers(nn.ModuleList):
    """Equal layers, one above the other."""

    def __init__(
        self, count: int, width: int, heads: int, inner: int, dropout: float, *, cross: bool, norm: Norm = "pre"
    ) -> None:
        """Raises ValueError when the width does not divide into the heads."""
        super().__init__(Layer(width, heads, inner, dropout, cross=cross, norm=norm) for _ in range(count))

    def __iter__(self) -> Iterator[Layer]:
        return cast(Iterator[Layer], super().__iter__())

    def __getitem__(self, index: int) -> Layer:  # type: ignore[override]
        return cast(Layer, super().__getitem__(index))


def final_norm(width: int, norm: Norm) -> nn.Module:
    """What stands after the last layer."""
    return nn.LayerNorm(width) if norm == "pre" else nn.Identity()
