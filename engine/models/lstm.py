"""LSTM language model (Hochreiter and Schmidhuber 1997; Mikolov et al. 2010), forward or backward.

The model behind Metropolis-Hastings sentence editing: it must score many short continuations of one prefix fast.
So the state after a prefix is a value that can be kept and continued, the input half of the first layer's gates is
read from a table over the vocabulary, and known words are scored through the adaptive softmax.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
import torch
from torch import Tensor, nn

from engine.models.registry import register
from engine.models.softmax import AdaptiveSoftmax
from engine.text import BOS, Tokenizer

Positive = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Share = Annotated[float, msgspec.Meta(ge=0.0, lt=1.0)]
Direction = Literal["forward", "backward"]


class LstmLmConfig(msgspec.Struct, frozen=True, tag="lstm-lm", tag_field="kind", forbid_unknown_fields=True):
    """Sizes of an `LstmLm`."""

    vocabulary: Positive
    direction: Direction = "forward"  # backward reads sentences from their last word to their first
    embedding: Positive = 192
    hidden: Positive = 384
    layers: Annotated[int, msgspec.Meta(ge=1, le=16)] = 1
    dropout: Share = 0.2  # on embeddings and on the output
    head: Positive = 1500  # words in the adaptive softmax's head; the vocabulary size makes it a plain softmax
    clusters: Annotated[int, msgspec.Meta(ge=1, le=64)] = 3


def _tanh(x: Tensor) -> Tensor:
    """Tanh by the sigmoid, whose vectorised form is five times faster on CPUs; equal to 2e-7."""
    return 2 * torch.sigmoid(2 * x) - 1


@dataclass(frozen=True)
class LstmState:
    """Hidden and cell vectors, each [layers, B, hidden]."""

    h: Tensor
    c: Tensor

    def select(self, rows: Tensor) -> LstmState:
        """The states of the given rows."""
        return LstmState(self.h[:, rows], self.c[:, rows])

    @staticmethod
    def concat(states: Sequence[LstmState]) -> LstmState:
        """One state of all rows."""
        return LstmState(torch.cat([s.h for s in states], 1), torch.cat([s.c for s in states], 1))

    def __len__(self) -> int:
        return self.h.shape[1]


@register(LstmLmConfig)
class LstmLm(nn.Module):
    """Word-level language model: embedding, LSTM layers, projection, tied adaptive softmax."""

    def __init__(self, config: LstmLmConfig, tokenizer: Tokenizer) -> None:
        super().__init__()
        self.config = config
        self.tokenizer = tokenizer
        self.embedding = nn.Embedding(config.vocabulary, config.embedding)
        nn.init.normal_(self.embedding.weight, std=config.embedding**-0.5)
        self.lstm = nn.LSTM(config.embedding, config.hidden, config.layers, batch_first=True)
        self.project = nn.Linear(config.hidden, config.embedding)
        self.softmax = AdaptiveSoftmax(self.embedding, head=config.head, clusters=config.clusters)
        self.dropout = nn.Dropout(config.dropout)
        self._table: Tensor | None = None

    @property
    def direction(self) -> Direction:
        """Which way sentences are read."""
        return self.config.direction

    def begin(self, batch: int) -> LstmState:
        """The state after the start mark."""
        like = self.project.weight
        zero = like.new_zeros(self.config.layers, batch, self.config.hidden)
        return self.advance(LstmState(zero, zero), torch.full((batch,), BOS, device=like.device))

    def advance(self, state: LstmState, tokens: Tensor) -> LstmState:
        """One step of every layer; `tokens` [B]."""
        gates = self._input_gates()[tokens]  # B, 4 hidden
        hs, cs = [], []
        for layer in range(self.config.layers):
            weight = getattr(self.lstm, f"weight_hh_l{layer}")
            i, f, g, o = torch.addmm(gates, state.h[layer], weight.T).chunk(4, 1)
            c = torch.sigmoid(f) * state.c[layer] + torch.sigmoid(i) * _tanh(g)
            h = torch.sigmoid(o) * _tanh(c)
            hs.append(h)
            cs.append(c)
            if layer + 1 < self.config.layers:
                gates = nn.functional.linear(h, getattr(self.lstm, f"weight_ih_l{layer + 1}"), self._bias(layer + 1))
        return LstmState(torch.stack(hs), torch.stack(cs))

    def log_probs(self, state: LstmState) -> Tensor:
        """[B, V]."""
        return self.softmax.log_probs(self.embedding.weight, self.project(state.h[-1]))

    def features(self, state: LstmState) -> Tensor:
        """The top layer's vector after the last token, [B, hidden]: what contrastive search compares."""
        return state.h[-1]

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
            scores = self.softmax.target_log_probs(self.embedding.weight, projected, torch.cat(targets))
            for t, part in enumerate(torch.split(scores, active[: len(hidden)])):
                out[order[: active[t]], t] = part
        return out

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Training: log-probabilities of all counted tokens in one vector [sum of lengths].

        Args:
            tokens: [B, 1 + T], begin mark first, end mark last, padded.
            lengths: [B], counted targets in each row (end mark included), on the CPU.
        """
        inputs = self.dropout(self.embedding(tokens[:, :-1]))  # B, T, embedding
        packed = nn.utils.rnn.pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
        hidden, _ = self.lstm(packed)
        targets = nn.utils.rnn.pack_padded_sequence(tokens[:, 1:], lengths, batch_first=True, enforce_sorted=False)
        projected = self.dropout(self.project(self.dropout(hidden.data)))
        return self.softmax.target_log_probs(self.embedding.weight, projected, targets.data)

    def train(self, mode: bool = True) -> LstmLm:
        """Switch modes; the input table belongs to the weights it was read from."""
        self._table = None
        super().train(mode)
        return self

    def _bias(self, layer: int) -> Tensor:
        bias: Tensor = getattr(self.lstm, f"bias_ih_l{layer}") + getattr(self.lstm, f"bias_hh_l{layer}")
        return bias

    def _input_gates(self) -> Tensor:
        """The first layer's gates from the input word alone, for every word: [V, 4 hidden]."""
        if self._table is not None:
            return self._table
        weight: Tensor = getattr(self.lstm, "weight_ih_l0")  # noqa: B009 - nn.LSTM declares its weights by name
        table = nn.functional.linear(self.embedding.weight, weight, self._bias(0))
        if not self.training and not table.requires_grad:
            self._table = table
        return table
