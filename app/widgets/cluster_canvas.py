"""What a map of clusters shows: points, components and a legend, still layers cached, and any of it as a picture."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.theme import Theme, mix
from app.widgets import cluster_paint as paint
from app.widgets.cluster_layers import (
    RIM,
    SOFT_RIM,
    Dots,
    draw_density,
    glyphs_image,
)
from app.widgets.cluster_legend import Layout, paint_legend
from app.widgets.cluster_paint import Marks
from app.widgets.cluster_state import ClusterState
from app.widgets.pad_marks import paint_lasso
from app.widgets.pad_view import Array, View
from app.widgets.panned_layer import PannedLayer

Part = TypeVar("Part")
CRISP = 6_000  # points drawn at the full resolution of the screen
REACH = 10.0  # px within which something is under the pointer
FAINT, SURE = (0.28, 0.4), 0.92  # opacity of confidence 0, on light ground and on dark, and of confidence 1


class ClusterCanvas(ClusterState):
    """Draws, and knows what stands where."""

    def __init__(self, *, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme=theme, parent=parent)
        self._points_layer = PannedLayer(self._draw_points)
        self._ellipse_layer = PannedLayer(self._draw_ellipses)
        self._marks: Marks | None = None
        self._dot = 3.0  # px, radius of a point in the picture being drawn
        self._tween.moved.connect(self._renew)
        theme.changed.connect(self._on_theme_changed)

    # --- what is shown ---------------------------------------------------------------------------------------------

    def _place(self) -> None:
        """The view's size is the widget's without the legend; its window is kept."""
        self._strip = None
        self.view = self._view_of(self.width(), self.height() - round(self._legend(self.width())[2].height))
        self._renew()

    def _keep_place(self) -> None:
        """The legend may have grown or shrunk: nothing else is to move."""
        self._strip = None
        height = self.height() - round(self._legend(self.width())[2].height)
        if height != self.view.height:
            self.view = self.view.resized(self.width(), height)
            self._renew()

    def _renew(self) -> None:
        """The points are others or look otherwise."""
        self._points_layer.clear()
        self._renew_components()

    def _renew_components(self) -> None:
        """The components are others or look otherwise."""
        self._ellipse_layer.clear()
        self._marks = None
        self.update()

    def _look_at(self, view: View) -> None:
        """Show another part; what is known of it is kept."""
        self.view, self._shown = view, view.window
        self._marks = None
        self.update()

    @Slot()
    def _on_theme_changed(self) -> None:
        self._place()

    def resizeEvent(self, event: object) -> None:
        """Keep the same window in sight."""
        self._place()

    # --- what is under the pointer ---------------------------------------------------------------------------------

    def point_at(self, at: QPointF) -> int:
        """The nearest point within reach among those drawn one by one; -1: none."""
        found = _nearest(self.view, self._positions[self._sample], at)
        return int(self._sample[found]) if found >= 0 else -1

    def ghost_at(self, at: QPointF) -> int:
        """The nearest point of the second cloud within reach; -1: none."""
        return _nearest(self.view, self._ghosts, at)

    def component_at(self, at: QPointF) -> int:
        """The component whose badge or mean is under a pixel; -1: none. A small mark reaches no farther than it is."""
        marks, radius = self._placed(), self._theme.px(paint.BADGE) + 2
        (badges,) = np.nonzero(marks.numbered)
        few = len(badges) == len(marks.means)
        ways = ((badges, marks.badges, radius), (np.arange(len(marks.means)), marks.means, 6.0 if few else 5.0))
        for which, places, reach in ways:
            if len(which):
                far = np.hypot(places[which, 0] - at.x(), places[which, 1] - at.y())
                if far.min() <= reach:
                    return int(which[far.argmin()])
        return -1

    def entry_at(self, at: QPointF) -> int:
        """The category of the legend under a pixel; -1: none."""
        entries, _, layout = self._legend(self.width())
        below = QPointF(at.x(), at.y() - self.view.height)
        return next((e.category for e, b in zip(entries, layout.boxes, strict=False) if b.contains(below)), -1)

    # --- painting --------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """The scale, the cached points and ellipses, then badges, cross, hover, lasso and legend."""
        ratio = self.devicePixelRatioF()
        self._dot = self._dot_of(self.view)
        painter = QPainter(self)
        painter.setClipRect(0, 0, self.view.width, self.view.height)
        self._draw_ground(painter, self.view)
        for layer in self._in_order(self._points_layer, self._ellipse_layer):
            painter.drawPixmap(0, 0, layer.picture(self.view, ratio))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_marks(painter, self.view, self._placed())
        self._draw_hand(painter)
        painter.setClipping(False)
        entries, title, layout = self._legend(self.width())
        painter.translate(0, self.view.height)
        paint_legend(painter, entries, title, layout, self.width(), self._theme)
        painter.resetTransform()
        if self.hasFocus():
            painter.setPen(self._theme.colors.accent)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)

    def render_picture(self, size: QSize, *, ratio: float = 1.0, legend: bool = True) -> QImage:
        """The same window at another size, as drawn, without cursor and focus; `ratio` pixels to a unit of length."""
        picture = QImage(round(size.width() * ratio), round(size.height() * ratio), QImage.Format.Format_ARGB32)
        picture.setDevicePixelRatio(ratio)
        picture.fill(self._theme.colors.surface)
        painter = QPainter(picture)
        self.paint_picture(painter, size, ratio=ratio, legend=legend)
        painter.end()
        return picture

    def paint_picture(self, painter: QPainter, size: QSize, *, ratio: float = 1.0, legend: bool = True) -> None:
        """The same on any painter, from its origin; only the points are an image, of `ratio` pixels to a unit."""
        strip = self._legend(size.width()) if legend else ([], "", Layout((), 0, 0.0))
        view = View().resized(size.width(), size.height() - round(strip[2].height)).fitted(self.view.window, 0.0)
        self._dot = self._dot_of(view)
        self._draw_ground(painter, view)
        for draw in self._in_order(self._draw_points, self._draw_ellipses):
            draw(painter, view, ratio)
        self._draw_marks(painter, view, paint.place_marks(self._moving(), view, self._theme))
        painter.translate(0, view.height)
        if legend:
            paint_legend(painter, *strip, size.width(), self._theme)

    def _placed(self) -> Marks:
        if self._marks is None:
            self._marks = paint.place_marks(self._moving(), self.view, self._theme)
        return self._marks

    def _in_order(self, points: Part, ellipses: Part) -> tuple[Part, Part]:
        """A few ellipses stand on the points; many would cover them and go below."""
        return (ellipses, points) if len(self._components) > paint.MANY else (points, ellipses)

    def _draw_ground(self, painter: QPainter, view: View) -> None:
        painter.fillRect(QRectF(0, 0, view.width, view.height), self._theme.colors.surface)
        if self._axes is not None:
            paint.paint_scale(painter, view, self._theme, self._axes)

    def _draw_ellipses(self, painter: QPainter, view: View, ratio: float) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint.paint_ellipses(painter, view, self._theme, self._moving(), self._component_colors())

    def _draw_points(self, painter: QPainter, view: View, ratio: float) -> None:
        positions = self._tween.now("positions", self._positions)
        categories, kinds = self._categories()
        colors = np.array([_rgb(self._theme.category(k)) for k in range(kinds)]).reshape(-1, 3)
        faint = FAINT[self._theme.dark]
        opacity = faint + (SURE - faint) * self._confidence
        every = Dots(positions, categories, opacity, colors)
        if self._selected is None:
            self._draw_dots(painter, every, np.ones(len(positions), bool), view, ratio)
            return
        grey = np.tile(_rgb(mix(self._theme.colors.muted, self._theme.colors.surface, 0.35)), (kinds, 1))
        self._draw_dots(painter, Dots(positions, categories, opacity * 0.45, grey), ~self._selected, view, ratio)
        self._draw_dots(painter, every, self._selected, view, ratio)

    def _draw_dots(
        self, painter: QPainter, dots: Dots, wanted: npt.NDArray[np.bool_], view: View, ratio: float
    ) -> None:
        """Those wanted: the sample one by one, over a density of all where the sample does not hold them all."""
        single = self._sample[wanted[self._sample]]
        if len(single) < np.count_nonzero(wanted):
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            draw_density(painter, dots if wanted.all() else dots.of(wanted), view, self._reference)
        if not len(single):
            return
        sharp = ratio if len(single) <= CRISP else 1.0
        fine = View(view.center, view.scale * sharp, round(view.width * sharp), round(view.height * sharp))
        rim = SOFT_RIM if self._theme.dark else RIM
        picture = glyphs_image(dots.of(single), fine, round(self._dot * sharp, 2), rim)
        picture.setDevicePixelRatio(sharp)
        painter.drawImage(0, 0, picture)

    def _dot_of(self, view: View) -> float:
        """Radius of a point in pixels: smaller when there are many, or the picture is small."""
        count = len(self._positions)
        radius = 3.4 if count <= 1500 else 2.8 if count <= 6000 else 2.0
        return radius * self._theme.scale * min(max((view.width * view.height) ** 0.5 / 600, 0.6), 1.0)

    def _draw_marks(self, painter: QPainter, view: View, marks: Marks) -> None:
        """Ghosts, the cross, badges and what the picture says of itself."""
        paint.paint_ghosts(painter, view, self._theme, self._ghosts)
        if self._cross is not None:
            paint.paint_here(painter, self._theme, view.to_pixel(*self._cross))
        paint.paint_badges(painter, self._theme, marks, self._components.names, self._component_colors(), self._lit)
        paint.paint_head(painter, self._theme, self._note, self.shown_text(view), view.width)

    def _draw_hand(self, painter: QPainter) -> None:
        for index, points in ((self._hover, self._positions), (self._ghost_hover, self._ghosts)):
            if 0 <= index < len(points):
                at = self.view.to_pixel(float(points[index, 0]), float(points[index, 1]))
                paint.paint_ring(painter, self._theme, at)
        if len(self._loop) > 1:
            paint_lasso(painter, self._theme, self._loop)


def _nearest(view: View, points: Array, at: QPointF) -> int:
    """The nearest of some points [N, 2] within reach of a pixel; -1: none."""
    if not len(points):
        return -1
    way = view.to_pixels(points) - (at.x(), at.y())
    far = np.einsum("ij,ij->i", way, way)
    index = int(far.argmin())
    return index if far[index] <= REACH**2 else -1


def _rgb(color: QColor) -> tuple[int, int, int]:
    return color.red(), color.green(), color.blue()
