"""Greedy decoding of many points at once, the fastest way from a point to its sentence."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from engine.capabilities import NextToken
from engine.text import EOS

MAX_LENGTH = 40


def greedy(decoder: NextToken, rows: int, *, max_length: int = MAX_LENGTH) -> tuple[list[list[int]], list[list[float]]]:
    """The greedy sentence of each row: its token ids without the end mark, and all its log-probabilities.

    Pad, unknown and begin marks are never written; the probabilities stay those of the model.
    A finished sentence has one log-probability more than ids, its end mark's; one cut at `max_length` has as many.
    """
    state = decoder.begin(rows)
    ids: list[list[int]] = [[] for _ in range(rows)]
    log_probs: list[list[float]] = [[] for _ in range(rows)]
    alive = list(range(rows))
    for length in range(max_length + 1):
        tokens, scores = _best(decoder, state)
        going = []
        for i, (row, token, score) in enumerate(zip(alive, tokens.tolist(), scores.tolist(), strict=True)):
            if token == EOS:
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


def _best(decoder: Any, state: Any) -> tuple[Tensor, Tensor]:
    """The likeliest token of each row; decoders that can find it without the whole distribution say so by `best`."""
    if hasattr(decoder, "best"):
        found: tuple[Tensor, Tensor] = decoder.best(state)
        return found
    allowed = decoder.log_probs(state).clone()
    allowed[:, :EOS] = -torch.inf  # pad, unknown and begin marks
    top = allowed.max(1)
    return top.indices, top.values
