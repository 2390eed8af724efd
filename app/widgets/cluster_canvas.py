"""What a map of clusters shows: points, components and a legend, still layers cached, and any of it as a picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Theme, mix
from app.widgets import cluster_paint as paint
from app.widgets.cluster_layers import (
    Dots,
    Indices,
    draw_density,
    glyphs_image,
    in_sight,
    stratified,
)
from app.widgets.cluster_legend import Entry, Layout, lay_out, paint_legend
from app.widgets.cluster_marks import ellipse_outline
from app.widgets.cluster_paint import Components, Marks
from app.widgets.pad_marks import paint_lasso
from app.widgets.pad_view import Array, View, Window
from app.widgets.panned_layer import PannedLayer
from app.widgets.tween import Tween

SINGLE = 20_000  # points drawn one by one; of more, a density is drawn and a part of them over it
DRAWN = 2_000  # of them
CRISP = 6_000  # points drawn at the full resolution of the screen
FAINT, SURE = 0.28, 0.9  # opacity of confidence 0 and 1


class ClusterCanvas(QWidget):
    """Draws; `ClusterMap` adds the hand."""

    def __init__(self, *, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.view = View()
        self._home: Window | None = None  # what "fit" shows; None: all there is
        self._shown: Window | None = None  # where the person went; None: home
        self._positions: Array = np.empty((0, 2))
        self._codes: npt.NDArray[np.intp] = np.zeros(0, np.intp)
        self._confidence: Array = np.empty(0)
        self._label_of: npt.NDArray[np.intp] = np.zeros(0, np.intp)
        self._labels: tuple[str, ...] = ()
        self._texts: tuple[str, ...] = ()
        self._sample: Indices = np.zeros(0, np.intp)  # drawn one by one
        self._reference = 1.0
        self._components = Components()
        self._refit = True  # the next components belong to new points
        self._colour_by = "component"
        self._selected: npt.NDArray[np.bool_] | None = None
        self._cross: tuple[float, float] | None = None
        self._note = ""
        self._axes: tuple[str, str] | None = ("", "")
        self._ghosts: Array = np.empty((0, 2))
        self._ghost_texts: tuple[str, ...] = ()
        self._hover = self._ghost_hover = self._lit = -1
        self._loop: list[QPointF] = []
        self._points_layer = PannedLayer(self._draw_points)
        self._ellipse_layer = PannedLayer(self._draw_ellipses)
        self._marks: Marks | None = None
        self._strip: tuple[list[Entry], str, Layout] | None = None
        self._tween = Tween(self)
        self._tween.moved.connect(self._renew)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self._on_theme_changed)

    def sizeHint(self) -> QSize:
        """Large: it is what people came to see."""
        return QSize(self._theme.px(640), self._theme.px(480))

    def minimumSizeHint(self) -> QSize:
        """Still usable."""
        return QSize(200, 160)

    # --- what is shown ---------------------------------------------------------------------------------------------

    def _place(self) -> None:
        """The view's size is the widget's without the legend; its window is kept."""
        self._strip = None
        self.view = self._view_of(self.width(), self.height() - round(self._legend(self.width())[2].height))
        self._renew()

    def _view_of(self, width: int, height: int) -> View:
        window = self._shown or self._home
        view = View().resized(width, height)
        return view.fitted(window, 0.0) if window else view.fitted(self._bounds(), 0.05)

    def _bounds(self) -> Window:
        """All points and ghosts, and the ellipses of 2 sigma."""
        parts = [self._positions, self._ghosts, self._components.means]
        pairs = zip(self._components.means, self._components.covariances, strict=False)
        parts += [ellipse_outline(mean, covariance, 2.0) for mean, covariance in pairs]
        every = np.concatenate([p for p in parts if len(p)] or [np.array([[-1.0, -1.0], [1.0, 1.0]])])
        (left, bottom), (right, top) = every.min(0), every.max(0)
        least = max((right - left + top - bottom) * 0.02, 1e-3)  # a single point is a window too
        return (float(left - least), float(right + least), float(bottom - least), float(top + least))

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

    @property
    def dense(self) -> bool:
        """Whether there are too many points to draw one by one."""
        return len(self._positions) > SINGLE

    def _categories(self) -> tuple[npt.NDArray[np.intp], int]:
        """What colours each point [N], and how many there are of it."""
        if self._colour_by == "label" and self._labels:
            return self._label_of, len(self._labels)
        return self._codes, max(len(self._components), int(self._codes.max(initial=-1)) + 1)

    def _component_colors(self) -> list[QColor]:
        """Components keep their colour; when labels have the colours, they are drawn in ink."""
        if self._colour_by == "label" and self._labels:
            return [mix(self._theme.colors.ink, self._theme.colors.surface, 0.25)] * len(self._components)
        return [self._theme.category(k) for k in range(len(self._components))]

    # --- legend ----------------------------------------------------------------------------------------------------

    def _legend(self, width: float) -> tuple[list[Entry], str, Layout]:
        if self._strip is None or width != self.width():
            categories, kinds = self._categories()
            counts = np.bincount(categories, minlength=kinds)
            chosen = counts if self._selected is None else np.bincount(categories[self._selected], minlength=kinds)
            by_label = self._colour_by == "label" and bool(self._labels)
            names = self._labels if by_label else self._components.names
            entries = [
                Entry(k, self._named(k, names, by_label), int(counts[k]), self._theme.category(k), bool(chosen[k]))
                for k in range(kinds)
            ]
            title = "sentences with label" if by_label else "sentences by component"
            if not len(self._positions):
                entries, title = [], ""
            strip = entries, title, lay_out(entries, title, width, self._theme)
            if width != self.width():
                return strip
            self._strip = strip
        return self._strip

    @staticmethod
    def _named(k: int, names: Sequence[str], by_label: bool) -> str:
        name = names[k] if k < len(names) else ""
        return name if by_label else f"{k + 1} {name}".strip()

    def shown_text(self, view: View | None = None) -> str:
        """How many of the points are in sight and drawn, in words."""
        view, total = view or self.view, len(self._positions)
        if not total:
            return ""
        if self.dense:
            drawn = int(np.count_nonzero(in_sight(self._positions[self._sample], view)))
            text = f"showing {drawn:,} of {total:,} points one by one; the shade counts them all"
        else:
            text = f"showing {int(np.count_nonzero(in_sight(self._positions, view))):,} of {total:,} points"
        if self._selected is not None:
            text += f"; {int(np.count_nonzero(self._selected)):,} selected"
        return text

    # --- painting --------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """The scale, the cached points and ellipses, then badges, cross, hover, lasso and legend."""
        ratio = self.devicePixelRatioF()
        painter = QPainter(self)
        painter.setClipRect(0, 0, self.view.width, self.view.height)
        self._draw_ground(painter, self.view)
        painter.drawPixmap(0, 0, self._points_layer.picture(self.view, ratio))
        painter.drawPixmap(0, 0, self._ellipse_layer.picture(self.view, ratio))
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
        strip = self._legend(size.width()) if legend else ([], "", Layout((), 0, 0.0))
        view = View().resized(size.width(), size.height() - round(strip[2].height)).fitted(self.view.window, 0.0)
        picture.fill(self._theme.colors.surface)
        painter = QPainter(picture)
        self._draw_ground(painter, view)
        self._draw_points(painter, view, ratio)
        self._draw_ellipses(painter, view, ratio)
        self._draw_marks(painter, view, paint.place_marks(self._moving(), view, self._theme))
        painter.translate(0, view.height)
        if legend:
            paint_legend(painter, *strip, size.width(), self._theme)
        painter.end()
        return picture

    def _moving(self) -> Components:
        """The components where they are now."""
        c = self._components
        means, covariances = self._tween.now("means", c.means), self._tween.now("covariances", c.covariances)
        return Components(means, covariances, c.weights, c.names)

    def _placed(self) -> Marks:
        if self._marks is None:
            self._marks = paint.place_marks(self._moving(), self.view, self._theme)
        return self._marks

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
        opacity = FAINT + (SURE - FAINT) * self._confidence
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
        size = self._radius() * self._theme.scale
        sharp = ratio if len(single) <= CRISP else 1.0
        fine = View(view.center, view.scale * sharp, round(view.width * sharp), round(view.height * sharp))
        picture = glyphs_image(dots.of(single), fine, round(size * sharp, 2))
        picture.setDevicePixelRatio(sharp)
        painter.drawImage(0, 0, picture)

    def _resample(self) -> None:
        """Which points are drawn one by one: all, or of too many a part of each component, and the selected ones."""
        self._sample = stratified(self._codes, DRAWN if self.dense else SINGLE)
        if self.dense and self._selected is not None and np.count_nonzero(self._selected) <= SINGLE:
            self._sample = np.union1d(self._sample, np.flatnonzero(self._selected))

    def _radius(self) -> float:
        count = len(self._positions)
        return 3.4 if count <= 1500 else 2.8 if count <= 6000 else 2.0

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


def _rgb(color: QColor) -> tuple[int, int, int]:
    return color.red(), color.green(), color.blue()
