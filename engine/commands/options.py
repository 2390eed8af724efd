"""From a command's options to the engine's requests."""

from __future__ import annotations

from typing import Any, TypeVar

from engine.messages import Request, validated

R = TypeVar("R", bound=Request)


def request_of(kind: type[R], **fields: Any) -> R:
    """A request whose every value is within its bounds; raises ValueError with one sentence."""
    return validated(kind(**fields))
