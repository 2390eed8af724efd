"""What a pad shows of a plane: still layers below (density, contours, points, anchors), the hand and its trail above.

The still layers are one cached picture, so that a drag repaints in well under a millisecond whatever lies below.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Slot
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QImage,
    QPainter,
    QPaintEvent,
    QPixmap,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Theme
from app.widgets import pad_marks as marks
from app.widgets.pad_layers import alpha_ramp, field_image, points_image, premultiplied
from app.widgets.pad_view import Array, View, Window

TRAIL = 50  # points
CRISP = 4000  # points drawn round; more are counted into pixels


@dataclass
class Group:
    """Points of one kind, drawn as one item."""

    points: Array  # [N, 2 or more]
    color: QColor
    alpha: float = 0.55
    radius: int = 2


class PadCanvas(QWidget):
    """Draws; `Pad` adds the hand."""

    def __init__(self, parent: QWidget | None = None, *, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self.view = View()
        self.sigma = 1.0  # of a step
        self._window: Window = (-3.0, 3.0, -3.0, 3.0)
        self._field: tuple[Array, Window, str] | None = None
        self._contours: marks.Contours | None = None
        self._groups: dict[str, Group] = {}
        self._anchors: tuple[marks.Anchor, ...] = ()
        self._pins: tuple[tuple[float, float], ...] = ()
        self._walk: tuple[Array, tuple[bool, ...]] = (np.empty((0, 2)), ())
        self._names = ("", "", "")
        self._caption = self._scale_caption = ""
        self._hand: tuple[float, float, float] | None = None
        self._asked: tuple[float, float] | None = None
        self._decoded: tuple[float, float] | None = None
        self.trail: deque[tuple[float, float]] = deque(maxlen=TRAIL)
        self._lit: tuple[float, float] | None = None
        self._still: QPixmap | None = None
        self.seen = self.total = 0  # points in sight, points there are
        self._loop: list[QPointF] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self._restyle)

    def sizeHint(self) -> QSize:
        """Large: it is what people came to see."""
        return QSize(self._theme.px(640), self._theme.px(480))

    def minimumSizeHint(self) -> QSize:
        """Still usable."""
        return QSize(160, 140)

    # --- what is shown ---------------------------------------------------------------------------------------------

    def set_plane(
        self, window: Window, contours: marks.Contours | None, names: tuple[str, str, str], caption: str
    ) -> None:
        """Another plane: everything drawn in the old one goes."""
        self._window, self._contours, self._names, self._caption = window, contours, names, caption
        self.sigma = contours.sigma if contours else (window[1] - window[0]) / 8
        self._field = None
        self._decoded = None
        self.trail.clear()
        self.fit()

    def set_field(self, values: Array | None, window: Window = (0, 1, 0, 1), kind: str = "density") -> None:
        """A field [R, C] in 0..1 over a window: "density" as a wash, else as a heat map. None takes it away."""
        self._field = None if values is None else (values, window, kind)
        self._renew()

    def set_scale_caption(self, text: str) -> None:
        """What a heat map shows, beside its colour scale; empty for none."""
        self._scale_caption = text
        self._renew()

    def set_group(self, name: str, group: Group | None) -> None:
        """Show points under a name, or take them away."""
        if group is None:
            self._groups.pop(name, None)
        else:
            self._groups[name] = group
        self._renew()

    def set_anchors(self, anchors: Sequence[marks.Anchor]) -> None:
        """Letters on the plane."""
        self._anchors = tuple(anchors)
        self._renew()

    def set_pins(self, pins: Sequence[tuple[float, float]]) -> None:
        """Numbers on the plane."""
        self._pins = tuple(pins)
        self._renew()

    def set_walk(self, walk: Array, changed: Sequence[bool]) -> None:
        """The way between the anchors, and at which of its points the sentence is a new one."""
        self._walk = (walk, tuple(changed))
        self._renew()

    def set_hand(self, hand: tuple[float, float, float], asked: tuple[float, float], *, trail: bool = True) -> None:
        """Where the hand is (right, up, wheel), and the point asked for, which attributes may have shifted."""
        if self._hand is None:
            self._still = None  # the legend comes with the first point
        self._hand, self._asked = hand, asked
        if trail and (not self.trail or self.trail[-1] != hand[:2]):
            self.trail.append(hand[:2])
        self.update()

    def set_decoded(self, at: tuple[float, float] | None) -> None:
        """The point whose sentence is being shown."""
        self._decoded = at
        self.update()

    def light(self, at: tuple[float, float] | None) -> None:
        """Ring one point, as the one a list or the pointer is on."""
        if at != self._lit:
            self._lit = at
            self.update()

    def fit(self) -> None:
        """See the whole plane again."""
        self.view = self.view.resized(self.width(), self.height()).fitted(self._window)
        self._renew()

    def zoom(self, factor: float) -> None:
        """Nearer or farther, around the hand."""
        at = self.view.to_pixel(*self._hand[:2]) if self._hand else QPointF(self.width() / 2, self.height() / 2)
        self.view = self.view.zoomed(factor, at)
        self._renew()

    def _renew(self) -> None:
        self._still = None
        self.update()

    @Slot()
    def _restyle(self) -> None:
        self._renew()

    # --- painting --------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: object) -> None:
        """Keep the whole plane in sight when it was."""
        fitted = self.view.resized(self.view.width, self.view.height).fitted(self._window)
        whole = abs(fitted.scale - self.view.scale) < 1e-9 or self.view.width <= 1
        self.view = self.view.resized(self.width(), self.height())
        if whole:
            self.view = self.view.fitted(self._window)
        self._renew()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The cached picture, then what moves."""
        if self._still is None:
            self._still = self._draw_still()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._still)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        marks.paint_trail(painter, self.view, self._theme, self.trail)
        if self._lit is not None:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(self._theme.colors.ink)
            painter.drawEllipse(self.view.to_pixel(*self._lit), 8.0, 8.0)
        if self._hand is not None and self._asked is not None:
            base, asked = self.view.to_pixel(*self._hand[:2]), self.view.to_pixel(*self._asked)
            marks.paint_cross(painter, self.view, self._theme, base)
            decoded = self.view.to_pixel(*self._decoded) if self._decoded else None
            marks.paint_points(painter, self._theme, base, asked, decoded)
            marks.paint_third(painter, self.view, self._theme, self._hand[2], self.sigma, self._names[2])
        if len(self._loop) > 1:
            marks.paint_lasso(painter, self._theme, self._loop)
        if self.hasFocus():
            painter.setPen(self._theme.colors.accent)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)

    def _draw_still(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(self._theme.colors.surface)
        painter = QPainter(picture)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        if self._field is not None:
            values, window, kind = self._field
            painter.drawImage(self.view.rect(window), self._field_picture(values, kind))
        if self._contours is not None:
            heat = self._field is not None and self._field[2] != "density"
            line = QColor("white") if heat else self._theme.colors.muted
            marks.paint_contours(painter, self.view, self._theme, self._contours, line)
        self.seen = self.total = 0
        for group in self._groups.values():
            self._draw_group(painter, group)
        walk, changed = self._walk
        marks.paint_walk(painter, self.view, self._theme, walk, changed)
        for number, pin in enumerate(self._pins, 1):
            at = self.view.to_pixel(*pin)
            marks.paint_badge(painter, self._theme, at, str(number), self._theme.colors.muted, square=True)
        for index, anchor in enumerate(self._anchors):
            color = self._theme.category(index)
            marks.paint_badge(painter, self._theme, self.view.to_pixel(anchor.x, anchor.y), anchor.letter, color)
        self._draw_captions(painter)
        painter.end()
        return picture

    def _field_picture(self, values: Array, kind: str) -> QImage:
        if kind == "density":
            return field_image(values, alpha_ramp(self._theme.sequential(0.42), 0.62))
        ramp = np.array([premultiplied(self._theme.sequential(i / 255), 0.78) for i in range(256)], dtype=np.uint32)
        return field_image(values, ramp)

    def _draw_group(self, painter: QPainter, group: Group) -> None:
        self.total += len(group.points)
        if len(group.points) > CRISP:
            picture, seen = points_image(
                group.points, self.view, group.color, radius=group.radius, alpha=group.alpha * 0.7
            )
            painter.drawImage(0, 0, picture)
            self.seen += seen
            return
        places = self.view.to_pixels(group.points) if len(group.points) else np.empty((0, 2))
        bounds = QRectF(self.rect())
        polygon = QPolygonF([p for x, y in places if bounds.contains(p := QPointF(float(x), float(y)))])
        color = QColor(group.color)
        color.setAlphaF(group.alpha)
        pen = painter.pen()
        pen.setColor(color)
        pen.setWidthF(group.radius * 2 + 1)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawPoints(polygon)
        self.seen += polygon.size()

    def _draw_captions(self, painter: QPainter) -> None:
        theme, c = self._theme, self._theme.colors
        font = theme.ui_font(11)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        right, up, _ = self._names
        width, height = self.view.width, self.view.height
        if right:
            label = f"{right} →"
            at = QPointF(width - 14 - metrics.horizontalAdvance(label) / 2, height - metrics.height())
            marks.paint_label(painter, theme, at, label, metrics, color=c.muted)
        if up:
            painter.save()
            painter.translate(metrics.height(), height / 2)
            painter.rotate(-90)
            marks.paint_label(painter, theme, QPointF(0, 0), f"{up} →", metrics, color=c.muted)
            painter.restore()
        texts = _wrapped(self._caption, metrics, width - 24) if self._caption else []
        if self.total:
            texts.append(f"showing {self.seen:,} of {self.total:,} points")
        y = metrics.height()
        if self._scale_caption:
            y += metrics.height() + 3
        for text in texts:
            advance = metrics.horizontalAdvance(text)
            marks.paint_label(painter, theme, QPointF(advance / 2 + 10, y), text, metrics, color=c.muted)
            y += metrics.height() + 3
        if self._hand is not None:
            marks.paint_legend(painter, self.view, theme)
        if self._scale_caption:
            self._draw_scale(painter, metrics)

    def _draw_scale(self, painter: QPainter, metrics: QFontMetricsF) -> None:
        theme = self._theme
        width, high = theme.px(120), theme.px(8)
        left, top = self.view.width - width - 12, metrics.height() * 2 + 8
        painter.setPen(Qt.PenStyle.NoPen)
        for i in range(width):
            painter.fillRect(QRectF(left + i, top, 1.5, high), theme.sequential(i / (width - 1)))
        middle = metrics.height()
        advance = metrics.horizontalAdvance(self._scale_caption)
        at = QPointF(self.view.width - 12 - advance / 2, middle)
        marks.paint_label(painter, theme, at, self._scale_caption, metrics, color=theme.colors.muted)
        for text, x in (("0", left + 4), ("1", left + width - 4)):
            at = QPointF(x, top + high + metrics.height() / 2 + 2)
            marks.paint_label(painter, theme, at, text, metrics, color=theme.colors.muted)


def _wrapped(text: str, metrics: QFontMetricsF, width: float) -> list[str]:
    """Lines no wider than `width`."""
    lines: list[str] = []
    for word in text.split():
        if lines and metrics.horizontalAdvance(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
