"""A table of counts under the hand: pick a cell or a row with the mouse or the keys."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QWidget

from app.theme import Theme
from app.widgets.heat_grid import HeatGrid
from app.widgets.replies import OwnKeys, Tips


def percent(share: float) -> str:
    """A share in percent; a little is not nothing."""
    return "< 1 %" if 0 < share < 0.005 else f"{100 * share:.0f} %"


class HeatMap(HeatGrid):
    """Rows and columns are named by index from 0."""

    cell_picked = Signal(int, int)  # row, column
    row_picked = Signal(int)

    def __init__(self, *, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme=theme, parent=parent)
        Tips(self.viewport(), self._tip_at)
        OwnKeys(self, lambda event: event.key() in _KEYS)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Light up the names of the cell under the pointer."""
        found = self.cell_at(event.position())
        if found != self._hover:
            self._hover = found
            self.viewport().update()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the pointer."""
        self._hover = (-1, -1)
        self.viewport().update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A cell, or with its name the whole row."""
        row, column = self.cell_at(event.position())
        if row >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self._current = (row, column)
            self._pick()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The click was the map's."""
        event.accept()

    def _pick(self) -> None:
        row, column = self._current
        self.viewport().update()
        if column < 0:
            self.row_picked.emit(row)
        else:
            self.cell_picked.emit(row, column)

    def describe(self, row: int, column: int) -> str:
        """A cell or a row in words, with its shares."""
        total = int(self._counts[row].sum())
        if column < 0:
            return f"{self._rows[row]}: {total:,} sentences"
        count, column_total = int(self._counts[row, column]), int(self._counts[:, column].sum())
        of_row, of_column = count / max(total, 1), count / max(column_total, 1)
        return (
            f"{self._rows[row]} × {self._columns[column]}: {count:,} sentences, "
            f"{percent(of_row)} of {self._rows[row]}, {percent(of_column)} of {self._columns[column]}"
        )

    def _tip_at(self, place: QPointF) -> str:
        row, column = self.cell_at(place)
        return self.describe(row, column) if row >= 0 else ""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move from cell to cell, left of the first is the whole row; Return or Space picks."""
        rows, columns = self._counts.shape
        row, column = self._current
        key = Qt.Key(event.key())
        if not rows or key not in _KEYS:
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            if row >= 0:
                self._pick()
        else:
            down, along = _KEYS[key]
            start = row < 0
            self._current = (
                0 if start else min(max(row + down, 0), rows - 1),
                0 if start else min(max(column + along, -1), columns - 1),
            )
            self._reveal()
            self.setAccessibleDescription(f"{self.describe(*self._current)}. {self._caption}".strip())

    def _reveal(self) -> None:
        """Scroll until the current cell is in sight."""
        left, top, right, _, _ = self._sizes()
        cell = self.cell_rect(*self._current)
        bar = self.verticalScrollBar()
        bar.setValue(int(bar.value() + min(cell.top() - top, 0) + max(cell.bottom() - self.viewport().height() + 4, 0)))
        if self._current[1] >= 0:
            bar = self.horizontalScrollBar()
            over = max(cell.right() - (self.viewport().width() - right), 0)
            bar.setValue(int(bar.value() + min(cell.left() - left, 0) + over))
        self.viewport().update()


_KEYS = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Return: (0, 0),
    Qt.Key.Key_Enter: (0, 0),
    Qt.Key.Key_Space: (0, 0),
}
