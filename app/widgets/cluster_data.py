"""What a map of clusters is given: points, components, selection, a window; and how they come to be shown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Slot

from app.widgets.cluster_canvas import ClusterCanvas
from app.widgets.cluster_layers import reference_density
from app.widgets.cluster_paint import Components
from app.widgets.cluster_state import SINGLE
from app.widgets.pad_view import Array, Window


class ClusterData(ClusterCanvas):
    """Takes plain values in; `ClusterMap` adds the hand."""

    def set_points(
        self,
        positions: Array,
        codes: npt.ArrayLike,
        confidence: npt.ArrayLike,
        labels: Sequence[str] = (),
        texts: Sequence[str] = (),
        *,
        animate: bool = False,
    ) -> None:
        """Points [N, 2], each with a component's index [N], how sure that is [N] 0..1, a label and a text or none.

        `animate`: the same points go from where they were. The selection stays when there are as many points.
        """
        new = np.asarray(positions, dtype=np.float32).reshape(-1, 2)
        before = self._tween.now("positions", self._positions)
        same = len(new) == len(before)
        self._positions = new
        self._codes = np.asarray(codes, dtype=np.intp).reshape(-1)
        self._confidence = np.clip(np.asarray(confidence, dtype=np.float32).reshape(-1), 0.0, 1.0)
        names, inverse = np.unique(np.asarray(labels, dtype=str), return_inverse=True) if len(labels) else ((), ())
        self._labels = tuple(str(n) for n in names)
        self._label_of = np.asarray(inverse, dtype=np.intp)
        self._texts = tuple(texts)
        self._hover = -1
        if not same:
            self._selected = None
        self._resample()
        self._reference = reference_density(new) if len(new) > SINGLE else 1.0
        self._refit = True
        self._move({"positions": (before, new)} if same else {}, ("positions",), animate)
        self._place()
        self._describe()

    def set_components(
        self,
        means: Array,
        covariances: Array,
        weights: npt.ArrayLike,
        names: Sequence[str] = (),
        *,
        animate: bool = False,
    ) -> None:
        """Means [K, 2], covariances [K, 2, 2] or [0, 2, 2] for none, weights [K], and a name each ("" for none)."""
        old = self._moving()
        means = np.asarray(means, dtype=np.float64).reshape(-1, 2)
        covariances = np.asarray(covariances, dtype=np.float64).reshape(-1, 2, 2)
        same = means.shape == old.means.shape and covariances.shape == old.covariances.shape
        filled = tuple(names) + ("",) * (len(means) - len(names))
        self._components = Components(means, covariances, np.asarray(weights, dtype=np.float64).reshape(-1), filled)
        ways = {"means": (old.means, means), "covariances": (old.covariances, covariances)} if same else {}
        self._move(ways, ("means", "covariances"), animate)
        if self._refit or len(means) != len(old):
            self._refit = False
            self._place()
        self._keep_place()
        self._renew_components()
        self._describe()

    def _move(self, ways: dict[str, tuple[Array, Array]], names: tuple[str, ...], animate: bool) -> None:
        self._tween.forget(*names)
        if animate and ways and self._theme.motion:
            self._tween.begin(ways)

    def set_colour_by(self, what: str) -> None:
        """What the colours and shapes of the points mean: "component" or "label"."""
        self._colour_by = what
        self._place()

    def set_selected(self, indices: npt.ArrayLike | None) -> None:
        """The rest goes grey and stays; None: nothing is selected. Tells no one."""
        self._selected = None
        if indices is not None:
            self._selected = np.zeros(len(self._positions), dtype=bool)
            self._selected[np.asarray(indices, dtype=np.intp)] = True
        self._strip = None
        if self.dense:
            self._resample()
        self._renew()
        self._describe()

    def selected(self) -> npt.NDArray[np.intp] | None:
        """Indices of the selected points in rising order."""
        return None if self._selected is None else np.flatnonzero(self._selected)

    def set_cross(self, position: tuple[float, float] | None) -> None:
        """Mark the place whose sentence is shown."""
        self._cross = None if position is None else (float(position[0]), float(position[1]))
        self.update()

    def set_note(self, text: str) -> None:
        """What is seen, at the upper left."""
        self._note = text
        self.update()

    def set_axes(self, names: tuple[str, str] | None) -> None:
        """Names of the axes; None: a place has no coordinates to be read (t-SNE), so no scale is drawn."""
        self._axes = names
        self._renew()

    def set_ghosts(self, positions: Array, texts: Sequence[str] = ()) -> None:
        """A second cloud [N, 2], drawn as diamonds over the points; empty for none."""
        self._ghosts = np.asarray(positions, dtype=np.float32).reshape(-1, 2)
        self._ghost_texts = tuple(texts)
        self._ghost_hover = -1
        self.update()

    def set_extent(self, extent: Window | None) -> None:
        """The window (left, right, bottom, top) that is shown and that "fit" comes back to; None: all there is."""
        self._home = extent
        self._shown = None
        self._place()

    @Slot(object)
    def show_window(self, window: Window | None) -> None:
        """Go to a window without making it the one that "fit" comes back to; None: fit. Tells no one."""
        self._shown = window
        self._place()

    def _describe(self) -> None:
        """Say in words what is seen and what is under the pointer, for screen readers."""
        parts = [self.shown_text(), f"{len(self._components)} components"]
        for index, texts, what in ((self._hover, self._texts, "point"), (self._ghost_hover, self._ghost_texts, "new")):
            if 0 <= index < len(texts):
                parts.append(f"{what}: {texts[index]}")
        keys = (
            "Arrows pan, plus and minus zoom, 0 fits, digits pick a component, Ctrl and arrows move its mean, "
            "Return reads the middle, Escape clears the selection"
        )
        self.setAccessibleDescription(". ".join(p for p in [*parts, keys] if p))
