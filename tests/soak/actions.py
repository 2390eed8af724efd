"""What a user can do to a window, each as a value that can be written down and done again."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QKeySequence, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QLineEdit,
    QPlainTextEdit,
    QScrollBar,
    QSpinBox,
    QTabBar,
    QTextEdit,
    QWidget,
)

from app.window import Window

LEFT, NO_KEY = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
BARE_KEYS = (
    "Space", "Left", "Right", "Up", "Down", "Home", "End", "PgUp", "PgDown", "Return", "Esc", "Tab", "Backtab", "Del",
    "Backspace", "R", "N", "B", "?", "1", "+", "-", "Shift+Right", "Shift+Left", "Ctrl+A", "Ctrl+C", "Ctrl+V",
)  # fmt: skip
NUMBERS = (
    "1.5",
    "1,5",
    "1.234,5",
    "1,234.5",
    "1 000",
    "1\u2019000",
    "1e-40",
    "1e400",
    "inf",
    "nan",
    "−1",
    "٣",
    "½",
    "0x10",
    "",
)
TEXTS = (
    "",
    " ",
    "dog",
    "the dog and the cat sleep .",
    "Ich habe heute keine Zeit.",
    "juice natural brand",
    "ñandú žluťoučký",
    "שלום עולם",
    "\u202eright to left\u202c",
    "😀👩‍👩‍👧‍👦🏳️‍🌈",
    "e\u0301\u0301\u0301",
    "\0",
    "\u2028\u2029\ufeff",
    "one\u0085two\u000cthree",
    "हिन्दी cof\u00adfee cof\u200bfee",
    "👍🏽 🇩🇪 scho\u0308n",
    "[/b] [red]car[/red] \x1b[31mred",
    "\ud83d alone",
    "a" * 3000,
    "word " * 400,
    "the dog and the cat sleep . " * 8_000,
    "a" * 200_000,
    "<unk> <s> </s>",
    "<b>bold</b>",
    "%s %n {0}",
    "../../etc/passwd",
    "[1, 2]",
    "[nan]",
    "1e400",
    "-1",
    "٣",
    *NUMBERS,
    "\t\n\r",
)


class Action(msgspec.Struct, frozen=True):
    """One thing done: what, to which widget (its way down from its window), how."""

    kind: str
    target: str = ""
    value: Any = None


# --- finding ---------------------------------------------------------------------------------------------------------


def way_to(widget: QWidget) -> str:
    """Where a widget is, as a way that leads there again while the window has the same parts."""
    steps: list[str] = []
    while (parent := widget.parentWidget()) is not None and not widget.isWindow():
        alike = [c for c in parent.children() if type(c) is type(widget)]
        steps.append(f"{type(widget).__name__}:{alike.index(widget)}")
        widget = parent
    return "/".join(reversed([*steps, type(widget).__name__]))


def at(root: QWidget, way: str) -> QWidget | None:
    """The widget at the end of a way; None when there is none any more."""
    first, *steps = way.split("/")
    here: QWidget = next(
        (w for w in QApplication.topLevelWidgets() if type(w).__name__ == first and w.isVisible()), root
    )
    for step in steps:
        name, _, place = step.partition(":")
        alike = [c for c in here.children() if type(c).__name__ == name]
        if int(place) >= len(alike) or not isinstance(alike[int(place)], QWidget):
            return None
        here = alike[int(place)]
    return here


def front(window: Window) -> QWidget:
    """What takes the user's input now: a dialog, a popup or the window."""
    return QApplication.activePopupWidget() or QApplication.activeModalWidget() or window


def reachable(root: QWidget, *kinds: type[QWidget]) -> list[QWidget]:
    """Visible, enabled widgets of these kinds."""
    return [
        w
        for kind in kinds
        for w in root.findChildren(kind)
        if w.isVisible() and w.isEnabled() and not w.visibleRegion().isEmpty()
    ]


