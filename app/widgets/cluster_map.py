"""A map of clusters under the hand: look, choose, pull the plane or a component's mean, draw a loop around points."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from app.theme import Theme
from app.widgets.cluster_data import ClusterData
from app.widgets.pad_marks import inside
from app.widgets.pad_view import View
from app.widgets.replies import OwnKeys

SLACK = 4.0  # px a click may wander
PAN, ZOOM, PUSH = 0.08, 1.25, 0.03  # of the window an arrow key, a factor a key press, of the window a mean is moved


class ClusterMap(ClusterData):
    """Signals speak of points and components by index from 0, and of places in the coordinates of the map."""

    hovered = Signal(int)  # a point; -1: none
    ghost_hovered = Signal(int)  # a point of the second cloud; -1: none
    picked = Signal(float, float)  # empty ground was clicked
    point_picked = Signal(int)
    component_picked = Signal(int)
    component_dragged = Signal(int, float, float)  # the mean is to go here
    component_released = Signal(int, float, float)
    selection_changed = Signal(object)  # indices [n], or None when nothing is selected any more
    view_changed = Signal(object)  # the window (left, right, bottom, top), after panning, zooming, fitting by hand
    lasso_ended = Signal()

    def __init__(self, *, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme=theme, parent=parent)
        self._lassoing = False
        self._movable = False
        self._grab = ""  # "pan", "press", "lasso", "mean" or nothing
        self._held = -1  # the component held
        self._press = self._last = QPointF()
        self._offset = (0.0, 0.0)  # from the pointer to the held mean, in the plane
        self._picked = -1  # the component chosen last: its mean is what the keys move
        self._pushed: tuple[float, float] | None = None  # where they have moved it
        self._pushing = False  # a key that moves it is down
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Map of clusters")
        OwnKeys(self, self._owns)
        self._describe()

    def set_movable(self, on: bool) -> None:
        """Whether means can be dragged."""
        self._movable = on

    def set_lasso(self, on: bool) -> None:
        """Whether the next drag draws a loop, as it does with Shift; `lasso_ended` tells when it has."""
        self._lassoing = on
        self.setCursor(Qt.CursorShape.CrossCursor if on else Qt.CursorShape.ArrowCursor)

    def link(self, other: ClusterMap) -> None:
        """Pan and zoom together with another map from now on."""
        self.view_changed.connect(other.show_window)
        other.view_changed.connect(self.show_window)

    # --- mouse -----------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Left: see the class; with Shift a loop, with Ctrl one point more or less. Other buttons pull the plane."""
        at, keys = event.position(), event.modifiers()
        self._press = self._last = at
        if event.button() != Qt.MouseButton.LeftButton:
            self._grab = "pan"
        elif at.y() >= self.view.height:
            self._choose_category(self.entry_at(at))
        elif self._lassoing or keys & Qt.KeyboardModifier.ShiftModifier:
            self._grab, self._loop = "lasso", [at]
        elif keys & Qt.KeyboardModifier.ControlModifier:
            if (index := self.point_at(at)) >= 0:
                self._toggle(index)
        elif (held := self.component_at(at)) >= 0:
            if keys & Qt.KeyboardModifier.AltModifier:
                self._select(np.flatnonzero(self._codes == held))
            else:
                self._grab, self._held = "component", held
                x, y = self.view.to_plane(at)
                mean = self._components.means[held]
                self._offset = (float(mean[0]) - x, float(mean[1]) - y)
        else:
            self._grab = "press"

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag, or look what is under the pointer."""
        at = event.position()
        way = at - self._last
        far = max(abs(at.x() - self._press.x()), abs(at.y() - self._press.y())) > SLACK
        if self._grab == "press" and far:
            self._grab = "pan"
        elif self._grab == "component" and far:
            self._grab = "mean" if self._movable else "pan"
        match self._grab:
            case "pan":
                way = QPointF(round(way.x()), round(way.y()))  # whole pixels: what is drawn is only moved
                at = self._last + way
                self._go(self.view.panned(way.x(), way.y()))
            case "lasso":
                self._loop.append(at)
                self.update()
            case "mean":
                self.component_dragged.emit(self._held, *self._held_at(at))
            case "":
                self._look(at)
        if self._grab not in ("press", "component"):
            self._last = at

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click when nothing was dragged."""
        grab, self._grab = self._grab, ""
        at = event.position()
        match grab:
            case "press":
                index = self.point_at(at)
                if index >= 0:
                    self.point_picked.emit(index)
                else:
                    self.picked.emit(*self.view.to_plane(at))
            case "component":
                self._pick(self._held)
            case "mean":
                self.component_released.emit(self._held, *self._held_at(at))
            case "lasso":
                self._close_loop()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """On a mean: its points."""
        held = self.component_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and held >= 0:
            self._select(np.flatnonzero(self._codes == held))

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the pointer."""
        self._look(QPointF(-1e6, -1e6))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Nearer and farther about the pointer."""
        self._go(self.view.zoomed(1.0015 ** event.angleDelta().y(), event.position()))
        event.accept()

    def _held_at(self, at: QPointF) -> tuple[float, float]:
        x, y = self.view.to_plane(at)
        return x + self._offset[0], y + self._offset[1]

    def _look(self, at: QPointF) -> None:
        lit = self.component_at(at)
        point = self.point_at(at) if lit < 0 else -1
        ghost = self.ghost_at(at) if lit < 0 else -1
        if lit >= 0 or self.entry_at(at) >= 0:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        else:
            self.setCursor(Qt.CursorShape.CrossCursor if self._lassoing else Qt.CursorShape.ArrowCursor)
        if (lit, point, ghost) == (self._lit, self._hover, self._ghost_hover):
            return
        before = self._hover, self._ghost_hover
        self._lit, self._hover, self._ghost_hover = lit, point, ghost
        if point != before[0]:
            self.hovered.emit(point)
        if ghost != before[1]:
            self.ghost_hovered.emit(ghost)
        self._describe()
        self.update()

    # --- selection -------------------------------------------------------------------------------------------------

    def _select(self, indices: npt.NDArray[np.intp] | None) -> None:
        if indices is not None and not len(indices):
            indices = None
        self.set_selected(indices)
        self.selection_changed.emit(indices)

    def _toggle(self, index: int) -> None:
        mask = np.zeros(len(self._positions), bool) if self._selected is None else self._selected.copy()
        mask[index] = not mask[index]
        self._select(np.flatnonzero(mask))

    def _choose_category(self, entry: int) -> None:
        if entry >= 0:
            self._select(np.flatnonzero(self._categories()[0] == entry))

    def _close_loop(self) -> None:
        loop, self._loop = self._loop, []
        self.set_lasso(False)
        self.lasso_ended.emit()
        if len(loop) > 2:
            outline = np.array([(p.x(), p.y()) for p in loop])
            self._select(np.flatnonzero(inside(outline, self.view.to_pixels(self._positions))))
        self.update()

    # --- keys ------------------------------------------------------------------------------------------------------

    def _go(self, view: View) -> None:
        """The person went somewhere."""
        self._look_at(view)
        self.view_changed.emit(view.window)

    def fit(self) -> None:
        """See everything again, or the window that was given."""
        self.show_window(None)
        self.view_changed.emit(self.view.window)

    def zoom(self, factor: float) -> None:
        """Nearer or farther about the middle."""
        self._go(self.view.zoomed(factor, QPointF(self.view.width / 2, self.view.height / 2)))

    def _owns(self, event: QKeyEvent) -> bool:
        """The map's own keys go before the window's shortcuts while it has the focus."""
        keys = event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
        if keys == Qt.KeyboardModifier.ControlModifier:
            return event.key() in _ARROWS and self._movable and 0 <= self._picked < len(self._components)
        if keys:
            return False
        if event.key() == Qt.Key.Key_Escape:
            return self._lassoing or bool(self._loop) or self._selected is not None
        return event.key() in (*_ARROWS, *_ENTER) or event.text() in tuple("+=-0123456789")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows pan, + and - zoom, 0 fits, a digit picks a component, Esc gives the selection up.

        Return reads the middle of what is shown; with Ctrl the arrows move the mean of the component picked last.
        """
        if not self._owns(event):
            super().keyPressEvent(event)
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._push(*_ARROWS[Qt.Key(event.key())])
        elif event.key() in _ENTER:
            self.picked.emit(*self.view.to_plane(QPointF(self.view.width / 2, self.view.height / 2)))
        elif event.key() in _ARROWS:
            right, up = _ARROWS[Qt.Key(event.key())]
            self._go(self.view.panned(-right * round(PAN * self.view.width), up * round(PAN * self.view.height)))
        elif event.key() == Qt.Key.Key_Escape and (self._loop or self._lassoing):
            self._grab, self._loop = "", []
            self._close_loop()
        elif event.key() == Qt.Key.Key_Escape:
            self._select(None)
        elif event.text() in ("+", "="):
            self.zoom(ZOOM)
        elif event.text() == "-":
            self.zoom(1 / ZOOM)
        elif event.text() == "0":
            self.fit()
        elif (k := int(event.text()) - 1) < len(self._components):
            self._pick(k)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """A mean moved by keys is let go with the key."""
        if self._pushing and self._pushed is not None and event.key() in _ARROWS and not event.isAutoRepeat():
            self._pushing = False
            self.component_released.emit(self._picked, *self._pushed)
        super().keyReleaseEvent(event)

    def _pick(self, component: int) -> None:
        self._picked, self._pushed = component, None
        self.component_picked.emit(component)

    def _push(self, right: int, up: int) -> None:
        mean = self._components.means[self._picked]
        x, y = self._pushed or (float(mean[0]), float(mean[1]))
        far = PUSH * self.view.width / self.view.scale
        self._pushed, self._pushing = (x + right * far, y + up * far), True
        self.component_dragged.emit(self._picked, *self._pushed)


_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}
