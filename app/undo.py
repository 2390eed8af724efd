"""Edits of parameters that can be undone; a drag becomes one step, and number fields leave the keys to the window."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Slot
from PySide6.QtGui import QKeyEvent, QKeySequence, QUndoCommand, QUndoStack
from PySide6.QtWidgets import (
    QApplication,
    QDoubleSpinBox,
    QLineEdit,
    QPlainTextEdit,
    QSpinBox,
    QTextEdit,
    QWidget,
)
from shiboken6 import isValid

PAUSE = 1.0  # seconds of rest after which the same control starts a new step
MOST_TYPED = 100  # steps of typing that a text keeps once it is left
FIELDS = (QSpinBox, QDoubleSpinBox, QLineEdit, QPlainTextEdit, QTextEdit)


class Edit(QUndoCommand):
    """One parameter from an old to a new value."""

    def __init__(self, key: str, title: str, old: Any, new: Any, apply: Callable[[Any], None]) -> None:
        super().__init__(title)
        self._key, self._old, self._new, self._apply = key, old, new, apply
        self._at = time.monotonic()

    def goes_on(self, key: str) -> bool:
        """Whether a change of this parameter made now belongs to this step."""
        return key == self._key and time.monotonic() - self._at <= PAUSE

    def go_on(self, new: Any) -> None:
        """Set a newer value in the same step, which is none any more once the old value is back."""
        self._new, self._at = new, time.monotonic()
        self._set(new)
        self.setObsolete(new == self._old)

    def undo(self) -> None:
        """Back to the old value."""
        self._set(self._old)

    def redo(self) -> None:
        """On to the new value."""
        self._set(self._new)

    def _set(self, value: Any) -> None:
        try:
            self._apply(value)
        except Exception:  # noqa: BLE001 - raised through Qt's stack it would end the process
            sys.excepthook(*sys.exc_info())


def edit(stack: QUndoStack, key: str, title: str, old: Any, new: Any, apply: Callable[[Any], None]) -> None:
    """Set a parameter now, undoably. `key` ("sampler.temperature") names it; an equal value does nothing.

    Steps are not merged by Qt's `mergeWith`: a command merged inside `push` is never freed by PySide.
    """
    if old == new:
        return
    last = stack.command(stack.index() - 1) if 0 < stack.index() == stack.count() else None
    if not isinstance(last, Edit) or not last.goes_on(key):
        stack.push(Edit(key, title, old, new, apply))
        return
    last.go_on(new)
    if last.isObsolete():
        stack.undo()  # only drops it
    else:
        stack.indexChanged.emit(stack.index())


class FieldsUndo(QObject):
    """Whose Undo and Redo are in a field: its own while something typed in it can be taken back, else the window's.

    A number that is entered is a step of the window's; then the keys are the window's, as they are in a text field in
    which nothing was typed. What can be taken back in a text field is bounded: Qt keeps every character for ever.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.focusChanged.connect(self._on_focus)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Refuse the two keys; everything else goes its way."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            keys = (QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo)
            if any(event.matches(key) for key in keys) and not _typed(watched):
                event.ignore()
                return True
        return super().eventFilter(watched, event)

    @Slot(QWidget, QWidget)
    def _on_focus(self, left: QWidget | None, entered: QWidget | None) -> None:
        if isinstance(entered, FIELDS):
            entered.installEventFilter(self)
        if isinstance(left, FIELDS) and isValid(left):
            left.removeEventFilter(self)  # every event of a watched field goes through the interpreter
        if entered is not None and left is not None and isValid(left):  # not when another program comes to the front
            _forget(left)


def _typed(field: QObject) -> bool:
    """Whether typing in a field can be taken back or done again."""
    match field:
        case QSpinBox() | QDoubleSpinBox():
            return not _entered(field)
        case QLineEdit():
            return field.isUndoAvailable() or field.isRedoAvailable()
        case QPlainTextEdit() | QTextEdit():
            return field.document().isUndoAvailable() or field.document().isRedoAvailable()
    return False


def _forget(field: QWidget) -> None:
    """Let go of what was typed and replaced: all of it in a line, in a text when there is much."""
    if isinstance(field, QLineEdit):
        place = field.cursorPosition()
        with QSignalBlocker(field):
            field.setText(field.text())
            field.setCursorPosition(place)
    elif isinstance(field, QPlainTextEdit | QTextEdit) and field.document().availableUndoSteps() > MOST_TYPED:
        field.document().setUndoRedoEnabled(False)
        field.document().setUndoRedoEnabled(True)


def _entered(box: QSpinBox | QDoubleSpinBox) -> bool:
    """Whether a number field shows its value, and not a number that is still being typed."""
    shown = f"{box.prefix()}{box.textFromValue(box.value())}{box.suffix()}"
    return box.text() in (shown, box.specialValueText())
