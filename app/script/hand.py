"""Keys and the mouse, as the system would send them: what a person cannot reach, a script cannot either."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtCore import QCoreApplication, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence, QWheelEvent, QWindow
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from app.script.sight import Part
from app.script.step import ScriptError

LEFT = Qt.MouseButton.LeftButton
MOVES = 6  # of the mouse between two places of a drag
NOTCH = 120  # of a wheel, in eighths of a degree
SPECIAL = {"\n": Qt.Key.Key_Return, "\t": Qt.Key.Key_Tab}


def _focused() -> QWindow:
    popup = QApplication.activePopupWidget()
    window = popup.windowHandle() if popup else QGuiApplication.focusWindow()
    if window is None:
        raise ScriptError("no window of the program has the keyboard")
    return window


def press(keys: str) -> None:
    """One key with its modifiers, written as in menus: "Ctrl+Shift+P"."""
    sequence = QKeySequence(keys)
    if sequence.count() != 1 or sequence[0].key() in (Qt.Key.Key_unknown, Qt.Key(0)):
        raise ScriptError(f"{keys!r} is no key")
    QTest.keyClick(_focused(), sequence[0].key(), sequence[0].keyboardModifiers())


def write(letter: str) -> None:
    """A letter typed, any of Unicode."""
    key = SPECIAL.get(letter) or (Qt.Key(ord(letter.upper())) if 32 <= ord(letter) < 127 else Qt.Key.Key_unknown)
    shift = Qt.KeyboardModifier.ShiftModifier if letter.isupper() else Qt.KeyboardModifier.NoModifier
    QTest.sendKeyEvent(QTest.KeyAction.Click, _focused(), key, "" if letter in SPECIAL else letter, shift)


def modifiers(keys: str) -> Qt.KeyboardModifier:
    """Keys held while the mouse is used: "Shift", "Ctrl+Shift" or ""."""
    return QKeySequence(f"{keys}+A")[0].keyboardModifiers() if keys else Qt.KeyboardModifier.NoModifier


def aim(part: Part, at: Sequence[float], name: str) -> tuple[QWindow, QPoint]:
    """The place in a part's window to click at; raises ScriptError where something else would be hit."""
    window, place = part.widget.window(), part.at(*at)
    hit = window.childAt(place) or window
    if hit is not part.widget and not part.widget.isAncestorOf(hit):
        raise ScriptError(f"{name!r} cannot be clicked at {list(at)}: {_describe(hit)} is there")
    return window.windowHandle(), place


def _describe(widget: QWidget) -> str:
    return widget.accessibleName() or type(widget).__name__


def click(part: Part, at: Sequence[float], name: str, *, keys: str = "", twice: bool = False) -> None:
    """Click, or double-click, with the left button."""
    window, place = aim(part, at, name)
    QTest.mouseMove(window, place)
    (QTest.mouseDClick if twice else QTest.mouseClick)(window, LEFT, modifiers(keys), place)


def wheel(part: Part, at: Sequence[float], name: str, notches: float, keys: str = "") -> None:
    """Turn the wheel over a part, away from oneself for positive numbers."""
    window, place = aim(part, at, name)
    QTest.mouseMove(window, place)
    far = QPointF(window.mapToGlobal(place))
    turn = QPoint(0, round(notches * NOTCH))
    event = QWheelEvent(
        QPointF(place), far, QPoint(), turn, Qt.MouseButton.NoButton, modifiers(keys), Qt.ScrollPhase.NoScrollPhase,
        False,
    )  # fmt: skip
    QCoreApplication.sendEvent(window, event)


def drag(part: Part, way: Sequence[Sequence[float]], name: str, keys: str = "") -> Iterator[None]:
    """Press at the first place, go through the others, let go at the last; the window lives on between the moves."""
    window, here = aim(part, way[0], name)
    held = modifiers(keys)
    QTest.mouseMove(window, here)
    QTest.mousePress(window, LEFT, held, here)
    yield
    for stop in way[1:]:
        start, end = here, part.at(*stop)
        for move in range(1, MOVES + 1):
            here = start + (end - start) * (move / MOVES)
            QTest.mouseMove(window, here)
            yield
    QTest.mouseRelease(window, LEFT, held, here)
