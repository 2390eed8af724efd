"""What commands share: JSON on stdout, tables for people, progress on stderr, the engine's events."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from engine.messages import Event, Metric, encode
from engine.messages import Progress as ProgressEvent

console = Console()
errors = Console(stderr=True)


def print_json(value: Any) -> None:
    """One line of JSON on stdout."""
    sys.stdout.write(encode(value).decode() + "\n")


def print_table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """A table for people."""
    table = Table(title=title, title_justify="left", box=None, header_style="bold")
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    console.print(table)


def print_metrics(metrics: Mapping[str, Metric]) -> None:
    """Figures for people, each with its estimator and its count."""
    for name, metric in metrics.items():
        detail = ", ".join(p for p in (metric.estimator, f"{metric.count:,} {metric.of}" if metric.count else "") if p)
        console.print(f"  {name} {metric.value:.4g} {metric.unit}  [dim]{detail}[/dim]")


def watch(events: Iterable[Event]) -> Iterator[Event]:
    """Pass events on while their `Progress` is drawn as a bar on stderr (a terminal's only)."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} {task.fields[unit]}"),
        TimeRemainingColumn(),
        console=errors,
        disable=not errors.is_terminal,
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=1, unit="")
        for event in events:
            if isinstance(event, ProgressEvent):
                total = event.total or None
                bar.update(task, completed=event.done, total=total or 1, description=event.note, unit=event.unit)
            else:
                yield event
