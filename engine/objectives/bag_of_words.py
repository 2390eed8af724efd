"""Bag-of-words loss: z alone must name the words of the sentence, in no order (Zhao et al. 2017)."""

from __future__ import annotations

import torch
from torch import Tensor


def bag_of_words(log_probs: Tensor, rows: Tensor, words: Tensor, weights: Tensor | None = None) -> Tensor:
    """Negative log-likelihood of each sentence's words under one distribution a sentence.

    Args:
        log_probs: [B, V], log p(word | z).
        rows: [N], the sentence that each word belongs to.
        words: [N], the words of all sentences, end marks left out.
        weights: [V], how much each word counts; one each when not given.

    Returns:
        [B], nats summed over the words of the sentence.
    """
    each = -log_probs[rows, words]
    return torch.zeros_like(log_probs[:, 0]).index_add(0, rows, each if weights is None else each * weights[words])


def rarity(counts: Tensor, smoothing: float) -> Tensor:
    """A / (a + p(w)) of each word by its count, [V]: topics outweigh grammar (smooth inverse frequency, Arora 2017)."""
    return smoothing / (smoothing + counts / counts.sum())
