"""What each written token read in the source: a matrix of attention weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Theme, contrast, mix
from app.widgets.numbers import probability
from app.widgets.replies import OwnKeys, Tips

CELL = (18.0, 60.0)  # px, smallest and largest side of a cell


class AttentionMap(QWidget):
    """Rows are the tokens written, columns those read; the colour is the weight, its number in a large enough cell."""

    row_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None, *, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._weights: npt.NDArray[np.floating] = np.zeros((0, 0))
        self._written: tuple[str, ...] = ()
        self._read: tuple[str, ...] = ()
        self._hint = ""
        self._chosen = -1
        self._hover = (-1, -1)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Attention")
        Tips(self, self._tip_at)
        OwnKeys(self, self._owns)
        theme.changed.connect(self._on_theme_changed)

    def show_attention(self, weights: npt.NDArray[np.floating], written: Sequence[str], read: Sequence[str]) -> None:
        """Show weights [written, read]; labels beyond the weights are dropped, rows beyond the labels too."""
        self._written, self._read = tuple(written)[: len(weights)], tuple(read)
        self._weights = np.asarray(weights)[: len(self._written), : len(self._read)]
        self.updateGeometry()
        self.update()

    def show_hint(self, text: str) -> None:
        """What to say while there is no attention to show."""
        self._weights, self._hint = np.zeros((0, 0)), text
        self.updateGeometry()
        self.update()

    def choose(self, row: int) -> None:
        """Mark a written token, without telling anyone."""
        self._chosen = row
        if 0 <= row < len(self._weights):
            best = int(np.argmax(self._weights[row]))
            self.setAccessibleDescription(f"{self._written[row]} read {self._read[best]}")
        self.update()

    @property
    def weights(self) -> npt.NDArray[np.floating]:
        """What is shown."""
        return self._weights

    def sizeHint(self) -> QSize:
        """Small cells."""
        rows, columns = self._weights.shape
        side = self._theme.px(CELL[0])
        return QSize(self._theme.px(120) + columns * side, self._theme.px(70) + rows * side)

    def minimumSizeHint(self) -> QSize:
        """The rows at the smallest size; the columns shrink."""
        return QSize(self._theme.px(240), self.sizeHint().height() if self._weights.size else 120)

    @Slot()
    def _on_theme_changed(self) -> None:
        self.updateGeometry()
        self.update()

    # --- painting --------------------------------------------------------------------------------------------------

    def _frame(self) -> tuple[float, float, float, float]:
        """Left and top of the matrix, width and height of a cell."""
        rows, columns = self._weights.shape
        metrics = QFontMetricsF(self._theme.sentence_font(13))
        left = max((metrics.horizontalAdvance(w) for w in self._written), default=0) + self._theme.px(28)
        widest = max((metrics.horizontalAdvance(w) for w in self._read), default=0)
        low, high = self._theme.px(CELL[0]), self._theme.px(CELL[1])
        wide = min(max((self.width() - left - 20) / max(columns, 1), 6.0), max(high, widest + 10))
        top = self._theme.px(26) if widest + 6 <= wide else min(widest * 0.72 + 18, self._theme.px(86))
        tall = min(max((self.height() - top - 10) / max(rows, 1), low), self._theme.px(30))
        return left, top, wide, tall

    def paintEvent(self, event: QPaintEvent) -> None:
        """Labels and cells."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        c = self._theme.colors
        if not self._weights.size:
            painter.setPen(c.muted)
            painter.setFont(self._theme.ui_font(13))
            wrap = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(24, 0, -24, 0), int(wrap), self._hint)
            return
        left, top, wide, tall = self._frame()
        self._paint_labels(painter, left, top, wide, tall)
        painter.setFont(self._theme.number_font(10))
        for i, row in enumerate(self._weights):
            for j, weight in enumerate(row):
                strength = min(1.0, 0.06 + 1.6 * float(weight))  # what is hardly read fades into the ground
                color = mix(c.surface, self._theme.sequential(0.2 + 0.7 * float(weight)), strength)
                cell = QRectF(left + j * wide, top + i * tall, wide, tall).adjusted(0.75, 0.75, -0.75, -0.75)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(color)
                painter.drawRoundedRect(cell, 3, 3)
                if wide >= self._theme.px(30) and tall >= self._theme.px(17) and weight >= 0.05:
                    dark, light = self._theme.colors.ink, self._theme.colors.surface
                    painter.setPen(max((dark, light), key=lambda ink: contrast(ink, color)))
                    painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, f"{weight:.2f}".lstrip("0"))
        if 0 <= self._chosen < len(self._weights):
            painter.setPen(QPen(c.accent, 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(left - 1, top + self._chosen * tall, wide * len(self._read) + 2, tall), 4, 4)

    def _paint_labels(self, painter: QPainter, left: float, top: float, wide: float, tall: float) -> None:
        c = self._theme.colors
        font = self._theme.sentence_font(13)
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        for i, word in enumerate(self._written):
            painter.setPen(c.accent if i == self._chosen else c.ink)
            place = QRectF(0, top + i * tall, left - 10, tall)
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, word)
        slanted = any(metrics.horizontalAdvance(w) + 6 > wide for w in self._read)
        for j, word in enumerate(self._read):
            painter.setPen(c.accent if j == self._hover[1] else c.ink)
            if not slanted:
                painter.drawText(QRectF(left + j * wide, 0, wide, top - 4), Qt.AlignmentFlag.AlignCenter, word)
                continue
            painter.save()
            painter.translate(left + (j + 0.35) * wide, top - 6)
            painter.rotate(-45)
            painter.drawText(QPointF(0, 0), word)
            painter.restore()

    # --- mouse and keys --------------------------------------------------------------------------------------------

    def _at(self, point: QPointF) -> tuple[int, int]:
        if not self._weights.size:
            return -1, -1
        left, top, wide, tall = self._frame()
        row, column = int((point.y() - top) // tall), int((point.x() - left) // wide)
        rows, columns = self._weights.shape
        return (row if 0 <= row < rows else -1), (column if 0 <= column < columns else -1)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Light up the labels of the cell under the pointer."""
        found = self._at(event.position())
        if found != self._hover:
            self._hover = found
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose a written token."""
        row, _ = self._at(event.position())
        if row >= 0:
            self.choose(row)
            self.row_chosen.emit(row)

    def _tip_at(self, place: QPointF) -> str:
        """A cell's weight."""
        row, column = self._at(place)
        if row < 0 or column < 0:
            return ""
        return f"“{self._written[row]}” reads “{self._read[column]}”: {probability(float(self._weights[row, column]))}"

    def _owns(self, event: QKeyEvent) -> bool:
        """Up and Down."""
        up_or_down = event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down)
        return bool(self._weights.size) and up_or_down and not event.modifiers()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down choose a written token."""
        by = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        if by and len(self._weights):
            row = min(max(self._chosen + by, 0), len(self._weights) - 1)
            self.choose(row)
            self.row_chosen.emit(row)
        else:
            super().keyPressEvent(event)
