"""What commands read from a text file with columns, and the options that name them."""

from __future__ import annotations

from pathlib import Path

import typer

from engine.commands.output import note
from engine.reading import Labelled, choose, labelled, read_table

TEXT_FILE = "A text file: a sentence a line, or columns (tabs, CSV; gzip too)."
_COLUMN = "NAME|NUMBER"
TEXT_COLUMN: str = typer.Option(
    "", "--text-column", metavar=_COLUMN, help="Column of the sentences: its name, or from 0 [found by what it holds]."
)
LABEL_COLUMN: str = typer.Option(
    "", "--label-column", metavar=_COLUMN, help="Column of the labels: its name, or from 0 [found by what it holds]."
)


def read_labelled(path: Path, text_column: str, label_column: str = "") -> Labelled:
    """The sentences of a file and their labels, and on stderr what was taken from where; raises ValueError."""
    table = read_table(path, (text_column, label_column))
    found = labelled(table, choose(table, text_column, label_column))
    if not found.texts:
        raise ValueError(f"{path.name} holds no sentence")
    note(*found.said)
    return found
