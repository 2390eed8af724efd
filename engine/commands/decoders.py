"""`decoders`: what decoders there are, and which settings each reads."""

from __future__ import annotations

import typer

from engine.commands.output import print_json, print_table
from engine.messages import STRATEGIES, SearchOptions, setting_of


def decoders(
    name: str = typer.Argument("", help="One decoder: its settings with their ranges."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """List the decoders, or the settings that one of them reads; `beam` and `translate` take them by --set."""
    if name and name not in STRATEGIES:
        raise ValueError(f"there is no decoder {name!r}; there are {', '.join(STRATEGIES)}")
    if as_json:
        print_json(STRATEGIES[name] if name else list(STRATEGIES.values()))
    elif name:
        known = [setting_of(SearchOptions, setting) for setting in STRATEGIES[name].uses]
        rows = [(s.name, s.range or " | ".join(s.choices), s.unit, f"{s.default}", s.effect) for s in known]
        print_table(STRATEGIES[name].tip, ("setting", "range", "unit", "default", "effect"), rows)
    else:
        print_table("", ("decoder", "what it does"), [(info.name, info.tip) for info in STRATEGIES.values()])


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(decoders)
