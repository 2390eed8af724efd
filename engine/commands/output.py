"""What commands share: one printer for people, JSON on stdout, progress on stderr, the engine's answers.

Names, paths, cards and sentences were written by others: whatever they hold, nothing in them is taken for markup, and
no control sequence of theirs reaches the terminal.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from engine.files import writing
from engine.messages import Event, Metric, Request, encode
from engine.messages import Progress as ProgressEvent

console = Console(markup=False, emoji=False, highlight=False)
errors = Console(stderr=True, markup=False, emoji=False, highlight=False)
WIDE = 1_000_000  # columns of what is no terminal: nothing is cut there
BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that would turn round what follows them; the direction of the letters themselves is left alone."""


def harmless(text: object) -> str:
    """Text that others wrote as it may be printed: control characters and half characters are shown as U+FFFD."""
    return "".join(_harmless(c) for c in str(text))


def _harmless(character: str) -> str:
    if character in "\n\t\u2028\u2029\x85":
        return " "
    bad = unicodedata.category(character) in ("Cc", "Cs") or character in BIDI
    return "\N{REPLACEMENT CHARACTER}" if bad else character


def say(*lines: object, style: str = "") -> None:
    """Print lines for people; they are never cut."""
    for line in lines:
        console.print(Text(harmless(line), style), soft_wrap=True)


def note(*lines: object) -> None:
    """Lines beside the answer, on stderr."""
    for line in lines:
        errors.print(Text(harmless(line)), soft_wrap=True)


def print_json(value: Any) -> None:
    """One line of JSON on stdout, in UTF-8 whatever the console's own encoding."""
    data = encode(value) + b"\n"
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


@contextmanager
def lines_to(output: Path | None) -> Iterator[Callable[[Any], None]]:
    """Where lines of JSON go: to a file, which stands there when it is whole, or to stdout."""
    if output is None:
        yield print_json
        return
    with writing(output, keep=True) as file:
        yield lambda value: file.writelines([encode(value), b"\n"])


def print_table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """A table for people: folded on a terminal that is too narrow, never cut, as wide as it is in a pipe."""
    table = Table(title=Text(harmless(title)), title_justify="left", box=None, header_style="bold")
    for column in columns:
        table.add_column(Text(harmless(column)), overflow="fold")
    for row in rows:
        table.add_row(*(Text(harmless(cell)) for cell in row))
    printer = console if console.is_terminal else Console(width=WIDE, markup=False, emoji=False, highlight=False)
    printer.print(table)


def print_figures(figures: Mapping[str, Any]) -> None:
    """Figures for people, a line each; a list's elements below one another."""
    for name, value in figures.items():
        for one in value if isinstance(value, list | tuple) else [value]:
            say(f"{name:32} {one:.6g}" if isinstance(one, float) else f"{name:32} {one}")


def print_metrics(metrics: Mapping[str, Metric]) -> None:
    """Figures for people, each with its estimator and its count."""
    for name, metric in metrics.items():
        detail = ", ".join(p for p in (metric.estimator, f"{metric.count:,} {metric.of}" if metric.count else "") if p)
        figure = Text(harmless(f"  {name} {metric.value:.4g} {metric.unit}  "))
        console.print(figure.append(harmless(detail), "dim"), soft_wrap=True)


def answers(
    request: Request, device: str, *, threads: int = 0, stopped: Callable[[], bool] = lambda: False
) -> Generator[Event, None, None]:
    """The events of a request, `Progress` drawn as a bar; raises JobFailed with one sentence.

    `threads`: torch's, 0 leaves them as they are; one is fastest for small steps, and the same bytes everywhere.
    `stopped`: asked between two events, of whatever kind; the job is cancelled once it is.
    """
    import torch  # reading it takes a while: help and mistakes need not wait for it

    from engine.worker import Engine

    if threads:
        torch.set_num_threads(threads)
    engine = Engine(device, inline=True)
    try:
        with closing(engine.run(request)) as events:
            yield from watch(_until(stopped, events))
    finally:
        engine.close()


def _until(stopped: Callable[[], bool], events: Iterator[Event]) -> Iterator[Event]:
    while not stopped() and (event := next(events, None)) is not None:
        yield event


def watch(events: Iterable[Event]) -> Iterator[Event]:
    """Pass events on while their `Progress` is drawn as a bar on stderr (a terminal's only)."""
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} {task.fields[unit]}", markup=False),
        TimeRemainingColumn(),
        console=errors,
        disable=not errors.is_terminal,
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=1, unit="")
        for event in events:
            if isinstance(event, ProgressEvent):
                total, said = event.total or None, harmless(event.note)
                bar.update(task, completed=event.done, total=total or 1, description=said, unit=event.unit)
            else:
                yield event
