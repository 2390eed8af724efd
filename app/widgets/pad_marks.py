"""What is drawn on a pad with a pen: contours, anchors and the walk between them, trail, cross, the points at hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF

from app.theme import Theme, contrast
from app.widgets.pad_view import Array, View

SIGMAS = (1, 2, 3)
PIECE = 7  # points of the trail drawn in one shade
SIGMA = "\N{GREEK SMALL LETTER SIGMA}"


@dataclass(frozen=True)
class Contours:
    """The prior where the plane cuts it: circles of 1, 2 and 3 `sigma` around `center`."""

    center: tuple[float, float]
    sigma: float


@dataclass(frozen=True)
class Anchor:
    """A sentence a person typed, by letter."""

    letter: str
    x: float
    y: float


def paint_contours(painter: QPainter, view: View, theme: Theme, contours: Contours, line: QColor) -> None:
    """Circles with their names, and a wash over everything beyond the last one: there the prior has hardly any mass."""
    c = theme.colors
    middle = view.to_pixel(*contours.center)
    radii = [contours.sigma * view.scale * s for s in SIGMAS]
    outside = QPainterPath()
    outside.addRect(QRectF(0, 0, view.width, view.height))
    disk = QPainterPath()
    disk.addEllipse(middle, radii[-1], radii[-1])
    wash = QColor(c.ink)
    wash.setAlphaF(0.045)
    painter.fillPath(outside.subtracted(disk), wash)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    font = theme.ui_font(11)
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    for sigma, radius in zip(SIGMAS, radii, strict=True):
        painter.setPen(QPen(line, 1.0, Qt.PenStyle.SolidLine if sigma == 1 else Qt.PenStyle.DashLine))
        painter.drawEllipse(middle, radius, radius)
        at = middle + QPointF(radius * math.cos(math.pi / 4), -radius * math.sin(math.pi / 4))
        paint_label(painter, theme, at, f"{sigma} {SIGMA}", metrics, color=c.muted)


def paint_label(
    painter: QPainter, theme: Theme, at: QPointF, text: str, metrics: QFontMetricsF, *, color: QColor
) -> None:
    """A word centred on a point, on a patch of the surface so that lines do not run through it."""
    width = metrics.horizontalAdvance(text)
    patch = QRectF(at.x() - width / 2 - 3, at.y() - metrics.height() / 2, width + 6, metrics.height())
    ground = QColor(theme.colors.surface)
    ground.setAlphaF(0.85)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(patch, 4, 4)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(theme.text(color))
    painter.drawText(patch, int(Qt.AlignmentFlag.AlignCenter), text)


def paint_walk(painter: QPainter, view: View, theme: Theme, walk: Array, changed: Sequence[bool]) -> None:
    """The interpolation as a line with a dot a step, where there is room: filled where the sentence is a new one."""
    if len(walk) < 2:
        return
    places = [QPointF(float(x), float(y)) for x, y in view.to_pixels(walk)]
    painter.setBrush(Qt.BrushStyle.NoBrush)
    halo = QColor(theme.colors.surface)
    halo.setAlphaF(0.8)
    painter.setPen(QPen(halo, 5))
    painter.drawPolyline(QPolygonF(places))
    painter.setPen(QPen(theme.colors.ink, 1.4))
    painter.drawPolyline(QPolygonF(places))
    room = QLineF(places[0], places[1]).length()
    for place, new in zip(places, changed, strict=False):
        if not new and room < 8:
            continue
        painter.setBrush(theme.colors.ink if new else theme.colors.surface)
        painter.setPen(QPen(theme.colors.ink, 1.2))
        painter.drawEllipse(place, 3.4 if new else 2.4, 3.4 if new else 2.4)


def paint_badge(
    painter: QPainter, theme: Theme, at: QPointF, text: str, color: QColor, *, square: bool = False
) -> None:
    """A letter or number in a filled disk (an anchor) or square (a pin)."""
    r = theme.px(11 if not square else 9)
    painter.setPen(QPen(theme.colors.surface, 2))
    painter.setBrush(color)
    if square:
        painter.drawRoundedRect(QRectF(at.x() - r, at.y() - r, 2 * r, 2 * r), 4, 4)
    else:
        painter.drawEllipse(at, r, r)
    black, white = QColor("#111111"), QColor("white")
    painter.setPen(white if contrast(white, color) >= 4.5 or contrast(white, color) > contrast(black, color) else black)
    painter.setFont(theme.ui_font(12 if not square else 11, 600))
    painter.drawText(QRectF(at.x() - r, at.y() - r, 2 * r, 2 * r), int(Qt.AlignmentFlag.AlignCenter), text)


def paint_trail(painter: QPainter, view: View, theme: Theme, trail: Sequence[tuple[float, float]]) -> None:
    """Where the hand has been, the older the fainter."""
    if len(trail) < 2:
        return
    places = [QPointF(float(x), float(y)) for x, y in view.to_pixels(np.asarray(trail))]
    color = QColor(theme.colors.accent)
    for first in range(0, len(places) - 1, PIECE):
        age = (first + PIECE) / (len(places) + PIECE)
        color.setAlphaF(0.08 + 0.72 * age)
        painter.setPen(QPen(color, 1.0 + 2.2 * age, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        painter.drawPolyline(QPolygonF(places[first : first + PIECE + 1]))


def paint_cross(painter: QPainter, view: View, theme: Theme, at: QPointF) -> None:
    """Hairlines through the point asked for, from edge to edge."""
    color = QColor(theme.colors.accent)
    color.setAlphaF(0.45)
    x, y = round(at.x()), round(at.y())
    for bar in ((0, y, x - 12, 1), (x + 12, y, view.width - x - 12, 1), (x, 0, 1, y - 12), (x, y + 12, 1, view.height)):
        painter.fillRect(QRectF(*bar), color)


def paint_points(painter: QPainter, theme: Theme, base: QPointF, asked: QPointF, decoded: QPointF | None) -> None:
    """Asked for: solid. Decoded: a hollow ring. An arrow leads from the hand to where attributes shift the point."""
    c = theme.colors
    way = QLineF(base, asked)
    if way.length() > 6:
        painter.setPen(QPen(c.accent, 1.6))
        painter.drawLine(way)
        head = QLineF(asked, base)
        for turn in (24, -24):
            barb = QLineF(head)
            barb.setLength(9)
            barb.setAngle(head.angle() + turn)
            painter.drawLine(barb)
        painter.setBrush(c.surface)
        painter.drawEllipse(base, 4.0, 4.0)
    painter.setPen(QPen(c.surface, 1.6))
    painter.setBrush(c.accent)
    painter.drawEllipse(asked, 6.5, 6.5)
    if decoded is not None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(c.surface, 5))
        painter.drawEllipse(decoded, 10.5, 10.5)
        painter.setPen(QPen(c.ink, 2))
        painter.drawEllipse(decoded, 10.5, 10.5)


def paint_legend(painter: QPainter, view: View, theme: Theme) -> None:
    """What the solid point and the ring mean."""
    c, font = theme.colors, theme.ui_font(11)
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    x, y = 14.0, view.height - metrics.height()
    for name, solid in (("asked for", True), ("decoded", False)):
        painter.setPen(QPen(c.accent if solid else c.ink, 2))
        painter.setBrush(c.accent if solid else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QPointF(x, y), 4.0, 4.0)
        wide = metrics.horizontalAdvance(name)
        paint_label(painter, theme, QPointF(x + 11 + wide / 2, y), name, metrics, color=c.muted)
        x += wide + 30


def paint_third(painter: QPainter, view: View, theme: Theme, value: float, sigma: float, name: str) -> None:
    """How far the wheel has left the plane: a gauge of plus and minus three sigma at the right edge."""
    c = theme.colors
    high = min(view.height * 0.5, theme.px(190))
    x, middle = view.width - theme.px(20), view.height / 2
    painter.setPen(QPen(c.muted, 1))
    painter.drawLine(QLineF(x, middle - high / 2, x, middle + high / 2))
    for tick in range(-3, 4):
        y = middle - tick * high / 6
        half = 4 if tick else 7
        painter.drawLine(QLineF(x - half, y, x + half, y))
    share = min(max(value / max(3 * sigma, 1e-9), -1.0), 1.0)
    y = middle - share * high / 2
    painter.setBrush(c.accent)
    painter.setPen(QPen(c.surface, 1.5))
    painter.drawPolygon(QPolygonF([QPointF(x - 3, y), QPointF(x - 13, y - 6), QPointF(x - 13, y + 6)]))
    painter.setPen(theme.text(c.muted))
    painter.setFont(theme.ui_font(11))
    box = QRectF(x - 130, middle + high / 2 + 6, 140, theme.px(32))
    painter.drawText(box, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop), f"wheel\n{name}")


def paint_lasso(painter: QPainter, theme: Theme, outline: Sequence[QPointF]) -> None:
    """The loop being drawn around points."""
    wash = QColor(theme.colors.accent)
    wash.setAlphaF(0.12)
    painter.setBrush(wash)
    painter.setPen(QPen(theme.colors.accent, 1.5, Qt.PenStyle.DashLine))
    painter.drawPolygon(QPolygonF(list(outline)))


def inside(outline: Array, points: Array) -> Array:
    """Which points [N, 2] lie inside a closed outline [M, 2] (even-odd rule); [N] bool."""
    x, y = points[:, 0], points[:, 1]
    result = np.zeros(len(points), dtype=bool)
    for (x1, y1), (x2, y2) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        if y1 == y2:
            continue
        crosses = (y1 > y) != (y2 > y)
        result ^= crosses & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    return result
