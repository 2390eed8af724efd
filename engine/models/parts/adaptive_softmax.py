"""Adaptive softmax with tied embeddings (Grave et al. 2017, "Efficient softmax approximation for GPUs").

The commonest words form the head; the rest lie in clusters, each standing in the head as one entry. The
log-probability of one known word costs the head and at most one cluster instead of the whole vocabulary, which is
what makes scoring fifty candidate sentences cheap. With a head of the whole vocabulary it is the plain softmax.

Shapes: N vectors, W width of the word vectors, V vocabulary entries.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Annotated

import msgspec
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.models.parts.model import Positive
from engine.models.parts.output_layer import OutputConfig, OutputLayer, largest, output_layer
from engine.vocabulary import forbid


class AdaptiveSoftmaxConfig(
    OutputConfig, msgspec.Struct, frozen=True, tag="adaptive-softmax", tag_field="kind", forbid_unknown_fields=True
):
    """Sizes of an `AdaptiveSoftmax`."""

    head: Positive = 1500  # words in the head; the vocabulary size makes it a plain softmax
    clusters: Annotated[int, msgspec.Meta(ge=1, le=64)] = 3


@output_layer(AdaptiveSoftmaxConfig)
class AdaptiveSoftmax(OutputLayer):
    """Log-probabilities of words from a hidden vector, the word vectors being the embedding's own.

    Vocabulary ids must be sorted by falling frequency: 0..head-1 is the head, the rest is cut evenly in `clusters`.
    """

    def __init__(self, config: AdaptiveSoftmaxConfig, embedding: nn.Embedding) -> None:
        super().__init__(embedding)
        vocabulary, width = embedding.weight.shape
        self.head = min(config.head, vocabulary)
        tail = vocabulary - self.head
        count = min(config.clusters, tail) if tail else 0
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

    def log_probs(self, hidden: Tensor) -> Tensor:
        """The whole distribution, [N, V], in nats."""
        logits = functional.log_softmax(self._head_logits(hidden), 1)
        parts = [logits[:, : self.head]]
        for i, (low, high) in enumerate(self.bounds):
            inside = self._inside(hidden, low, high)
            parts.append(functional.log_softmax(inside, 1) + logits[:, self.head + i, None])
        return torch.cat(parts, 1)

    def target_log_probs(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """Log-probability of one target per row: hidden [N, W], targets [N] -> [N], in nats."""
        logits = self._head_logits(hidden)
        entry = targets.clone()
        for i, (low, high) in enumerate(self.bounds):
            entry[(targets >= low) & (targets < high)] = self.head + i
        out = functional.log_softmax(logits, 1).gather(1, entry[:, None])[:, 0]  # faster than logsumexp on CPUs
        if not self.bounds or bool((targets < self.head).all()):
            return out
        for low, high in self.bounds:
            rows = ((targets >= low) & (targets < high)).nonzero()[:, 0]
            if len(rows):
                inside = self._inside(hidden[rows], low, high)
                extra = functional.log_softmax(inside, 1).gather(1, targets[rows, None] - low)[:, 0]
                out = out.index_add(0, rows, extra)
        return out

    def best(self, hidden: Tensor, count: int, without: Sequence[int] = ()) -> tuple[Tensor, Tensor]:
        """The `count` likeliest words that are not among `without`: ids and log-probabilities, each [N, count].

        Exact: no word of a cluster can be likelier than the cluster's own entry in the head, so a cluster is looked
        into only where its entry beats the least of the words found so far.
        """
        logits = self._head_logits(hidden)  # N, head + clusters
        whole = logits.logsumexp(1, keepdim=True)
        forbid(logits, [i for i in without if i < self.head])
        top, ids = largest(logits[:, : self.head], min(count, self.head))
        if count > self.head:
            top = functional.pad(top, (0, count - self.head), value=-torch.inf)
            ids = functional.pad(ids, (0, count - self.head))
        if not self.bounds:
            return ids, top - whole
        entries = logits[:, self.head :]  # N, clusters
        hopeful = entries > top[:, -1:]
        for i, wanted in enumerate(hopeful.any(0).tolist()):
            if wanted:
                (low, high), rows = self.bounds[i], hopeful[:, i].nonzero()[:, 0]
                inside = self._inside(hidden[rows], low, high).log_softmax(1)
                forbid(inside, [w - low for w in without if low <= w < high])
                values, places = largest(inside, min(count, high - low))
                both = torch.cat([top[rows], values + entries[rows, i, None]], 1)
                words = torch.cat([ids[rows], places + low], 1)
                top[rows], chosen = largest(both, count)
                ids[rows] = words.gather(1, chosen)
        return ids, top - whole

    def bag_log_probs(self, hidden: Tensor) -> Tensor:
        """The plain softmax over the same vectors and biases, [N, V]: a bag needs every word at once anyway."""
        return functional.linear(hidden, self.vectors, self.bias).log_softmax(1)

    def _head_logits(self, hidden: Tensor) -> Tensor:
        """[N, W] -> [N, head + clusters]."""
        if self._head is not None:
            return functional.linear(hidden, *self._head)
        weight = torch.cat([self.vectors[: self.head], self.cluster_vectors])
        bias = torch.cat([self.bias[: self.head], self.cluster_bias])
        if not self.training and not weight.requires_grad:
            self._head = weight, bias
        return functional.linear(hidden, weight, bias)

    def _inside(self, hidden: Tensor, low: int, high: int) -> Tensor:
        """Logits of a cluster's words, [N, high - low]."""
        return functional.linear(hidden, self.vectors[low:high], self.bias[low:high])
