"""Edits of parameters that can be undone; a drag becomes one step, and number fields leave the keys to the window."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QKeyEvent, QKeySequence, QUndoCommand, QUndoStack
from PySide6.QtWidgets import QDoubleSpinBox, QSpinBox, QWidget

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


class NumbersUndo(QObject):
    """Keeps number fields from taking Undo and Redo for themselves once a number is entered: it is a step of ours."""

    def guard(self, widget: QWidget) -> None:
        """Watch all number fields inside a widget."""
        for kind in (QSpinBox, QDoubleSpinBox):
            for box in widget.findChildren(kind):
                box.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Refuse the two keys; everything else goes its way."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            keys = event.matches(QKeySequence.StandardKey.Undo) or event.matches(QKeySequence.StandardKey.Redo)
            if keys and isinstance(watched, QSpinBox | QDoubleSpinBox) and _entered(watched):
                event.ignore()
                return True
        return super().eventFilter(watched, event)


def _entered(box: QSpinBox | QDoubleSpinBox) -> bool:
    """Whether a number field shows its value, and not a number that is still being typed."""
    shown = f"{box.prefix()}{box.textFromValue(box.value())}{box.suffix()}"
    return box.text() in (shown, box.specialValueText())
