"""Sentences of a text file for a panel: which columns hold them, and an even sample where there are too many."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from engine.reading import Columns, guess, labelled, read_lines, table_of

MOST_LINES = 1_000_000  # of a file; more belong to the command line


@dataclass(frozen=True)
class Text:
    """What a file holds."""

    path: str = ""
    texts: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()  # one for each sentence, or none
    columns: Columns = field(default_factory=lambda: Columns(0))
    titles: tuple[str, ...] = ()  # of all columns, where there are several to choose from
    said: str = ""  # what was taken and what left out


def read_text(path: Path, most: int, columns: tuple[int, int] | None = None) -> Text:
    """At most `most` sentences of a file with their labels; raises ValueError with one sentence.

    `columns`: of the sentences and of the labels (-1: none); None, or one that is not there: found by what they hold.
    """
    lines = list(islice(read_lines(path), MOST_LINES + 1))
    if len(lines) > MOST_LINES:
        raise ValueError(
            f"{path.name} has more than {MOST_LINES:,} lines; the command line reads it, or take a part of it"
        )
    table = table_of(path.name, lines)
    chosen = guess(table)
    if columns is not None and max(columns) < table.width:
        chosen = Columns(columns[0], columns[1] if columns[1] >= 0 else None)
    found = labelled(table, chosen)
    texts, labels, said = found.texts, found.labels, list(found.said)
    if not texts:
        raise ValueError(f"{path.name} holds no sentences")
    if len(texts) > most:
        said.append(f"{path.name} has {len(texts):,} sentences; an even sample of {most:,} is encoded")
        places = [i * len(texts) // most for i in range(most)]
        texts, labels = tuple(texts[i] for i in places), tuple(labels[i] for i in places) if labels else ()
    titles = table.titles() if table.width > 1 else ()
    return Text(str(path), texts, labels, chosen, titles, "".join(f"{s}. " for s in said).strip())
