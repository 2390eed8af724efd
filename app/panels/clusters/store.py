"""The panel's choices and how they change: each a step to undo."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from app.panels.clusters.choices import Choices
from app.undo import edit
from engine.messages import Point

TITLES = {
    "beside": "change the model beside",
    "colour_by": "change the colours",
    "columns": "change the columns",
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
        self.choices = Choices()

    def set(self, choices: Choices) -> None:
        """These choices from now on."""
        old, self.choices = self.choices, choices
        self.changed.emit(old, choices)

    def choose(self, field: str, value: Any) -> None:
        """Change one choice, so that it can be undone; undoing leaves the others as they are by then."""
        self._edit(field, TITLES.get(field, f"change {field}"), getattr(self.choices, field), value)

    def _edit(self, field: str, title: str, old: Any, new: Any) -> None:
        edit(
            self._undo, f"clusters.{field}", title, old, new, lambda v: self.set(self.choices.with_fields(**{field: v}))
        )

    def read_at(self, point: Point) -> None:
        """Another place to read, so that it can be undone; nobody is told, who read it has shown it already."""
        before = self.choices.point
        self.choices = self.choices.with_fields(point=point)
        self._edit("point", "read another place", before, point)
