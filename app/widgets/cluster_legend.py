"""The strip below a map of clusters: how many points are shown, and what each colour and shape means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from app.theme import Theme, mix
from app.widgets.cluster_layers import glyph_path

LINES = 3  # at most


@dataclass(frozen=True)
class Entry:
    """One category of points."""

    category: int
    text: str
    count: int
    color: QColor
    chosen: bool = True  # has points in the selection


@dataclass(frozen=True)
class Layout:
    """Where the entries stand; those without room are left out and counted."""

    boxes: tuple[QRectF, ...]
    left_out: int
    height: float


def lay_out(entries: Sequence[Entry], title: str, width: float, theme: Theme, lines: int = LINES) -> Layout:
    """Entries after a title, flowing over as many lines as they need, at most so many."""
    metrics = QFontMetricsF(theme.ui_font(11))
    line = metrics.height() + theme.px(5)
    x, row = metrics.horizontalAdvance(title) + theme.px(26), 0
    boxes: list[QRectF] = []
    spare = metrics.horizontalAdvance("and 99 more")
    for entry in entries:
        wide = metrics.horizontalAdvance(_text(entry)) + theme.px(30)
        if x + wide > width - (spare if row == lines - 1 else 4) and x > theme.px(8):
            if row == lines - 1:
                break
            x, row = float(theme.px(8)), row + 1
        boxes.append(QRectF(x, theme.px(4) + row * line, wide - theme.px(6), line))
        x += wide
    return Layout(tuple(boxes), len(entries) - len(boxes), (row + 1) * line + theme.px(8))


def _text(entry: Entry) -> str:
    return f"{entry.text}  {entry.count:,}"


def paint_legend(
    painter: QPainter, entries: Sequence[Entry], title: str, layout: Layout, width: float, theme: Theme
) -> None:
    """The strip, its upper left at the painter's origin."""
    c, font = theme.colors, theme.ui_font(11)
    metrics = QFontMetricsF(font)
    painter.fillRect(QRectF(0, 0, width, layout.height), c.surface)
    painter.setPen(QPen(c.hairline, 1))
    painter.drawLine(QPointF(0, 0.5), QPointF(width, 0.5))
    painter.setFont(font)
    line = metrics.height() + theme.px(5)
    painter.setPen(theme.text(c.muted))
    painter.drawText(QRectF(theme.px(10), theme.px(4), width, line), Qt.AlignmentFlag.AlignVCenter, title)
    for entry, box in zip(entries, layout.boxes, strict=False):
        color = entry.color if entry.chosen else mix(c.muted, c.surface, 0.4)
        painter.setPen(QPen(mix(color, c.ink, 0.35), 1))
        painter.setBrush(color)
        radius = theme.px(42) / 10
        painter.drawPath(glyph_path(entry.category, radius, QPointF(box.left() + theme.px(8), box.center().y())))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        words = box.adjusted(theme.px(18), 0, theme.px(6), 0)
        painter.setPen(c.ink if entry.chosen else theme.text(c.muted))
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, entry.text)
        painter.setPen(theme.text(c.muted))
        words.setLeft(words.left() + metrics.horizontalAdvance(f"{entry.text}  "))
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, f"{entry.count:,}")
    if layout.left_out and layout.boxes:
        last = layout.boxes[-1]
        painter.drawText(
            QPointF(last.right() + theme.px(8), last.center().y() + metrics.ascent() / 2 - 1),
            f"and {layout.left_out} more",
        )
