"""Requests as command lines and back: what a person did in the window, to be run in a terminal.

The options are the request's settings. `command_line` writes those that are not at their default; `read` and `built`
are the way back, so that the request read is the one that was written.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec

from engine.messages.brief import brief
from engine.messages.clusters import EncodeClusters
from engine.messages.core import Request, Train
from engine.messages.evaluation import Evaluate, Translate
from engine.messages.latent import Decode, Encode, Interpolate, SamplePrior
from engine.messages.sampling import ExactToy, Sample
from engine.messages.search import Search
from engine.messages.settings import Setting, Settings, settings_of
from engine.reading import read_number, split_numbers

PROGRAM = "python -m engine"
COMMANDS: dict[type[Request], str] = {
    Train: "train",
    Search: "beam",
    Translate: "translate",
    Evaluate: "eval",
    Encode: "encode",
    Decode: "decode",
    Interpolate: "interpolate",
    SamplePrior: "sample-prior",
    EncodeClusters: "clusters",
    Sample: "mh",
    ExactToy: "toy",
}
"""What each request is called in a terminal; the others have no command."""

R = TypeVar("R", bound=Request)


def command_line(request: Request) -> str:
    """The command that asks for the same; settings at their default are left out."""
    kind = type(request)
    known, usual, values = {s.name: s for s in options_of(kind)}, defaults_of(kind), _values(request)
    given = {n: v for n, v in values.items() if n not in usual or v != usual[n]}
    implied = _values(built(kind, given))
    given |= {n: v for n, v in values.items() if implied.get(n) != v}
    made = built(kind, given)
    for field in msgspec.structs.fields(kind):  # what single options cannot say is said whole
        if getattr(made, field.name) != getattr(request, field.name):
            given = {n: v for n, v in given.items() if n.partition(".")[0] != field.name}
            given[field.name] = getattr(request, field.name)
    names = option_names(kind)
    first = [str(given[n]) for n, s in known.items() if n in given and s.argument]
    rest = [w for n, s in known.items() if n in given and not s.argument for w in _written(s, names[n], given[n])]
    words = [COMMANDS[kind], *rest, "--", *first] if any(w.startswith("-") for w in first) else None
    return f"{PROGRAM} {shlex.join(words or [COMMANDS[kind], *first, *rest])}"


@cache
def options_of(kind: type[Request]) -> tuple[Setting, ...]:
    """The settings that have an option: all of them, and the lists of groups, each whole as well."""
    known = settings_of(kind)
    lists = [f.name for f in msgspec.structs.fields(kind) if _groups(kind, f.name)]
    whole = [
        Setting(name=n, title=n.capitalize(), kind="other", effect="All of them at once, as JSON", rare=True)
        for n in lists
        if n not in {s.name for s in known}
    ]
    return (*known, *whole)


@cache
def option_names(kind: type[Request]) -> dict[str, str]:
    """The option of each setting, without dashes; a nested one gets its group's name where two are called alike."""
    known = options_of(kind)
    short = {s.name: (s.option or s.name.rpartition(".")[2]).replace("_", "-") for s in known}
    taken = [short[s.name] for s in known]
    return {
        n: o if "." not in n or taken.count(o) == 1 else f"{n.partition('.')[0]}-{o}".replace("_", "-")
        for n, o in short.items()
    }


def defaults_of(kind: type[Request]) -> dict[str, Any]:
    """What each setting is when it is not given, by name; those that must be given are left out."""
    fields = [f for f in msgspec.structs.fields(kind) if not f.required]
    return dict(_flat((f.name, _default(f)) for f in fields))


def read(known: Setting, text: str | Iterable[str] | bool) -> Any:
    """The value of a setting as it was typed; raises ValueError with one sentence.

    Lists of texts and pairs come as lists of what was typed; a switch as whether it is on.
    """
    if isinstance(text, bool):
        return text
    if not isinstance(text, str):
        return dict(map(_pair, text)) if known.kind == "other" else tuple(text)
    match known.kind:
        case "count" | "number":
            return _number(known, text)
        case "counts" | "numbers":
            try:
                parts = split_numbers(text, whole=known.kind == "counts")
            except ValueError as error:
                raise ValueError(f"{known.title}: {error}") from None
            return tuple(_number(known, part) for part in parts)
        case "other":
            try:
                return json.loads(text)
            except (json.JSONDecodeError, RecursionError) as error:
                raise ValueError(f"{known.title}: {known.effect}; {brief(text, 60)!r} is no JSON.") from error
        case _:
            return text


def given_by(kind: type[Request], pairs: Iterable[str]) -> dict[str, Any]:
    """Settings from NAME=VALUE, by name; raises ValueError with one sentence.

    A nested setting may be called by its last name. Lists are written as JSON: 'constraints=["New York", "rain"]'.
    """
    known = {s.name.rpartition(".")[2]: s for s in settings_of(kind) if "." in s.name}
    known |= {s.name: s for s in settings_of(kind)}
    out: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise ValueError(f"--set wants NAME=VALUE, not {brief(pair, 60)!r}.")
        if name not in known:
            raise ValueError(f"There is no setting {brief(name, 60)!r}; the settings are {', '.join(_short(kind))}.")
        found = known[name]
        out[found.name] = _listed(found, text) if found.kind in ("texts", "counts", "numbers") else read(found, text)
    return out


