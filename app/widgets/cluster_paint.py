"""What is drawn on a map of clusters with a pen: the scale, ellipses, badges with names, the legend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF

from app.theme import Theme, contrast, mix
from app.widgets.cluster_layers import glyph_path
from app.widgets.cluster_marks import (
    GAP,
    dashes,
    ellipse_outline,
    ellipse_outlines,
    keep_apart,
    name_boxes,
    nice_step,
    spread_out,
)
from app.widgets.numbers import MINUS
from app.widgets.pad_view import Array, View

BADGE = 10  # px, radius
SIGMAS = (1.0, 2.0)
MANY = 16  # components: with more, only the heaviest are numbered, and nothing is pushed off its place
NUMBERED = 12  # of them, at most
FILLED = 0.35  # of the heaviest one's weight: with less, also one of those is a line alone
FARTHEST = 30_000  # px: an ellipse that reaches so far is too near to be seen as one


@dataclass(frozen=True)
class Components:
    """The mixture components of a map; without covariances (t-SNE) there are no ellipses."""

    means: Array = field(default_factory=lambda: np.empty((0, 2)))  # [K, 2]
    covariances: Array = field(default_factory=lambda: np.empty((0, 2, 2)))  # [K, 2, 2] or none
    weights: Array = field(default_factory=lambda: np.empty(0))  # [K]
    names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.means)


@dataclass(frozen=True)
class Marks:
    """Where each component's mean, badge and name stand in pixels."""

    means: Array  # [K, 2]
    badges: Array  # [K, 2]
    names: list[QRectF | None]
    numbered: npt.NDArray[np.bool_]  # [K] whether it has a badge; else a small disk


def place_marks(components: Components, view: View, theme: Theme) -> Marks:
    """Badges stand on their means unless those are too close: then they are spread, with a line to the mean.

    Of many components only the heaviest that keep off each other have a badge, on their means.
    """
    means = view.to_pixels(components.means) if len(components) else np.empty((0, 2))
    radius = theme.px(BADGE)
    if len(means) > MANY:
        inside = ((means > 0) & (means < (view.width, view.height))).all(1)
        order = [int(k) for k in np.argsort(-components.weights, kind="stable") if inside[k]]
        numbered = keep_apart(means, order, 2 * radius + 4 * GAP, NUMBERED)
        badges = means
    else:
        numbered = np.ones(len(means), bool)
        badges = spread_out(means, 2 * radius + GAP, radius + theme.px(6))
    metrics = QFontMetricsF(theme.ui_font(12, 600))
    shown = [n if numbered[k] else "" for k, n in enumerate(components.names)]
    sizes = [(metrics.horizontalAdvance(n) + 8 if n else 0.0, metrics.height() + 2) for n in shown]
    points = [QPointF(float(x), float(y)) for x, y in badges]
    boxes = name_boxes(points, sizes, radius, QRectF(2, 2, view.width - 4, view.height - 4))
    return Marks(means, badges, boxes, numbered)


def paint_scale(painter: QPainter, view: View, theme: Theme, names: tuple[str, str]) -> None:
    """A faint grid with its numbers along the left and lower edges, and the axes' names."""
    c = theme.colors
    left, right, bottom, top = view.window
    step = nice_step(min(right - left, top - bottom) if view.height > 60 else right - left, 7)
    font = theme.number_font(10)
    metrics = QFontMetricsF(font)
    painter.setFont(font)
    number = theme.text(c.muted)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    strong = mix(c.hairline, c.muted, 0.35)
    taken = metrics.horizontalAdvance(f"{names[0]} →") + 24 if names[0] else 0.0
    for i in range(math.ceil(left / step), math.floor(right / step) + 1):
        x = round(view.to_pixel(i * step, 0).x()) + 0.5
        painter.setPen(QPen(strong if i == 0 else c.hairline, 1))
        painter.drawLine(QLineF(x, 0, x, view.height))
        if 34 < x < view.width - 16 - taken:
            painter.setPen(number)
            painter.drawText(QPointF(x + 3, view.height - 5), _tick(i * step, decimals))
    for i in range(math.ceil(bottom / step), math.floor(top / step) + 1):
        y = round(view.to_pixel(0, i * step).y()) + 0.5
        painter.setPen(QPen(strong if i == 0 else c.hairline, 1))
        painter.drawLine(QLineF(0, y, view.width, y))
        if theme.px(54) < y < view.height - metrics.height() * 1.4:
            painter.setPen(number)
            painter.drawText(QPointF(5, y - 3), _tick(i * step, decimals))
    painter.setPen(number)
    painter.setFont(theme.ui_font(11))
    metrics = QFontMetricsF(theme.ui_font(11))
    if names[0]:
        text = f"{names[0]} →"
        painter.drawText(QPointF(view.width - 10 - metrics.horizontalAdvance(text), view.height - 5), text)
    if names[1]:
        painter.save()
        painter.translate(view.width - 8, 12 + metrics.horizontalAdvance(f"{names[1]} →"))
        painter.rotate(-90)
        painter.drawText(QPointF(0, 0), f"{names[1]} →")
        painter.restore()


