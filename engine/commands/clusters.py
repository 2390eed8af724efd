"""`clusters`: which components of a mixture sentences fall into, one JSON object a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
import typer

from engine.commands.output import print_json, watch
from engine.jobs import Context, start
from engine.jobs import clusters as _cluster_jobs  # noqa: F401 - registers the jobs
from engine.library import Library
from engine.messages import ClusterFigures, ClusterPoints, EncodeClusters
from engine.reading import read_lines

FIGURES = ("homogeneity", "nmi", "purity", "mutual_information", "occupied_codes", "variance_of_means")


def clusters(
    model: str = typer.Option(..., help="Name or path of a model whose prior is a mixture."),
    input_file: Path = typer.Option(..., "--input", help="A text file, one sentence a line (gzip too)."),
    labels: bool = typer.Option(False, "--labels", help="The lines have tab-separated columns, one a label."),
    text_column: int = typer.Option(-1, help="Column of the sentence, counted from 0; -1 is the last."),
    label_column: int = typer.Option(0, help="With --labels: column of the label."),
) -> None:
    """Encode sentences: {text, code, responsibilities, z, label} a line; with --labels a last line of figures."""
    rows = list(_rows(input_file, text_column, label_column if labels else None))
    if not rows:
        raise ValueError(f"{input_file.name} holds no sentence")
    request = EncodeClusters(
        model=model,
        texts=tuple(text for text, _ in rows),
        labels=tuple(label for _, label in rows) if labels else (),
    )
    device = torch.device("cpu")
    with torch.inference_mode():
        for event in watch(start(request, Context(Library(device), device))):
            if isinstance(event, ClusterPoints):
                _print_points(event)
            elif isinstance(event, ClusterFigures) and labels:
                figures = {name: event.metrics[name].value for name in FIGURES}
                print_json({**figures, "count": event.count, "verdict": event.verdict})


def _print_points(found: ClusterPoints) -> None:
    for i, text in enumerate(found.texts):
        print_json(
            {
                "text": text,
                "code": found.codes[i],
                "responsibilities": found.responsibilities[i],
                "z": found.means[i],
                "label": found.labels[i] if found.labels else None,
            }
        )


def _rows(path: Path, text: int, label: int | None) -> Iterator[tuple[str, str]]:
    """Sentence and label of each line that is not blank; raises ValueError naming the first line that lacks one."""
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        if label is None:
            yield _cell(cells, text, path, number, "sentence"), ""
            continue
        if text % len(cells) == label % len(cells):
            raise ValueError(f"line {number} of {path.name} has its sentence and its label in one column")
        yield _cell(cells, text, path, number, "sentence"), _cell(cells, label, path, number, "label")


def _cell(cells: list[str], column: int, path: Path, number: int, what: str) -> str:
    found = cells[column] if -len(cells) <= column < len(cells) else ""
    if not found:
        raise ValueError(f"line {number} of {path.name} has no {what} in column {column}")
    return found


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(clusters)