def canvases(root: QWidget) -> list[QWidget]:
    """What draws itself: the window's own widgets, the views of lists, tables and plots."""
    own = [w for w in reachable(root, QWidget) if type(w).__module__.startswith(("app.", "pyqtgraph"))]
    views = [v.viewport() for v in reachable(root, QAbstractItemView)]
    return [w for w in (*own, *views) if w.width() > 24 and w.height() > 16]


# --- drawing an action -----------------------------------------------------------------------------------------------


class Catalogue:
    """Draws actions that can be done now."""

    def __init__(self, window: Window, files: list[Path], rng: random.Random) -> None:
        self._window, self._files, self._random = window, files, rng
        self._draws: dict[Callable[[QWidget], Action | None], int] = {
            self._click: 22, self._slide: 12, self._choose: 8, self._type: 9, self._key: 10, self._shortcut: 5,
            self._wheel: 6, self._drag: 10, self._hover: 4, self._tab: 3, self._panel: 4, self._command: 9,
            self._undo: 6, self._resize: 2, self._open: 2, self._demo: 1, self._play: 2, self._session: 1,
        }  # fmt: skip

    def draw(self) -> Action:
        """One action; Esc where a dialog has nothing else to offer."""
        root = front(self._window)
        if root is not self._window and self._random.random() < 0.3:
            return Action("escape", way_to(root))
        for _ in range(20):
            (draw,) = self._random.choices(list(self._draws), self._draws.values())
            if (action := draw(root)) is not None:
                return action
        return Action("escape", way_to(root))

    def _one(self, found: list[QWidget]) -> QWidget | None:
        return self._random.choice(found) if found else None

    def _click(self, root: QWidget) -> Action | None:
        button = self._one(reachable(root, QAbstractButton))
        return Action("click", way_to(button)) if button else None

    def _slide(self, root: QWidget) -> Action | None:
        found = [w for w in reachable(root, QAbstractSlider, QSpinBox, QDoubleSpinBox) if not isinstance(w, QScrollBar)]
        widget = self._one(found)
        if widget is None:
            return None
        how = self._random.choice(("set", "set", "wheel", "type"))
        return Action("slide", way_to(widget), [how, self._random.choice((0.0, 1.0, self._random.random()))])

    def _choose(self, root: QWidget) -> Action | None:
        combo = self._one(reachable(root, QComboBox))
        return Action("choose", way_to(combo), self._random.random()) if combo else None

    def _type(self, root: QWidget) -> Action | None:
        field = self._one([w for w in reachable(root, QLineEdit, QPlainTextEdit, QTextEdit) if not w.isReadOnly()])  # type: ignore[attr-defined]
        if field is None:
            return None
        return Action("type", way_to(field), [self._random.choice(TEXTS), self._random.random() < 0.4])

    def _key(self, _root: QWidget) -> Action:
        return Action("key", "", self._random.choice(BARE_KEYS))

    def _shortcut(self, root: QWidget) -> Action | None:
        keys = [c.keys for c in self._window.actions_.active() if c.keys and c.id != "file.quit"]
        return Action("key", "", self._random.choice(keys)) if root is self._window else None

    def _wheel(self, root: QWidget) -> Action | None:
        canvas = self._one(canvases(root))
        turn = self._random.choice((-120, 120, 15, -600))
        return Action("wheel", way_to(canvas), [*self._place(), turn, self._random.random() < 0.3]) if canvas else None

    def _drag(self, root: QWidget) -> Action | None:
        canvas = self._one(canvases(root))
        moves = [self._place() for _ in range(self._random.choice((0, 0, 1, 4, 12)))]
        twice, keys = self._random.random() < 0.15, self._random.choice(("", "", "", "Shift", "Ctrl"))
        return Action("drag", way_to(canvas), [[self._place(), *moves], twice, keys]) if canvas else None

    def _hover(self, root: QWidget) -> Action | None:
        canvas = self._one(canvases(root))
        return Action("hover", way_to(canvas), [self._place() for _ in range(4)]) if canvas else None

    def _tab(self, root: QWidget) -> Action | None:
        tabs = self._one(reachable(root, QTabBar))
        return Action("tab", way_to(tabs), self._random.random()) if tabs else None

    def _panel(self, _root: QWidget) -> Action:
        return Action("panel", "", self._random.choice(self._window.panel_keys()))

    def _command(self, _root: QWidget) -> Action:
        return Action("command", "", self._random.choice(self._window.actions_.active()).id)

    def _undo(self, _root: QWidget) -> Action:
        return Action("command", "", self._random.choice(("edit.undo", "edit.undo", "edit.redo")))

    def _resize(self, _root: QWidget) -> Action:
        return Action("resize", "", [self._random.randint(400, 1920), self._random.randint(300, 1200)])

    def _open(self, _root: QWidget) -> Action:
        return Action("open", "", self._random.choice(self._files).name)

    def _demo(self, _root: QWidget) -> Action:
        return Action("demo", "", self._random.choice(self._window.panel_keys()))

    def _play(self, _root: QWidget) -> Action:
        """The chains at full speed, whatever else is going on."""
        return Action("play")

    def _session(self, _root: QWidget) -> Action:
        return Action("session", "", self._random.choice(("save", "restore")))

    def _place(self) -> list[float]:
        return [round(self._random.random(), 3), round(self._random.random(), 3)]