def built(kind: type[R], given: Mapping[str, Any]) -> R:
    """The request with some settings given by name and the others at their default; its values are not checked.

    Raises ValueError with one sentence when a setting is missing, or is no JSON of its kind.
    """
    known, fields = {s.name: s for s in settings_of(kind)}, {}
    names = option_names(kind)
    for field in msgspec.structs.fields(kind):
        inner = {n.removeprefix(f"{field.name}."): v for n, v in given.items() if n.startswith(f"{field.name}.")}
        if field.name in given:
            value = given[field.name]
            other = field.name not in known or known[field.name].kind == "other"
            fields[field.name] = _converted(kind, field.name, value) if other else value
        elif field.required and not inner:
            title = known[field.name].title if field.name in known else field.name
            raise ValueError(f"{title} is missing; give --{names.get(field.name, field.name)}.")
        elif inner:
            fields[field.name] = _with(_default(field), inner, _groups(kind, field.name))
    return kind(**fields).completed(frozenset(given))


# --- writing ----------------------------------------------------------------------------------------------------------


def _written(known: Setting, option: str, value: Any) -> list[str]:
    """The words that give a setting its value."""
    if isinstance(value, bool):
        return [f"--{option}" if value else f"--no-{option}"]
    if isinstance(value, Mapping):
        return [w for n, v in value.items() for w in _word(option, f"{n}={json.dumps(v, ensure_ascii=False)}")]
    if known.kind in ("texts", "choices"):
        return [w for text in value for w in _word(option, text)]
    if known.kind in ("numbers", "counts"):
        return _word(option, ", ".join(map(_digits, value)))
    if known.kind in ("number", "count"):
        return _word(option, _digits(value))
    return _word(option, value if isinstance(value, str) else msgspec.json.encode(value).decode())


def _word(option: str, text: str) -> list[str]:
    return [f"--{option}={text}"] if text.startswith("-") else [f"--{option}", text]


def _digits(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(value)


# --- reading ----------------------------------------------------------------------------------------------------------


def _number(known: Setting, text: str) -> float:
    whole = known.kind in ("count", "counts")
    try:
        return read_number(text, whole=whole)
    except ValueError:
        wanted = "a whole number" if whole else "a number such as 0.5"
        each = ": each" if known.kind in ("counts", "numbers") else ""
        raise ValueError(f"{known.title}{each} must be {wanted}; {brief(text, 60)!r} was given.") from None


def _pair(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ValueError(f"--set takes FIELD=VALUE, not {brief(text, 60)!r}.")
    try:
        return name, json.loads(value)
    except (json.JSONDecodeError, RecursionError):
        return name, value


def _listed(known: Setting, text: str) -> tuple[Any, ...]:
    """A list typed as JSON, or its only element as it is."""
    try:
        found = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        found = None
    if isinstance(found, list):
        return tuple(found)
    return (text,) if known.kind == "texts" else tuple(read(known, text))


def _converted(kind: type[Request], name: str, value: Any) -> Any:
    """A value of JSON as the field has it; a single point may be given for a list of points."""
    hint = get_type_hints(kind)[name]
    if isinstance(value, list) and value and all(isinstance(v, int | float) for v in value):
        nested = get_args(hint) and get_args(get_args(hint)[0])
        value = [value] if nested else value
    try:
        return msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        known = next((s for s in settings_of(kind) if s.name == name), None)
        about = f"{known.title}: {known.effect}" if known else name
        raise ValueError(f"{about}; {brief(error)}.") from error


# --- a request taken apart --------------------------------------------------------------------------------------------


def _short(kind: type[Request]) -> list[str]:
    nested = [s.name.rpartition(".")[2] for s in settings_of(kind) if "." in s.name]
    return nested or [s.name for s in settings_of(kind)]


def _values(group: msgspec.Struct) -> dict[str, Any]:
    """Every setting's value by name; the groups of a list by their tags."""
    return dict(_flat((name, getattr(group, name)) for name in group.__struct_fields__))


def _default(field: msgspec.structs.FieldInfo) -> Any:
    return field.default if field.default is not msgspec.NODEFAULT else field.default_factory()


def _flat(items: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    for name, value in items:
        if isinstance(value, Settings):
            yield from ((f"{name}.{inner}", v) for inner, v in _values(value).items())
        elif isinstance(value, tuple) and value and all(isinstance(v, Settings) for v in value):
            for group in value:
                yield from ((f"{name}.{_tag(type(group))}.{inner}", v) for inner, v in _values(group).items())
        else:
            yield name, value


def _with(value: Any, given: Mapping[str, Any], groups: Mapping[str, type[Settings]]) -> Any:
    """A group, or a list of groups, with some of its settings given."""
    if not groups:
        return msgspec.structs.replace(value, **given)
    held = {_tag(type(group)): group for group in value}
    for name, setting in given.items():
        tag, _, inner = name.partition(".")
        held[tag] = msgspec.structs.replace(held.get(tag) or groups[tag](), **{inner: setting})
    return tuple(held[tag] for tag in groups if tag in held)


@cache
def _groups(kind: type[Request], name: str) -> dict[str, type[Settings]]:
    """The groups of settings that a list field may hold, by their tags."""

    def found(hint: Any) -> Iterator[type[Settings]]:
        for part in get_args(hint):
            if isinstance(part, type) and issubclass(part, Settings):
                yield part
            yield from found(part)

    return {_tag(group): group for group in found(get_type_hints(kind)[name])}


def _tag(group: type[Settings]) -> str:
    return str(group.__struct_config__.tag)
