"""Decoder-only Transformer language model (Vaswani et al. 2017; pre-norm and tied as in Radford et al. 2019)."""

from __future__ import annotations

from typing import Annotated

import msgspec
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.models.attention import Layer, Positions
from engine.models.incremental import DecoderState, Incremental
from engine.models.product import Packed
from engine.models.registry import register
from engine.text import PAD, Tokenizer

Positive = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Depth = Annotated[int, msgspec.Meta(ge=1, le=64)]
Share = Annotated[float, msgspec.Meta(ge=0.0, lt=1.0)]


class TransformerLmConfig(
    msgspec.Struct, frozen=True, tag="transformer-lm", tag_field="kind", forbid_unknown_fields=True
):
    """Sizes of a `TransformerLm`."""

    vocabulary: Positive
    width: Positive = 256
    layers: Depth = 4
    heads: Depth = 4
    feed_forward: Positive = 512
    dropout: Share = 0.1  # on embeddings and on the output of every sublayer


@register(TransformerLmConfig)
class TransformerLm(nn.Module):
    """Language model whose every position sees all earlier ones."""

    def __init__(self, config: TransformerLmConfig, tokenizer: Tokenizer) -> None:
        super().__init__()
        if config.width % config.heads:
            raise ValueError(f"width {config.width} does not divide into {config.heads} heads")
        self.config = config
        self.tokenizer = tokenizer
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        nn.init.normal_(self.embedding.weight, std=config.width**-0.5)
        self.positions = Positions(config.width)
        self.layers = nn.ModuleList(
            Layer(config.width, config.heads, config.feed_forward, config.dropout, cross=False)
            for _ in range(config.layers)
        )
        self.norm = nn.LayerNorm(config.width)
        self.dropout = nn.Dropout(config.dropout)
        self.output = Packed()

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Training: log-probabilities of all counted tokens in one vector [sum of lengths].

        Args:
            tokens: [B, 1 + T], begin mark first, end mark last, zero-padded.
            lengths: [B], counted targets in each row (end mark included).
        """
        x = self.dropout(self.positions(self.embedding(tokens[:, :-1])))
        for layer in self.layers:
            x = layer(x, causal=True)
        targets = tokens[:, 1:]
        counted = targets != PAD  # the vocabulary product is the dearest, padding is left out of it
        logits = functional.linear(self.norm(x[counted]), self.embedding.weight)
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        return -functional.cross_entropy(logits, targets[counted], reduction="none")

    def begin(self, batch: int) -> DecoderState:
        """The state after the start mark."""
        return self._reader().begin(batch)

    def advance(self, state: DecoderState, tokens: Tensor) -> DecoderState:
        """The state after one more token in each row; `tokens` [B]."""
        return self._reader().advance(state, tokens)

    def log_probs(self, state: DecoderState) -> Tensor:
        """[B, V]."""
        return self._reader().log_probs(state)

    def features(self, state: DecoderState) -> Tensor:
        """A vector for each row that says what is meant next, [B, D]."""
        return state.hidden

    def score(self, state: DecoderState, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Log-probability of each token of a continuation, [B, T]; see `capabilities.Scores`."""
        return self._reader().score(state, tokens, lengths)

    def _reader(self) -> Incremental:
        return Incremental(self.tokenizer, self.embedding, self.positions, self.layers, self.norm, None, self.output)
