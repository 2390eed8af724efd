"""The history: the player over the search's steps, and the hypotheses it found."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.theme import Theme
from app.widgets.marked_text import MarkedText
from app.widgets.numbers import number
from app.widgets.player import PlayerBar
from app.widgets.playhead import Playhead
from app.widgets.row_table import Cell, Column, RowTable
from engine.messages import Hypothesis
from engine.reading import END_MARK

COLUMNS = (
    Column("rank", 46, True),
    Column("log p", 72, True),
    Column("score", 72, True),
    Column("tokens", 60, True),
    Column("BLEU", 60, True),
    Column("chrF", 60, True),
    Column("weight", 66, True),
    Column("lacks", 190),
    Column("hypothesis; what differs from the first is underlined"),
)


class BeamsHistory(QWidget):
    """Player above, n-best table below."""

    hypothesis_chosen = Signal(int)

    def __init__(self, playhead: Playhead, parent: QWidget | None = None, *, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._rows: list[tuple[Hypothesis, float]] = []
        self._shown = False
        self.player = PlayerBar(playhead, theme=theme)
        self.table = RowTable(COLUMNS, self._row, theme=theme, name="Hypotheses, best first")
        self._marks = MarkedText(self._pieces, theme=theme)
        self.table.setItemDelegateForColumn(len(COLUMNS) - 1, self._marks)
        self.table.row_chosen.connect(self.hypothesis_chosen)
        self.table.selectionModel().currentRowChanged.connect(self._on_row)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.player)
        layout.addWidget(self.table, 1)

    def show_hypotheses(self, rows: Sequence[tuple[Hypothesis, float]], chosen: int) -> None:
        """Show a finished set and mark one of it."""
        same = [(id(h), score) for h, score in rows] == [(id(h), score) for h, score in self._rows]
        if not (same and self._shown):  # hypotheses hold arrays, which have no plain equality
            self._rows, self._shown = list(rows), True
            self.table.rows.reset(len(self._rows))
            hidden = not any(h.quality for h, _ in self._rows)
            for column in (4, 5):
                self.table.setColumnHidden(column, hidden)
            self.table.setColumnHidden(6, not any(h.weight for h, _ in self._rows))
            self.table.setColumnHidden(7, not any(h.lacks for h, _ in self._rows))
        self.table.mark(chosen)

    @Slot()
    def _on_row(self) -> None:
        row = self.table.currentIndex().row()
        if row >= 0 and self.table.hasFocus():
            self.hypothesis_chosen.emit(row)

    def _pieces(self, row: int) -> tuple[list[str], list[str]]:
        return written(self._rows[row][0]), written(self._rows[0][0])

    def _row(self, index: int) -> list[Cell]:
        h, score = self._rows[index]
        quality = [f"{h.quality[k]:.1f}" if k in h.quality else "" for k in ("bleu", "chrf")]
        weight = number(h.weight) if h.weight else ""
        figures = (number(h.log_prob), number(score), f"{len(h.tokens)}")
        return [str(index + 1), *figures, *quality, weight, h.lacks, h.text]


def written(hypothesis: Hypothesis) -> list[str]:
    """The display forms of its tokens, end mark left out."""
    return [t.piece for t in hypothesis.tokens if t.piece != END_MARK]
