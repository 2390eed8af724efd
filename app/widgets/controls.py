"""Qt's number fields, sliders and drop-downs, with the manners that every one of them has in this program.

The wheel scrolls the page: it changes a control only while that has the focus. A number is read alike whatever the
system's language: with a decimal point or a decimal comma, and never with marks between thousands, which one language
reads as the other's decimals. A drop-down's list shows its entries whole.
"""

from __future__ import annotations

import re
from typing import Any

from PySide6.QtCore import QLocale, Qt
from PySide6.QtGui import QValidator, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QDoubleSpinBox, QSlider, QSpinBox, QWidget

_THOUSANDS = re.compile(r"\d,\d{3}(?!\d)")
_DIGITS = re.compile(r"[-+]?[0-9]*([.,]?)[0-9]*")

MOST_DIGITS = 60  # characters of a number with what stands before and after it


def within(box: QSpinBox | QDoubleSpinBox, value: Any) -> Any:
    """The value, as far as the field can show it; PySide ends the process at a number beyond a C int."""
    return min(max(value, box.minimum()), box.maximum())


def _calm(control: QAbstractSpinBox | QSlider | QComboBox) -> None:
    """The wheel gives no focus, as it would by Qt's default, and numbers are written as in the program's language."""
    control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    control.setLocale(QLocale.c())
    if isinstance(control, QAbstractSpinBox):
        control.lineEdit().setMaxLength(MOST_DIGITS)


def _typed(box: SpinBox | DoubleSpinBox, text: str) -> str | None:
    """The decimal mark in the digits that stand in a field, "" without one; None where they are no digits."""
    if text == box.specialValueText():
        return ""
    found = _DIGITS.fullmatch(text.removeprefix(box.prefix()).removesuffix(box.suffix()))
    return found and found[1]


def _kept(verdict: object) -> QValidator.State:
    """Qt's verdict of a text; what it would refuse key by key may be typed, and is no number."""
    state = verdict[0]  # type: ignore[index]
    return QValidator.State.Intermediate if state == QValidator.State.Invalid else state


class SpinBox(QSpinBox):
    """A whole number; with a decimal mark it can be typed, but is none, and the last number stays."""

    def __init__(self, parent: QWidget | None = None, **properties: Any) -> None:
        super().__init__(parent, **properties)
        _calm(self)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Change the number only where the focus is."""
        super().wheelEvent(event) if self.hasFocus() else event.ignore()

    def validate(self, text: str, place: int) -> object:
        """Whatever can be typed stays as typed: a key that was refused would leave the others, and 1.5 become 15."""
        if _typed(self, text) != "":
            return QValidator.State.Intermediate, text, place
        return _kept(super().validate(text, place)), text, place

    def fixup(self, text: str) -> str:
        """Guess nothing."""
        return text


class DoubleSpinBox(QDoubleSpinBox):
    """A number with decimals, written with a point or a comma; what is neither is none, and the last number stays."""

    def __init__(self, parent: QWidget | None = None, **properties: Any) -> None:
        super().__init__(parent, **properties)
        _calm(self)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Change the number only where the focus is."""
        super().wheelEvent(event) if self.hasFocus() else event.ignore()

    def validate(self, text: str, place: int) -> object:
        """As `SpinBox.validate`; three digits behind a comma could be thousands, and are no number either."""
        mark = _typed(self, text)
        if mark is None or _THOUSANDS.search(text) or (mark and not self.decimals()):
            return QValidator.State.Intermediate, text, place
        return _kept(super().validate(text.replace(",", "."), place)), text, place

    def valueFromText(self, text: str) -> float:
        """The number that is written."""
        return super().valueFromText(text.replace(",", "."))

    def fixup(self, text: str) -> str:
        """Guess nothing."""
        return text


class Slider(QSlider):
    """A slider that does not move when a person scrolls past it."""

    def __init__(self, *arguments: Any, **properties: Any) -> None:
        super().__init__(*arguments, **properties)
        _calm(self)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the page."""
        event.ignore()


class ComboBox(QComboBox):
    """A drop-down whose list is as wide as its longest entry."""

    def __init__(self, parent: QWidget | None = None, **properties: Any) -> None:
        super().__init__(parent, **properties)
        _calm(self)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Change the choice only where the focus is."""
        super().wheelEvent(event) if self.hasFocus() else event.ignore()

    def showPopup(self) -> None:
        """Open the list, wide enough for what it holds."""
        view = self.view()
        widest = max((view.sizeHintForColumn(0), self.width()))
        view.setMinimumWidth(widest + 2 * view.frameWidth() + view.verticalScrollBar().sizeHint().width())
        super().showPopup()
