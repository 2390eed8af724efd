"""Adaptive softmax with tied embeddings (Grave et al. 2017, "Efficient softmax approximation for GPUs").

The commonest words form the head; the rest lie in clusters, each standing in the head as one entry. The
log-probability of one known word costs the head and at most one cluster instead of the whole vocabulary, which is
what makes scoring fifty candidate sentences cheap. With `head == vocabulary` it is the plain softmax.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional


class AdaptiveSoftmax(nn.Module):
    """Log-probabilities of words from a hidden vector, the word vectors being the embedding's own.

    Vocabulary ids must be sorted by falling frequency: 0..head-1 is the head, the rest is cut evenly in `clusters`.
    """

    def __init__(self, embedding: nn.Embedding, *, head: int, clusters: int) -> None:
        super().__init__()
        vocabulary, width = embedding.weight.shape
        self.head = min(head, vocabulary)
        tail = vocabulary - self.head
        count = min(clusters, tail) if tail else 0
        edges = [self.head + round(i * tail / count) for i in range(count + 1)] if count else [self.head]
        self.bounds = list(itertools.pairwise(edges))
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        self.cluster_vectors = nn.Parameter(torch.randn(count, width) * width**-0.5)
        self.cluster_bias = nn.Parameter(torch.zeros(count))
        self._head: tuple[Tensor, Tensor] | None = None

    def train(self, mode: bool = True) -> AdaptiveSoftmax:
        """Switch modes; the joined head belongs to the weights it was made of."""
        self._head = None
        super().train(mode)
        return self

    def head_logits(self, vectors: Tensor, hidden: Tensor) -> Tensor:
        """[N, head + clusters] from word vectors [V, W] and hidden [N, W]."""
        if self._head is not None:
            return functional.linear(hidden, *self._head)
        weight = torch.cat([vectors[: self.head], self.cluster_vectors])
        bias = torch.cat([self.bias[: self.head], self.cluster_bias])
        if not self.training and not weight.requires_grad:
            self._head = weight, bias
        return functional.linear(hidden, weight, bias)

    def target_log_probs(self, vectors: Tensor, hidden: Tensor, targets: Tensor) -> Tensor:
        """Log-probability of one target per row: hidden [N, W], targets [N] -> [N], in nats."""
        logits = self.head_logits(vectors, hidden)
        entry = targets.clone()
        for i, (low, high) in enumerate(self.bounds):
            entry[(targets >= low) & (targets < high)] = self.head + i
        out = functional.log_softmax(logits, 1).gather(1, entry[:, None])[:, 0]  # faster than logsumexp on CPUs
        if not self.bounds or bool((targets < self.head).all()):
            return out
        for low, high in self.bounds:
            rows = ((targets >= low) & (targets < high)).nonzero()[:, 0]
            if len(rows):
                inside = functional.linear(hidden[rows], vectors[low:high], self.bias[low:high])
                extra = functional.log_softmax(inside, 1).gather(1, targets[rows, None] - low)[:, 0]
                out = out.index_add(0, rows, extra)
        return out

    def log_probs(self, vectors: Tensor, hidden: Tensor) -> Tensor:
        """The whole distribution, [N, V], in nats."""
        logits = functional.log_softmax(self.head_logits(vectors, hidden), 1)
        parts = [logits[:, : self.head]]
        for i, (low, high) in enumerate(self.bounds):
            inside = functional.linear(hidden, vectors[low:high], self.bias[low:high])
            parts.append(functional.log_softmax(inside, 1) + logits[:, self.head + i, None])
        return torch.cat(parts, 1)
