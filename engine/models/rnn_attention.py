"""Recurrent encoder-decoder with attention (Bahdanau et al. 2015; Luong et al. 2015), one vocabulary for both sides.

A bidirectional GRU reads the source. The decoder's GRU asks it at each word: before its step, by a small network
(`bahdanau`), or after it, by a product (`luong`). Source, target and output layer share their word vectors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import msgspec
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.models.product import Packed
from engine.models.registry import register
from engine.models.translation import pad
from engine.text import BOS, EOS, PAD, Tokenizer

Even = Annotated[int, msgspec.Meta(ge=2, le=65_536, multiple_of=2)]
Positive = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Share = Annotated[float, msgspec.Meta(ge=0.0, lt=1.0)]


class RnnTranslatorConfig(
    msgspec.Struct, frozen=True, tag="rnn-translator", tag_field="kind", forbid_unknown_fields=True
):
    """Sizes of an `RnnTranslator`."""

    vocabulary: Positive
    embedding: Positive = 256
    hidden: Even = 384  # of the decoder; the encoder has half of it in each direction
    attention: Literal["bahdanau", "luong"] = "luong"
    dropout: Share = 0.2  # on embeddings and on the output


@dataclass(frozen=True)
class Source:
    """N encoded sources."""

    vectors: Tensor  # [N, S, hidden]
    keys: Tensor  # [N, S, hidden], the same as the attention compares them
    bias: Tensor  # [N, S], minus infinity at padding

    def select(self, rows: Tensor) -> Source:
        """The given sources."""
        return Source(self.vectors[rows], self.keys[rows], self.bias[rows])


@dataclass(frozen=True)
class RnnState:
    """What was written so far, for B rows."""

    hidden: Tensor  # [B, hidden]
    output: Tensor  # [B, embedding]
    source: Source  # of B rows
    coverage: Tensor  # [B, S], attention each source position got so far

    def select(self, rows: Tensor) -> RnnState:
        """The states of the given rows."""
        return RnnState(self.hidden[rows], self.output[rows], self.source.select(rows), self.coverage[rows])

    @staticmethod
    def concat(states: Sequence[RnnState]) -> RnnState:
        """Raises ValueError: states of translations belong to their sources."""
        raise ValueError("states of different translations cannot be joined")

    def __len__(self) -> int:
        return len(self.hidden)


@register(RnnTranslatorConfig)
class RnnTranslator(nn.Module):
    """Maps a source sentence to a distribution over target sentences."""

    def __init__(self, config: RnnTranslatorConfig, tokenizer: Tokenizer) -> None:
        super().__init__()
        self.config = config
        self.tokenizer = tokenizer
        width, hidden = config.embedding, config.hidden
        self.early = config.attention == "bahdanau"  # the source is asked before the decoder's step
        self.embedding = nn.Embedding(config.vocabulary, width)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        self.encoder = nn.GRU(width, hidden // 2, batch_first=True, bidirectional=True)
        self.first = nn.Linear(hidden, hidden)
        self.decoder = nn.GRUCell(width + hidden if self.early else width, hidden)
        self.key = nn.Linear(hidden, hidden, bias=self.early)
        self.query = nn.Linear(hidden, hidden, bias=False) if self.early else None
        self.energy = nn.Linear(hidden, 1, bias=False) if self.early else None
        self.combine = nn.Linear(2 * hidden, width)
        self.dropout = nn.Dropout(config.dropout)
        self.output = Packed()

    def forward(self, sources: Tensor, targets: Tensor) -> Tensor:
        """Training: logits of the next token after each counted target position, [N, V]; see `Translator.forward`."""
        source, hidden = self.encode(sources)
        vectors = self.dropout(self.embedding(targets[:, :-1])).unbind(1)
        outputs = []
        for vector in vectors:
            hidden, output, _ = self.step(vector, hidden, source)
            outputs.append(output)
        stacked = self.dropout(torch.stack(outputs, 1)[targets[:, 1:] != PAD])
        return functional.linear(stacked, self.embedding.weight)

    def encode(self, sources: Tensor) -> tuple[Source, Tensor]:
        """Sources [B, S], zero-padded, as the decoder asks them, and the decoder's first hidden vector."""
        known = sources != PAD
        packed = nn.utils.rnn.pack_padded_sequence(
            self.dropout(self.embedding(sources)), known.sum(1).cpu(), batch_first=True, enforce_sorted=False
        )
        read, last = self.encoder(packed)
        vectors, _ = nn.utils.rnn.pad_packed_sequence(read, batch_first=True)  # B, S, hidden
        bias = torch.zeros_like(vectors[:, :, 0]).masked_fill(~known, -math.inf)
        first = torch.tanh(self.first(torch.cat([last[0], last[1]], 1)))
        return Source(vectors, self.key(vectors), bias), first

    def attend(self, hidden: Tensor, source: Source) -> tuple[Tensor, Tensor]:
        """What a hidden vector [B, hidden] reads from its source, [B, hidden], and with which weights, [B, S]."""
        if self.query is not None and self.energy is not None:
            logits = self.energy(torch.tanh(source.keys + self.query(hidden)[:, None]))[:, :, 0]
        else:
            logits = torch.bmm(source.keys, hidden[:, :, None])[:, :, 0]
        weights = (logits + source.bias).softmax(1)
        return torch.bmm(weights[:, None], source.vectors)[:, 0], weights

    def step(self, vector: Tensor, hidden: Tensor, source: Source) -> tuple[Tensor, Tensor, Tensor]:
        """One target word: its vector [B, embedding] -> new hidden vector, output [B, embedding], weights [B, S]."""
        if self.early:
            context, weights = self.attend(hidden, source)
            hidden = self.decoder(torch.cat([vector, context], 1), hidden)
        else:
            hidden = self.decoder(vector, hidden)
            context, weights = self.attend(hidden, source)
        return hidden, torch.tanh(self.combine(torch.cat([context, hidden], 1))), weights

    def condition(self, sources: Sequence[Sequence[int]]) -> RnnTranslation:
        """The target distribution given each source; raises ValueError for an empty one."""
        return RnnTranslation(self, sources)


