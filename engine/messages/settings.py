"""What a person can set: each setting is said once, on its request's field, and read from there.

    temperature: Annotated[float, setting("Temperature", ge=0.01, le=100, effect="Turning it up makes ...")] = 1.0

The form, the command's option and its help, the copied command line, the session and the sentence that refuses a value
all derive from that line. `settings_of` reads it, `problems` and `validated` hold a request to it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Literal, NamedTuple, Self, TypeVar, get_args, get_origin, get_type_hints

import msgspec
import numpy as np
from msgspec import inspect

from engine.messages.brief import brief

INT64 = 2**63 - 1  # msgspec bounds whole numbers up to here by itself
SEED = 2**64 - 1  # the largest seed of torch's generators

Kind = Literal["number", "count", "switch", "choice", "text", "numbers", "counts", "choices", "texts", "other"]
S = TypeVar("S", bound=msgspec.Struct)


def setting(
    title: str,
    *,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    min_length: int | None = None,
    max_length: int | None = None,
    unit: str = "",
    effect: str = "",
    rare: bool = False,
    step: float | None = None,
    labels: Mapping[str, str] | None = None,
    tips: Mapping[str, str] | None = None,
    choices: Mapping[str, str] | None = None,
    option: str = "",
    argument: bool = False,
    path: bool = False,
) -> msgspec.Meta:
    """The declaration of a setting, to stand in a field's `Annotated`.

    Args:
        title: what a person calls it, in sentence case.
        ge: lowest value; `gt` when the bound itself is excluded.
        gt: see `ge`.
        le: highest value; `lt` when the bound itself is excluded.
        lt: see `le`.
        min_length: fewest elements of a list.
        max_length: most elements of a list.
        unit: of the value, as "tokens"; empty when it has none.
        effect: one or two sentences, what it does and what turning it up does.
        rare: whether it stands behind "More".
        step: of a field's arrows.
        labels: what a person calls each choice, where that differs from the value.
        tips: what each choice does.
        choices: values and what a person calls them, of a text that must be one of them; read anew at each use.
        option: the command's option where it is not called as the field is, without dashes.
        argument: whether the command takes it by place instead.
        path: a name or path of a file, which may hold bytes that are no text.
    """
    extra: dict[str, Any] = {
        "unit": unit,
        "rare": rare,
        "step": step,
        "labels": dict(labels or {}),
        "tips": tips or {},
        "choices": choices,
        "option": option,
        "argument": argument,
        "path": path,
    }
    if isinstance(le, int) and le > INT64:
        extra["le"], le = le, None
    bounds: dict[str, Any] = {
        "ge": ge,
        "gt": gt,
        "le": le,
        "lt": lt,
        "min_length": min_length,
        "max_length": max_length,
    }
    stated = {name: bound for name, bound in bounds.items() if bound is not None}
    return msgspec.Meta(title=title, description=effect or None, extra=extra, **stated)


class Settings(msgspec.Struct, frozen=True):
    """A group of settings that may have something to say about each other."""

    def conflicts(self) -> dict[str, str]:
        """What is wrong between settings that are each in range: a sentence for a person by field; usually none."""
        return {}

    def completed(self, given: Collection[str]) -> Self:
        """The same, where a setting that nobody gave depends on one that was; `given` holds names."""
        return self


class Setting(msgspec.Struct, frozen=True):
    """A setting as its field declares it."""

    name: str  # from the request, dotted for a nested one: "moves.insert"
    title: str
    kind: Kind
    default: Any = None  # None also where there is none
    required: bool = False
    optional: bool = False  # whether None is a value
    low: float | None = None  # for lists: of each element
    high: float | None = None
    low_open: bool = False  # whether the bound itself is excluded
    high_open: bool = False
    unit: str = ""
    effect: str = ""
    rare: bool = False
    step: float | None = None
    choices: Mapping[str, str] = {}  # values and what a person calls them
    tips: Mapping[str, str] = {}  # values and what each does
    option: str = ""
    argument: bool = False
    path: bool = False

    @property
    def range(self) -> str:
        """The range in words, as "0.01 to 100"; empty when there is none."""
        if self.low is None or self.high is None:
            return ""
        low = f"above {_figure(self.low)}" if self.low_open else _figure(self.low)
        high = f"below {_figure(self.high)}" if self.high_open else _figure(self.high)
        return f"{low} to {high}"

    def problem(self, value: Any) -> str:
        """One sentence when the value (of a list: an element) is not one for this setting; else empty."""
        given = f"{brief(_given(value), 60)} was given."
        subject = f"{self.title}: each" if self.kind in ("numbers", "counts", "choices") else self.title
        match self.kind:
            case "choice" | "choices":
                return "" if value in self.choices else f"{subject} must be one of {', '.join(self.choices)}; {given}"
            case "switch":
                return "" if isinstance(value, bool) else f"{subject} must be on or off; {given}"
            case "count" | "counts":
                if isinstance(value, bool) or not isinstance(value, int | np.integer):
                    return f"{subject} must be a whole number; {given}"
            case "number" | "numbers":
                if isinstance(value, bool) or not isinstance(value, int | float | np.floating | np.integer):
                    return f"{subject} must be a number; {given}"
            case _:
                return ""
        return "" if self._holds(value) else f"{subject} must lie {self._between()}; {given}"

    def _holds(self, value: float) -> bool:
        if isinstance(value, float | np.floating) and not math.isfinite(value):
            return False
        low = self.low is None or value > self.low or (value == self.low and not self.low_open)
        return low and (self.high is None or value < self.high or (value == self.high and not self.high_open))

    def _between(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        if self.low is None or self.high is None:
            return "among the finite numbers"
        if self.low_open or self.high_open:
            low = f"{'above' if self.low_open else 'at or above'} {_figure(self.low)}"
            return f"{low} and {'below' if self.high_open else 'at or below'} {_figure(self.high)}{unit}"
        return f"between {_figure(self.low)} and {_figure(self.high)}{unit}"


@cache
def settings_of(kind: type[msgspec.Struct]) -> tuple[Setting, ...]:
    """The settings of a request or of a part of one, in the order of its fields; those of nested structs by name."""
    return tuple(_flat(_info(kind), ""))


@cache
def setting_of(kind: type[msgspec.Struct], name: str) -> Setting:
    """One setting by its name; raises KeyError when there is none."""
    return {s.name: s for s in settings_of(kind)}[name]


def problems(request: msgspec.Struct) -> dict[str, str]:
    """What is wrong with a request: one sentence for a person by setting; empty when nothing is.

    Values out of range and of a wrong kind, text that is none; then what settings say about each other.
    """
    found = _Found({}, {})
    _check_struct(request, "", found)
    return {**found.conflicts, **found.values}


def validated(request: S) -> S:
    """The same request; raises ValueError with one sentence when a value in it is wrong."""
    for sentence in problems(request).values():
        raise ValueError(sentence)
    return request


def explained(error: msgspec.ValidationError, value: Any, kind: type[msgspec.Struct]) -> str:
    """The sentence for what msgspec refused in a plain value for this struct; its words where no setting is meant."""
    text = str(error)
    _, _, place = text.partition(" - at `$.")
    path = re.sub(r"\[(\.\.\.|\d+)\]", "", place.rstrip("`"))
    declared = {s.name: s for s in settings_of(kind)}
    for name, given in _at(value, path.split("."), ""):
        if known := declared.get(name):
            for element in given if isinstance(given, list | tuple) else [given]:
                if sentence := known.problem(element):
                    return sentence
    return brief(text)


def _at(value: Any, path: Sequence[str], name: str) -> Iterator[tuple[str, Any]]:
    """What stands at a path, by the setting's name; a list on the way holds groups that name their kind."""
    if not path:
        yield name.rstrip("."), value
    elif isinstance(value, Mapping):
        yield from _at(value.get(path[0]), path[1:], f"{name}{path[0]}.")
    elif isinstance(value, list | tuple):
        for element in value:
            for tag in element.values() if isinstance(element, Mapping) else ():
                if isinstance(tag, str):
                    yield from _at(element, path, f"{name}{tag}.")


