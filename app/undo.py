"""Edits of parameters that can be undone; a drag becomes one step."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from PySide6.QtGui import QUndoCommand, QUndoStack

PAUSE = 1.0  # seconds of rest after which the same control starts a new step


class Edit(QUndoCommand):
    """One parameter from an old to a new value."""

    def __init__(self, key: str, title: str, old: Any, new: Any, apply: Callable[[Any], None]) -> None:
        super().__init__(title)
        self._key, self._old, self._new, self._apply = key, old, new, apply
        self._at = time.monotonic()

    def id(self) -> int:
        """Edits of one parameter may merge."""
        return hash(self._key) & 0x3FFFFFFF

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Take over a newer edit of the same parameter made without a pause."""
        if not isinstance(other, Edit) or other._key != self._key or other._at - self._at > PAUSE:
            return False
        self._new, self._at = other._new, other._at
        self.setObsolete(self._new == self._old)
        return True

    def undo(self) -> None:
        """Back to the old value."""
        self._apply(self._old)

    def redo(self) -> None:
        """On to the new value."""
        self._apply(self._new)


def edit(stack: QUndoStack, key: str, title: str, old: Any, new: Any, apply: Callable[[Any], None]) -> None:
    """Set a parameter now, undoably. `key` ("sampler.temperature") names it; an equal value does nothing."""
    if old != new:
        stack.push(Edit(key, title, old, new, apply))
