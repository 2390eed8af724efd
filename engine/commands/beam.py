"""`beam`: decode one sentence or prompt with any search, and write down the search itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import torch
import typer

from engine.commands.output import console, print_json, print_table, watch
from engine.files import writing
from engine.jobs import Context
from engine.jobs.search import search
from engine.library import Library
from engine.messages import Search, SearchDone, SearchOptions, SearchStep, encode, with_preset


def read_options(settings: Sequence[str], preset: str = "") -> SearchOptions:
    """Decoder options from NAME=VALUE strings on top of a preset; raises ValueError with one sentence.

    Lists are written as JSON: 'constraints=["New York", "rain"]'.
    """
    options = with_preset(SearchOptions(), preset) if preset else SearchOptions()
    values: dict[str, Any] = {}
    known = SearchOptions.__struct_fields__
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise ValueError(f"--set wants NAME=VALUE, not {setting!r}")
        if name not in known:
            raise ValueError(f"there is no decoder setting {name!r}; the settings are {', '.join(known)}")
        values[name] = _value(text) if name in ("constraints", "prefix_ids", "prefix_pieces") else text
    try:
        return msgspec.convert(msgspec.structs.asdict(options) | values, SearchOptions, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(f"a decoder setting is out of range: {error}") from error


def _value(text: str) -> Any:
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return [text]
    return value if isinstance(value, list) else [value]


def beam(
    model: str = typer.Option(..., help="Name or path."),
    text: str = typer.Option("", help="The sentence to translate, or the beginning to continue."),
    settings: list[str] = typer.Option([], "--set", metavar="NAME=VALUE", help="A decoder setting; repeatable."),
    preset: str = typer.Option("", help='What settings mean: "as transformers", "as fairseq" or "as GNMT".'),
    reference: str = typer.Option("", help="A sentence to score beside the ones found."),
    trace: Path = typer.Option(None, help="Write every step of the search to this JSON file."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Decode one input and print its hypotheses, best first."""
    request = Search(
        model=model,
        text=text,
        options=read_options(settings, preset),
        trace=trace is not None,
        reference=reference,
    )
    device = torch.device("cpu")
    steps: list[SearchStep] = []
    with torch.inference_mode():
        for event in watch(search(request, Context(Library(device), device))):
            if isinstance(event, SearchStep):
                steps.append(event)
            elif isinstance(event, SearchDone):
                _show(event, as_json=as_json)
                if trace is not None:
                    with writing(trace) as file:
                        file.write(encode({"request": request, "steps": steps, "done": event}))


def _show(done: SearchDone, *, as_json: bool) -> None:
    if as_json:
        print_json(done)
        return
    rows = [
        (f"{h.score:.4f}", f"{h.log_prob:.4f}", len(h.tokens), f"{h.text}  ({h.lacks})" if h.lacks else h.text)
        for h in done.hypotheses
    ]
    print_table(f"{done.steps} steps, {1000 * done.seconds:.0f} ms", ("score", "log p", "tokens", "text"), rows)
    if done.reference is not None:
        console.print(f"reference: score {done.reference.score:.4f}, log p {done.reference.log_prob:.4f}")


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(beam)