# --- reading declarations --------------------------------------------------------------------------------------------


@cache
def _info(kind: type[msgspec.Struct]) -> inspect.StructType:
    found = inspect.type_info(kind)
    assert isinstance(found, inspect.StructType)
    return found


def _flat(info: inspect.StructType, before: str) -> Iterator[Setting]:
    for field in info.fields:
        inner = _bare(field.type)[0]
        if isinstance(inner, inspect.StructType) and issubclass(inner.cls, Settings):
            yield from _flat(inner, f"{before}{field.name}.")
        elif kinds := _tagged(inner):
            for kind in kinds:
                yield from _flat(kind, f"{before}{field.name}.{kind.tag}.")
        else:
            yield _read(field, _hints(info.cls)[field.name], before)


def _tagged(kind: inspect.Type) -> list[inspect.StructType]:
    """The groups of settings that a list may hold, told apart by their tags; none for any other kind."""
    item = kind.item_type if isinstance(kind, inspect.VarTupleType) else kind
    types = item.types if isinstance(item, inspect.UnionType) else (item,)
    found = [t for t in types if isinstance(t, inspect.StructType) and t.tag and issubclass(t.cls, Settings)]
    return found if item is not kind and len(found) == len(types) else []


def _bare(kind: inspect.Type) -> tuple[inspect.Type, inspect.Metadata | None, bool]:
    """A field's type without its declaration and without `| None`."""
    declared = kind if isinstance(kind, inspect.Metadata) else None
    inner = kind.type if isinstance(kind, inspect.Metadata) else kind
    if isinstance(inner, inspect.UnionType):
        rest = [t for t in inner.types if not isinstance(t, inspect.NoneType)]
        if len(rest) == 1 and len(inner.types) == 2:
            found, more, _ = _bare(rest[0])
            return found, declared or more, True
    return inner, declared, False


