"""The output layer of a language model, translator or VAE decoder: from a hidden vector to the law of the next word.

Which one a model has, its config says under `output`. A new one is a file with a config and a class decorated with
`@output_layer(Config)`, named in `engine/models/__init__.py`; it then serves every model.

Shapes: N vectors, W width of the word vectors, V vocabulary entries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
import torch
from torch import Tensor, nn

from engine.vocabulary import forbid


class OutputConfig:
    """What the configs of output layers are: tagged structs (field `kind`) that inherit from this as well."""

    __slots__ = ()


class OutputLayer(nn.Module):
    """Log-probabilities of words from hidden vectors [N, W], in nats. Only `log_probs` must be written."""

    def __init__(self, embedding: nn.Embedding) -> None:
        super().__init__()
        self._embedding = (embedding,)  # in a tuple, as its weights belong to the model

    @property
    def vectors(self) -> Tensor:
        """The model's word vectors, [V, W], for a layer that shares them (Press and Wolf 2017)."""
        return self._embedding[0].weight

    def log_probs(self, hidden: Tensor) -> Tensor:
        """The whole distribution, [N, V]."""
        raise TypeError(f"{type(self).__name__} gives no distribution")

    def target_log_probs(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """Log-probability of one known word for each vector: [N, W] and [N] -> [N]."""
        return self.log_probs(hidden).gather(1, targets[:, None])[:, 0]

    def best(self, hidden: Tensor, count: int, without: Sequence[int] = ()) -> tuple[Tensor, Tensor]:
        """The `count` likeliest words that are not among `without`: ids and log-probabilities, each [N, count]."""
        scores = self.log_probs(hidden)
        if without:
            scores = scores.clone()
            forbid(scores, without)
        values, ids = largest(scores, count)
        return ids, values

    def loss(self, hidden: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
        """What training minimises for each target, [N]: by default its negative log-likelihood.

        `smoothing` is the share of probability spread over the whole vocabulary (Szegedy et al. 2016).
        """
        if not smoothing:
            return -self.target_log_probs(hidden, targets)
        scores = self.log_probs(hidden)
        return -(1 - smoothing) * scores.gather(1, targets[:, None])[:, 0] - smoothing * scores.mean(1)

    def bag_log_probs(self, hidden: Tensor) -> Tensor:
        """The distribution of a word of a sentence whatever its place, [N, V]: by default that of the next one."""
        return self.log_probs(hidden)

    def after_step(self) -> None:
        """What is to be done after each step of the optimiser: mostly nothing."""


def largest(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The `count` largest of each row and their places, largest first, each [N, count]."""
    if count == 1:  # much faster
        values, places = scores.max(1, keepdim=True)
        return values, places
    values, places = scores.topk(count, 1)
    return values, places


def after_step(model: nn.Module) -> None:
    """Tell every output layer in a model that the optimiser has made a step."""
    for part in model.modules():
        if isinstance(part, OutputLayer):
            part.after_step()


Make = Callable[[OutputConfig, nn.Embedding], OutputLayer]
_Layer = TypeVar("_Layer", bound=Callable[..., OutputLayer])
_LAYERS: dict[type[OutputConfig], Make] = {}


def output_layer(config: type[OutputConfig]) -> Callable[[_Layer], _Layer]:
    """Class decorator: models whose config holds this one under `output` get this layer."""

    def note(layer: _Layer) -> _Layer:
        _LAYERS[config] = layer
        return layer

    return note


def build_output(config: OutputConfig, embedding: nn.Embedding) -> OutputLayer:
    """The output layer of a config."""
    return _LAYERS[type(config)](config, embedding)


def read_output(value: object) -> OutputConfig:
    """A config from plain JSON values; raises msgspec.ValidationError or ValueError when it is none of a known kind."""
    kind = value.get("kind") if isinstance(value, dict) else None
    known = {str(c.__struct_config__.tag): c for c in _LAYERS if issubclass(c, msgspec.Struct)}
    if not isinstance(kind, str) or kind not in known:
        raise ValueError(f"output layer {kind!r:.60} is unknown; known kinds are {', '.join(sorted(known))}")
    found: OutputConfig = msgspec.convert(value, known[kind])
    return found


def promoted(logits: Tensor) -> Tensor:
    """Logits of half precision in float32, others as they are."""
    return logits.to(torch.promote_types(logits.dtype, torch.float32))
