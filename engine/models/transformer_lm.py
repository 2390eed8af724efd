"""Decoder-only Transformer language model (Vaswani et al. 2017; pre-norm and tied as in Radford et al. 2019).

Shapes: B rows, T positions, D width, V vocabulary entries.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from torch import Tensor, nn

from engine.models.parts.attention import Layers
from engine.models.parts.cache import DecoderState
from engine.models.parts.incremental import Incremental
from engine.models.parts.model import Depth, Positive, Share, TextModel, embedding
from engine.models.parts.output_layer import OutputConfig, build_output
from engine.models.parts.padding import counted
from engine.models.parts.positions import Positions
from engine.models.parts.softmax import SoftmaxConfig
from engine.models.registry import register
from engine.vocabulary import Vocabulary


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
    output: OutputConfig = SoftmaxConfig()


@register(TransformerLmConfig)
class TransformerLm(TextModel):
    """Language model whose every position sees all earlier ones."""

    config: TransformerLmConfig

    def __init__(self, config: TransformerLmConfig, tokenizer: Vocabulary) -> None:
        super().__init__(tokenizer)
        self.config = config
        self.embedding = embedding(config.vocabulary, config.width)
        self.positions = Positions(config.width)
        self.layers = Layers(
            config.layers, config.width, config.heads, config.feed_forward, config.dropout, cross=False
        )
        self.norm = nn.LayerNorm(config.width)
        self.dropout = nn.Dropout(config.dropout)
        self.output = build_output(config.output, self.embedding)

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Training: the loss of every counted token, in nats, in one vector [sum of lengths].

        Args:
            tokens: [B, 1 + T], begin mark first, end mark last, padded.
            lengths: [B], counted targets in each row (end mark included).
        """
        x = self.dropout(self.positions(self.embedding(tokens[:, :-1])))  # B, T, D
        for layer in self.layers:
            x = layer(x, causal=True)
        inside = counted(lengths, x.shape[1])  # the output layer is the dearest: padding is left out of it
        return self.output.loss(self.norm(x[inside]), tokens[:, 1:][inside])

    def begin(self, batch: int) -> DecoderState:
        """The state after the start mark."""
        return self._reader().begin(batch)

    def advance(self, state: DecoderState, tokens: Tensor) -> DecoderState:
        """The state after one more token in each row; `tokens` [B]."""
        return self._reader().advance(state, tokens)

    def log_probs(self, state: DecoderState) -> Tensor:
        """[B, V]."""
        return self.output.log_probs(state.hidden)

    def likeliest(self, state: DecoderState, count: int, without: Sequence[int] = ()) -> tuple[Tensor, Tensor]:
        """The likeliest tokens and their log-probabilities, each [B, count]."""
        return self.output.best(state.hidden, count, without)

    def features(self, state: DecoderState) -> Tensor:
        """A vector for each row that says what is meant next, [B, D]."""
        return state.hidden

    def word_vectors(self) -> Tensor:
        """[V, D]."""
        return self.embedding.weight

    def score(self, state: DecoderState, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Log-probability of each token of a continuation, [B, T]; see `capabilities.Scores`."""
        return self._reader().score(state, tokens, lengths)

    def _reader(self) -> Incremental:
        return Incremental(self.tokenizer, self.embedding, self.positions, self.layers, self.norm, self.output)
