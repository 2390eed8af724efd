"""Two laws over the same sentences, one column a sentence: the exact one as bars, the observed one as marks on them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Theme
from app.widgets.numbers import probability

Array = npt.NDArray[np.float64]
TOP, LABELS = 30.0, 96.0  # px above the bars, and below them for the likeliest sentences' names
NAMED = 26  # px a named column needs


class LawChart(QWidget):
    """Sentences from the likeliest to the least likely. Where a mark is off its bar, the two laws differ."""

    def __init__(self, parent: QWidget | None = None, *, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._names: tuple[str, ...] = ()
        self._order = np.zeros(0, np.intp)
        self._exact: Array = np.zeros(0)
        self._observed: Array | None = None
        self._hover = -1
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Exact and observed law")
        theme.changed.connect(self.update)

    def show_space(self, names: Sequence[str], exact: Array) -> None:
        """The sentences and their exact probabilities, in any order."""
        self._order = np.argsort(-exact, kind="stable")
        self._names = tuple(names[i] for i in self._order)
        self._exact = exact[self._order]
        self._observed, self._hover = None, -1
        self.update()

    def show_observed(self, observed: Array) -> None:
        """Observed shares, in the order of `show_space`'s sentences."""
        self._observed = observed[self._order]
        self.update()

    @property
    def sentences(self) -> tuple[str, ...]:
        """The sentences from left to right."""
        return self._names

    def sizeHint(self) -> QSize:
        """Wide and not too low."""
        return QSize(self._theme.px(560), self._theme.px(320))

    def minimumSizeHint(self) -> QSize:
        """Enough to see the shape."""
        return QSize(self._theme.px(240), self._theme.px(160))

    def _box(self) -> QRectF:
        return QRectF(8, TOP, self.width() - 16, max(20.0, self.height() - TOP - self._theme.px(LABELS)))

    def _edges(self) -> Array:
        """Left edges of the columns and the last one's right edge: the first ones, which are named, are wider."""
        count, width = len(self._names), self._box().width()
        named = min(count, max(6, int(width * 0.55 / self._theme.px(NAMED))))
        wide = float(self._theme.px(NAMED)) if count > named else width / max(count, 1)
        rest = (width - named * wide) / max(count - named, 1)
        sizes = np.where(np.arange(count) < named, wide, rest)
        return np.concatenate([[0.0], np.cumsum(sizes)]) + self._box().left()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Bars, marks, names of the likeliest, and what is under the pointer."""
        if not self._names:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box, edges, c = self._box(), self._edges(), self._theme.colors
        top = max(float(self._exact[0]), float(self._observed.max()) if self._observed is not None else 0.0) * 1.05
        metrics = QFontMetricsF(self._theme.ui_font(11))
        painter.setFont(self._theme.ui_font(11))
        self._legend(painter)
        for index, value in enumerate(self._exact):
            left, width = edges[index], edges[index + 1] - edges[index]
            gap = 3.0 if width > 10 else 0.0
            height = box.height() * float(value) / top
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.tint(c.accent, 0.7 if index == self._hover else 0.35))
            painter.drawRect(QRectF(left + gap / 2, box.bottom() - height, max(width - gap, 0.6), height))
            if self._observed is not None:
                level = box.bottom() - box.height() * float(self._observed[index]) / top
                painter.setPen(QPen(c.ink, 2.0 if gap else 1.4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
                painter.drawLine(QPointF(left + gap / 4, level), QPointF(left + max(width - gap / 4, 1.2), level))
            if gap:
                self._name(painter, self._names[index], left + width / 2, box.bottom() + 6, metrics)
        painter.setPen(QPen(c.hairline, 1))
        painter.drawLine(box.bottomLeft(), box.bottomRight())

    def _name(self, painter: QPainter, name: str, x: float, top: float, metrics: QFontMetricsF) -> None:
        painter.save()
        painter.translate(x + metrics.height() * 0.3, top)
        painter.rotate(60)
        painter.setPen(self._theme.colors.ink)
        room = self._theme.px(LABELS) / 0.87 - 8
        painter.drawText(QPointF(0, 0), metrics.elidedText(name, Qt.TextElideMode.ElideRight, room))
        painter.restore()

    def _legend(self, painter: QPainter) -> None:
        c = self._theme.colors
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.tint(c.accent, 0.35))
        painter.drawRect(QRectF(8, 6, 12, 12))
        painter.setPen(QPen(c.ink, 2))
        painter.drawLine(QPointF(78, 12), QPointF(92, 12))
        painter.setPen(c.muted)
        painter.drawText(QPointF(26, 16), "exact")
        painter.drawText(QPointF(98, 16), "the chains' share")
        if self._hover >= 0:
            seen = f", seen {probability(float(self._observed[self._hover]))}" if self._observed is not None else ""
            text = f"“{self._names[self._hover]}”  exact {probability(float(self._exact[self._hover]))}{seen}"
            painter.setPen(c.ink)
            box = QRectF(210, 4, self.width() - 220, 18)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say what is under the pointer."""
        index = int(np.searchsorted(self._edges(), event.position().x(), side="right")) - 1 if self._names else -1
        self._hover = index if 0 <= index < len(self._names) else -1
        self.update()

    def leaveEvent(self, event: object) -> None:
        """Nothing is under the pointer."""
        self._hover = -1
        self.update()
