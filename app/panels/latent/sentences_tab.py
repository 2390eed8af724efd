"""The encoded sentences as a list: searched by words, chosen by a lasso, one under the pointer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QModelIndex, Signal, Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.plain import plain
from app.theme import Theme
from app.widgets.column_chooser import ColumnChooser
from app.widgets.row_table import Column, RowTable
from app.widgets.text_fields import LineField
from engine.reading import clean

MOST_ROWS = 5000


class SentencesTab(QWidget):
    """Shows texts; says which are wanted by their places in the whole list."""

    went = Signal(int)  # go to this sentence's point
    pointed = Signal(int)  # the pointer is on this one; -1 for none
    selected = Signal(object)  # places found by the search; empty for no search
    lasso_wanted = Signal()
    open_wanted = Signal()
    cancelled = Signal()

    def __init__(self, *, theme: Theme) -> None:
        super().__init__()
        self._texts: Sequence[str] = ()
        self._places: Sequence[int] = ()
        self._lower: list[str] | None = None
        self.search = LineField(clearButtonEnabled=True, placeholderText="Search the sentences")
        self.search.setToolTip("Sentences that hold all of these words; they light up on the pad")
        self.search.setAccessibleName("Search the sentences")
        self.lasso = QPushButton("Lasso")
        self.lasso.setToolTip("Draw a loop on the pad to list the sentences inside it (or drag with Alt)")
        self.open = QPushButton("Open a text file…")
        self.open.setToolTip("A sentence a line, or columns by tabs or CSV: each is encoded and becomes a point")
        self.columns = ColumnChooser(labels=False)
        self.count = QLabel()
        self.count.setProperty("role", "muted")
        self.progress = QProgressBar(visible=False, textVisible=False)
        self.stop = QToolButton(text="Cancel", visible=False)
        self.table = RowTable(
            (Column("", 64, number=True), Column("sentence")), self._row, theme=theme, name="Encoded sentences"
        )
        self.table.setMouseTracking(True)
        head = QHBoxLayout()
        head.addWidget(self.search, 2)
        head.addWidget(self.lasso)
        head.addWidget(self.open)
        head.addWidget(self.columns, 1)
        head.addWidget(self.progress, 1)
        head.addWidget(self.stop)
        head.addWidget(self.count, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 6, 12, 4)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self.table, 1)
        self.search.textChanged.connect(self._on_search)
        self.lasso.clicked.connect(self.lasso_wanted)
        self.open.clicked.connect(self.open_wanted)
        self.stop.clicked.connect(self.cancelled)
        self.table.row_chosen.connect(lambda row: self.went.emit(int(self._places[row])))
        self.table.entered.connect(self._on_entered)

    def _row(self, row: int) -> tuple[str, str]:
        place = int(self._places[row])
        return f"{place + 1:,}", self._texts[place]

    def show_texts(self, texts: Sequence[str], source: str) -> None:
        """Another list of sentences."""
        self._texts, self._lower = texts, None
        self.search.setToolTip(plain(f"Sentences that hold all of these words. Searched: {source}"))
        self.show_places(range(len(texts)), f"{len(texts):,} sentences, {source}" if len(texts) else "")
        if self.search.text():
            self._on_search(self.search.text())

    def show_places(self, places: Sequence[int], said: str) -> None:
        """List some of them."""
        self._places = places
        self.table.rows.reset(min(len(places), MOST_ROWS))
        self.count.setText(said + (f" (the first {MOST_ROWS:,} listed)" if len(places) > MOST_ROWS else ""))

    def show_progress(self, done: float, total: float, said: str) -> None:
        """How far encoding is; done = total: it is over."""
        busy = done < total
        self.progress.setVisible(busy)
        self.stop.setVisible(busy)
        self.progress.setRange(0, max(round(total), 1))
        self.progress.setValue(round(done))
        if busy:
            self.count.setText(said)

    def show_reading(self, name: str) -> None:
        """A large file is being read; nobody knows how far."""
        self.show_progress(0, 1, f"reading {name}")
        self.progress.setRange(0, 0)

    @property
    def reading(self) -> bool:
        """Whether that is what is shown."""
        return not self.progress.isHidden() and self.progress.maximum() == 0

    def show_lasso(self, places: Sequence[int]) -> None:
        """List what a lasso caught."""
        self.show_places(places, f"{len(places):,} inside the lasso" if len(places) else "Nothing inside the lasso")

    @Slot(str)
    def _on_search(self, text: str) -> None:
        words = clean(text).lower().split()
        if not words:
            self.show_places(range(len(self._texts)), f"{len(self._texts):,} sentences")
            self.selected.emit(np.empty(0, dtype=int))
            return
        if self._lower is None:
            self._lower = [t.lower() for t in self._texts]
        found = np.array([i for i, t in enumerate(self._lower) if all(w in t for w in words)], dtype=int)
        said = f"{len(found):,} of {len(self._texts):,} sentences" if len(found) else f"No sentence holds {text!r}"
        self.show_places(found, said)
        self.selected.emit(found)

    @Slot(QModelIndex)
    def _on_entered(self, index: QModelIndex) -> None:
        self.pointed.emit(int(self._places[index.row()]))
