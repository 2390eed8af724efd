"""Commands made from requests: an option a setting, with its unit, range, default and what it does."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec
import typer

from engine.commands.output import note
from engine.messages import COMMANDS, Request, SearchOptions, Setting, validated
from engine.messages.command_line import built, defaults_of, given_by, option_names, options_of, read
from engine.messages.presets import PRESETS

R = TypeVar("R", bound=Request)

DEVICE: str = typer.Option("cpu", "--device", help="cpu, cuda, cuda:1, mps, or auto: the best there is.")
OUTPUT: Path = typer.Option(None, "--output", "-o", help="File to write instead of printing.")
JSON: bool = typer.Option(False, "--json", help="Print JSON.")
LINES: bool = typer.Option(True, "--json", help="Print JSON, an object a line; it always does.")

METAVARS = {
    "number": "NUMBER",
    "count": "N",
    "numbers": "X, Y, …",
    "counts": "N, M, …",
    "text": "TEXT",
    "texts": "TEXT",
}


class Asked(Generic[R]):
    """What a person asked for, before it is a request."""

    def __init__(self, kind: type[R], given: dict[str, Any], preset: str = "") -> None:
        self.given = given
        self._kind, self._preset = kind, preset

    def under_preset(self, **fields: Any) -> dict[str, Any]:
        """Fields that hold under a preset, unless they were given."""
        return {name: value for name, value in fields.items() if self._preset and name not in self.given}

    def request(self, **fields: Any) -> R:
        """The request, with fields that the command itself fills; raises ValueError with one sentence."""
        return validated(built(self._kind, {**_preset(self._preset), **self.given, **fields}))

    def note_unread(
        self, options: SearchOptions, *, reader: str = "", reads: Collection[str] = (), best: bool = True
    ) -> None:
        """Say on stderr which decoder settings, other than the command's own, do nothing.

        Args:
            options: as they were asked for.
            reader: what works in the decoder's place, where there is such a thing.
            reads: settings that it reads.
            best: whether the best sentence alone is given.
        """
        usual = defaults_of(self._kind)
        asked = [n for n, value in msgspec.structs.asdict(options).items() if value != usual[f"options.{n}"]]
        unread = [n for n in asked if (n not in reads if reader else n in options.unread())]
        if unread:
            note(f"{reader or options.info.label} does not read {', '.join(unread)}")
        if best and "n_best" in asked and "n_best" not in unread:
            note("one sentence is given for each: n_best is not read")


def _preset(name: str) -> dict[str, Any]:
    if name and name not in PRESETS:
        raise ValueError(f"There is no preset {name!r}; the presets are {', '.join(PRESETS)}.")
    return {f"options.{field}": value for field, value in PRESETS[name].settings.items()} if name else {}


def add_command(app: typer.Typer, kind: type[R], handler: Callable[..., None], *, fills: Collection[str] = ()) -> None:
    """Add the command of a request.

    Args:
        app: to add it to.
        kind: the request; its name is in `COMMANDS`, its settings become options.
        handler: what to do with the `Asked`; its further parameters are options of the command alone.
        fills: settings that the handler fills when they are not given.
    """
    usual = defaults_of(kind)
    known = {_parameter(s): msgspec.structs.replace(s, default=usual.get(s.name, s.default)) for s in options_of(kind)}
    own = list(inspect.signature(handler, eval_str=True).parameters.values())[1:]
    decodes = any(s.name.startswith("options.") for s in known.values())

    def command(**values: Any) -> None:
        given = given_by(kind, values.pop("decoder_settings", None) or ())
        preset = values.pop("decoder_preset", None) or ""
        for parameter, setting in known.items():
            value = values.pop(parameter)
            if value is not None and value != []:
                given[setting.name] = read(setting, value)
        handler(Asked(kind, given, preset), **values)

    names = option_names(kind)
    parameters = [_option(p, s, names[s.name], required=s.required and s.name not in fills) for p, s in known.items()]
    parameters += list(_of_decoders()) if decodes else []
    parameters += [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own]
    parameters.sort(key=lambda p: isinstance(p.default, typer.models.OptionInfo))
    command.__doc__ = handler.__doc__
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    app.command(COMMANDS[kind])(command)


def _parameter(setting: Setting) -> str:
    return f"of__{setting.name.replace('.', '__')}"  # apart from the handler's own


def _of_decoders() -> Iterator[inspect.Parameter]:
    """Options of every command that decodes."""
    more = typer.Option([], "--set", metavar="NAME=VALUE", help="A decoder setting by its name; repeatable.")
    yield inspect.Parameter("decoder_settings", _KEYWORD, default=more, annotation=list[str])
    names = ", ".join(f"“{name}”" for name in PRESETS)
    preset = typer.Option("", "--preset", help=f"What settings mean and are by default: {names}.")
    yield inspect.Parameter("decoder_preset", _KEYWORD, default=preset, annotation=str)


_KEYWORD = inspect.Parameter.KEYWORD_ONLY


def _option(parameter: str, setting: Setting, option: str, *, required: bool) -> inspect.Parameter:
    """One setting as typer takes it: words, read by the setting itself, so that every way in refuses alike."""
    flags: list[str] = [f"--{option}"]
    many = setting.kind in ("texts", "choices") or isinstance(setting.default, dict)
    default: Any = ... if required else [] if many else None
    annotation: Any = list[str] if many else str
    if setting.kind == "switch":
        flags, annotation = [f"--{option}/--no-{option}"], bool
    about: dict[str, Any] = {"help": help_of(setting)}
    if setting.kind != "switch":
        about["metavar"] = _metavar(setting)
    info = typer.Argument(default, **about) if setting.argument else typer.Option(default, *flags, **about)
    return inspect.Parameter(parameter, _KEYWORD, default=info, annotation=annotation)


def _metavar(setting: Setting) -> str:
    if setting.choices:
        return "|".join(setting.choices)
    if isinstance(setting.default, dict):
        return "NAME=VALUE"
    if setting.argument:
        return setting.name.upper()
    return "PATH" if setting.path else METAVARS.get(setting.kind, "JSON")


def help_of(setting: Setting) -> str:
    """What a setting does, its range with the unit, and its default."""
    said = setting.effect or setting.title
    if setting.range:
        said += f"; {setting.range}{f' {setting.unit}' if setting.unit else ''}"
    default = setting.default
    shown = default not in (None, "", (), {}) and not isinstance(default, bool | tuple)
    return f"{said} [{default:g}]" if isinstance(default, float) else f"{said} [{default}]" if shown else f"{said}"
