"""The one point of the panel: moved by drag, wheel, key, slider, list or typing; decoded live, searched at rest."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.panels.latent.choices import read_point
from app.panels.latent.explorer import Explorer, as_point
from app.panels.latent.frame import carry
from app.panels.latent.stage import Stage
from app.panels.latent.store import Store

Array = npt.NDArray[np.floating]
REST_MS = 220  # after the last key, notch or slider step: the full search


class Hand(QObject):
    """Moves the point of the main model, and with it the same place in the model beside."""

    shown = Signal(object, object, bool)  # the point [D], t of the nearest place on the walk or None, whether on it
    taken = Signal()  # a person has put a hand on it

    def __init__(self, store: Store, stages: tuple[Stage, Stage], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store, self._stages = store, stages
        self.main: Explorer = stages[0].explorer
        self.beside: Explorer = stages[1].explorer
        self._pause = QTimer(self, singleShot=True, interval=REST_MS)
        self._pause.timeout.connect(self.release)
        for index, stage in enumerate(stages):
            stage.pad.pressed.connect(self.press)
            stage.pad.released.connect(self.release)
            stage.pad.nudged.connect(self.nudge)
            stage.pad.moved.connect(self.move if not index else self.move_beside)
            stage.pad.anchor_chosen.connect(self.go_to_anchor)
        self.main.plane_ready.connect(self._on_plane)
        self.main.prior_drawn.connect(lambda point: self.go(np.asarray(point), final=True))
        for signal in (self.main.attribute_ready, self.beside.attribute_ready, self.beside.plane_ready):
            signal.connect(self.decode_fully)

    # --- where it is -------------------------------------------------------------------------------------------------

    @property
    def point(self) -> Array | None:
        """The hand in the main model's latent space, [D]; None before there is one."""
        report, point = self.main.report, self._store.choices.point
        return np.array(point) if report is not None and len(point) == report.latent_size else None

    @property
    def asked(self) -> Array | None:
        """The point that is decoded: the hand, shifted by the attributes."""
        point = self.point
        return None if point is None else point + self.main.shift(self._store.choices.attributes)

    def _beside(self) -> tuple[Array, Array] | None:
        """The same place in the model beside, and what is decoded from there."""
        point = self.point
        if self.main.plane is None or self.beside.plane is None or point is None:
            return None
        other = carry(point, self.main.plane, self.beside.plane)
        return other, other + self.beside.shift(self._store.choices.attributes)

    # --- moving it ---------------------------------------------------------------------------------------------------

    def go(self, point: Array, *, final: bool = False, t: float | None = None) -> None:
        """Go to a point [D]: a preview now, and when `final` the full search and a step to undo."""
        if self.main.report is None:
            return
        self._store.slide(point=as_point(point))
        self.show(t)
        if final:
            self.release()
        else:
            self._decode(preview=True)

    def go_to(self, point: Array) -> None:
        """A person chooses a point."""
        self.taken.emit()
        self.go(np.asarray(point, dtype=float), final=True)

    def show(self, t: float | None = None) -> None:
        """Draw the hand where it is."""
        point, asked = self.point, self.asked
        if point is None or asked is None:
            return
        self._stages[0].show_hand(point, asked)
        if (other := self._beside()) is not None:
            self._stages[1].show_hand(*other)
        place, on = (t, True) if t is not None else self.main.place_of(point)
        self.shown.emit(point, place, on)

    @Slot()
    def press(self) -> None:
        """A drag begins."""
        self.taken.emit()
        self._store.hold()

    @Slot(float, float)
    def move(self, x: float, y: float) -> None:
        """Go to a place on the plane, as far from it along the wheel axis as the hand is."""
        if self.main.plane is None:
            return
        plane, point = self.main.plane.plane, self.point
        third = float(plane.project(point[None])[0, 2]) if point is not None else 0.0
        self.go(plane.lift(np.array([[x, y, third]]))[0])

    @Slot(float, float)
    def move_beside(self, x: float, y: float) -> None:
        """A drag on the second pad is the same gesture on the first."""
        if self.main.plane is not None and self.beside.plane is not None:
            there = self.beside.plane.plane.lift(np.array([[x, y]]))[0]
            self.go(carry(there, self.beside.plane, self.main.plane))

    @Slot(float, float, float)
    def nudge(self, dx: float, dy: float, dz: float) -> None:
        """Go on by so much, from wherever the hand is, also off the plane."""
        point = self.point
        if self.main.plane is not None and point is not None:
            self.taken.emit()
            self.go(point + np.array([dx, dy, dz]) @ np.asarray(self.main.plane.plane.axes))
            self._pause.start()

    @Slot(int)
    def go_to_anchor(self, index: int) -> None:
        """Go to an anchor's own point."""
        if index < len(self.main.anchor_points):
            self.go_to(self.main.anchor_points[index])

    @Slot(float)
    def go_along(self, t: float) -> None:
        """Go to t on the walk."""
        point = self.main.along(t)
        if point is not None:
            self.taken.emit()
            self.go(point, t=t)
            self._pause.start()

    @Slot(int, float)
    def set_dimension(self, index: int, value: float) -> None:
        """Move along one dimension."""
        point = self.point
        if point is not None:
            self.taken.emit()
            point[index] = value
            self.go(point)
            self._pause.start()

    @Slot(str, float)
    def set_strength(self, name: str, value: float) -> None:
        """Shift what is decoded along an attribute."""
        attributes = self._store.choices.attributes
        changed = tuple(msgspec.structs.replace(a, strength=value) if a.name == name else a for a in attributes)
        self._store.slide(attributes=changed)
        self.show()
        self._decode(preview=True)
        self._pause.start()

    def go_to_typed(self, text: str) -> None:
        """Go to coordinates as typed; raises ValueError saying what would be right."""
        if self.main.report is None or self.main.plane is None:
            return
        values = np.array(read_point(text, self.main.report.latent_size))
        whole = len(values) == self.main.report.latent_size
        self.go_to(values if whole else self.main.plane.plane.lift(values[None])[0])

    # --- decoding ----------------------------------------------------------------------------------------------------

    def _decode(self, *, preview: bool) -> None:
        asked = self.asked
        if asked is None:
            return
        self.main.decode(asked, preview=preview)
        if (other := self._beside()) is not None:
            self.beside.decode(other[1], preview=preview)

    @Slot()
    def release(self) -> None:
        """The hand is off: the full search, the neighbours, one step to undo."""
        self._pause.stop()
        asked = self.asked
        if asked is not None:
            self._decode(preview=False)
            self.main.find_neighbours(asked)
            self._store.commit("move the point")

    def rest(self) -> None:
        """Nothing more is to come by itself."""
        self._pause.stop()

    @Slot()
    def decode_fully(self) -> None:
        """Show the hand and decode it anew: planes, models or attributes have changed."""
        self.show()
        asked = self.asked
        if asked is not None:
            self._decode(preview=False)
            self.main.find_neighbours(asked)

    def begin(self) -> None:
        """Where there is no point yet: on the first sentence, or in the middle."""
        if self.point is None and self.main.plane is not None:
            anchors = self.main.anchor_points
            start = anchors[0] if len(anchors) else self.main.center
            self._store.choices = self._store.choices.with_fields(point=as_point(start))

    @Slot()
    def _on_plane(self) -> None:
        self.begin()
        self.decode_fully()
