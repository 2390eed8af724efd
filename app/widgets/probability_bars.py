"""Words with their probabilities as bars, on a scale that never changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Theme
from app.widgets.numbers import probability

ROW = 22.0  # px


@dataclass(frozen=True)
class Bar:
    """One word."""

    label: str
    value: float  # a probability, 0 to 1
    columns: tuple[str, ...] = ()  # further numbers, written out
    mark: Literal["", "drawn", "current", "both"] = ""


class ProbabilityBars(QWidget):
    """Rows of label, bar and numbers. The drawn word has a dot before it, the current one a ring; both are bold."""

    def __init__(self, parent: QWidget | None = None, *, theme: Theme, headings: Sequence[str] = ()) -> None:
        super().__init__(parent)
        self._theme = theme
        self._headings = tuple(headings)
        self._bars: tuple[Bar, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setAccessibleName("Candidates")
        theme.changed.connect(self._on_theme_changed)

    def show_bars(self, bars: Sequence[Bar]) -> None:
        """Show these rows, in this order; as many as there is room for."""
        self._bars = tuple(bars)
        self.setAccessibleDescription(", ".join(f"{b.label} {probability(b.value)}" for b in self._bars))
        self.update()

    @property
    def bars(self) -> tuple[Bar, ...]:
        """The rows given."""
        return self._bars

    def sizeHint(self) -> QSize:
        """Room for eight rows and the headings."""
        return QSize(self._theme.px(420), self._theme.px(ROW * 9))

    def minimumSizeHint(self) -> QSize:
        """Room for three rows and the headings."""
        return QSize(self._theme.px(240), self._theme.px(ROW * 4))

    @Slot()
    def _on_theme_changed(self) -> None:
        self.updateGeometry()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Headings, then a row a word."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._bars:
            return
        row = self._theme.px(ROW)
        columns = self._columns()
        self._paint_headings(painter, columns, row)
        for index, bar in enumerate(self._visible(max(1, int(self.height() / row) - 1))):
            self._paint_row(painter, bar, (index + 1) * row, row, columns)

    def _visible(self, room: int) -> list[Bar]:
        """As many rows as there is room for, in their order; the marked ones are never left out."""
        left = max(0, room - sum(bool(b.mark) for b in self._bars))
        out = []
        for bar in self._bars:
            if bar.mark or left > 0:
                out.append(bar)
                left -= not bar.mark
        return out

    def _columns(self) -> list[QRectF]:
        """Label, bar, value, then the further numbers, from left to right (only x and width count)."""
        label = self._theme.px(128)
        number = self._theme.px(82)
        extra = len(self._headings) - 2 if self.width() > self._theme.px(430) else 0
        value = self._theme.px(56)
        bar = max(40.0, self.width() - label - value - max(0, extra) * number)
        widths = [label, bar, value] + [number] * max(0, extra)
        out, x = [], 0.0
        for width in widths:
            out.append(QRectF(x, 0, width, 0))
            x += width
        return out

    def _paint_headings(self, painter: QPainter, columns: list[QRectF], row: float) -> None:
        painter.setFont(self._theme.ui_font(11))
        painter.setPen(self._theme.colors.muted)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        for index, text in enumerate(self._headings[: len(columns) - 1]):
            if not index:
                painter.drawText(QRectF(18, 0, columns[0].width(), row), left, text)
            else:
                place = columns[index + 1]
                painter.drawText(QRectF(place.x() - 40, 0, place.width() + 38, row), right, text)

    def _paint_row(self, painter: QPainter, bar: Bar, top: float, row: float, columns: list[QRectF]) -> None:
        c = self._theme.colors
        strong = bar.mark in ("drawn", "both")
        if bar.mark:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.tint(c.accent, 0.10 if strong else 0.05))
            painter.drawRoundedRect(QRectF(0, top + 1, self.width(), row - 2), 5, 5)
            self._paint_mark(painter, bar, QPointF(9, top + row / 2))
        font = self._theme.ui_font(13, 600 if strong else 400)
        painter.setFont(font)
        painter.setPen(c.ink)
        middle = Qt.AlignmentFlag.AlignVCenter
        room = columns[0].width() - 24
        label = QFontMetricsF(font).elidedText(bar.label, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QRectF(18, top, room + 4, row), middle | Qt.AlignmentFlag.AlignLeft, label)
        track = QRectF(columns[1].x(), top + row * 0.3, columns[1].width() - 8, row * 0.4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(c.hairline)
        painter.drawRoundedRect(track, 3, 3)
        filled = QRectF(track)
        filled.setWidth(max(track.width() * min(max(bar.value, 0.0), 1.0), 2.0 if bar.value > 0 else 0.0))
        painter.setBrush(self._theme.sequential(0.15 + 0.7 * bar.value))
        painter.drawRoundedRect(filled, min(3.0, filled.width() / 2), 3)
        painter.setFont(self._theme.number_font(12))
        right = middle | Qt.AlignmentFlag.AlignRight
        painter.setPen(c.ink)
        painter.drawText(QRectF(columns[2].x(), top, columns[2].width() - 2, row), right, probability(bar.value))
        painter.setPen(c.muted)
        for place, text in zip(columns[3:], bar.columns, strict=False):
            painter.drawText(QRectF(place.x(), top, place.width() - 2, row), right, text)

    def _paint_mark(self, painter: QPainter, bar: Bar, at: QPointF) -> None:
        accent = self._theme.colors.accent
        painter.setBrush(accent if bar.mark in ("drawn", "both") else Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(accent, 1.6))
        painter.drawEllipse(at, 3.2, 3.2)
        if bar.mark == "both":
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(at, 5.6, 5.6)