def _read(field: inspect.Field, hint: Any, before: str = "") -> Setting:
    inner, declared, optional = _bare(field.type)
    words = (declared.extra_json_schema or {}) if declared else {}
    extra = (declared.extra or {}) if declared else {}
    element, element_extra = inner, extra
    if isinstance(inner, inspect.VarTupleType | inspect.TupleType):
        items = [inner.item_type] if isinstance(inner, inspect.VarTupleType) else list(inner.item_types)
        element, meant, _ = _bare(items[0])
        element_extra = (meant.extra or {}) if meant else {}
    low = high = None
    low_open = high_open = False
    if isinstance(element, inspect.IntType | inspect.FloatType):
        low, high = element.ge, element.le
        if element.gt is not None:
            low, low_open = element.gt, True
        if element.lt is not None:
            high, high_open = element.lt, True
        high = element_extra.get("le", high)
    labels = extra.get("labels", {})
    choices = {v: labels.get(v, v) for v in _in_order(hint)} if isinstance(element, inspect.LiteralType) else {}
    open_choices = extra.get("choices")
    return Setting(
        name=before + field.name,
        title=words.get("title") or field.name.replace("_", " ").capitalize(),
        kind=_kind(inner, element) if open_choices is None else "choice",
        default=None if field.required else field.default if field.default is not msgspec.NODEFAULT else _made(field),
        required=field.required,
        optional=optional,
        low=low,
        high=high,
        low_open=low_open,
        high_open=high_open,
        unit=extra.get("unit", ""),
        effect=words.get("description", ""),
        rare=extra.get("rare", False),
        step=extra.get("step"),
        choices=choices if open_choices is None else open_choices,
        tips=extra.get("tips", {}),
        option=extra.get("option", ""),
        argument=extra.get("argument", False),
        path=extra.get("path", False),
    )


