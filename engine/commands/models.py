"""`inspect` and `models`: what a checkpoint holds, and which there are."""

from __future__ import annotations

import typer

from engine.commands.output import console, print_json, print_metrics, print_table
from engine.library import Library
from engine.messages import ModelInfo


def inspect(
    model: str = typer.Argument(help="Name or path."), as_json: bool = typer.Option(False, "--json", help="Print JSON.")
) -> None:
    """Show what a checkpoint says of itself, once it has proved to be one that can be loaded."""
    import torch

    _, info = Library(torch.device("cpu")).get(model)
    if as_json:
        print_json(info)
        return
    console.print(f"[bold]{info.card.title or info.name}[/bold]  ({info.kind}, {', '.join(info.capabilities)})")
    console.print(info.card.summary)
    console.print(f"{info.parameters:,} parameters, {info.size_mb} MB, vocabulary {info.vocabulary:,}")
    console.print(f"data: {info.card.data}\nlicence: {info.card.licence}")
    print_metrics(info.card.metrics)


def models(as_json: bool = typer.Option(False, "--json", help="Print JSON Lines.")) -> None:
    """List the checkpoints of the library folders."""
    import torch

    found, broken = Library(torch.device("cpu")).scan()
    if as_json:
        for info in found:
            print_json(info)
        return
    print_table("Models", ("name", "kind", "capabilities", "MB", "metrics", "path"), [_row(i) for i in found])
    for item in broken:
        console.print(f"[yellow]{item.sentence}[/yellow]")


def _row(info: ModelInfo) -> tuple[object, ...]:
    metrics = ", ".join(f"{k} {m.value:.3g}" for k, m in info.card.metrics.items())
    return info.name, info.kind, " ".join(info.capabilities), info.size_mb, metrics, info.path


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(inspect)
    app.command()(models)
