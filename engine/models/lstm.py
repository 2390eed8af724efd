"""LSTM language model (Hochreiter and Schmidhuber 1997; Mikolov et al. 2010), forward or backward.

The model behind Metropolis-Hastings sentence editing: it must score many short continuations of one prefix fast.
So the state after a prefix is a value that can be kept and continued, the input half of the first layer's gates is
read from a table over the vocabulary, and known words are scored through the adaptive softmax.

Shapes: B rows, T positions, V vocabulary entries, E embedding, H hidden, L layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec
import torch
from torch import Tensor, nn

from engine.capabilities import Direction
from engine.models.parts import cells
from engine.models.parts.adaptive_softmax import AdaptiveSoftmaxConfig
from engine.models.parts.model import Positive, Share, TextModel, embedding
from engine.models.parts.output_layer import OutputConfig, build_output
from engine.models.parts.padding import packed
from engine.models.registry import register
from engine.vocabulary import Vocabulary


class LstmLmConfig(msgspec.Struct, frozen=True, tag="lstm-lm", tag_field="kind", forbid_unknown_fields=True):
    """Sizes of an `LstmLm`."""

    vocabulary: Positive
    direction: Direction = "forward"  # backward reads sentences from their last word to their first
    embedding: Positive = 192
    hidden: Positive = 384
    layers: Annotated[int, msgspec.Meta(ge=1, le=16)] = 1
    dropout: Share = 0.2  # on embeddings and on the output
    output: OutputConfig = AdaptiveSoftmaxConfig()


@dataclass(frozen=True)
class LstmState:
    """Hidden and cell vectors, each [L, B, H]."""

    h: Tensor
    c: Tensor

    def select(self, rows: Tensor) -> LstmState:
        """The states of the given rows."""
        return LstmState(self.h[:, rows], self.c[:, rows])

    @classmethod
    def concat(cls, states: Sequence[LstmState]) -> LstmState:
        """One state of all rows."""
        return LstmState(torch.cat([s.h for s in states], 1), torch.cat([s.c for s in states], 1))

    def __len__(self) -> int:
        return self.h.shape[1]


@register(LstmLmConfig)
class LstmLm(TextModel):
    """Word-level language model: embedding, LSTM layers, projection, tied output layer."""

    config: LstmLmConfig

    def __init__(self, config: LstmLmConfig, tokenizer: Vocabulary) -> None:
        super().__init__(tokenizer)
        self.config = config
        self.embedding = embedding(config.vocabulary, config.embedding)
        self.lstm = nn.LSTM(config.embedding, config.hidden, config.layers, batch_first=True)
        self.project = nn.Linear(config.hidden, config.embedding)
        self.softmax = build_output(config.output, self.embedding)
        self.dropout = nn.Dropout(config.dropout)
        self._table: Tensor | None = None

    @property
    def direction(self) -> Direction:
        """Which way sentences are read."""
        return self.config.direction

    def begin(self, batch: int) -> LstmState:
        """The state after the start mark."""
        zero = self.project.weight.new_zeros(self.config.layers, batch, self.config.hidden)
        return self.advance(LstmState(zero, zero), torch.full((batch,), self.tokenizer.begin, device=zero.device))

    def advance(self, state: LstmState, tokens: Tensor) -> LstmState:
        """One step of every layer; `tokens` [B]."""
        gates = self._input_gates()[tokens]  # B, 4 H
        h, c = cells.advance(self.lstm, gates, state.h.unbind(), state.c.unbind())
        return LstmState(torch.stack(h), torch.stack(c))

    def log_probs(self, state: LstmState) -> Tensor:
        """[B, V]."""
        return self.softmax.log_probs(self.project(state.h[-1]))

    def likeliest(self, state: LstmState, count: int, without: Sequence[int] = ()) -> tuple[Tensor, Tensor]:
        """The likeliest words and their log-probabilities, each [B, count]."""
        return self.softmax.best(self.project(state.h[-1]), count, without)

    def features(self, state: LstmState) -> Tensor:
        """The top layer's vector after the last token, [B, H]: what contrastive search compares."""
        return state.h[-1]

    def word_vectors(self) -> Tensor:
        """[V, E]."""
        return self.embedding.weight

    def score(self, state: LstmState, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Log-probability of each token of a continuation, [B, T]; see `capabilities.Scores`."""
        order = lengths.argsort(descending=True, stable=True)
        active = (lengths[order, None] > torch.arange(tokens.shape[1], device=tokens.device)).sum(0).tolist()
        state, sorted_tokens = state.select(order), tokens[order]
        hidden, targets = [], []
        for t, rows in enumerate(active):  # rows still inside their continuation are a prefix of the sorted batch
            if rows == 0:
                break
            if t:
                kept = LstmState(state.h[:, :rows], state.c[:, :rows])
                state = self.advance(kept, sorted_tokens[:rows, t - 1])
            hidden.append(state.h[-1, :rows])
            targets.append(sorted_tokens[:rows, t])
        out = self.project.weight.new_zeros(tokens.shape)
        if hidden:
            projected = self.project(torch.cat(hidden))
            scores = self.softmax.target_log_probs(projected, torch.cat(targets))
            for t, part in enumerate(torch.split(scores, active[: len(hidden)])):
                out[order[: active[t]], t] = part
        return out

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Training: the loss of every counted token, in nats, in one vector [sum of lengths].

        Args:
            tokens: [B, 1 + T], begin mark first, end mark last, padded.
            lengths: [B], counted targets in each row (end mark included), on the CPU.
        """
        inputs = self.dropout(self.embedding(tokens[:, :-1]))  # B, T, E
        hidden, _ = self.lstm(packed(inputs, lengths))
        projected = self.dropout(self.project(self.dropout(hidden.data)))  # sum of lengths, E
        return self.softmax.loss(projected, packed(tokens[:, 1:], lengths).data)

    def train(self, mode: bool = True) -> LstmLm:
        """Switch modes; the input table belongs to the weights it was read from."""
        self._table = None
        super().train(mode)
        return self

    def _input_gates(self) -> Tensor:
        """The first layer's gates from the input word alone, for every word: [V, 4 H]."""
        if self._table is not None:
            return self._table
        table = cells.input_gates(self.lstm, self.embedding.weight)
        if not self.training and not table.requires_grad:
            self._table = table
        return table
