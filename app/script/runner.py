"""The steps, one after the other inside the event loop: steps in JSON, answers as JSON lines."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QCoreApplication, QObject, QTimer

from app.script.person import Person
from app.script.short import Short
from app.script.step import ScriptError, Step, Wait
from app.window import Window

POLL_MS = 10
LOOK_MS = 50  # while something is waited for


class Script(QObject):
    """Runs steps of `Person` and `Short`. Each answers a line; one that fails says why and ends the program with 1."""

    def __init__(self, window: Window, steps: list[Step]) -> None:
        super().__init__(window)
        self._began = time.monotonic()
        self._kinds = (Person(window, self._say), Short(window, self._say))
        self._work = self._run(steps)
        self._wait, self._until = Wait(), 0.0
        self._timer = QTimer(self, interval=POLL_MS)
        self._timer.timeout.connect(self._on_poll)
        self._timer.start()

    def _on_poll(self) -> None:
        try:
            try:
                if not self._wait.holds():
                    if time.monotonic() < self._until:
                        self._timer.setInterval(LOOK_MS)
                        return
                    raise ScriptError(self._wait.complaint())
            except ScriptError as error:
                self._wait = self._work.throw(error)  # the step it belongs to names itself
            else:
                self._wait = next(self._work)
            self._until = time.monotonic() + self._wait.seconds
            self._timer.setInterval(POLL_MS)
        except StopIteration:
            self._timer.stop()
            self._say(done=True)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shall read it
            self._timer.stop()
            self._say(error=str(error) if isinstance(error, ScriptError) else f"{type(error).__name__}: {error}")
            QCoreApplication.exit(1)

    def _run(self, steps: list[Step]) -> Iterator[Wait]:
        for number, step in enumerate(steps, 1):
            name = next(iter(step), "")
            handler = next((h for k in self._kinds if (h := getattr(k, f"do_{name}", None))), None)
            if handler is None:
                raise ScriptError(f"there is no step {name!r}")
            try:
                yield from handler(step[name], step)
            except ScriptError as error:
                raise ScriptError(f"step {number}, {name} {step[name]!r}: {error}") from error

    def _say(self, **values: Any) -> None:
        line = {"at": round(time.monotonic() - self._began, 3), **values}
        sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
        sys.stdout.flush()


def read_steps(path: Path) -> list[Step]:
    """The steps in a file; raises ScriptError."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Step])
    except (OSError, msgspec.MsgspecError) as error:
        raise ScriptError(f"{path} is not a list of steps: {error}") from error
