"""`inspect` and `models`: what a checkpoint holds, and which there are."""

from __future__ import annotations

import typer

from engine.commands.options import DEVICE, JSON
from engine.commands.output import answers, note, print_json, print_metrics, say
from engine.messages import ListModels, LoadModel, ModelInfo, ModelList, ModelLoaded


def inspect(model: str = typer.Argument(help="Name or path."), device: str = DEVICE, as_json: bool = JSON) -> None:
    """Show what a checkpoint says of itself, once it has proved to be one that can be loaded."""
    for event in answers(LoadModel(path=model), device):
        if isinstance(event, ModelLoaded):
            _show(event.info, as_json=as_json)


def _show(info: ModelInfo, *, as_json: bool) -> None:
    if as_json:
        print_json(info)
        return
    say(info.card.title or info.name, style="bold")
    say(
        f"{info.kind}, {', '.join(info.capabilities)}",
        info.card.summary,
        f"{info.parameters:,} parameters, {info.size_mb} MB, vocabulary {info.vocabulary:,}",
        f"data: {info.card.data}",
        f"licence: {info.card.licence}",
    )
    print_metrics(info.card.metrics)


def models(device: str = DEVICE, as_json: bool = JSON) -> None:
    """List the checkpoints of the library folders."""
    for event in answers(ListModels(), device):
        if isinstance(event, ModelList):
            for info in event.models:
                _list(info, as_json=as_json)
            note(*(item.sentence for item in event.broken))


def _list(info: ModelInfo, *, as_json: bool) -> None:
    """A model in three lines that fit a narrow terminal, or one of JSON."""
    if as_json:
        print_json(info)
        return
    say(info.name, style="bold")
    say(f"  {info.kind}, {info.size_mb} MB: {', '.join(info.capabilities)}")
    if info.card.metrics:
        say("  " + ", ".join(f"{name} {m.value:.3g}" for name, m in info.card.metrics.items()))
    say(f"  {info.path}")


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(inspect)
    app.command()(models)
