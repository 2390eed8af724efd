"""The panel's choices and how they change: at once with a step to undo, or continuously with one step at the end."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from app.panels.clusters.choices import Choices
from app.undo import edit

TITLES = {
    "beside": "change the model beside",
    "colour_by": "change the colours",
    "file": "change the sentences",
    "layout": "change the layout",
    "lesson": "change what is trained",
    "mixture": "change the mixture variable",
    "model": "change the model",
    "names": "name a cluster",
    "rows": "change the table",
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
        """These choices from now on."""
        old, self.choices = self.choices, choices
        self.changed.emit(old, choices)

    def choose(self, field: str, value: Any) -> None:
        """Change one choice, so that it can be undone."""
        new = self.choices.with_fields(**{field: value})
        edit(self._undo, f"clusters.{field}", TITLES.get(field, f"change {field}"), self.choices, new, self.set)

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
            edit(self._undo, "clusters.point", title, before, self.choices, self.set)
