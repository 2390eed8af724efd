"""A plane to drag on with mouse, wheel and keys."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from app.theme import Theme
from app.widgets import pad_marks as marks
from app.widgets.pad_canvas import Group, PadCanvas
from app.widgets.replies import OwnKeys

FINE = 0.2  # of the ordinary way, with Shift
STEP, WHEEL = 0.1, 0.25  # units of sigma a key press or notch
REACH = 12.0  # pixels within which something is under the pointer


class Pad(PadCanvas):
    """Signals are in plane coordinates; nothing moves until whoever listens says where the hand is (`set_hand`)."""

    pressed = Signal()
    moved = Signal(float, float)  # go to this point of the plane
    nudged = Signal(float, float, float)  # go on by so much: right, up, wheel
    released = Signal()
    prior_wanted = Signal()  # double click
    anchor_chosen = Signal(int)
    point_chosen = Signal(str, int)  # group, index: clicked with Ctrl
    hovered = Signal(str, int)  # group ("anchor", "pin" or a group's name), index; "", -1 for nothing
    lassoed = Signal(str, object)  # group, indices [N]

    def __init__(self, parent: QWidget | None = None, *, theme: Theme) -> None:
        super().__init__(parent, theme=theme)
        self.lassoing = False  # the next press draws a loop
        self._grab = ""  # "point", "fine", "pan", "lasso" or nothing
        self._last = QPointF()
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName("Pad")
        OwnKeys(self, lambda event: event.key() in _STEPS)
        self.setAccessibleDescription(
            "Drag to choose a point; arrows step, Shift is fine, Page Up and Down leave the plane"
        )

    # --- mouse -----------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Left: the point (Shift: fine; Alt: lasso; Ctrl: choose a point there is). Middle or right: pull the plane."""
        self._last = event.position()
        keys = event.modifiers()
        if event.button() != Qt.MouseButton.LeftButton:
            self._grab = "pan"
        elif self.lassoing or keys & Qt.KeyboardModifier.AltModifier:
            self._grab, self._loop = "lasso", [event.position()]
        elif keys & Qt.KeyboardModifier.ControlModifier:
            group, index = self._under(event.position())
            if group not in ("", "anchor", "pin"):
                self.point_chosen.emit(group, index)
        elif (found := self._under(event.position(), groups=False))[0] == "anchor":
            self._grab = "held"
            self.anchor_chosen.emit(found[1])
        else:
            self._grab = "fine" if keys & Qt.KeyboardModifier.ShiftModifier else "point"
            self.pressed.emit()
            if self._grab == "point":
                self.moved.emit(*self.view.to_plane(event.position()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag, or look what is under the pointer."""
        at = event.position()
        way = at - self._last
        match self._grab:
            case "held" if abs(way.x()) + abs(way.y()) > 4:
                self._grab = "point"
                self.pressed.emit()
                self.moved.emit(*self.view.to_plane(at))
            case "point":
                if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                    self._grab = "fine"
                else:
                    self.moved.emit(*self.view.to_plane(at))
            case "fine":
                self.nudged.emit(way.x() * FINE / self.view.scale, -way.y() * FINE / self.view.scale, 0.0)
            case "pan":
                self.view = self.view.panned(way.x(), way.y())
                self._renew()
            case "lasso":
                self._loop.append(at)
                self.update()
            case "":
                self.hovered.emit(*self._under(at))
        if self._grab != "held":
            self._last = at

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The full search, or the end of a lasso."""
        grab, self._grab = self._grab, ""
        if grab in ("point", "fine"):
            self.released.emit()
        elif grab == "lasso":
            self._close_loop()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """A sample from the prior."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._grab = ""
            self.prior_wanted.emit()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the pointer."""
        self.hovered.emit("", -1)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Along the third axis; with Shift finely, with Ctrl nearer and farther."""
        notches = (event.angleDelta().y() or event.angleDelta().x()) / 120
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.view = self.view.zoomed(1.2**notches, event.position())
            self._renew()
        else:
            fine = FINE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
            self.nudged.emit(0.0, 0.0, notches * WHEEL * fine * self.sigma)
        event.accept()

    def _close_loop(self) -> None:
        loop, self._loop = self._loop, []
        self.lassoing = False
        if len(loop) > 2:
            outline = np.array([(p.x(), p.y()) for p in loop])
            inside = {n: marks.inside(outline, self.view.to_pixels(g.points)) for n, g in self._groups.items()}
            for name, caught in inside.items():  # who hears of one may bring a new group
                found: npt.NDArray[np.intp] = np.flatnonzero(caught)
                self.lassoed.emit(name, found)
        self.update()

    def _under(self, at: QPointF, *, groups: bool = True) -> tuple[str, int]:
        """What lies within reach of a pixel: an anchor, a pin, else the nearest point of a group."""
        named = {
            "anchor": np.array([(a.x, a.y) for a in self._anchors]).reshape(-1, 2),
            "pin": np.array(self._pins).reshape(-1, 2),
        }
        if groups:
            named |= {name: group.points for name, group in self._groups.items()}
        best, found = REACH, ("", -1)
        for name, points in named.items():
            if not len(points):
                continue
            way = self.view.to_pixels(points) - (at.x(), at.y())
            far = np.einsum("ij,ij->i", way, way)
            index = int(far.argmin())
            if far[index] ** 0.5 < best:
                best, found = float(far[index] ** 0.5), (name, index)
                if name in ("anchor", "pin"):
                    return found
        return found

    # --- keys ------------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Steps; Return decodes with the full search."""
        step = _STEPS.get(Qt.Key(event.key()))
        if step is not None:
            fine = FINE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
            dx, dy, dz = (s * fine * self.sigma for s in step)
            self.nudged.emit(dx, dy, dz)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.released.emit()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """The full search once the key is up."""
        if Qt.Key(event.key()) in _STEPS and not event.isAutoRepeat():
            self.released.emit()
        super().keyReleaseEvent(event)


_STEPS = {
    Qt.Key.Key_Left: (-STEP, 0.0, 0.0),
    Qt.Key.Key_Right: (STEP, 0.0, 0.0),
    Qt.Key.Key_Up: (0.0, STEP, 0.0),
    Qt.Key.Key_Down: (0.0, -STEP, 0.0),
    Qt.Key.Key_PageUp: (0.0, 0.0, WHEEL),
    Qt.Key.Key_PageDown: (0.0, 0.0, -WHEEL),
}


__all__ = ["Group", "Pad"]
