"""Steps that a person could do, with the keyboard, with the mouse and with the eyes, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from PySide6.QtCore import QObject, QRect, QTimer
from PySide6.QtGui import QGuiApplication, QPainter
from PySide6.QtWidgets import QApplication, QWidget

from app.script import hand, sight
from app.script.step import PATIENCE, Say, ScriptError, Step, Wait
from app.window import Window

TABS = 250  # presses of Tab after which a part counts as out of its reach
CENTRE = (0.5, 0.5)
SHORT = 20.0  # seconds within which the window takes an event
RETRY_MS = 20


class Person(QObject):
    """Parts are named as `sight.find` does; places in them are shares of width and height; "keys" are held meanwhile.

    {"press": "Ctrl+Z", "times": n}, {"type": text}, {"tab": name, "back": bool} (Tab until it has the focus),
    {"click": name, "at": [x, y], "twice": bool, "keys": "Shift"}, {"drag": name, "way": [[x, y], …], "keys": …},
    {"wheel": name, "notches": n, "at": …, "keys": …}, {"resize": [width, height]}.
    With "seconds" and "in" a part or anywhere: {"reads": text or [texts]}, {"lacks": text or [texts]},
    {"changes": name} (since it was read). {"read": name}, {"clipboard": text in it}, {"shot": file, "mask": [names]}.
    """

    def __init__(self, window: Window, say: Say) -> None:
        super().__init__(window)
        self._window, self._say = window, say
        self._seen: dict[str, str] = {}  # what parts said when they were last read

    # --- keyboard ----------------------------------------------------------------------------------------------------

    def do_press(self, keys: str, step: Step) -> Iterator[Wait]:
        """A key, so many times."""
        for _ in range(step.get("times", 1)):
            yield self._soon(lambda: hand.press(keys))
        self._say(press=keys)

    def do_type(self, text: str, _step: Step) -> Iterator[Wait]:
        """Letters, into whatever has the focus."""
        for letter in text:
            yield self._soon(lambda letter=letter: hand.write(letter))
        self._say(type=text)

    def do_tab(self, name: str, step: Step) -> Iterator[Wait]:
        """Tab, or Shift+Tab, until a part has the focus."""
        keys, passed = "Shift+Tab" if step.get("back") else "Tab", list[str]()
        while not self._focus_is(name):
            focus = QApplication.focusWidget()
            passed.append(sight.name_of(focus) if focus else "nothing")
            if len(passed) > TABS:
                raise ScriptError(f"{keys} never came to it; it came to {', '.join(dict.fromkeys(passed))}")
            yield self._soon(lambda: hand.press(keys))
        self._say(tab=name, presses=len(passed))

    def _focus_is(self, name: str) -> bool:
        focus = QApplication.focusWidget()
        return focus is not None and name in (sight.name_of(focus), focus.objectName())

    # --- mouse -------------------------------------------------------------------------------------------------------

    def do_click(self, name: str, step: Step) -> Iterator[Wait]:
        """A click, or two in a row."""
        at, twice = step.get("at", CENTRE), bool(step.get("twice"))
        part = yield from self._part(name, step)
        yield self._soon(lambda: hand.click(part, at, name, keys=step.get("keys", ""), twice=twice))
        self._say(click=name)

    def do_drag(self, name: str, step: Step) -> Iterator[Wait]:
        """From the first place through the others, the button held."""
        part = yield from self._part(name, step)
        moves = hand.drag(part, step["way"], name, step.get("keys", ""))
        going = [True]
        while going[0]:
            yield self._soon(lambda: going.__setitem__(0, next(moves, "over") is None))
        self._say(drag=name)

    def do_wheel(self, name: str, step: Step) -> Iterator[Wait]:
        """The wheel over a part."""
        part = yield from self._part(name, step)
        at, keys = step.get("at", CENTRE), step.get("keys", "")
        yield self._soon(lambda: hand.wheel(part, at, name, step["notches"], keys))
        self._say(wheel=name)

    def do_resize(self, size: Sequence[int], _step: Step) -> Iterator[Wait]:
        """The window at another size."""
        self._window.resize(*size)
        yield Wait(lambda: True)
        self._say(resize=[self._window.width(), self._window.height()])

    # --- eyes --------------------------------------------------------------------------------------------------------

    def do_reads(self, texts: str | list[str], step: Step) -> Iterator[Wait]:
        """Texts that stand there, sooner or later."""
        yield self._until(texts, step, lambda text, seen: text in seen)
        self._say(reads=texts)

    def do_lacks(self, texts: str | list[str], step: Step) -> Iterator[Wait]:
        """Texts that do not stand there, or soon no more."""
        yield self._until(texts, step, lambda text, seen: text not in seen)
        self._say(lacks=texts)

    def do_read(self, name: str, _step: Step) -> Iterator[Wait]:
        """What stands on a part; everything for the name ""."""
        yield Wait(lambda: self._text(name) is not None, SHORT, lambda: f"there is no {name!r} in sight")
        self._seen[name] = self._text(name) or ""
        self._say(read=name, text=self._seen[name])

    def do_changes(self, name: str, step: Step) -> Iterator[Wait]:
        """A part says something else than when it was read."""
        before = self._seen[name]
        yield Wait(
            lambda: self._text(name) not in (before, None),
            step.get("seconds", PATIENCE),
            lambda: f"it still says {before!r}",
        )
        self._seen[name] = self._text(name) or ""
        self._say(changes=name, text=self._seen[name])

    def do_clipboard(self, text: str, step: Step) -> Iterator[Wait]:
        """A text that was copied."""
        board = QGuiApplication.clipboard()
        yield Wait(
            lambda: text in board.text(), step.get("seconds", SHORT), lambda: f"what was copied is {board.text()!r}"
        )
        self._say(clipboard=text, text=board.text())

    def do_shot(self, file: str, step: Step) -> Iterator[Wait]:
        """A picture of the window; live figures are covered: a part, or [part, left, top, right, bottom]."""
        yield Wait()
        picture = self._window.grab()
        painter = QPainter(picture)
        for mask in step.get("mask", ()):
            name, left, top, right, bottom = mask if isinstance(mask, list) else (mask, 0, 0, 1, 1)
            part = sight.find(self._window, name)
            painter.fillRect(
                QRect(part.at(left, top), part.at(right, bottom)), self._window.services.theme.colors.hairline
            )
        painter.end()
        self._say(shot=file, saved=picture.save(file, "PNG"))

    # --- inside ------------------------------------------------------------------------------------------------------

    def _soon(self, act: Callable[[], object]) -> Wait:
        """Act from the event loop, and wait for the end of it, or for the menu or dialog that it waits for itself."""
        outcome: list[ScriptError | None] = []
        before = sight.front(self._window)

        def go() -> None:
            if QGuiApplication.focusWindow() is None and QApplication.activePopupWidget() is None:
                sight.front(self._window).activateWindow()  # nobody else does where no one manages windows
                QTimer.singleShot(RETRY_MS, self, go)
                return
            try:
                act()
            except ScriptError as error:
                outcome.append(error)
            else:
                outcome.append(None)

        def done() -> bool:
            if outcome and outcome[0] is not None:
                raise outcome[0]
            return bool(outcome) or sight.front(self._window) is not before

        QTimer.singleShot(0, self, go)
        return Wait(done, SHORT, lambda: "the window takes no input")

    def _part(self, name: str, step: Step) -> Iterator[Wait]:
        """Wait until a part is in sight; returns it."""
        found: list[sight.Part] = []

        def look() -> bool:
            try:
                found[:] = [sight.find(self._root(step), name)]
            except ScriptError:
                return False
            return True

        yield Wait(look, step.get("seconds", SHORT), lambda: self._missing(name, step))
        return found[0]

    def _missing(self, name: str, step: Step) -> str:
        try:
            sight.find(self._root(step), name)
        except ScriptError as error:
            return str(error)
        return "it came too late"

    def _root(self, step: Step) -> QWidget:
        root = sight.front(self._window)
        return sight.find(root, step["in"]).widget if step.get("in") else root

    def _text(self, name: str) -> str | None:
        """What stands on a part, or None while it is not in sight."""
        try:
            root = sight.front(self._window)
            return "\n".join(sight.words(sight.find(root, name).widget if name else root))
        except ScriptError:
            return None

    def _until(self, texts: str | list[str], step: Step, fits: Callable[[str, str], bool]) -> Wait:
        wanted, where = [texts] if isinstance(texts, str) else texts, step.get("in", "")

        def holds() -> bool:
            seen = self._text(where)
            return seen is not None and all(fits(text, seen) for text in wanted)

        def complaint() -> str:
            seen = self._text(where)
            if seen is None:
                return f"there is no {where!r} in sight"
            return f"{[text for text in wanted if not fits(text, seen)]} in {seen!r}"

        return Wait(holds, step.get("seconds", PATIENCE), complaint)
