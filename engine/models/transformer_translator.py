"""Encoder-decoder Transformer for translation (Vaswani et al. 2017), one vocabulary and one embedding for all.

Source, target and output layer share their word vectors (Press and Wolf 2017). Decoding keeps the keys and values
of what was written; those of the source are computed once a sentence and shared by all its beams.

Shapes: B pairs of sentences, S source positions, T target positions, D width, V vocabulary entries.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import torch
from torch import Tensor, nn

from engine.models.parts.attention import Layers, Norm, final_norm
from engine.models.parts.incremental import Incremental
from engine.models.parts.model import Depth, Positive, Share, TextModel, embedding
from engine.models.parts.output_layer import OutputConfig, build_output
from engine.models.parts.padding import counted, lengths_of, pad
from engine.models.parts.positions import Positions
from engine.models.parts.softmax import SoftmaxConfig
from engine.models.registry import register
from engine.vocabulary import Vocabulary


class TranslatorConfig(
    msgspec.Struct, frozen=True, tag="transformer-translator", tag_field="kind", forbid_unknown_fields=True
):
    """Sizes of a `Translator`."""

    vocabulary: Positive
    width: Positive = 256
    encoder_layers: Depth = 3
    decoder_layers: Depth = 3
    heads: Depth = 4
    feed_forward: Positive = 512
    dropout: Share = 0.1  # on embeddings and on the output of every sublayer
    norm: Norm = "pre"
    output: OutputConfig = SoftmaxConfig()


@register(TranslatorConfig)
class Translator(TextModel):
    """Maps a source sentence to a distribution over target sentences."""

    config: TranslatorConfig

    def __init__(self, config: TranslatorConfig, tokenizer: Vocabulary) -> None:
        super().__init__(tokenizer)
        self.config = config
        self.embedding = embedding(config.vocabulary, config.width)
        self.positions = Positions(config.width)
        sizes = (config.width, config.heads, config.feed_forward, config.dropout)
        self.encoder = Layers(config.encoder_layers, *sizes, cross=False, norm=config.norm)
        self.decoder = Layers(config.decoder_layers, *sizes, cross=True, norm=config.norm)
        self.encoder_norm = final_norm(config.width, config.norm)
        self.decoder_norm = final_norm(config.width, config.norm)
        self.dropout = nn.Dropout(config.dropout)
        self.output = build_output(config.output, self.embedding)

    def forward(
        self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], smoothing: float = 0
    ) -> Tensor:
        """Training: the loss of every target token and end mark, in nats, row by row: [N].

        `smoothing` is the share of probability spread over the whole vocabulary.
        """
        return self.output.loss(*self.read_pairs(sources, targets), smoothing)

    def read_pairs(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """What the next token is read from after each target position, [N, D], and that token, [N]."""
        encoded, mask = self.encode(sources)
        tokens = pad(targets, self.tokenizer, begin=True, end=True).to(self.device)  # B, 1 + T
        hidden = self.decode(encoded, mask, tokens[:, :-1])
        inside = counted(lengths_of(targets).to(self.device), hidden.shape[1])
        return hidden[inside], tokens[:, 1:][inside]  # the output layer is the dearest: padding is left out of it

    def encode(self, sources: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor | None]:
        """Encoded sources [B, S, D] and the mask of what is no padding ([B, 1, 1, S]; none where all is text)."""
        tokens = pad(sources, self.tokenizer, end=True).to(self.device)  # B, S
        known = counted(lengths_of(sources).to(self.device), tokens.shape[1])
        mask = None if bool(known.all()) else known[:, None, None]
        x = self.dropout(self.positions(self.embedding(tokens)))
        for layer in self.encoder:
            x = layer(x, mask=mask)
        return self.encoder_norm(x), mask

    def decode(self, encoded: Tensor, mask: Tensor | None, targets: Tensor) -> Tensor:
        """Hidden vectors after each target position, [B, T, D], all positions at once."""
        x = self.dropout(self.positions(self.embedding(targets)))
        for layer in self.decoder:
            x = layer(x, causal=True, memory=layer.memory(encoded), memory_mask=mask)
        out: Tensor = self.decoder_norm(x)
        return out

    def condition(self, sources: Sequence[Sequence[int]]) -> Translation:
        """The target distribution given each source; raises ValueError for an empty one."""
        return Translation(self, sources)


class Translation(Incremental):
    """`Scores` over the target sentences of given sources; row b reads source b."""

    def __init__(self, model: Translator, sources: Sequence[Sequence[int]]) -> None:
        if not sources or not all(sources):
            raise ValueError("there is nothing to translate: the source has no words")
        encoded, mask = model.encode(sources)
        memory = tuple(layer.fold(encoded, mask) for layer in model.decoder)
        decoder = (model.embedding, model.positions, model.decoder, model.decoder_norm, model.output)
        super().__init__(model.tokenizer, *decoder, memory)
        self._encoded = encoded, mask

    def attention(self, targets: Sequence[Sequence[int]], sources: Sequence[int]) -> list[Tensor]:
        """How much each token of each target, and its end mark, looked at each source position.

        Mean over heads of the last layer; one [T + 1, S] for each target, S being the longest source's positions,
        end mark included. `sources` says which source each target belongs to.
        """
        index = torch.tensor(list(sources), device=self.device)
        encoded, mask = self._encoded
        encoded, mask = encoded[index], None if mask is None else mask[index]
        tokens = pad(targets, self.tokenizer, begin=True).to(self.device)
        x = self.stack.positions(self.embedding(tokens))  # B, 1 + T, D
        *below, last = self.stack.layers
        for layer in below:
            x = layer(x, causal=True, memory=layer.memory(encoded), memory_mask=mask)
        weights = last.source_attention(x, encoded, mask)
        return [w[: len(target) + 1] for w, target in zip(weights, targets, strict=True)]