def _tick(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}".replace("-", MINUS)


def line_width(weight: float, theme: Theme) -> float:
    """The heavier a component, the thicker its line: 1 px for nothing, 6 for everything."""
    return theme.px(10 * (1.0 + 5.0 * min(max(weight, 0.0), 1.0))) / 10


def paint_ellipses(
    painter: QPainter, view: View, theme: Theme, components: Components, colors: Sequence[QColor]
) -> None:
    """1 sigma solid over a wash, 2 sigma dashed; all lines over a thin halo so that they read on their own points."""
    if len(components) > MANY:
        _paint_faint_ellipses(painter, view, theme, components, colors)
        return
    lines: list[tuple[QPainterPath, QPen]] = []
    painter.setPen(Qt.PenStyle.NoPen)
    for k, covariance in enumerate(components.covariances):
        width = line_width(float(components.weights[k]) if k < len(components.weights) else 0.0, theme)
        ink = mix(colors[k], theme.colors.ink, 0.18)
        wash = QColor(colors[k])
        wash.setAlphaF(0.1)
        painter.setBrush(wash)
        for sigma in SIGMAS:
            outline = view.to_pixels(ellipse_outline(components.means[k], covariance, sigma))
            (x0, y0), (x1, y1) = outline.min(0) - 8, outline.max(0) + 8
            if x1 < 0 or y1 < 0 or x0 > view.width or y0 > view.height or max(x1 - x0, y1 - y0) > FARTHEST:
                continue
            whole = _path(outline[None], closed=True)
            if sigma == 1.0:
                painter.drawPath(whole)
                lines.append((whole, QPen(ink, width)))
                continue
            pieces = dashes(outline, theme.px(11))
            seen = ((pieces > -8) & (pieces < (view.width + 8, view.height + 8))).all(2).any(1)
            lines.append((_path(pieces[seen]), QPen(ink, max(1.2, width * 0.6))))
    halo = QColor(theme.colors.surface)
    halo.setAlphaF(0.75)
    for path, pen in lines:
        painter.strokePath(path, QPen(halo, pen.widthF() + 2))
    for path, pen in lines:
        painter.strokePath(path, pen)


def _paint_faint_ellipses(
    painter: QPainter, view: View, theme: Theme, components: Components, colors: Sequence[QColor]
) -> None:
    """Of many components 1 sigma alone, thin and faint, so that the points are seen first; only the heaviest filled.

    The weight is in how strong a line is, not in its width: Qt strokes what is wider than a pixel thirty times as slow.
    """
    if not len(components.covariances):
        return
    shares = np.minimum(components.weights / max(float(components.weights.max(initial=0.0)), 1e-9), 1.0)
    outlines = view.to_pixels(ellipse_outlines(components.means, components.covariances, 1.0, 36).reshape(-1, 2))
    outlines = outlines.reshape(-1, 36, 2)
    low, high = outlines.min(1), outlines.max(1)
    seen = ((high > -1) & (low < (view.width + 1, view.height + 1))).all(1) & ((high - low).max(1) <= FARTHEST)
    shapes = {int(k): QPolygonF([QPointF(x, y) for x, y in outlines[k].tolist()]) for k in np.flatnonzero(seen)}
    painter.setPen(Qt.PenStyle.NoPen)
    for k in np.argsort(-shares, kind="stable")[:NUMBERED].tolist():
        if k in shapes and shares[k] > FILLED:
            painter.setBrush(_faint(colors[k], 0.06 * shares[k]))
            painter.drawPolygon(shapes[k])
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for k, shape in shapes.items():
        painter.setPen(QPen(_faint(colors[k], 0.03 + 0.45 * shares[k] ** 1.5), 0))
        painter.drawPolygon(shape)


def _faint(color: QColor, alpha: float) -> QColor:
    """A colour that lets so much of what is below through."""
    color = QColor(color)
    color.setAlphaF(float(alpha))
    return color


def _path(pieces: Array, *, closed: bool = False) -> QPainterPath:
    """Lines [n, M, 2] as one path."""
    path = QPainterPath()
    for piece in pieces.tolist():
        path.addPolygon(QPolygonF([QPointF(x, y) for x, y in piece]))
        if closed:
            path.closeSubpath()
    return path


