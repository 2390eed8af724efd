"""Requests and events as JSON, for run files, sessions and the command line."""

from __future__ import annotations

from functools import cache
from typing import Any, Union, get_origin

import msgspec
import numpy as np
from msgspec import inspect

from engine.messages.brief import brief
from engine.messages.core import Event, Request
from engine.messages.migrations import migrated
from engine.messages.settings import explained


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} does not belong in a message")


def _revive(kind: Any, value: Any) -> Any:
    kind = get_origin(kind) or kind
    if kind is np.ndarray:
        return np.asarray(value)
    raise TypeError(f"cannot read a {kind.__name__} from JSON")


_ENCODER = msgspec.json.Encoder(enc_hook=_plain)


def encode(value: Any) -> bytes:
    """A request, an event or any plain value as one line of JSON; the same value gives the same bytes.

    A number that is not one (nan) is written as null, as JSON knows no other way; `decode_event` reads it back.
    """
    return _ENCODER.encode(value)


def decode_request(data: bytes | str) -> Request:
    """The request in a line of JSON; raises ValueError with one sentence when there is none or a value out of range."""
    request: Request = _decode(Request, data)
    return request


def decode_event(data: bytes | str) -> Event:
    """The event in a line of JSON; raises ValueError with one sentence when there is none."""
    event: Event = _decode(Event, data)
    return event


def _decode(base: type[msgspec.Struct], data: bytes | str) -> Any:
    leaves = _leaves(base)
    kinds: Any = Union[tuple(leaves)]  # noqa: UP007 - built at run time
    plain: Any = None
    try:
        plain = _with_nan(migrated(msgspec.json.decode(data)), _shape(kinds))
        return msgspec.convert(plain, kinds, dec_hook=_revive)
    except (msgspec.MsgspecError, RecursionError) as error:
        tag = plain.get(base.__struct_config__.tag_field) if isinstance(plain, dict) else None
        meant = next((leaf for leaf in leaves if leaf.__name__ == tag), None)
        said = explained(error, plain, meant) if meant and isinstance(error, msgspec.ValidationError) else brief(error)
        raise ValueError(f"not a {base.__name__.lower()} this version knows: {said}") from error


@cache
def _shape(kinds: Any) -> inspect.Type:
    """What the types are made of, found out once: it takes their annotations apart."""
    return inspect.type_info(kinds)


def _leaves(base: type[msgspec.Struct]) -> list[type[msgspec.Struct]]:
    subclasses: list[type[msgspec.Struct]] = base.__subclasses__()
    return [leaf for sub in subclasses for leaf in (_leaves(sub) or [sub])]


def _with_nan(value: Any, kind: inspect.Type) -> Any:
    """Plain values with nan for null wherever the type is a number and nothing else."""
    if value is None:
        return float("nan") if isinstance(kind, inspect.FloatType) else None
    if isinstance(kind, inspect.UnionType):
        structs = [t for t in kind.types if isinstance(t, inspect.StructType)]
        if isinstance(value, dict):
            kind = next((t for t in structs if t.tag_field and value.get(t.tag_field) == t.tag), kind)
    if isinstance(kind, inspect.StructType) and isinstance(value, dict):
        fields = {f.encode_name: f.type for f in kind.fields}
        return {k: _with_nan(v, fields[k]) if k in fields else v for k, v in value.items()}
    if isinstance(kind, inspect.DictType) and isinstance(value, dict):
        return {k: _with_nan(v, kind.value_type) for k, v in value.items()}
    if isinstance(kind, inspect.VarTupleType | inspect.ListType) and isinstance(value, list):
        return [_with_nan(v, kind.item_type) for v in value]
    if isinstance(kind, inspect.TupleType) and isinstance(value, list) and len(value) == len(kind.item_types):
        return [_with_nan(v, t) for v, t in zip(value, kind.item_types, strict=True)]
    return value
