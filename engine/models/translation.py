"""Encoder-decoder Transformer for translation (Vaswani et al. 2017), one vocabulary and one embedding for all.

Source, target and output layer share their word vectors (Press and Wolf 2017). Decoding keeps the keys and values
of what was written; those of the source are computed once a sentence and shared by all its beams.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, cast

import msgspec
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.models.attention import Layer, Norm, Positions
from engine.models.incremental import Incremental
from engine.models.product import Packed
from engine.models.registry import register
from engine.text import BOS, EOS, PAD, Tokenizer

Positive = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Depth = Annotated[int, msgspec.Meta(ge=1, le=64)]
Share = Annotated[float, msgspec.Meta(ge=0.0, lt=1.0)]


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


def pad(sentences: Sequence[Sequence[int]], *, before: Sequence[int] = (), after: Sequence[int] = ()) -> Tensor:
    """Token ids with marks around them, zero-padded at the end: [B, T]."""
    longest = max(len(s) for s in sentences) + len(before) + len(after)
    return torch.tensor(
        [[*before, *s, *after] + [PAD] * (longest - len(s) - len(before) - len(after)) for s in sentences]
    )


@register(TranslatorConfig)
class Translator(nn.Module):
    """Maps a source sentence to a distribution over target sentences."""

    def __init__(self, config: TranslatorConfig, tokenizer: Tokenizer) -> None:
        super().__init__()
        if config.width % config.heads:
            raise ValueError(f"width {config.width} does not divide into {config.heads} heads")
        self.config = config
        self.tokenizer = tokenizer
        width, heads, inner = config.width, config.heads, config.feed_forward
        self.embedding = nn.Embedding(config.vocabulary, width)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        self.positions = Positions(width)

        def layers(count: int, *, cross: bool) -> nn.ModuleList:
            return nn.ModuleList(
                Layer(width, heads, inner, config.dropout, cross=cross, norm=config.norm) for _ in range(count)
            )

        self.encoder = layers(config.encoder_layers, cross=False)
        self.decoder = layers(config.decoder_layers, cross=True)
        self.encoder_norm = nn.LayerNorm(width) if config.norm == "pre" else nn.Identity()
        self.decoder_norm = nn.LayerNorm(width) if config.norm == "pre" else nn.Identity()
        self.dropout = nn.Dropout(config.dropout)
        self.output = Packed()

    def forward(self, sources: Tensor, targets: Tensor) -> Tensor:
        """Training: logits of the next token after each counted target position, [N, V].

        Args:
            sources: [B, S], end mark last, zero-padded.
            targets: [B, 1 + T], begin mark first, end mark last, zero-padded; the N targets are those of
                `targets[:, 1:]` that are no padding, row by row.
        """
        encoded, mask = self.encode(sources)
        hidden = self.decode(encoded, mask, targets[:, :-1])
        counted = hidden[targets[:, 1:] != PAD]  # N, D: the vocabulary product is the dearest, padding is left out
        return functional.linear(counted, self.embedding.weight)

    def encode(self, sources: Tensor) -> tuple[Tensor, Tensor | None]:
        """Encoded sources [B, S, D] and the mask of what is no padding ([B, 1, 1, S]; none where all is text)."""
        known = sources != PAD
        mask = None if bool(known.all()) else known[:, None, None]
        x = self.dropout(self.positions(self.embedding(sources)))
        for layer in self.encoder:
            x = layer(x, mask=mask)
        return self.encoder_norm(x), mask

    def decode(self, encoded: Tensor, mask: Tensor | None, targets: Tensor) -> Tensor:
        """Hidden vectors after each target position, [B, T, D], all positions at once."""
        x = self.dropout(self.positions(self.embedding(targets)))
        for layer in self.layers():
            x = layer(x, causal=True, memory=layer.memory(encoded), memory_mask=mask)
        out: Tensor = self.decoder_norm(x)
        return out

    def layers(self) -> list[Layer]:
        """The decoder's layers."""
        return [cast(Layer, layer) for layer in self.decoder]

    def condition(self, sources: Sequence[Sequence[int]]) -> Translation:
        """The target distribution given each source; raises ValueError for an empty one."""
        return Translation(self, sources)


class Translation(Incremental):
    """`NextToken` over the target sentences of given sources; row b reads source b."""

    def __init__(self, model: Translator, sources: Sequence[Sequence[int]]) -> None:
        if not sources or not all(sources):
            raise ValueError("there is nothing to translate: the source has no words")
        tokens = pad(sources, after=[EOS]).to(model.embedding.weight.device)
        encoded, mask = model.encode(tokens)
        memory = tuple(layer.fold(encoded, mask) for layer in model.layers())
        super().__init__(
            model.tokenizer, model.embedding, model.positions, model.decoder, model.decoder_norm, memory, model.output
        )
        self._encoded = encoded, mask

    def attention(self, targets: Sequence[Sequence[int]], sources: Sequence[int]) -> list[Tensor]:
        """How much each token of each target, and its end mark, looked at each source position.

        Mean over heads of the last layer; one [T + 1, S] for each target, S being the longest source's positions,
        end mark included. `sources` says which source each target belongs to.
        """
        index = torch.tensor(list(sources))
        encoded, mask = self._encoded
        encoded, mask = encoded[index], None if mask is None else mask[index]
        tokens = pad(targets, before=[BOS]).to(encoded.device)
        x = self.positions(self.embedding(tokens))
        for layer in self.layers[:-1]:
            x = layer(x, causal=True, memory=layer.memory(encoded), memory_mask=mask)
        weights = self.layers[-1].source_attention(x, encoded, mask)
        return [w[: len(target) + 1] for w, target in zip(weights, targets, strict=True)]
