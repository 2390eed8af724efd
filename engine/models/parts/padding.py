"""Sentences of unequal length as one batch: rows of token ids, and which of them count."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from engine.vocabulary import Vocabulary


def pad(
    sentences: Sequence[Sequence[int]], vocabulary: Vocabulary, *, begin: bool = False, end: bool = False
) -> Tensor:
    """Token ids, with begin and end marks where asked for, padded at the end: [B, T] on the CPU."""
    first, last = [vocabulary.begin] * begin, [vocabulary.end] * end
    longest = max(len(s) for s in sentences) + len(first) + len(last)
    rows = [[*first, *s, *last] for s in sentences]
    return torch.tensor([row + [vocabulary.pad] * (longest - len(row)) for row in rows], dtype=torch.long)


def lengths_of(sentences: Sequence[Sequence[int]]) -> Tensor:
    """Words of each sentence and its end mark, [B] on the CPU."""
    return torch.tensor([len(s) + 1 for s in sentences])


def counted(lengths: Tensor, count: int) -> Tensor:
    """Which of `count` positions are inside their row's length: [B] -> [B, count]."""
    return torch.arange(count, device=lengths.device) < lengths[:, None]


def packed(rows: Tensor, lengths: Tensor) -> nn.utils.rnn.PackedSequence:
    """Padded rows [B, T, ...] as the recurrent kernels read them; `lengths` [B] on the CPU."""
    return nn.utils.rnn.pack_padded_sequence(rows, lengths, batch_first=True, enforce_sorted=False)


def packed_rows(lengths: Tensor) -> Tensor:
    """The row that each element of a packed sequence belongs to, [sum of lengths]."""
    rows = torch.arange(len(lengths))[:, None].expand(-1, int(lengths.max()))
    return packed(rows, lengths).data