def paint_badges(
    painter: QPainter, theme: Theme, marks: Marks, names: Sequence[str], colors: Sequence[QColor], lit: int = -1
) -> None:
    """The exact mean as a small cross, its number in a disk, its name beside it."""
    c, r = theme.colors, theme.px(BADGE)
    for k in np.flatnonzero(np.hypot(*(marks.means - marks.badges).T) > 2):
        for color, width in ((c.surface, 4.0), (mix(colors[k], c.ink, 0.3), 1.6)):
            painter.setPen(QPen(color, width))
            painter.drawLine(QLineF(*marks.means[k], *marks.badges[k]))
    for mx, my in marks.means[marks.numbered]:
        for color, width in ((c.surface, 4.0), (c.ink, 1.6)):
            painter.setPen(QPen(color, width))
            painter.drawLine(QLineF(mx - 4, my, mx + 4, my))
            painter.drawLine(QLineF(mx, my - 4, mx, my + 4))
    for k in np.flatnonzero(~marks.numbered):
        painter.setPen(QPen(c.surface, 1.2))
        painter.setBrush(mix(colors[k], c.ink, 0.2))
        painter.drawEllipse(QPointF(*marks.means[k]), theme.px(26) / 10, theme.px(26) / 10)
    shown = [*np.flatnonzero(marks.numbered).tolist(), *([lit] if 0 <= lit < len(marks.means) else [])]
    for k in dict.fromkeys(shown):
        bx, by = marks.badges[k]
        if k == lit:
            painter.setPen(QPen(c.accent, 2))
            painter.setBrush(c.surface)
            painter.drawEllipse(QPointF(bx, by), r + 3.5, r + 3.5)
        painter.setPen(QPen(c.surface, 2))
        painter.setBrush(colors[k])
        painter.drawEllipse(QPointF(bx, by), r, r)
        painter.setPen(max((QColor("white"), QColor("#111111")), key=lambda ink, k=k: contrast(ink, colors[k])))
        painter.setFont(theme.ui_font(11 if k < 99 else 9, 600))
        painter.drawText(QRectF(bx - r, by - r, 2 * r, 2 * r), Qt.AlignmentFlag.AlignCenter, str(k + 1))
    painter.setFont(theme.ui_font(12, 600))
    for name, box in zip(names, marks.names, strict=False):
        if box is not None:
            paint_patch(painter, theme, box)
            painter.setPen(c.ink)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, name)


def paint_patch(painter: QPainter, theme: Theme, box: QRectF) -> None:
    """A ground for words that stand on points."""
    ground = QColor(theme.colors.surface)
    ground.setAlphaF(0.82)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(box, 4, 4)
    painter.setBrush(Qt.BrushStyle.NoBrush)


def paint_head(painter: QPainter, theme: Theme, note: str, shown: str, width: float) -> None:
    """Upper left: what is seen, and how many of the points."""
    top = 6.0
    for text, font, color in (
        (note, theme.ui_font(13, 600), theme.colors.ink),
        (shown, theme.ui_font(11), theme.text(theme.colors.muted)),
    ):
        if not text:
            continue
        metrics = QFontMetricsF(font)
        text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, width - 24)
        box = QRectF(6, top, metrics.horizontalAdvance(text) + 12, metrics.height() + 3)
        paint_patch(painter, theme, box)
        painter.setFont(font)
        painter.setPen(color)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
        top = box.bottom() + 2


def paint_ring(painter: QPainter, theme: Theme, at: QPointF) -> None:
    """Around the point under the pointer."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for color, width in ((theme.colors.surface, 4.0), (theme.colors.ink, 1.8)):
        painter.setPen(QPen(color, width))
        painter.drawEllipse(at, 7.5, 7.5)


def paint_here(painter: QPainter, theme: Theme, at: QPointF) -> None:
    """Cross-hairs through the place whose sentence is shown."""
    for color, width in ((theme.colors.surface, 4.0), (theme.colors.accent, 1.8)):
        painter.setPen(QPen(color, width))
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            painter.drawLine(QPointF(at.x() + 4 * dx, at.y() + 4 * dy), QPointF(at.x() + 15 * dx, at.y() + 15 * dy))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(at, 7.0, 7.0)


def paint_ghosts(painter: QPainter, view: View, theme: Theme, ghosts: Array) -> None:
    """A second cloud: hollow diamonds in ink, larger than any point."""
    radius = theme.px(5)
    bounds = QRectF(-8, -8, view.width + 16, view.height + 16)
    painter.setBrush(theme.colors.surface)
    painter.setPen(QPen(theme.colors.ink, 1.6))
    for x, y in view.to_pixels(ghosts):
        at = QPointF(float(x), float(y))
        if bounds.contains(at):
            painter.drawPath(glyph_path(3, radius, at))
