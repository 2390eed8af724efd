"""Sentences of a text file for a panel: which columns hold them, and an even sample where there are too many."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from app.widgets.column_chooser import NONE
from engine.files import stamp_of
from engine.reading import Columns, guess, labelled, read_lines, table_of

MOST_LINES = 1_000_000  # of a file; more belong to the command line
SOON = 1 << 20  # bytes that are read at once; more would hold the window for longer than a blink


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
    if columns is not None and 0 <= columns[0] < table.width and NONE <= columns[1] < table.width:
        chosen = Columns(columns[0], columns[1] if columns[1] != NONE else None)
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


class TextReader(QObject):
    """Reads files without holding the window: small ones at once, large ones beside it.

    Of several that are asked for the last one counts.
    """

    began = Signal(str)  # a file that will take a while
    _done = Signal(int, object)

    def __init__(self, most: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._most = most
        self._turn = 0
        self._asked: tuple[Path, tuple[int, int] | None] | None = None
        self._then: Callable[[Text | ValueError], None] = lambda _: None
        self._done.connect(self._on_done)

    def read(self, path: Path, columns: tuple[int, int] | None, then: Callable[[Text | ValueError], None]) -> None:
        """Read as `read_text` does, and hand over what it returns or raises; what is being read already goes on."""
        if self._asked == (path, columns):
            return
        self._turn += 1
        self._then = then
        turn = self._turn
        if is_small(path):
            self._asked = None
            then(self._attempt(path, columns))
            return
        self._asked = path, columns
        self.began.emit(path.name)

        def work() -> None:
            found = self._attempt(path, columns)
            with suppress(RuntimeError):  # the window has been closed meanwhile
                self._done.emit(turn, found)

        threading.Thread(target=work, name="reading", daemon=True).start()

    def drop(self) -> bool:
        """Want nothing any more; whether something was being read."""
        asked, self._asked = self._asked, None
        self._turn += 1
        return asked is not None

    def _attempt(self, path: Path, columns: tuple[int, int] | None) -> Text | ValueError:
        try:
            return read_text(path, self._most, columns)
        except ValueError as error:
            return error

    @Slot(int, object)
    def _on_done(self, turn: int, found: Text | ValueError) -> None:
        if turn == self._turn:
            self._asked = None
            self._then(found)


def is_small(path: Path) -> bool:
    """Whether a file is read in a moment; one that is not there is."""
    stamp = stamp_of(path)
    return stamp is None or stamp[1] * (8 if path.suffix.lower() == ".gz" else 1) <= SOON
