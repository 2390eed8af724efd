"""The panel's choices and how they change: at once with a step to undo, or continuously with one step at the end."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from app.panels.latent.choices import Choices
from app.undo import edit

TITLES = {
    "anchors": "place the sentences",
    "attributes": "change the attributes",
    "beside": "change the model beside",
    "layer": "change the layer",
    "model": "change the model",
    "path": "change the walk",
    "pins": "change the pins",
    "plane": "change the plane",
}


class Store(QObject):
    """Holds `choices`; `changed` tells the old and the new ones."""

    changed = Signal(object, object)

    def __init__(self, undo: QUndoStack, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._undo = undo
        self._before: Choices | None = None
        self.choices = Choices()

    def set(self, choices: Choices) -> None:
        """These choices from now on; a drag under way begins anew from them."""
        self._before = None
        old, self.choices = self.choices, choices
        self.changed.emit(old, choices)

    def choose(self, field: str, value: Any) -> None:
        """Change one choice, so that it can be undone."""
        self.commit("move the point")  # what a hand has moved until now is a step of its own
        new = self.choices.with_fields(**{field: value})
        edit(self._undo, f"latent.{field}", TITLES.get(field, f"change {field}"), self.choices, new, self.set)

    def hold(self) -> None:
        """A drag begins: undo will come back to here."""
        self._before = self._before or self.choices

    def slide(self, **fields: Any) -> None:
        """Change something while a hand is on it; nobody is told, the hand shows it itself."""
        self.hold()
        self.choices = self.choices.with_fields(**fields)

    def commit(self, title: str) -> None:
        """The hand is off: one step to undo for all that has changed since `hold`."""
        before, self._before = self._before, None
        if before is not None:
            edit(self._undo, "latent.point", title, before, self.choices, self.set)
