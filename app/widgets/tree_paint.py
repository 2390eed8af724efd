"""How a search tree is drawn: edges, labels, remarks and folds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from app.theme import Theme, mix
from app.widgets.numbers import number
from app.widgets.tree_layout import GAP, ROOT, Place, Sheet, TreeNode

SIZE = 14  # px of a label
_REASONS = {"patience": "search over", "repeated n-gram": "repeats", "vocabulary": "no word", "group": "taken"}


@dataclass
class TreePainter:
    """Draws the places of a sheet as they stand at a step."""

    theme: Theme
    sheet: Sheet
    step: int
    final: frozenset[int]
    chosen: int | None
    hover: int | None
    groups: int
    before: Mapping[int, QPointF]  # places in the picture before, while it moves
    detail: bool  # near enough for labels

    def __post_init__(self) -> None:
        c = self.theme.colors
        self._label = self.theme.sentence_font(SIZE)
        self._gone, self._lived = mix(c.muted, c.surface, 0.25), mix(c.ink, c.surface, 0.5)

    def _color(self, node: TreeNode) -> QColor:
        c = self.theme.colors
        if node.id in self.final:
            return c.accent
        status = node.status(self.step)
        if status in ("pruned", "dead"):
            return self._gone
        if self.groups > 1:
            return self.theme.category(node.group)
        return self._lived

    def _opacity(self, node: TreeNode, now: float) -> float:
        return now if node.id not in self.before and now < 1.0 else 1.0

    def edge(
        self, painter: QPainter, place: Place, parent: Place, start: QPointF, end: QPointF, seen: QRectF, now: float
    ) -> None:
        """A line from a prefix to its continuation, as wide as that is probable; dashed to what did not live."""
        node = place.node
        start = start + QPointF(parent.width, 0)
        if max(start.y(), end.y()) < seen.top() or min(start.y(), end.y()) > seen.bottom() or start.x() > seen.right():
            return
        likely = math.exp(min(node.log_prob, 0.0))
        pen = QPen(self._color(node), 0.8 + 6.0 * likely, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap)
        if node.pruned or node.status(self.step) == "dead":
            pen.setWidthF(0.8 + 3.0 * likely)
            pen.setStyle(Qt.PenStyle.DashLine)
            pen.setDashPattern([3.0 / pen.widthF() + 1, 3.0 / pen.widthF() + 1])
        painter.setOpacity(self._opacity(node, now) * (1.0 if node.id in self.final else 0.75))
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if not self.detail:
            painter.drawLine(start, end)
            painter.setOpacity(1.0)
            return
        bend = self.sheet.columns[node.born] - GAP * self.theme.scale
        path = QPainterPath(start + QPointF(1, 0))
        if bend > start.x():
            path.lineTo(bend, start.y())
        middle = (max(bend, start.x()) + end.x()) / 2
        path.cubicTo(QPointF(middle, start.y()), QPointF(middle, end.y()), end - QPointF(1, 0))
        painter.drawPath(path)
        painter.setOpacity(1.0)

    def node(self, painter: QPainter, place: Place, spot: QPointF, now: float) -> None:
        """A token, and what the newest step said of it."""
        node, c = place.node, self.theme.colors
        high = self.theme.px(20)
        box = QRectF(spot.x(), spot.y() - high / 2, place.width, high)
        painter.setOpacity(self._opacity(node, now))
        if node.id == ROOT:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(c.muted)
            painter.drawEllipse(box.center(), 4, 4)
            painter.setOpacity(1.0)
            self._paint_chip(painter, place, spot)
            return
        color, final = self._color(node), node.id in self.final
        if not self.detail:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            painter.drawRoundedRect(box.adjusted(0, 5, 0, -5), 3, 3)
            painter.setOpacity(1.0)
            return
        if final or node.id in (self.hover, self.chosen):
            painter.setPen(QPen(c.accent, 1.8) if node.id == self.chosen else Qt.PenStyle.NoPen)
            painter.setBrush(self.theme.tint(c.accent, 0.16 if final else 0.08))
            painter.drawRoundedRect(box, 5, 5)
        painter.setFont(self._label)
        dead = node.status(self.step) in ("dead", "pruned")
        painter.setPen(c.muted if dead else self.theme.text(c.accent) if final else c.ink)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, node.label)
        if node.born == self.step:
            self._paint_note(painter, node, QPointF(self.sheet.width + 12, spot.y()))
        self._paint_chip(painter, place, spot)
        painter.setOpacity(1.0)

    def _paint_note(self, painter: QPainter, node: TreeNode, at: QPointF) -> None:
        """What this step decided about a candidate."""
        c = self.theme.colors
        if node.reason == "finished":
            sign, text, color = "■", number(node.total), c.accepted
        elif node.pruned:
            short = f", {number(node.margin, digits=2)} short" if node.margin > 0 else ""
            sign, text, color = "✗", f"{_REASONS.get(node.reason, node.reason)}{short}", c.rejected
        else:
            sign, text, color = "✓", number(node.total), c.accepted
        painter.setFont(self.theme.number_font(11.5, 600))
        painter.setPen(self.theme.text(color))
        painter.drawText(QPointF(at.x(), at.y() + 4), sign)
        painter.setFont(self.theme.number_font(11.5))
        painter.setPen(c.muted if node.pruned else c.ink)
        painter.drawText(QPointF(at.x() + 16 * self.theme.scale, at.y() + 4), text)

    def chip_rect(self, place: Place, spot: QPointF) -> QRectF:
        """Where the number of folded children stands."""
        width = self.theme.px(11 + 6 * len(str(place.hidden)))
        return QRectF(spot.x() + place.width + 3, spot.y() - self.theme.px(17), width, self.theme.px(13))

    def _paint_chip(self, painter: QPainter, place: Place, spot: QPointF) -> None:
        """How many children are folded away here."""
        if not place.hidden or not self.detail:
            return
        chip, c = self.chip_rect(place, spot), self.theme.colors
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(mix(c.surface, c.muted, 0.16))
        painter.drawRoundedRect(chip, 5, 5)
        painter.setPen(c.muted)
        painter.setFont(self.theme.number_font(9.5))
        painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, f"+{place.hidden}")
