"""A sheet larger than its window: scrolled by the wheel, zoomed with Ctrl, panned by dragging."""

from __future__ import annotations

import math

from PySide6.QtCore import QPoint, QPointF, QSizeF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractScrollArea, QWidget

MARGIN = 18.0  # px around the sheet
ZOOM = (0.15, 2.5)


class PannedView(QAbstractScrollArea):
    """Keeps the zoom and the place of a sheet; subclasses say how large it is and paint it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.zoom = 1.0
        self.held = False  # the person chose the zoom
        self._drag: QPoint | None = None
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)

    def content(self) -> QSizeF:
        """The size of the sheet, px before zooming."""
        return QSizeF()

    def fit(self) -> None:
        """Zoom so that the whole sheet is seen, at most to its natural size."""
        view, sheet = self.viewport().size(), self.content()
        wide = (view.width() - 2 * MARGIN) / max(sheet.width(), 1)
        high = (view.height() - 2 * MARGIN) / max(sheet.height(), 1)
        self.set_zoom(min(wide, high, 1.0))

    def set_zoom(self, zoom: float, around: QPointF | None = None) -> None:
        """Zoom, keeping the point `around` of the viewport (by default its middle) where it is."""
        at = around or QPointF(self.viewport().rect().center())
        spot = self.to_sheet(at)
        self.zoom = min(max(zoom, ZOOM[0]), ZOOM[1])
        self.measure_bars()
        self.horizontalScrollBar().setValue(round((spot.x() + MARGIN) * self.zoom - at.x()))
        self.verticalScrollBar().setValue(round((spot.y() + MARGIN) * self.zoom - at.y()))
        self.viewport().update()

    def measure_bars(self) -> None:
        """Tell the scroll bars how large the sheet is now."""
        size = self.content()
        for bar, length, page in (
            (self.horizontalScrollBar(), size.width(), self.viewport().width()),
            (self.verticalScrollBar(), size.height(), self.viewport().height()),
        ):
            bar.setPageStep(page)
            bar.setSingleStep(24)
            bar.setRange(0, max(0, math.ceil((length + 2 * MARGIN) * self.zoom - page)))

    def origin(self) -> QPointF:
        """Where the sheet's corner is in the viewport."""
        left = MARGIN * self.zoom - self.horizontalScrollBar().value()
        return QPointF(left, MARGIN * self.zoom - self.verticalScrollBar().value())

    def to_sheet(self, point: QPointF) -> QPointF:
        """The place on the sheet of a point of the viewport."""
        return (point - self.origin()) / self.zoom

    def scroll_by(self, x: float, y: float) -> None:
        """Move the window over the sheet."""
        self.horizontalScrollBar().setValue(self.horizontalScrollBar().value() + round(x))
        self.verticalScrollBar().setValue(self.verticalScrollBar().value() + round(y))

    def begin_drag(self, at: QPointF) -> None:
        """Pan from here until the button is released."""
        self._drag = at.toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pan while dragging."""
        if self._drag is not None:
            by = event.position().toPoint() - self._drag
            self._drag = event.position().toPoint()
            self.scroll_by(-by.x(), -by.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Panning ends."""
        self._drag = None

    @property
    def dragging(self) -> bool:
        """Whether the sheet is being panned."""
        return self._drag is not None

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll; with Ctrl, zoom."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.held = True
            self.set_zoom(self.zoom * 1.0015 ** event.angleDelta().y(), event.position())
        else:
            super().wheelEvent(event)
