"""`clusters`: which components of a mixture sentences fall into, one JSON object a line."""

from __future__ import annotations

from pathlib import Path

import torch
import typer

from engine.commands.columns import LABEL_COLUMN, TEXT_COLUMN, TEXT_FILE, read_labelled
from engine.commands.output import print_json, watch
from engine.jobs import Context, start
from engine.jobs import clusters as _cluster_jobs  # noqa: F401 - registers the jobs
from engine.library import Library
from engine.messages import ClusterFigures, ClusterPoints, EncodeClusters

FIGURES = ("homogeneity", "nmi", "purity", "mutual_information", "occupied_codes", "variance_of_means")


def clusters(
    model: str = typer.Option(..., help="Name or path of a model whose prior is a mixture."),
    input_file: Path = typer.Option(..., "--input", help=TEXT_FILE),
    labels: bool = typer.Option(False, "--labels", help="Compare the codes with the labels of the file."),
    text_column: str = TEXT_COLUMN,
    label_column: str = LABEL_COLUMN,
) -> None:
    """Encode sentences: {text, code, responsibilities, z, label} a line; with --labels a last line of figures."""
    found = read_labelled(input_file, text_column, label_column)
    compared = labels or bool(label_column)
    if compared and not found.labels:
        raise ValueError(" ".join([*found.said[1:], f"{input_file.name} has no label for each sentence"]))
    request = EncodeClusters(model=model, texts=found.texts, labels=found.labels if compared else ())
    device = torch.device("cpu")
    with torch.inference_mode():
        for event in watch(start(request, Context(Library(device), device))):
            if isinstance(event, ClusterPoints):
                _print_points(event)
            elif isinstance(event, ClusterFigures) and compared:
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


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(clusters)
