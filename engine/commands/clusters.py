"""`clusters`: which components of a mixture sentences fall into, one JSON object a line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from engine.commands.columns import LABEL_COLUMN, TEXT_COLUMN, TEXT_FILE, read_labelled
from engine.commands.options import DEVICE, LINES, OUTPUT, Asked, add_command
from engine.commands.output import answers, lines_to
from engine.messages import ClusterFigures, ClusterPoints, EncodeClusters


def clusters(
    asked: Asked[EncodeClusters],
    input_file: Path = typer.Option(None, "--input", help=TEXT_FILE),
    labels: bool = typer.Option(False, "--labels", help="Compare the codes with the labels of the file."),
    text_column: str = TEXT_COLUMN,
    label_column: str = LABEL_COLUMN,
    output: Path = OUTPUT,
    device: str = DEVICE,
    as_json: bool = LINES,
) -> None:
    """Encode sentences: {text, code, responsibilities, z, label} a line; with labels last figures and chance."""
    del as_json
    texts, marks = tuple(asked.given.get("texts", ())), tuple(asked.given.get("labels", ()))
    if input_file:
        found = read_labelled(input_file, text_column, label_column)
        if (labels or bool(label_column)) and not found.labels:
            if found.columns.label is None:
                raise ValueError(f"{input_file.name} has no column that looks like labels; name it by --label-column")
            raise ValueError("; ".join(found.said[1:]))
        texts += found.texts
        marks += found.labels if labels or label_column else ()
    if not texts:
        raise ValueError("there is nothing to encode: give --input or --text")
    with lines_to(output) as write:
        for event in answers(asked.request(texts=texts, labels=marks), device):
            if isinstance(event, ClusterPoints):
                _write_points(event, write)
            elif isinstance(event, ClusterFigures) and marks:
                figures = {name: metric.value for name, metric in event.metrics.items()}
                chance = {name: m.chance for name, m in event.metrics.items() if m.chance is not None}
                write({**figures, "chance": chance, "count": event.count, "verdict": event.verdict})


def _write_points(found: ClusterPoints, write: Callable[[Any], None]) -> None:
    for i, text in enumerate(found.texts):
        write(
            {
                "text": text,
                "code": found.codes[i],
                "responsibilities": found.responsibilities[i],
                "z": found.means[i],
                "label": found.labels[i] if found.labels else None,
            }
        )


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, EncodeClusters, clusters, fills=("texts",))
