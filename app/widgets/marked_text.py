"""A sentence in a table cell, the words that differ from another sentence underlined and signed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.theme import Theme
from app.widgets.alignment import Cell, align, split


class MarkedText(QStyledItemDelegate):
    """Paints row k of a column as words; `pieces` gives the tokens of a row and of the row it is compared with."""

    def __init__(
        self, pieces: Callable[[int], tuple[Sequence[str], Sequence[str]]], *, theme: Theme, parent: object = None
    ) -> None:
        super().__init__()
        self._pieces, self._theme = pieces, theme
        self._cells: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Cell]] = {}

    def cells(self, row: int) -> list[Cell]:
        """The words of a row and how they compare."""
        own, base = self._pieces(row)
        key = (tuple(own), tuple(base))
        if key not in self._cells:
            if len(self._cells) > 512:
                self._cells.clear()
            self._cells[key] = align(split(base), [split(own)])[1]
        return self._cells[key]

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """The height of a line."""
        return QSize(self._theme.px(200), self._theme.px(24))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Words, as many as there is room for; the last one that does not fit becomes an ellipsis."""
        c = self._theme.colors
        rect = QRectF(option.rect)  # type: ignore[attr-defined]
        if option.state & QStyle.StateFlag.State_Selected:  # type: ignore[attr-defined]
            painter.fillRect(rect, self._theme.tint(c.accent, 0.10))
        font = self._theme.sentence_font(14)
        metrics = QFontMetricsF(font)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(font)
        x, base = rect.left() + 8, rect.center().y() + metrics.capHeight() / 2
        space = metrics.horizontalAdvance(" ")
        first = True
        for cell in self.cells(index.row()):
            if cell.word is None:
                if cell.mark == "missing":
                    painter.setPen(QPen(c.deleted, 1.8))
                    x += space
                    painter.drawLine(QPointF(x, base - 4), QPointF(x + 8, base - 4))
                    x += 8
                continue
            x += 0 if cell.word.glued or first else space
            first = False
            width = metrics.horizontalAdvance(cell.word.text)
            if x + width > rect.right() - 12:
                painter.setPen(c.muted)
                painter.drawText(QPointF(x, base), "…")
                break
            painter.setPen(c.ink)
            painter.drawText(QPointF(x, base), cell.word.text)
            if cell.mark in ("replaced", "inserted"):
                color = c.replaced if cell.mark == "replaced" else c.inserted
                style = Qt.PenStyle.SolidLine if cell.mark == "replaced" else Qt.PenStyle.DashLine
                painter.setPen(QPen(color, 1.8, style))
                painter.drawLine(QPointF(x, base + 3), QPointF(x + width, base + 3))
            x += width
        painter.restore()