class RnnTranslation:
    """`NextToken` and `Scores` over the target sentences of given sources; row b reads source b."""

    track_coverage = True  # it costs nothing here

    def __init__(self, model: RnnTranslator, sources: Sequence[Sequence[int]]) -> None:
        if not sources or not all(sources):
            raise ValueError("there is nothing to translate: the source has no words")
        self.model = model
        self.tokenizer = model.tokenizer
        self._source, self._hidden = model.encode(pad(sources, after=[EOS]).to(model.embedding.weight.device))

    def begin(self, batch: int) -> RnnState:
        """The state after the start mark; raises ValueError unless there are as many rows as sources."""
        if batch != len(self._hidden):
            raise ValueError(f"{batch} rows do not fit {len(self._hidden)} sources")
        output = self._hidden.new_zeros(batch, self.model.config.embedding)
        state = RnnState(self._hidden, output, self._source, torch.zeros_like(self._source.bias))
        return self.advance(state, torch.full((batch,), BOS, device=output.device))

    def advance(self, state: RnnState, tokens: Tensor) -> RnnState:
        """The state after one more token in each row; `tokens` [B]."""
        hidden, output, weights = self.model.step(self.model.embedding(tokens), state.hidden, state.source)
        return replace(state, hidden=hidden, output=output, coverage=state.coverage + weights)

    def log_probs(self, state: RnnState) -> Tensor:
        """[B, V]."""
        return self.model.output.product(state.output, self.model.embedding.weight, None).log_softmax(1)

    def features(self, state: RnnState) -> Tensor:
        """A vector for each row that says what is meant next, [B, embedding]."""
        return state.output

    def score(self, state: RnnState, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Log-probability of each token of a continuation, [B, T]; see `capabilities.Scores`."""
        out = []
        for t, step in enumerate(tokens.unbind(1)):
            found = self.log_probs(state).gather(1, step[:, None])[:, 0]
            out.append(torch.where(lengths > t, found, 0.0))
            state = self.advance(state, step)
        return torch.stack(out, 1)

    def attention(self, targets: Sequence[Sequence[int]], sources: Sequence[int]) -> list[Tensor]:
        """How much each token of each target, and its end mark, looked at each source position: one [T + 1, S] each."""
        index = torch.tensor(list(sources), device=self._hidden.device)
        state = self.begin(len(self._hidden)).select(index)
        before = torch.zeros_like(state.coverage)
        looked = []
        for step in pad(targets, after=[EOS]).to(index.device).unbind(1):
            looked.append(state.coverage - before)
            before, state = state.coverage, self.advance(state, step)
        weights = torch.stack(looked, 1)
        return [w[: len(target) + 1] for w, target in zip(weights, targets, strict=True)]
