"""Requests and events as JSON, for run files, sessions and the command line."""

from __future__ import annotations

from typing import Any, Union

import msgspec
import numpy as np

from engine.messages.core import Event, Request


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} does not belong in a message")


def _revive(kind: Any, value: Any) -> Any:
    kind = getattr(kind, "__origin__", kind)
    if kind is np.ndarray:
        return np.asarray(value)
    raise TypeError(f"cannot read a {kind.__name__} from JSON")


_ENCODER = msgspec.json.Encoder(enc_hook=_plain)


def encode(value: Any) -> bytes:
    """A request, an event or any plain value as one line of JSON; the same value gives the same bytes."""
    return _ENCODER.encode(value)


def _decode(base: type, data: bytes | str) -> Any:
    kinds = tuple(_leaves(base))
    try:
        return msgspec.json.decode(data, type=Union[kinds], dec_hook=_revive)  # noqa: UP007 - built at run time
    except msgspec.MsgspecError as error:
        raise ValueError(f"not a {base.__name__.lower()} this version knows: {error}") from error


def _leaves(base: type) -> list[type]:
    subclasses: list[type] = base.__subclasses__()
    return [leaf for sub in subclasses for leaf in (_leaves(sub) or [sub])]


def decode_request(data: bytes | str) -> Request:
    """The request in a line of JSON; raises ValueError with one sentence when there is none."""
    request: Request = _decode(Request, data)
    return request


def decode_event(data: bytes | str) -> Event:
    """The event in a line of JSON; raises ValueError with one sentence when there is none."""
    event: Event = _decode(Event, data)
    return event
