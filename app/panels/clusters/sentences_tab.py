"""The selected sentences as a list, with their component and label; all of them when nothing is selected."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.panels.clusters.scene import Scene
from app.theme import Theme
from app.widgets.row_table import Cell, Column, RowTable
from app.widgets.text_fields import LineField
from engine.reading import clean

MOST_ROWS = 5000


class SentencesTab(QWidget):
    """Says which sentences are wanted by their places in the whole list."""

    went = Signal(int)  # read this one
    selected = Signal(object)  # found by the search: [n] places, or None
    lasso_wanted = Signal()

    def __init__(self, *, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._scene: Scene | None = None
        self._places: npt.NDArray[np.intp] = np.empty(0, dtype=np.intp)
        self._labels: list[str] = []  # sorted, when they give the colours
        self.search = LineField(clearButtonEnabled=True, placeholderText="Search the sentences")
        self.search.setAccessibleName("Search the sentences")
        self.search.setToolTip("Sentences that hold all of these words are selected on the map; the rest goes grey")
        self.lasso = QPushButton("Lasso")
        self.lasso.setToolTip("Draw a loop on the map (L, or drag with Shift)")
        self.clear = QPushButton("All")
        self.clear.setToolTip("Select nothing: all sentences in their colours (Esc on the map)")
        self.said = QLabel()
        self.said.setProperty("role", "muted")
        columns = (
            Column("", 56, number=True),
            Column("component", 84),
            Column("sure", 56, number=True),
            Column("label", 120),
            Column("sentence"),
        )
        self.table = RowTable(columns, self._row, theme=theme, name="Sentences of the selection")
        head = QHBoxLayout()
        head.addWidget(self.search, 2)
        head.addWidget(self.lasso)
        head.addWidget(self.clear)
        head.addWidget(self.said, 3)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 6, 12, 4)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self.table, 1)
        self.search.textChanged.connect(self._on_search)
        self.lasso.clicked.connect(self.lasso_wanted)
        self.clear.clicked.connect(self._on_clear)
        self.table.row_chosen.connect(self._on_chosen)  # clicked, or Return

    def _row(self, row: int) -> Sequence[Cell]:
        place, scene = int(self._places[row]), self._scene
        assert scene is not None
        code = int(scene.codes[place])
        label = scene.labels[place] if len(scene.labels) else ""
        category = self._labels.index(label) if self._labels else code
        label = label.replace("_", " ")
        color = self._theme.text(self._theme.category(category))
        dot, sure = "\N{BLACK CIRCLE} ", f"{float(scene.confidence[place]):.0%}"
        cells: tuple[Cell, Cell] = (f"{code + 1}", (dot + label, color))
        if not self._labels:
            cells = ((f"{dot}{code + 1}", color), label)
        return f"{place + 1:,}", cells[0], sure, cells[1], scene.texts[place]

    def show_scene(self, scene: Scene | None, selected: npt.NDArray[np.intp] | None, colour_by: str) -> None:
        """The sentences of what is on show, the selected ones only when there are any; colours as on the map."""
        self._scene = scene
        by_label = scene is not None and colour_by == "label"
        self._labels = sorted(set(scene.labels)) if scene is not None and by_label else []
        count = len(scene.texts) if scene is not None else 0
        everything = selected is None
        places = np.arange(count) if everything else np.asarray(selected, dtype=np.intp)
        places = places[places < count]
        wanted = len(places)
        self._places = np.array([i for i in places if scene.texts[i]], dtype=np.intp) if scene is not None else places
        self.table.rows.reset(min(len(self._places), MOST_ROWS))
        said = f"{count:,} sentences" if everything else f"{wanted:,} of {count:,} sentences selected"
        bare = wanted - len(self._places)
        said += f"; listed are {len(self._places):,} whose text was recorded" if bare else ""
        more = f", the first {MOST_ROWS:,} listed" if len(self._places) > MOST_ROWS else ""
        self.said.setText(said + more if count else "")

    @Slot(str)
    def _on_search(self, text: str) -> None:
        words = clean(text).lower().split()
        if not words or self._scene is None:
            self.selected.emit(None)
            return
        texts = self._scene.texts
        self.selected.emit(np.array([i for i, t in enumerate(texts) if all(w in t.lower() for w in words)], dtype=int))

    @Slot()
    def _on_clear(self) -> None:
        self.search.clear()
        self.selected.emit(None)

    @Slot(int)
    def _on_chosen(self, row: int) -> None:
        self.went.emit(int(self._places[row]))
