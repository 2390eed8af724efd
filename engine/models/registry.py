"""Which model class a checkpoint's config belongs to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from engine.messages import brief
from engine.models.parts.model import TextModel
from engine.models.parts.output_layer import OutputConfig, read_output
from engine.vocabulary import Vocabulary

_Model = TypeVar("_Model", bound=type[TextModel])
_MODELS: dict[type[msgspec.Struct], type[TextModel]] = {}


def register(config: type[msgspec.Struct]) -> Callable[[_Model], _Model]:
    """Class decorator: models with this config (a tagged struct, field `kind`) are built by this class."""

    def note(model: _Model) -> _Model:
        _MODELS[config] = model
        return model

    return note


def kinds() -> dict[str, type[TextModel]]:
    """Model classes by the `kind` of their config."""
    return {str(c.__struct_config__.tag): m for c, m in _MODELS.items()}


def read_config(value: object) -> msgspec.Struct:
    """A config from plain JSON values; raises ValueError with one sentence when it is none of a known kind."""
    value = with_output_layer(value)
    kind = value.get("kind") if isinstance(value, dict) else None
    known = {str(c.__struct_config__.tag): c for c in _MODELS}
    if not isinstance(kind, str) or kind not in known:
        raise ValueError(f"model kind {kind!r:.60} is unknown; known kinds are {', '.join(sorted(known))}")
    try:
        return msgspec.convert(value, known[kind], dec_hook=_read_part)
    except msgspec.ValidationError as error:
        raise ValueError(f"the {kind} config is invalid: {brief(error)}") from error


def with_output_layer(value: object) -> object:
    """A config in which the sizes of an adaptive softmax do not stand among those of the model, as they once did."""
    if not isinstance(value, dict):
        return value
    sizes = {name: value[name] for name in ("head", "clusters") if name in value}
    if not sizes or "output" in value:
        return value
    rest = {name: part for name, part in value.items() if name not in sizes}
    return {"output": {"kind": "adaptive-softmax", **sizes}, **rest}


def _read_part(kind: type, value: object) -> OutputConfig:
    """The parts of a config that have kinds of their own."""
    if kind is not OutputConfig:
        raise TypeError(f"a config holds no {kind.__name__}")
    return read_output(value)


def build(config: msgspec.Struct, tokenizer: Vocabulary | None) -> TextModel:
    """The model of a config; without a vocabulary it is good for the shapes of its weights only."""
    return _MODELS[type(config)](config, tokenizer)  # type: ignore[arg-type, call-arg]
