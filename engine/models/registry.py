"""Which model class a checkpoint's config belongs to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from torch import nn

from engine.messages import brief

_Model = TypeVar("_Model", bound=type[nn.Module])
_MODELS: dict[type[msgspec.Struct], type[nn.Module]] = {}


def register(config: type[msgspec.Struct]) -> Callable[[_Model], _Model]:
    """Class decorator: models with this config (a tagged struct, field `kind`) are built by this class."""

    def note(model: _Model) -> _Model:
        _MODELS[config] = model
        return model

    return note


def kinds() -> dict[str, type[nn.Module]]:
    """Model classes by the `kind` of their config."""
    return {str(c.__struct_config__.tag): m for c, m in _MODELS.items()}


def read_config(value: object) -> msgspec.Struct:
    """A config from plain JSON values; raises ValueError with one sentence when it is none of a known kind."""
    kind = value.get("kind") if isinstance(value, dict) else None
    known = {str(c.__struct_config__.tag): c for c in _MODELS}
    if not isinstance(kind, str) or kind not in known:
        raise ValueError(f"model kind {kind!r:.60} is unknown; known kinds are {', '.join(sorted(known))}")
    try:
        return msgspec.convert(value, known[kind])
    except msgspec.ValidationError as error:
        raise ValueError(f"the {kind} config is invalid: {brief(error)}") from error


def build(config: msgspec.Struct, *arguments: Any) -> nn.Module:
    """The model of a config; further arguments (the tokenizer) go to its class."""
    return _MODELS[type(config)](config, *arguments)
