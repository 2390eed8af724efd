"""The softmax over all words, whose vectors are the embedding's own (Press and Wolf 2017)."""

from __future__ import annotations

import msgspec
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.models.parts.output_layer import OutputConfig, OutputLayer, output_layer, promoted
from engine.models.parts.product import Packed


class SoftmaxConfig(
    OutputConfig, msgspec.Struct, frozen=True, tag="softmax", tag_field="kind", forbid_unknown_fields=True
):
    """The plain softmax."""

    bias: bool = False  # whether each word has a number of its own beside its vector


@output_layer(SoftmaxConfig)
class Softmax(OutputLayer):
    """Every word's score is the product of its vector with the hidden one."""

    def __init__(self, config: SoftmaxConfig, embedding: nn.Embedding) -> None:
        super().__init__(embedding)
        self.bias = nn.Parameter(torch.zeros(len(embedding.weight))) if config.bias else None
        self._packed = Packed()

    def log_probs(self, hidden: Tensor) -> Tensor:
        """[N, V]."""
        return self._packed.product(hidden, self.vectors, self.bias).log_softmax(1)

    def target_log_probs(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """[N]."""
        logits = self._logits(hidden)
        return logits.gather(1, targets[:, None])[:, 0] - logits.logsumexp(1)

    def loss(self, hidden: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
        """[N]."""
        logits = promoted(self._logits(hidden))
        return functional.cross_entropy(logits, targets, reduction="none", label_smoothing=smoothing)

    def _logits(self, hidden: Tensor) -> Tensor:
        return functional.linear(hidden, self.vectors, self.bias)
