"""Fields for text that refuse what is far too long before they lay it out, and say so.

Pasting a book into a sentence's field would hold the window for seconds: nothing of it is taken, and one sentence says
how much a field takes.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QMimeData, Signal
from PySide6.QtGui import QKeyEvent, QValidator
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QWidget

MOST_TYPED = 5_000
"""Characters that a field for a sentence takes; the longest that models are asked to read has a few hundred."""


def too_long(most: int = MOST_TYPED) -> str:
    """What is said of a text that a field does not take."""
    return f"The field takes {most:,} characters, and this text is longer: nothing was taken over."


class TextField(QPlainTextEdit):
    """Several lines of plain text, at most so many characters."""

    refused = Signal(str)  # why something typed or pasted was not taken

    def __init__(self, parent: QWidget | None = None, *, most: int = MOST_TYPED, **properties: Any) -> None:
        super().__init__(parent, **properties)
        self._most = most

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Paste or drop, unless it is too long."""
        if self._takes(len(source.text())):
            super().insertFromMimeData(source)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Type, unless the field is full."""
        if not event.text().isprintable() or self._takes(len(event.text())):
            super().keyPressEvent(event)

    def _takes(self, more: int) -> bool:
        cursor = self.textCursor()
        length = self.document().characterCount() - 1 - (cursor.selectionEnd() - cursor.selectionStart()) + more
        if more and length > self._most:
            self.refused.emit(too_long(self._most))
            return False
        return True


class _Bounded(QValidator):
    """Takes no more than so many characters."""

    def __init__(self, field: LineField, most: int) -> None:
        super().__init__(field)
        self._field, self._most = field, most

    def validate(self, text: str, place: int) -> object:
        """Invalid text undoes the paste that brought it."""
        if len(text) <= self._most:
            return QValidator.State.Acceptable
        self._field.refused.emit(too_long(self._most))
        return QValidator.State.Invalid


class LineField(QLineEdit):
    """One line of text, at most so many characters."""

    refused = Signal(str)  # why something typed or pasted was not taken

    def __init__(self, parent: QWidget | None = None, *, most: int = MOST_TYPED, **properties: Any) -> None:
        super().__init__(parent, **properties)
        self._most = most
        self.setMaxLength(most + 1)  # laying out more takes long
        self.setValidator(_Bounded(self, most))

    def setText(self, text: str) -> None:
        """Show a text, as far as the field takes it."""
        super().setText(text[: self._most])
