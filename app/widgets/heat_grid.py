"""A table of counts as a heat map: how each row's sentences are shared out over the columns."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractScrollArea, QSizePolicy, QWidget

from app.theme import Theme, contrast, mix

CELL_WIDTH, CELL_HEIGHT = (28, 96), (22, 34)  # px, smallest and largest
NAMES = 0.34  # of the width, at most, for the rows' names
TOTAL = "total"


class HeatGrid(QAbstractScrollArea):
    """A cell's colour is its share of its row, its number the count; names and totals stay in sight."""

    def __init__(self, *, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._rows: tuple[str, ...] = ()
        self._columns: tuple[str, ...] = ()
        self._counts: npt.NDArray[np.integer] = np.zeros((0, 0), int)
        self._caption = ""
        self._hover = (-1, -1)
        self._current = (-1, -1)  # of the keyboard; column -1: the whole row
        self._fit: tuple[float, float, float, float, float] | None = None
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.viewport().setMouseTracking(True)
        self.setAccessibleName("Heat map of counts")
        theme.changed.connect(self._on_theme_changed)

    def set_table(self, rows: Sequence[str], columns: Sequence[str], counts: npt.ArrayLike) -> None:
        """Names of rows and columns and counts [R, C]."""
        self._rows, self._columns = tuple(rows), tuple(columns)
        self._counts = np.asarray(counts, dtype=int).reshape(len(self._rows), len(self._columns))
        self._hover = self._current = (-1, -1)
        self._measure()

    def set_caption(self, text: str) -> None:
        """What the table says as a whole, above it."""
        self._caption = text
        self.setAccessibleDescription(text)
        self._measure()

    def sizeHint(self) -> QSize:
        """All cells at a middling size, within reason."""
        rows, columns = self._counts.shape
        px = self._theme.px
        return QSize(min(px(200 + 48 * columns), px(720)), min(px(100 + 26 * rows), px(480)))

    def minimumSizeHint(self) -> QSize:
        """A few rows; the rest is scrolled to."""
        return QSize(self._theme.px(220), self._theme.px(140))

    @Slot()
    def _on_theme_changed(self) -> None:
        self._measure()

    # --- geometry --------------------------------------------------------------------------------------------------

    def _sizes(self) -> tuple[float, float, float, float, float]:
        """Left of the cells, their top, the width of the totals, width and height of a cell; px."""
        if self._fit is None:
            self._fit = self._fitted()
        return self._fit

    def _fitted(self) -> tuple[float, float, float, float, float]:
        """The same, measured: every name is, so not for every cell."""
        px, (rows, columns) = self._theme.px, self._counts.shape
        metrics = QFontMetricsF(self._theme.ui_font(12))
        widest = max((metrics.horizontalAdvance(r) for r in self._rows), default=0.0)
        left = min(widest + px(22), self.viewport().width() * NAMES)
        right = max(QFontMetricsF(self._theme.ui_font(11)).horizontalAdvance(TOTAL) + px(14), px(52))
        room = self.viewport().width() - left - right
        wide = min(max(room / max(columns, 1), px(CELL_WIDTH[0])), px(CELL_WIDTH[1]))
        names = max((metrics.horizontalAdvance(c) for c in self._columns), default=0.0)
        head = px(24) if names + 8 <= wide else min(names * 0.71 + px(16), px(104))
        top = head + px(46 if self._caption else 26)
        high = min(max((self.viewport().height() - top - 4) / max(rows, 1), px(CELL_HEIGHT[0])), px(CELL_HEIGHT[1]))
        return left, top, right, wide, high

    def _measure(self) -> None:
        self._fit = None
        left, top, right, wide, high = self._sizes()
        rows, columns = self._counts.shape
        for bar, length, page, step in (
            (self.horizontalScrollBar(), columns * wide, self.viewport().width() - left - right, wide),
            (self.verticalScrollBar(), rows * high, self.viewport().height() - top - 4, high),
        ):
            bar.setPageStep(max(1, int(page)))
            bar.setSingleStep(max(1, int(step)))
            bar.setRange(0, max(0, int(np.ceil(length - page - 0.01))))
        self.viewport().update()

    def resizeEvent(self, event: object) -> None:
        """Cells grow and shrink with the room."""
        self._measure()

    def cell_rect(self, row: int, column: int) -> QRectF:
        """Where a cell stands in the viewport now; column -1: the row's name."""
        left, top, _, wide, high = self._sizes()
        y = top + row * high - self.verticalScrollBar().value()
        if column < 0:
            return QRectF(0, y, left, high)
        return QRectF(left + column * wide - self.horizontalScrollBar().value(), y, wide, high)

    def cell_at(self, at: QPointF) -> tuple[int, int]:
        """Row and column under a pixel of the viewport; column -1 on names and totals, (-1, -1) elsewhere."""
        left, top, right, wide, high = self._sizes()
        rows, columns = self._counts.shape
        row = int((at.y() - top + self.verticalScrollBar().value()) // high)
        if at.y() < top or not 0 <= row < rows:
            return -1, -1
        column = int((at.x() - left + self.horizontalScrollBar().value()) // wide)
        outside = at.x() < left or at.x() > self.viewport().width() - right
        return (row, column) if not outside and 0 <= column < columns else (row, -1)

    def _rows_in_sight(self) -> range:
        _, top, _, _, high = self._sizes()
        first = self.verticalScrollBar().value()
        return range(
            int(first // high), min(len(self._rows), int((first + self.viewport().height() - top) // high) + 1)
        )

    def _columns_in_sight(self) -> range:
        left, _, right, wide, _ = self._sizes()
        first, room = self.horizontalScrollBar().value(), self.viewport().width() - left - right
        return range(int(first // wide), min(len(self._columns), int((first + room) // wide) + 1))

    def _shares(self) -> npt.NDArray[np.float64]:
        return self._counts / np.maximum(self._counts.sum(1, keepdims=True), 1)

    def color(self, share: float) -> QColor:
        """Of a share of a row: what is hardly there fades into the ground."""
        return mix(self._theme.colors.surface, self._theme.sequential(0.2 + 0.75 * share), min(1.0, 0.06 + 2.2 * share))

    # --- painting --------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Cells first, then what stays in place over them."""
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        c = self._theme.colors
        painter.fillRect(self.viewport().rect(), c.surface)
        left, top, right, wide, _ = self._sizes()
        width, height = self.viewport().width(), self.viewport().height()
        end = min(width - right, left + wide * len(self._columns))
        painter.setClipRect(QRectF(left, top, end - left, height - top))
        self._paint_cells(painter, QRectF(left, top, end - left, height - top))
        painter.setClipRect(QRectF(0, top, width, height - top))
        self._paint_rows(painter, left, end, right)
        painter.setClipRect(QRectF(0, 0, width, top))
        self._paint_head(painter, left, top, end, wide, right)
        painter.setClipping(False)
        if self.hasFocus():
            painter.setPen(c.accent)
            painter.drawRoundedRect(QRectF(self.viewport().rect()).adjusted(1, 1, -1, -1), 6, 6)

    def _paint_cells(self, painter: QPainter, room: QRectF) -> None:
        c = self._theme.colors
        painter.setFont(self._theme.number_font(11))
        metrics = QFontMetricsF(painter.font())
        shares = self._shares()
        for row, column in product(self._rows_in_sight(), self._columns_in_sight()):
            cell = self.cell_rect(row, column)
            if not cell.intersects(room):
                continue
            color = self.color(float(shares[row, column]))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            painter.drawRoundedRect(cell.adjusted(1, 1, -1, -1), 3, 3)
            count = int(self._counts[row, column])
            text = f"{count:,}"
            if metrics.horizontalAdvance(text) + 6 <= cell.width():
                ink = max((c.ink, c.surface), key=lambda ink, color=color: contrast(ink, color))
                painter.setPen(ink if count else mix(c.muted, c.surface, 0.3))
                painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, text if count else "·")
            painter.setBrush(Qt.BrushStyle.NoBrush)
            if (row, column) in (self._hover, self._current):
                painter.setPen(QPen(c.accent if (row, column) == self._current else c.ink, 2))
                painter.drawRoundedRect(cell.adjusted(1, 1, -1, -1), 3, 3)

    def _paint_rows(self, painter: QPainter, left: float, end: float, right: float) -> None:
        c = self._theme.colors
        totals = self._counts.sum(1)
        font = self._theme.ui_font(12)
        metrics = QFontMetricsF(font)
        for row in self._rows_in_sight():
            name, place = self._rows[row], self.cell_rect(row, -1)
            whole = self._current == (row, -1)
            if whole or self._hover == (row, -1):
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(self._theme.tint(c.accent, 0.2 if whole else 0.1))
                painter.drawRoundedRect(place.adjusted(4, 1, -2, -1), 4, 4)
            painter.setFont(font)
            painter.setPen(c.accent if self._hover[0] == row or whole else c.ink)
            text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, left - self._theme.px(18))
            flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(place.adjusted(0, 0, -self._theme.px(8), 0), flags, text)
            painter.setFont(self._theme.number_font(11))
            painter.setPen(self._theme.text(c.muted))
            box = QRectF(end, place.top(), right - self._theme.px(6), place.height())
            painter.drawText(box, flags, f"{int(totals[row]):,}")

    def _paint_head(self, painter: QPainter, left: float, top: float, end: float, wide: float, right: float) -> None:
        c, px = self._theme.colors, self._theme.px
        self._paint_scale(painter, px(8), self.viewport().width())
        small = self._theme.ui_font(11)
        if self._caption:
            painter.setFont(small)
            painter.setPen(c.ink)
            box = QRectF(px(8), px(24), self.viewport().width() - px(16), px(18))
            text = QFontMetricsF(small).elidedText(self._caption, Qt.TextElideMode.ElideRight, box.width())
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)
        if not self._rows:
            return
        painter.setFont(small)
        painter.setPen(self._theme.text(c.muted))
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom
        painter.drawText(QRectF(end, 0, right - px(6), top - px(6)), flags, TOTAL)
        font = self._theme.ui_font(12)
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        slanted = any(metrics.horizontalAdvance(n) + 8 > wide for n in self._columns)
        painter.setClipRect(QRectF(left, 0, end + px(70 if slanted else 0) - left, top))
        for column in self._columns_in_sight():
            name = self._columns[column]
            painter.setPen(c.accent if self._hover[1] == column else c.ink)
            x = self.cell_rect(0, column).left()
            if x + wide < left or x > end:
                continue
            if not slanted:
                painter.drawText(QRectF(x, top - px(24), wide, px(20)), Qt.AlignmentFlag.AlignCenter, name)
                continue
            painter.save()
            painter.translate(x + wide / 2 + 4, top - px(6))
            painter.rotate(-45)
            painter.drawText(QPointF(0, 0), metrics.elidedText(name, Qt.TextElideMode.ElideRight, px(126)))
            painter.restore()

    def _paint_scale(self, painter: QPainter, top: float, width: float) -> None:
        """What the colours mean."""
        px, words = self._theme.px, ("number: sentences · colour: share of the row, 0 %", "100 %")
        painter.setFont(self._theme.ui_font(11))
        metrics = QFontMetricsF(painter.font())
        painter.setPen(self._theme.text(self._theme.colors.muted))
        x, wide = px(8) + metrics.horizontalAdvance(words[0]) + px(6), px(90)
        box = QRectF(px(8), top - px(4), width, px(16))
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, words[0])
        painter.drawText(box.translated(x + wide - px(2), 0), Qt.AlignmentFlag.AlignVCenter, words[1])
        for i in range(wide):
            painter.fillRect(QRectF(x + i, top, 1.5, px(8)), self.color(i / (wide - 1)))
