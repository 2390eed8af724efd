"""`translate`: a file of sentences through a decoder; and pairs of sentences from a file."""

from __future__ import annotations

from pathlib import Path

import typer

from engine.commands.columns import TEXT_COLUMN, TEXT_FILE
from engine.commands.options import DEVICE, JSON, Asked, add_command
from engine.commands.output import answers, note, print_json, say
from engine.files import require_place, write_whole
from engine.messages import Translate, Translated
from engine.reading import guess_pair, read_lines, read_table, table_of


def read_pairs(path: Path, source: str, target: str, slots: str = "") -> list[tuple[str, str, str]]:
    """Sentences, references and slots, and on stderr what was taken from where; raises ValueError with one sentence."""
    table = read_table(path, (source, target, slots))
    first, second = guess_pair(table)
    first = table.column(source) if source else first
    if target or second is None or second == first:
        second = table.column(target) if target else next((c for c in range(table.width) if c != first), None)
    if second is None or second == first:
        raise ValueError(f"{path.name} holds no pairs: a sentence and its reference stand in two columns")
    third = table.column(slots) if slots else None
    rows = [(row[first], row[second], "" if third is None else row[third]) for row in table.rows]
    pairs = [row for row in rows if row[0] and row[1]]
    if not pairs:
        raise ValueError(f"{path.name} holds no pairs in {table.title(first)} and {table.title(second)}")
    note(f"{path.name}: sentences from {table.title(first)}, references from {table.title(second)}")
    if len(pairs) < len(table.rows):
        note(f"{len(table.rows) - len(pairs):,} of {len(table.rows):,} lines have no pair and are left out")
    return pairs


def read_sources(path: Path, column: str) -> list[str]:
    """What is to be translated: every line, blank ones too, or the column of sentences of a file that has columns."""
    lines = list(read_lines(path))
    table = table_of(path.name, lines, (column,))
    if table.width == 1 and not table.header and not column:
        return lines
    place = table.column(column) if column else guess_pair(table)[0]
    header = "; the first line names the columns and is left out" if table.header else ""
    note(f"{path.name}: sentences from {table.title(place)}{header}")
    return table.cells(place)


def translate(
    asked: Asked[Translate],
    input: Path = typer.Option(None, help=TEXT_FILE),
    text_column: str = TEXT_COLUMN,
    output: Path = typer.Option(None, "--output", "-o", help="File to write, one line for each line of the input."),
    device: str = DEVICE,
    as_json: bool = JSON,
) -> None:
    """Decode every line of a file; the output is written whole or not at all.

    A line longer than the translator has learnt is cut at sentence ends and joined again.
    """
    asked.note_unread(asked.request(texts=()).options)  # a wrong setting is said before the file is read
    if output is not None:
        require_place(output)
    texts = (*asked.given.get("texts", ()), *(read_sources(input, text_column) if input else ()))
    if not texts and not input:
        raise ValueError("there is nothing to translate: give --sentence or --input")
    for event in answers(asked.request(texts=texts, **asked.under_preset(roomy=False)), device):
        if isinstance(event, Translated):
            if event.lacking:
                note(f"{event.lacking:,} of {event.parts:,} outputs are unfinished or lack what was asked for")
            if output is not None:
                write_whole(output, "".join(line + "\n" for line in event.outputs).encode())
            elif as_json:
                print_json(event)
            else:
                say(*event.outputs)


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, Translate, translate, fills=("texts",))