@cache
def _hints(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


def _in_order(hint: Any) -> Iterator[str]:
    """The values of a Literal as they are written; msgspec sorts them."""
    for part in get_args(hint):
        if get_origin(hint) is Literal:
            yield str(part)
        else:
            yield from _in_order(part)


def _made(field: inspect.Field) -> Any:
    factory = field.default_factory
    return factory() if callable(factory) else None


def _kind(inner: inspect.Type, element: inspect.Type) -> Kind:
    many = element is not inner
    match element:
        case inspect.IntType():
            return "counts" if many else "count"
        case inspect.FloatType():
            return "numbers" if many else "number"
        case inspect.StrType():
            return "texts" if many else "text"
        case inspect.BoolType() if not many:
            return "switch"
        case inspect.LiteralType():
            return "choices" if many else "choice"
        case _:
            return "other"


# --- holding a value to them -----------------------------------------------------------------------------------------


class _Found(NamedTuple):
    values: dict[str, str]  # what is wrong with a value by itself
    conflicts: dict[str, str]


def _check_struct(value: msgspec.Struct, before: str, found: _Found) -> None:
    for field, known in _fields(type(value)):
        _check(getattr(value, field.name), _bare(field.type)[0], known, before + field.name, found)
    if isinstance(value, Settings) and not any(name.startswith(before) for name in found.values):
        for name, sentence in value.conflicts().items():
            found.conflicts[f"{before}{name}".rstrip(".")] = sentence


@cache
def _fields(kind: type[msgspec.Struct]) -> tuple[tuple[inspect.Field, Setting], ...]:
    return tuple((field, _read(field, _hints(kind)[field.name])) for field in _info(kind).fields)


def _check(value: Any, kind: inspect.Type, known: Setting, name: str, found: _Found) -> None:
    if isinstance(value, msgspec.Struct):
        _check_struct(value, f"{name}.", found)
    elif value is None and known.optional:
        return
    elif known.kind in ("number", "count", "switch", "choice"):
        if sentence := known.problem(value):
            found.values[name] = sentence
    elif isinstance(value, str):
        if not known.path and not _is_text(value):
            found.values[name] = f"{known.title} holds bytes that are no UTF-8 text."
    elif isinstance(value, np.ndarray):
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            found.values[name] = f"{known.title} holds a number that is not finite."
    elif isinstance(value, tuple | list):
        _check_elements(value, kind, known, name, found)


def _check_elements(value: Any, kind: inspect.Type, known: Setting, name: str, found: _Found) -> None:
    if known.kind == "texts":
        if odd := [v for v in value if not isinstance(v, str)]:
            found.values[name] = (
                f"{known.title}: each must be text; {brief(json.dumps(odd[0], default=repr), 60)} was given."
            )
        elif not known.path and not all(map(_is_text, value)):
            found.values[name] = f"{known.title}: a line holds bytes that are no UTF-8 text."
    elif known.kind in ("numbers", "counts", "choices"):
        if sentence := next(filter(None, map(known.problem, value)), ""):
            found.values[name] = sentence
    elif isinstance(kind, inspect.VarTupleType | inspect.ListType):
        field = inspect.Field(name=name, encode_name=name, type=kind.item_type)
        each = msgspec.structs.replace(_read(field, None), title=known.title)
        inner = _bare(kind.item_type)[0]
        for element in value:
            tag = element.__struct_config__.tag if isinstance(element, Settings) else None
            _check(element, inner, each, f"{name}.{tag}" if tag else name, found)


def _is_text(value: str) -> bool:
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _figure(value: float) -> str:
    whole = isinstance(value, int) or (value.is_integer() and abs(value) < 1e15)
    return f"{value:,.0f}" if whole and abs(value) < 1e15 else f"{value:,}" if whole else f"{value:g}"


def _given(value: Any) -> str:
    if isinstance(value, int) and value.bit_length() > 256:
        return "a number of very many digits"
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return _figure(value) if number else repr(value)
