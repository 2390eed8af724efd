"""From a command's options to the engine's requests."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from engine.messages import Request

R = TypeVar("R", bound=Request)


def request_of(kind: type[R], **fields: Any) -> R:
    """A request whose every value is within its bounds; raises ValueError with one sentence."""
    try:
        return msgspec.convert(msgspec.to_builtins(kind(**fields)), kind)
    except msgspec.ValidationError as error:
        raise ValueError(f"An option is out of its range: {error}.") from error
