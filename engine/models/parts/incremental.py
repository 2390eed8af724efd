"""A Transformer decoder of tokens as beams and samplers call it: `Scores`, with vectors and coverage."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.models.parts.attention import Layers
from engine.models.parts.cache import DecoderState, Memory, Stack
from engine.models.parts.output_layer import OutputLayer
from engine.models.parts.padding import counted
from engine.models.parts.positions import Positions
from engine.vocabulary import Vocabulary


class Incremental:
    """Reads tokens through a stack of decoder layers, with or without the memory of sources."""

    def __init__(
        self,
        tokenizer: Vocabulary,
        embedding: nn.Embedding,
        positions: Positions,
        layers: Layers,
        norm: nn.Module,
        output: OutputLayer,
        memory: Memory | None = None,
    ) -> None:
        self.tokenizer = tokenizer
        self.embedding, self.output = embedding, output
        self.stack = Stack(layers, positions, norm)
        self.memory = memory
        self.track_coverage = False

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.embedding.weight.device

    def begin(self, batch: int) -> DecoderState:
        """The state after the start mark; raises ValueError unless there are as many rows as sources."""
        if self.memory is not None and batch != len(self.memory[0].keys):
            raise ValueError(f"{batch} rows do not fit {len(self.memory[0].keys)} sources")
        empty = self.stack.empty(batch, self.embedding.weight, self.memory, covered=self.track_coverage)
        return self.advance(empty, torch.full((batch,), self.tokenizer.begin, device=self.device))

    def advance(self, state: DecoderState, tokens: Tensor) -> DecoderState:
        """The state after one more token in each row; `tokens` [B]."""
        return self._extend(state, tokens[:, None])[0]

    def log_probs(self, state: DecoderState) -> Tensor:
        """[B, V]."""
        return self.output.log_probs(state.hidden)

    def likeliest(self, state: DecoderState, count: int, without: Sequence[int] = ()) -> tuple[Tensor, Tensor]:
        """The likeliest tokens and their log-probabilities, each [B, count]."""
        return self.output.best(state.hidden, count, without)

    def features(self, state: DecoderState) -> Tensor:
        """A vector for each row that says what is meant next, [B, D]: the last position's output."""
        return state.hidden

    def coverage(self, state: DecoderState) -> Tensor:
        """Attention each source position got so far, [B, S]; raises ValueError where it was not kept."""
        if state.coverage is None:
            raise ValueError("the attention to the source was not summed up: set track_coverage first")
        return state.coverage

    def score(self, state: DecoderState, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Log-probability of each token of a continuation, [B, T]; see `capabilities.Scores`."""
        hidden = state.hidden[:, None]
        if tokens.shape[1] > 1:
            hidden = torch.cat([hidden, self._extend(state, tokens[:, :-1])[1]], 1)  # B, T, D
        inside = counted(lengths, tokens.shape[1])
        out = hidden.new_zeros(tokens.shape)
        out[inside] = self.output.target_log_probs(hidden[inside], tokens[inside])
        return out

    def _extend(self, state: DecoderState, tokens: Tensor) -> tuple[DecoderState, Tensor]:
        """The state after T more tokens ([B, T]) and the output at each of them, [B, T, D]."""
        return self.stack.extend(state, functional.embedding(tokens, self.embedding.weight))
