"""Recurrent encoder-decoder with attention (Bahdanau et al. 2015; Luong et al. 2015), one vocabulary for both sides.

A bidirectional GRU reads the source. The decoder's GRU asks it at each word: before its step, by a small network
(`bahdanau`), or after it, by a product (`luong`). Source, target and output layer share their word vectors.

Shapes: B pairs of sentences, S source positions, T target positions, V vocabulary entries.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import msgspec
import torch
from torch import Tensor, nn

from engine.models.parts.model import Positive, Share, TextModel, embedding
from engine.models.parts.output_layer import OutputConfig, build_output
from engine.models.parts.padding import counted, lengths_of, packed, pad
from engine.models.parts.softmax import SoftmaxConfig
from engine.models.registry import register
from engine.vocabulary import Vocabulary

Even = Annotated[int, msgspec.Meta(ge=2, le=65_536, multiple_of=2)]


class RnnTranslatorConfig(
    msgspec.Struct, frozen=True, tag="rnn-translator", tag_field="kind", forbid_unknown_fields=True
):
    """Sizes of an `RnnTranslator`."""

    vocabulary: Positive
    embedding: Positive = 256
    hidden: Even = 384  # of the decoder; the encoder has half of it in each direction
    attention: Literal["bahdanau", "luong"] = "luong"
    dropout: Share = 0.2  # on embeddings and on the output
    output: OutputConfig = SoftmaxConfig()


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

    @classmethod
    def concat(cls, states: Sequence[RnnState]) -> RnnState:
        """Raises ValueError: states of translations belong to their sources."""
        raise ValueError("states of different translations cannot be joined")

    def __len__(self) -> int:
        return len(self.hidden)


@register(RnnTranslatorConfig)
class RnnTranslator(TextModel):
    """Maps a source sentence to a distribution over target sentences."""

    config: RnnTranslatorConfig

    def __init__(self, config: RnnTranslatorConfig, tokenizer: Vocabulary) -> None:
        super().__init__(tokenizer)
        self.config = config
        width, hidden = config.embedding, config.hidden
        self.early = config.attention == "bahdanau"  # the source is asked before the decoder's step
        self.embedding = embedding(config.vocabulary, width)
        self.encoder = nn.GRU(width, hidden // 2, batch_first=True, bidirectional=True)
        self.first = nn.Linear(hidden, hidden)
        self.decoder = nn.GRUCell(width + hidden if self.early else width, hidden)
        self.key = nn.Linear(hidden, hidden, bias=self.early)
        self.query = nn.Linear(hidden, hidden, bias=False) if self.early else None
        self.energy = nn.Linear(hidden, 1, bias=False) if self.early else None
        self.combine = nn.Linear(2 * hidden, width)
        self.dropout = nn.Dropout(config.dropout)
        self.output = build_output(config.output, self.embedding)

    def forward(
        self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], smoothing: float = 0.0
    ) -> Tensor:
        """Training: the loss of every target token and end mark, in nats, row by row: [N]; see `Translator.forward`."""
        return self.output.loss(*self.read_pairs(sources, targets), smoothing)

    def read_pairs(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """What the next token is read from after each target position, [N, embedding], and that token, [N]."""
        source, hidden = self.encode(sources)
        tokens = pad(targets, self.tokenizer, begin=True, end=True).to(self.device)  # B, 1 + T
        vectors = self.dropout(self.embedding(tokens[:, :-1])).unbind(1)
        outputs = []
        for vector in vectors:
            hidden, output, _ = self.step(vector, hidden, source)
            outputs.append(output)
        inside = counted(lengths_of(targets).to(self.device), len(outputs))
        return self.dropout(torch.stack(outputs, 1)[inside]), tokens[:, 1:][inside]

    def encode(self, sources: Sequence[Sequence[int]]) -> tuple[Source, Tensor]:
        """Sources as the decoder asks them, and the decoder's first hidden vector, [B, hidden]."""
        lengths = lengths_of(sources)
        tokens = pad(sources, self.tokenizer, end=True).to(self.device)  # B, S
        read, last = self.encoder(packed(self.dropout(self.embedding(tokens)), lengths))
        vectors, _ = nn.utils.rnn.pad_packed_sequence(read, batch_first=True)  # B, S, hidden
        known = counted(lengths.to(self.device), tokens.shape[1])
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
        self._source, self._hidden = model.encode(sources)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self._hidden.device

    def begin(self, batch: int) -> RnnState:
        """The state after the start mark; raises ValueError unless there are as many rows as sources."""
        if batch != len(self._hidden):
            raise ValueError(f"{batch} rows do not fit {len(self._hidden)} sources")
        output = self._hidden.new_zeros(batch, self.model.config.embedding)
        state = RnnState(self._hidden, output, self._source, torch.zeros_like(self._source.bias))
        return self.advance(state, torch.full((batch,), self.tokenizer.begin, device=self.device))

    def advance(self, state: RnnState, tokens: Tensor) -> RnnState:
        """The state after one more token in each row; `tokens` [B]."""
        hidden, output, weights = self.model.step(self.model.embedding(tokens), state.hidden, state.source)
        return replace(state, hidden=hidden, output=output, coverage=state.coverage + weights)

    def log_probs(self, state: RnnState) -> Tensor:
        """[B, V]."""
        return self.model.output.log_probs(state.output)

    def likeliest(self, state: RnnState, count: int, without: Sequence[int] = ()) -> tuple[Tensor, Tensor]:
        """The likeliest tokens and their log-probabilities, each [B, count]."""
        return self.model.output.best(state.output, count, without)

    def features(self, state: RnnState) -> Tensor:
        """A vector for each row that says what is meant next, [B, embedding]."""
        return state.output

    def coverage(self, state: RnnState) -> Tensor:
        """Attention each source position got so far, [B, S]."""
        return state.coverage

    def score(self, state: RnnState, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Log-probability of each token of a continuation, [B, T]; see `capabilities.Scores`."""
        out = []
        for t, step in enumerate(tokens.unbind(1)):
            found = self.model.output.target_log_probs(state.output, step)
            out.append(torch.where(lengths > t, found, 0.0))
            state = self.advance(state, step)
        return torch.stack(out, 1)

    def attention(self, targets: Sequence[Sequence[int]], sources: Sequence[int]) -> list[Tensor]:
        """How much each token of each target, and its end mark, looked at each source position: one [T + 1, S] each."""
        index = torch.tensor(list(sources), device=self.device)
        state = self.begin(len(self._hidden)).select(index)
        before = torch.zeros_like(state.coverage)
        looked = []
        for step in pad(targets, self.tokenizer, end=True).to(self.device).unbind(1):
            looked.append(state.coverage - before)
            before, state = state.coverage, self.advance(state, step)
        weights = torch.stack(looked, 1)
        return [w[: len(target) + 1] for w, target in zip(weights, targets, strict=True)]
