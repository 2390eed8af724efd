"""Figures over the steps of a training, one strip each with a scale of its own, all on one cursor."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Theme, mix
from app.widgets.numbers import number

Array = npt.NDArray[np.float64]
STRIP, LEAST = 58, 40  # px, height of a strip, and the smallest
SIDE, HEAD = 46, 17  # px left of a strip for its scale, above it for its name


class TermStrips(QWidget):
    """Small multiples; the first run's lines are solid, the second's dashed, and a value stands beside its name."""

    def __init__(self, *, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._steps: Array = np.zeros(0)
        self._series: dict[str, Array] = {}
        self._beside_steps: Array = np.zeros(0)
        self._beside: dict[str, Array] = {}
        self._names = ("", "")
        self._unit = ""
        self._units: dict[str, str] = {}
        self._step: int | None = None
        self._lines: QPixmap | None = None  # as they were drawn last
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Terms over training")
        theme.changed.connect(self._on_theme_changed)

    def set_series(
        self,
        steps: npt.ArrayLike,
        series: Mapping[str, npt.ArrayLike],
        unit: str,
        *,
        units: Mapping[str, str] | None = None,
        name: str = "",
    ) -> None:
        """Recorded steps [S] in rising order and a figure's values [S] by name, all in one unit but those in `units`.

        `name` is the run's, for the key when there are two.
        """
        self._steps = np.asarray(steps, dtype=float)
        self._series = {term: np.asarray(values, dtype=float) for term, values in series.items()}
        self._unit, self._units = unit, dict(units or {})
        self._names = (name, self._names[1])
        self._on_theme_changed()

    def set_beside(
        self, series: Mapping[str, npt.ArrayLike] | None, *, steps: npt.ArrayLike | None = None, name: str = ""
    ) -> None:
        """A second run's figures, dashed, at its own steps or the same ones; None takes them away."""
        self._beside = {term: np.asarray(values, dtype=float) for term, values in (series or {}).items()}
        self._beside_steps = self._steps if steps is None else np.asarray(steps, dtype=float)
        self._names = (self._names[0], name)
        self._on_theme_changed()

    def set_step(self, step: int | None) -> None:
        """Where the cursor stands; None: nowhere, and the last values are written."""
        self._step = step
        self._describe()
        self.update()

    def sizeHint(self) -> QSize:
        """A strip for each term."""
        return QSize(self._theme.px(300), self._theme.px(24 + STRIP * max(len(self._series), 1)))

    def minimumSizeHint(self) -> QSize:
        """Low strips."""
        return QSize(self._theme.px(180), self._theme.px(24 + LEAST * max(len(self._series), 1)))

    @Slot()
    def _on_theme_changed(self) -> None:
        self._lines = None
        self.updateGeometry()
        self._describe()
        self.update()

    # --- what is read off ------------------------------------------------------------------------------------------

    def unit(self, term: str) -> str:
        """The unit of a figure."""
        return self._units.get(term, self._unit)

    def value(self, term: str, *, beside: bool = False) -> float:
        """What is written: the value at the cursor, or the last."""
        series, steps = (self._beside, self._beside_steps) if beside else (self._series, self._steps)
        values = series.get(term)
        count = 0 if values is None else min(len(values), len(steps))
        if values is None or not count:
            return float("nan")
        return float(values[count - 1 if self._step is None else int(np.abs(steps[:count] - self._step).argmin())])

    def _describe(self) -> None:
        at = "at the end" if self._step is None else f"at step {self._step:,}"
        told = [f"{term} {number(self.value(term))} {self.unit(term)}".strip() for term in self._series]
        self.setAccessibleDescription(f"{at}: {', '.join(told)}" if told else "")

    # --- geometry --------------------------------------------------------------------------------------------------

    def _span(self) -> tuple[float, float]:
        every = np.concatenate([self._steps, self._beside_steps if self._beside else np.zeros(0)])
        low, high = (float(every.min()), float(every.max())) if len(every) else (0.0, 1.0)
        return low, max(high, low + 1)

    def _x(self, steps: Array | float) -> Array:
        low, high = self._span()
        left, right = self._theme.px(SIDE), self.width() - self._theme.px(12)
        return np.asarray(left + (np.asarray(steps) - low) / (high - low) * (right - left))

    def plot_box(self, index: int) -> QRectF:
        """Where the line of the term at an index is drawn."""
        px = self._theme.px
        high = min((self.height() - self._key_height() - px(22)) / max(len(self._series), 1), px(3 * STRIP))
        top = self._key_height() + index * high
        left = px(SIDE)
        return QRectF(left, top + px(HEAD), self.width() - px(12) - left, high - px(HEAD + 5))

    def _key_height(self) -> int:
        return self._theme.px(20) if self._beside else 0

    # --- painting --------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Strips, the steps below, the cursor through all."""
        if not self._series:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._beside:
            self._paint_key(painter)
        for index, term in enumerate(self._series):
            self._paint_strip(painter, index, term)
        painter.drawPixmap(0, 0, self._picture())
        self._paint_steps(painter)
        c = self._theme.colors
        if self._step is not None:
            x = float(self._x(float(self._step)))
            painter.setPen(QPen(c.accent, 1.5))
            last = self.plot_box(len(self._series) - 1).bottom()
            painter.drawLine(QPointF(x, self._key_height() + self._theme.px(HEAD)), QPointF(x, last))
            for index, term in enumerate(self._series):
                self._paint_dot(painter, index, term, x)
        if self.hasFocus():
            painter.setPen(c.accent)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)

    def _scale(self, term: str) -> tuple[float, float]:
        """Lowest and highest value drawn, with room when nothing changes."""
        every = np.concatenate([self._series[term], self._beside.get(term, np.zeros(0))])
        every = every[np.isfinite(every)]
        low, high = (float(every.min()), float(every.max())) if len(every) else (0.0, 1.0)
        return (low, high) if high > low else (low - 0.5, high + 0.5)

    def _line(self, term: str, box: QRectF, *, beside: bool = False) -> QPolygonF:
        series, steps = (self._beside, self._beside_steps) if beside else (self._series, self._steps)
        values = series.get(term, np.zeros(0))
        count = min(len(values), len(steps))
        low, high = self._scale(term)
        y = box.bottom() - (values[:count] - low) / (high - low) * box.height()
        known = np.isfinite(y)
        points = np.stack([self._x(steps[:count]), y], 1)[known].tolist() if count else []
        return QPolygonF([QPointF(px, py) for px, py in points])

    def _picture(self) -> QPixmap:
        """The lines of all terms: the cursor, which moves at every frame, changes nothing of them."""
        ratio = self.devicePixelRatioF()
        size = (self.size().toSizeF() * ratio).toSize()
        if self._lines is None or self._lines.size() != size:
            self._lines = QPixmap(size)
            self._lines.setDevicePixelRatio(ratio)
            self._lines.fill(Qt.GlobalColor.transparent)
            painter = QPainter(self._lines)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for index, term in enumerate(self._series):
                for beside, pen in enumerate(self._pens()):
                    painter.setPen(pen)
                    painter.drawPolyline(self._line(term, self.plot_box(index), beside=bool(beside)))
            painter.end()
        return self._lines

    def _pens(self) -> tuple[QPen, QPen]:
        """Of the first run and the second."""
        first = QPen(self._theme.colors.accent, 1.8)
        second = QPen(mix(self._theme.colors.muted, self._theme.colors.ink, 0.3), 1.6)
        second.setDashPattern([4, 3])
        return first, second

    def _paint_strip(self, painter: QPainter, index: int, term: str) -> None:
        c, px, box = self._theme.colors, self._theme.px, self.plot_box(index)
        painter.setPen(QPen(c.hairline, 1))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
        small = self._theme.number_font(10)
        painter.setFont(small)
        painter.setPen(self._theme.text(c.muted))
        high = QFontMetricsF(small).height()
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        low, top = self._scale(term)
        flat = len(np.unique(self._series[term])) < 2 and term not in self._beside
        ends = [((low + top) / 2, box.center().y())] if flat else [(top, box.top()), (low, box.bottom())]
        for value, y in ends:
            place = QRectF(0, y - high / 2, px(SIDE - 6), high)
            painter.drawText(place, right, number(value, digits=2 if abs(value) < 1 else 3))
        self._paint_words(painter, box, term)

    def _paint_words(self, painter: QPainter, box: QRectF, term: str) -> None:
        """The term's name, and its value with the unit; the second run's in brackets."""
        c, px = self._theme.colors, self._theme.px
        line = QRectF(box.left(), box.top() - px(HEAD + 1), box.width(), px(HEAD - 2))
        value = number(self.value(term))
        other = f"  ({number(self.value(term, beside=True))})" if term in self._beside else ""
        unit = f" {self.unit(term)}".rstrip()
        x = line.right()
        for text, font, color in (
            (unit, self._theme.ui_font(11), self._theme.text(c.muted)),
            (other, self._theme.number_font(11), self._theme.text(c.muted)),
            (value, self._theme.number_font(12, 600), c.ink),
        ):
            wide = QFontMetricsF(font).horizontalAdvance(text)
            painter.setFont(font)
            painter.setPen(color)
            painter.drawText(QRectF(x - wide, line.top(), wide + 1, line.height()), Qt.AlignmentFlag.AlignVCenter, text)
            x -= wide
        font = self._theme.ui_font(12)
        painter.setFont(font)
        painter.setPen(c.ink)
        name = QFontMetricsF(font).elidedText(term, Qt.TextElideMode.ElideRight, x - line.left() - px(8))
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, name)

    def _paint_dot(self, painter: QPainter, index: int, term: str, x: float) -> None:
        value, (low, high), box = self.value(term), self._scale(term), self.plot_box(index)
        if np.isfinite(value):
            painter.setPen(QPen(self._theme.colors.surface, 1.5))
            painter.setBrush(self._theme.colors.accent)
            painter.drawEllipse(QPointF(x, box.bottom() - (value - low) / (high - low) * box.height()), 3.6, 3.6)
            painter.setBrush(Qt.BrushStyle.NoBrush)

    def _paint_steps(self, painter: QPainter) -> None:
        low, high = self._span()
        box = self.plot_box(len(self._series) - 1)
        painter.setFont(self._theme.number_font(10))
        painter.setPen(self._theme.text(self._theme.colors.muted))
        place = QRectF(box.left(), box.bottom() + 4, box.width(), self._theme.px(14))
        painter.drawText(place, Qt.AlignmentFlag.AlignLeft, f"{low:,.0f}")
        painter.drawText(place, Qt.AlignmentFlag.AlignRight, f"{high:,.0f}")
        middle = "step" if self._step is None else f"step {self._step:,}"
        painter.drawText(place, Qt.AlignmentFlag.AlignHCenter, middle)

    def _paint_key(self, painter: QPainter) -> None:
        """Which line is which run."""
        px, x = self._theme.px, float(self._theme.px(8))
        painter.setFont(self._theme.ui_font(11))
        metrics = QFontMetricsF(painter.font())
        words = (self._names[0] or "this run", f"({self._names[1] or 'beside it'})")
        for pen, text in zip(self._pens(), words, strict=True):
            painter.setPen(pen)
            painter.drawLine(QPointF(x, px(9)), QPointF(x + px(22), px(9)))
            painter.setPen(QColor(self._theme.colors.ink))
            painter.drawText(QPointF(x + px(28), px(9) + metrics.ascent() / 2 - 1), text)
            x += px(42) + metrics.horizontalAdvance(text)
