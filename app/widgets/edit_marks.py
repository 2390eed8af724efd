"""What a proposed edit looks like on a sentence: a ring with the move, and a ghost of the word that is not there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen

from app.theme import Theme

SIGNS = {"replace": "⇄", "insert": "+", "delete": "\u2212"}


@dataclass(frozen=True)
class Edit:
    """What was proposed, and whether it was accepted."""

    move: Literal["replace", "insert", "delete"]
    position: int  # in words of the sentence before; for an insertion, the slot before that word
    old: str
    new: str
    accepted: bool

    @property
    def opens_slot(self) -> bool:
        """Whether the place shown is a gap between words: a refused insertion or a done deletion."""
        return (self.move == "insert") != self.accepted and self.move != "replace"

    @property
    def ghost(self) -> str:
        """The word that is not in the sentence: the one that left, or the one that was refused."""
        if self.move == "delete":
            return self.old if self.accepted else ""
        return self.new if not self.accepted else self.old

    def index_after(self, before: int) -> int | None:
        """Where word `before` of the old sentence stands now; None if it left."""
        if not self.accepted:
            return before
        if self.move == "insert":
            return before + (before >= self.position)
        if before == self.position:
            return None
        return before - 1 if self.move == "delete" and before > self.position else before


class EditMarks:
    """Paints the marks of one edit around the place it is about."""

    def __init__(self, edit: Edit, place: QRectF, *, theme: Theme, size: int, width: float) -> None:
        """`place`: the word's or the gap's rectangle; `size`: of the sentence's type, px; `width`: of the widget."""
        self._edit, self._place, self._theme, self._size, self._width = edit, place, theme, size, width
        self._metrics = QFontMetricsF(theme.sentence_font(size))

    @property
    def color(self) -> QColor:
        """The move's colour."""
        c = self._theme.colors
        return {"replace": c.replaced, "insert": c.inserted, "delete": c.deleted}[self._edit.move]

    def paint_ring(self, painter: QPainter, now: float) -> None:
        """A ring at the place (solid: accepted, dashed: rejected), above it the move's sign and name, and verdict."""
        edit, c, color, place = self._edit, self._theme.colors, self.color, self._place
        ring = place.adjusted(-5, -2, 5, 4) if not edit.opens_slot else place.adjusted(0, -2, 0, 4)
        style = Qt.PenStyle.SolidLine if edit.accepted else Qt.PenStyle.DashLine
        painter.setPen(QPen(color, 2.2, style))
        painter.setBrush(self._theme.tint(color, 0.10))
        painter.drawRoundedRect(ring, 8, 8)
        font = self._theme.ui_font(12.5, 600)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        name = f"{SIGNS[edit.move]} {edit.move}"
        verdict = " ✓" if edit.accepted else " ✗"
        width = metrics.horizontalAdvance(name + verdict)
        left = min(max(ring.center().x() - width / 2, 2), max(2.0, self._width - width - 2))
        base = ring.top() - 6
        painter.setOpacity(min(1.0, 0.4 + now))
        painter.setPen(self._theme.text(color))
        painter.drawText(QPointF(left, base), name)
        painter.setPen(self._theme.text(c.accepted if edit.accepted else c.rejected))
        painter.drawText(QPointF(left + metrics.horizontalAdvance(name), base), verdict)
        painter.setOpacity(1.0)

    def paint_ghost(self, painter: QPainter, now: float) -> None:
        """The word that left (struck through) or was refused (it falls from its place and stays as a shadow)."""
        if not self._edit.ghost:
            self._paint_refused_deletion(painter)
            return
        edit, place = self._edit, self._place
        full, small = self._size, max(14.0, self._size * 0.62)
        size = full + (small - full) * now
        font = self._theme.sentence_font(size)
        font.setItalic(not edit.accepted)
        metrics = QFontMetricsF(font)
        width = metrics.horizontalAdvance(edit.ghost)
        left = min(max(place.center().x() - width / 2, 3), max(3.0, self._width - width - 3))
        rest = place.bottom() + 6 + metrics.ascent()
        start = place.top() + self._metrics.ascent()
        base = start + (rest - start) * now
        color = self._theme.text(self._theme.colors.muted if edit.accepted else self._theme.colors.rejected)
        painter.setOpacity(1.0 - 0.15 * now)
        painter.setFont(font)
        painter.setPen(color)
        painter.drawText(QPointF(left, base), edit.ghost)
        painter.setPen(QPen(color, 1.6))
        middle = base - metrics.xHeight() / 2
        if edit.accepted:
            painter.drawLine(QPointF(left - 3, middle), QPointF(left + width + 3, middle))
        painter.setOpacity(1.0)

    def _paint_refused_deletion(self, painter: QPainter) -> None:
        """A dashed strike: the word was to leave and stays."""
        if self._edit.move != "delete":
            return
        place = self._place
        painter.setPen(QPen(self._theme.text(self._theme.colors.deleted), 1.8, Qt.PenStyle.DashLine))
        middle = place.top() + self._metrics.ascent() - self._metrics.xHeight() / 2
        painter.drawLine(QPointF(place.left() - 3, middle), QPointF(place.right() + 3, middle))


def draw_lock(painter: QPainter, at: QPointF, size: float, color: QColor) -> None:
    """A small closed lock whose left upper corner is `at`."""
    body = QRectF(at.x(), at.y() + size * 0.45, size * 0.9, size * 0.65)
    shackle = QPainterPath()
    shackle.arcMoveTo(QRectF(body.left() + size * 0.18, at.y(), size * 0.54, size * 0.9), 0)
    shackle.arcTo(QRectF(body.left() + size * 0.18, at.y(), size * 0.54, size * 0.9), 0, 180)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(color, max(1.2, size * 0.16)))
    painter.drawPath(shackle)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawRoundedRect(body, 1.5, 1.5)
