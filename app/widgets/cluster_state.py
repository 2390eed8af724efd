"""What a map of clusters knows: its points, its components, what is chosen, and what follows from them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QSize
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Theme, mix
from app.widgets.cluster_layers import Indices, in_sight, stratified
from app.widgets.cluster_legend import LINES, Entry, Layout, lay_out
from app.widgets.cluster_marks import ellipse_outline
from app.widgets.cluster_paint import MANY, Components
from app.widgets.pad_view import Array, View, Window
from app.widgets.tween import Tween

SINGLE = 20_000  # points drawn one by one; of more, a density is drawn and a part of them over it
DRAWN = 2_000  # of them


class ClusterState(QWidget):
    """`ClusterCanvas` draws it, `ClusterData` takes the values in, `ClusterMap` adds the hand."""

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
        self._strip: tuple[list[Entry], str, Layout] | None = None
        self._tween = Tween(self)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        """Large: it is what people came to see."""
        return QSize(self._theme.px(640), self._theme.px(480))

    def minimumSizeHint(self) -> QSize:
        """Still usable."""
        return QSize(200, 160)

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
            many = not by_label and kinds > MANY
            if many:  # the largest are enough
                entries = sorted((e for e in entries if e.count), key=lambda e: -e.count)
            title = "sentences with label" if by_label else "sentences by component"
            if not len(self._positions):
                entries, title = [], ""
            strip = entries, title, lay_out(entries, title, width, self._theme, 1 if many else LINES)
            if width != self.width():
                return strip
            self._strip = strip
        return self._strip

    @staticmethod
    def _named(k: int, names: Sequence[str], by_label: bool) -> str:
        name = names[k] if k < len(names) else ""
        return name.replace("_", " ") if by_label else f"{k + 1} {name}".strip()

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

    def _moving(self) -> Components:
        """The components where they are now."""
        c = self._components
        means, covariances = self._tween.now("means", c.means), self._tween.now("covariances", c.covariances)
        return Components(means, covariances, c.weights, c.names)

    def _resample(self) -> None:
        """Which points are drawn one by one: all, or of too many a part of each component, and the selected ones."""
        self._sample = stratified(self._codes, DRAWN if self.dense else SINGLE)
        if self.dense and self._selected is not None and np.count_nonzero(self._selected) <= SINGLE:
            self._sample = np.union1d(self._sample, np.flatnonzero(self._selected))
