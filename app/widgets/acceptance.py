"""The Metropolis-Hastings test drawn: the ratio as a bar, the uniform draw as a tick on it, the terms as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Theme
from app.widgets.numbers import number, split_at_point


class AcceptanceBar(QWidget):
    """A bar from 0 to 1, filled up to the acceptance ratio, with the uniform draw as a tick that lands in or out."""

    def __init__(self, parent: QWidget | None = None, *, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._ratio: float | None = None
        self._draw = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Acceptance ratio and draw")
        theme.changed.connect(self._on_theme_changed)

    def show_test(self, ratio: float | None, draw: float = 0.0) -> None:
        """The ratio alpha and the draw u, both in [0, 1]; None: there is no test."""
        self._ratio, self._draw = ratio, draw
        self.setAccessibleDescription("" if ratio is None else f"ratio {ratio:.3f}, draw {draw:.3f}")
        self.update()

    def sizeHint(self) -> QSize:
        """The bar with a line of text above and below."""
        return QSize(self._theme.px(200), self._theme.px(62))

    minimumSizeHint = sizeHint

    @Slot()
    def _on_theme_changed(self) -> None:
        self.updateGeometry()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Bar, fill, tick and their two numbers."""
        if self._ratio is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        c, px = self._theme.colors, self._theme.px
        accepted = self._draw < self._ratio
        color = c.accepted if accepted else c.rejected
        track = QRectF(8, px(24), self.width() - 16, px(14))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(c.hairline)
        painter.drawRoundedRect(track, 4, 4)
        fill = QRectF(track)
        fill.setWidth(max(track.width() * self._ratio, 2.0))
        painter.setBrush(self._theme.tint(color, 0.75))
        painter.drawRoundedRect(fill, min(4.0, fill.width() / 2), 4)
        x = track.left() + track.width() * self._draw
        painter.setPen(QPen(c.ink, 2))
        painter.drawLine(QPointF(x, track.top() - 5), QPointF(x, track.bottom() + 5))
        painter.setBrush(c.ink)
        painter.setPen(Qt.PenStyle.NoPen)
        tip = QPointF(x, track.top() - 3)
        painter.drawPolygon(QPolygonF([tip, tip + QPointF(-5, -7), tip + QPointF(5, -7)]))
        painter.setFont(self._theme.number_font(11))
        painter.setPen(c.ink)
        self._label(painter, f"draw u = {number(self._draw)}", x, 0, px(15))
        painter.setPen(self._theme.text(color))
        self._label(painter, f"ratio α = {number(self._ratio)}", fill.right(), track.bottom() + 6, px(15))

    def _label(self, painter: QPainter, text: str, x: float, top: float, height: float) -> None:
        width = QFontMetricsF(painter.font()).horizontalAdvance(text)
        left = min(max(x - width / 2, 2.0), self.width() - width - 2.0)
        painter.drawText(QRectF(left, top, width + 2, height), Qt.AlignmentFlag.AlignVCenter, text)


@dataclass(frozen=True)
class Term:
    """One line of the sum under the ratio."""

    name: str
    before: float | None
    after: float | None
    difference: float
    total: bool = False  # a sum, set off by a line above
    note: str = ""  # a second, quieter line that says what this is


class TermTable(QWidget):
    """Terms before and after the edit and their differences, in nats, aligned on the decimal point."""

    def __init__(self, parent: QWidget | None = None, *, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._terms: tuple[Term, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Terms of the acceptance ratio")
        theme.changed.connect(self._on_theme_changed)

    def show_terms(self, terms: Sequence[Term]) -> None:
        """Show these lines."""
        taller = _heights(self._terms) != _heights(terms)
        self._terms = tuple(terms)
        self.setAccessibleDescription("; ".join(f"{t.name} {number(t.difference, signed=True)}" for t in terms))
        if taller:
            self.updateGeometry()
        self.update()

    @property
    def terms(self) -> tuple[Term, ...]:
        """The lines shown."""
        return self._terms

    def sizeHint(self) -> QSize:
        """All lines."""
        return QSize(self._theme.px(200), self._theme.px(20 + _heights(self._terms)))

    minimumSizeHint = sizeHint

    @Slot()
    def _on_theme_changed(self) -> None:
        self.updateGeometry()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Headings, then a line a term."""
        if not self._terms:
            return
        painter = QPainter(self)
        c, px = self._theme.colors, self._theme.px
        column = min(px(70), self.width() * 0.24)
        edges = [self.width() - column * k for k in (2, 1, 0)]
        painter.setFont(self._theme.ui_font(11))
        painter.setPen(c.muted)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for edge, text in zip(edges, ("before", "after", "change"), strict=True):
            painter.drawText(QRectF(edge - column, 0, column, px(18)), right, text)
        painter.drawText(QRectF(0, 0, 90, px(18)), Qt.AlignmentFlag.AlignVCenter, "nats")
        top = float(px(20))
        decimals = self._decimals()
        for term in self._terms:
            if term.total:
                painter.setPen(QPen(c.hairline, 1))
                painter.drawLine(QPointF(0, top + 1), QPointF(self.width(), top + 1))
            painter.setPen(c.ink)
            painter.setFont(self._theme.ui_font(13, 600 if term.total else 400))
            painter.drawText(QRectF(0, top, edges[0] - column + 8, px(22)), Qt.AlignmentFlag.AlignVCenter, term.name)
            painter.setFont(self._theme.number_font(12, 600 if term.total else 400))
            for edge, value, room in zip(edges, self._texts(term), decimals, strict=True):
                self._paint_number(painter, value, edge, top, room)
            if term.note:
                painter.setFont(self._theme.ui_font(11))
                painter.setPen(c.muted)
                painter.drawText(
                    QRectF(0, top + px(19), self.width(), px(15)), Qt.AlignmentFlag.AlignVCenter, term.note
                )
            top += px(_heights([term]))

    @staticmethod
    def _texts(term: Term) -> tuple[str, str, str]:
        before, after = ("" if v is None else number(v) for v in (term.before, term.after))
        return before, after, number(term.difference, signed=True)

    def _decimals(self) -> list[float]:
        """The room right of the decimal point that each column needs."""
        metrics = QFontMetricsF(self._theme.number_font(12))
        texts = [self._texts(t) for t in self._terms]
        return [max(metrics.horizontalAdvance(split_at_point(row[k])[1]) for row in texts) for k in range(3)]

    def _paint_number(self, painter: QPainter, text: str, edge: float, top: float, room: float) -> None:
        whole, rest = split_at_point(text)
        metrics = QFontMetricsF(painter.font())
        base = top + self._theme.px(11) + metrics.capHeight() / 2
        point = edge - room
        painter.drawText(QPointF(point - metrics.horizontalAdvance(whole), base), whole)
        painter.drawText(QPointF(point, base), rest)


def _heights(terms: Sequence[Term]) -> int:
    return sum(22 + (16 if t.note else 0) + (2 if t.total else 0) for t in terms)
