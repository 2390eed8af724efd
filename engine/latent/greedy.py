"""Greedy decoding of many points at once, the fastest way from a point to its sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

from engine.capabilities import Likeliest, NextToken, State
from engine.vocabulary import forbid, never_written

MAX_LENGTH = 40
S = TypeVar("S", bound=State)


def greedy(
    decoder: NextToken[S], rows: int, *, max_length: int = MAX_LENGTH
) -> tuple[list[list[int]], list[list[float]]]:
    """The greedy sentence of each row: its token ids without the end mark, and all its log-probabilities.

    Pad, unknown and begin marks are never written; the probabilities stay those of the model.
    A finished sentence has one log-probability more than ids, its end mark's; one cut at `max_length` has as many.
    """
    end, likeliest = decoder.tokenizer.end, _likeliest(decoder)
    state = decoder.begin(rows)
    ids: list[list[int]] = [[] for _ in range(rows)]
    log_probs: list[list[float]] = [[] for _ in range(rows)]
    alive = list(range(rows))
    for length in range(max_length + 1):
        tokens, scores = likeliest(state)
        going = []
        for i, (row, token, score) in enumerate(zip(alive, tokens.tolist(), scores.tolist(), strict=True)):
            if token == end:
                log_probs[row].append(score)
            elif length < max_length:
                log_probs[row].append(score)
                ids[row].append(token)
                going.append(i)
        if not going:
            break
        if len(going) < len(alive):
            keep = torch.tensor(going, device=tokens.device)
            state, tokens, alive = state.select(keep), tokens[keep], [alive[i] for i in going]
        state = decoder.advance(state, tokens)
    return ids, log_probs


def _likeliest(decoder: NextToken[S]) -> Callable[[S], tuple[Tensor, Tensor]]:
    """What finds the likeliest word or end mark of each row of a state, and its log-probability, each [B]."""
    marks = never_written(decoder.tokenizer)
    if isinstance(decoder, Likeliest):  # without the whole distribution

        def found(state: S) -> tuple[Tensor, Tensor]:
            ids, values = decoder.likeliest(state, 1, marks)
            return ids[:, 0], values[:, 0]

        return found

    def read(state: S) -> tuple[Tensor, Tensor]:
        allowed = decoder.log_probs(state).clone()
        forbid(allowed, marks)
        top = allowed.max(1)
        return top.indices, top.values

    return read