# --- doing it --------------------------------------------------------------------------------------------------------


PATIENT = 8  # looks, one each 120 ms, that a dialog inside an action is left to itself


class Hand:
    """Does actions."""

    def __init__(self, window: Window, files: list[Path]) -> None:
        self._window = window
        self._files = {p.name: p for p in files}
        self._closer = QTimer(interval=120)  # a menu waits for a choice inside the click that opened it
        self._closer.timeout.connect(self._close_popup)
        self._inside, self._looked = False, 0

    def do(self, action: Action) -> bool:
        """False when what it was done to is not there any more."""
        widget = at(self._window, action.target) if action.target else self._window
        if widget is None or (action.target and not widget.isVisible()):
            return False
        self._inside, self._looked = True, 0
        self._closer.start()
        try:
            getattr(self, f"_do_{action.kind}")(widget, action.value)
        finally:
            self._closer.stop()
            self._inside = False
        return True

    def _close_popup(self) -> None:
        """What waits for an answer inside the action is answered with Esc: a menu at once, a dialog when it stays."""
        self._looked += 1
        dialog = QApplication.activeModalWidget() if self._looked > PATIENT else None
        if self._inside and (waits := QApplication.activePopupWidget() or dialog):
            waits.close()

    def _do_escape(self, widget: QWidget, _: Any) -> None:
        if isinstance(widget, QDialog):
            widget.reject()
        elif widget.isWindow() and widget is not self._window:
            widget.close()
        else:
            QTest.keyClick(widget, Qt.Key.Key_Escape)

    def _do_click(self, widget: QWidget, _: Any) -> None:
        QTest.mouseClick(widget, LEFT, NO_KEY, widget.rect().center())

    def _do_slide(self, widget: Any, value: Any) -> None:
        how, share = value
        low, high = widget.minimum(), widget.maximum()
        there = low + share * (high - low)
        if how == "set":
            widget.setValue(there if isinstance(widget, QDoubleSpinBox) else round(there))
        elif how == "type" and isinstance(widget, QAbstractSpinBox):
            field = widget.findChild(QLineEdit)
            field.selectAll()
            plain = f"{there:.2f}" if isinstance(widget, QDoubleSpinBox) else str(round(there))
            field.insert(NUMBERS[int(share * 1000) % len(NUMBERS)] if 0 < share < 0.5 else plain)
            QTest.keyClick(field, Qt.Key.Key_Return)
        else:
            self._turn(widget, QPointF(widget.rect().center()), 120 if share > 0.5 else -120, NO_KEY)

    def _do_choose(self, combo: Any, share: float) -> None:
        if combo.count():
            index = min(int(share * combo.count()), combo.count() - 1)
            combo.setCurrentIndex(index)
            combo.activated.emit(index)

    def _do_type(self, field: Any, value: Any) -> None:
        text, enter = value
        field.setFocus()
        field.selectAll()
        if len(text) < 40 and text.isascii() and text.isprintable():
            QTest.keyClicks(field, text)
        else:  # as a person would: a field may refuse what is pasted
            QApplication.clipboard().setText(text)
            field.paste()
        if enter:
            QTest.keyClick(field, Qt.Key.Key_Return)

    def _do_key(self, widget: QWidget, keys: str) -> None:
        target = QApplication.focusWidget() or widget
        QTest.keySequence(target, QKeySequence(keys))

    def _do_wheel(self, widget: QWidget, value: Any) -> None:
        x, y, turn, held = value
        self._turn(widget, _point(widget, (x, y)), turn, Qt.KeyboardModifier.ShiftModifier if held else NO_KEY)

    def _turn(self, widget: QWidget, place: QPointF, turn: int, keys: Qt.KeyboardModifier) -> None:
        world = QPointF(widget.mapToGlobal(place.toPoint()))
        phase = Qt.ScrollPhase.NoScrollPhase
        event = QWheelEvent(place, world, QPoint(), QPoint(0, turn), Qt.MouseButton.NoButton, keys, phase, False)
        QApplication.sendEvent(widget, event)

    def _do_drag(self, widget: QWidget, value: Any) -> None:
        places, twice, keys = value
        held = {"Shift": Qt.KeyboardModifier.ShiftModifier, "Ctrl": Qt.KeyboardModifier.ControlModifier}.get(
            keys, NO_KEY
        )
        points = [_point(widget, p) for p in places]
        QTest.mousePress(widget, LEFT, held, points[0].toPoint())
        for point in points[1:]:
            self._move(widget, point, LEFT, held)
        QTest.mouseRelease(widget, LEFT, held, points[-1].toPoint())
        if twice:
            QTest.mouseDClick(widget, LEFT, held, points[-1].toPoint())

    def _do_hover(self, widget: QWidget, places: Any) -> None:
        for place in places:
            self._move(widget, _point(widget, place), Qt.MouseButton.NoButton, NO_KEY)

    def _move(self, widget: QWidget, point: QPointF, buttons: Qt.MouseButton, keys: Qt.KeyboardModifier) -> None:
        world = QPointF(widget.mapToGlobal(point.toPoint()))
        event = QMouseEvent(QEvent.Type.MouseMove, point, world, Qt.MouseButton.NoButton, buttons, keys)
        QApplication.sendEvent(widget, event)

    def _do_tab(self, tabs: Any, share: float) -> None:
        if tabs.count():
            tabs.setCurrentIndex(min(int(share * tabs.count()), tabs.count() - 1))

    def _do_panel(self, _: QWidget, key: str) -> None:
        self._window.show_panel(key)

    def _do_command(self, _: QWidget, name: str) -> None:
        self._window.services.commands.run(name)

    def _do_resize(self, _: QWidget, size: Any) -> None:
        self._window.resize(*size)

    def _do_open(self, _: QWidget, name: str) -> None:
        self._window.files.open_path(self._files[name])

    def _do_demo(self, _: QWidget, key: str) -> None:
        self._window.show_panel(key)
        self._window.panel(key).demo()

    def _do_play(self, _: QWidget, __: Any) -> None:
        panel: Any = self._window.panel("sampler")
        if panel.job is None:
            panel.again()
        panel.playhead.set_speed(99)
        panel.playhead.play()

    def _do_session(self, _: QWidget, what: str) -> None:
        if what == "save":
            self._window.autosave.save_now()
        elif self._window.autosave.path.exists():
            self._window.files.open_path(self._window.autosave.path)


def _point(widget: QWidget, place: Any) -> QPointF:
    return QPointF(place[0] * (widget.width() - 1), place[1] * (widget.height() - 1))
