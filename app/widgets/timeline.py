"""Traces over the steps of a run, one line a chain, sharing one cursor; a click goes to a step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.theme import Theme

Array = npt.NDArray[np.float64]
BINS = 600  # a curve is drawn with at most two points for each


def decimate(values: Array, bins: int = BINS) -> tuple[Array, Array]:
    """Steps and values of at most two points a bin, its smallest and its largest, so that no peak is lost."""
    steps = np.arange(len(values), dtype=np.float64)
    if len(values) <= 2 * bins:
        return steps, values
    width = -(-len(values) // bins)
    whole = len(values) // width * width
    blocks = values[:whole].reshape(-1, width)
    starts = np.arange(0, whole, width)
    ends = np.sort(np.stack([blocks.argmin(1), blocks.argmax(1)], 1), 1) + starts[:, None]
    keep = np.concatenate([ends.reshape(-1), np.arange(whole, len(values))])
    return steps[keep], values[keep]


def room(end: int) -> int:
    """Steps an endless run's axis has room for: an eighth more at most, so that it is not drawn anew at every step."""
    stride = max(1, 1 << max(0, end.bit_length() - 4))
    return -(-end // stride) * stride


class _Plot(pg.PlotWidget):
    """A plot whose mouse chooses a step and nothing else."""

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setMouseEnabled(x=False, y=False)
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def _choose(self, event: QMouseEvent) -> None:
        box = self.getPlotItem().getViewBox()
        self.chosen.emit(round(box.mapSceneToView(self.mapToScene(event.position().toPoint())).x()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._choose(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._choose(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def wheelEvent(self, event: object) -> None:
        event.ignore()  # type: ignore[attr-defined]


class Timeline(QWidget):
    """Named traces above each other over the same steps; the chosen chain's line is strong, the others faint."""

    step_chosen = Signal(int)

    def __init__(
        self, names: Sequence[str], parent: QWidget | None = None, *, theme: Theme, cursor: bool = True
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._names = tuple(names)
        self._chain = 0
        self._plots = [_Plot() for _ in names]
        self._cursors = [pg.InfiniteLine(0, movable=False) for _ in names]
        self._edges = [pg.InfiniteLine(0, movable=False) for _ in names]
        self._curves: list[list[pg.PlotCurveItem]] = [[] for _ in names]
        self._data: list[list[Array]] = []
        self._end = self._marked = 0  # steps drawn; the step the cursor is to stand at
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for index, plot in enumerate(self._plots):
            plot.setAccessibleName(f"Trace of {names[index]}")
            plot.chosen.connect(self.step_chosen)
            for line in (self._edges[index], self._cursors[index]):
                plot.addItem(line, ignoreBounds=True)
                line.setVisible(cursor)
            plot.getAxis("left").setWidth(52)
            plot.getAxis("left").enableAutoSIPrefix(False)
            plot.getAxis("bottom").enableAutoSIPrefix(False)
            if index < len(self._plots) - 1:
                plot.getAxis("bottom").setStyle(showValues=False)
                plot.getAxis("bottom").setHeight(6)
            layout.addWidget(plot, 3 if not index else 2)
        self.setMinimumSize(180, 90)
        theme.changed.connect(self._restyle)
        self._restyle()

    def show_traces(self, data: Sequence[Sequence[Array]], end: int, total: int, *, every: int = 1) -> None:
        """`data`: for each name the values of every chain by step; `end`: the live edge; `total`: steps to come.

        With `every`, a value stands for so many steps, and the last one of them is where it is drawn.
        """
        self._data, self._end = [list(chains) for chains in data], end
        for index, chains in enumerate(self._data):
            curves = self._curves[index]
            while len(curves) < len(chains):
                curve = pg.PlotCurveItem()
                self._plots[index].addItem(curve)
                curves.append(curve)
                self._pen(curve, len(curves) - 1)
            while len(curves) > len(chains):
                self._plots[index].removeItem(curves.pop())
            finite = [c[np.isfinite(c)] for c in chains]
            low = min((float(c.min()) for c in finite if len(c)), default=0.0)
            high = max((float(c.max()) for c in finite if len(c)), default=1.0)
            pad = 0.08 * (high - low) or 0.5
            for curve, values in zip(curves, chains, strict=True):
                steps, kept = decimate(values)
                curve.setData(steps if every == 1 else (steps + 1) * every, kept)
            self._plots[index].setRange(
                xRange=(0, 1.01 * max(total or room(end), end, 1)),
                yRange=(low - pad, high + pad),
                padding=0,
                update=False,
            )
            self._edges[index].setPos(end)
            # pyqtgraph would do this while it paints, and then paint a second time for it
            self._plots[index].scene().prepareForPaint()
        self._place_cursors()

    def show_chain(self, chain: int) -> None:
        """Make one chain's line strong."""
        self._chain = chain
        for curves in self._curves:
            for index, curve in enumerate(curves):
                self._pen(curve, index)

    def show_cursor(self, step: int) -> None:
        """Mark a step; for one not drawn yet the cursor waits at the edge, so that both are painted together."""
        self._marked = step
        self._place_cursors()

    def _place_cursors(self) -> None:
        """A move of less than half a pixel is not worth painting the traces for."""
        at = min(self._marked, self._end)
        for plot, cursor in zip(self._plots, self._cursors, strict=True):
            box = plot.getPlotItem().getViewBox()
            if abs(at - cursor.value()) * 2 * box.width() >= box.viewRect().width():
                cursor.setPos(at)

    def points(self, name: str, chain: int) -> int:
        """How many points a curve is drawn with."""
        data = self._curves[self._names.index(name)][chain].getData()[0]
        return 0 if data is None else len(data)

    def _pen(self, curve: pg.PlotCurveItem, index: int) -> None:
        color = self._theme.category(index)
        strong = index == self._chain
        color.setAlphaF(1.0 if strong else 0.5)
        curve.setPen(pg.mkPen(color, width=1.8 if strong else 1.0))
        curve.setZValue(10 if strong else 5)

    @Slot()
    def _restyle(self) -> None:
        c = self._theme.colors
        for index, plot in enumerate(self._plots):
            self._theme.color_plot(plot)
            plot.setBackground(c.paper)
            plot.getAxis("left").setLabel(self._names[index])
            plot.getAxis("left").label.setFont(self._theme.ui_font(11))
            self._cursors[index].setPen(pg.mkPen(c.accent, width=1.5))
            self._edges[index].setPen(pg.mkPen(self._theme.text(c.accepted), width=1.5, style=Qt.PenStyle.DotLine))
        self.show_chain(self._chain)
