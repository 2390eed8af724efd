"""Driving the window by a list of steps, for end-to-end tests: steps in JSON, answers as JSON lines."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QCoreApplication, QObject, QTimer

from app.window import Window

POLL_MS = 10
Wait = tuple[Callable[[], bool], float]


class ScriptError(ValueError):
    """A step that is not known or did not come about."""


class Script(QObject):
    """Runs the steps one after the other inside the event loop.

    Steps: {"command": id}, {"panel": key}, {"demo": key}, {"ready": key, "seconds": s}, {"shows": key},
    {"wait": s}, {"idle": s}, {"open": path}, {"state": key}, {"restore": key, "with": {…}}, {"models": s},
    {"shot": file}, {"measure": s},
    {"quit": 0}. Each answers one line; a step that fails ends the program with code 1.
    """

    def __init__(self, window: Window, steps: list[dict[str, Any]]) -> None:
        super().__init__(window)
        self._window = window
        self._began = time.monotonic()
        self._work = self._run(steps)
        self._wait: tuple[Callable[[], bool], float] = (lambda: True, 0.0)
        self._timer = QTimer(self, interval=POLL_MS)
        self._timer.timeout.connect(self._on_poll)
        self._timer.start()

    def _on_poll(self) -> None:
        holds, until = self._wait
        try:
            if not holds():
                if time.monotonic() > until:
                    raise ScriptError("waited in vain")
                return
            predicate, seconds = next(self._work)
            self._wait = predicate, time.monotonic() + seconds
        except StopIteration:
            self._timer.stop()
            self._say(done=True)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shall read it
            self._timer.stop()
            self._say(error=f"{type(error).__name__}: {error}")
            QCoreApplication.exit(1)

    def _run(self, steps: list[dict[str, Any]]) -> Iterator[Wait]:
        for step in steps:
            name = next(iter(step), "")
            handler = getattr(self, f"_do_{name}", None)
            if handler is None:
                raise ScriptError(f"there is no step {name!r}")
            yield from handler(step[name], step)

    def _say(self, **values: Any) -> None:
        line = {"at": round(time.monotonic() - self._began, 3), **values}
        sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
        sys.stdout.flush()

    def _do_command(self, name: str, _step: dict[str, Any]) -> Iterator[Wait]:
        self._say(command=name, ran=self._window.services.commands.run(name))
        yield _true, 1.0

    def _do_panel(self, key: str, _step: dict[str, Any]) -> Iterator[Wait]:
        self._window.show_panel(key)
        self._say(panel=key)
        yield _true, 1.0

    def _do_demo(self, key: str, _step: dict[str, Any]) -> Iterator[Wait]:
        self._window.show_panel(key)
        self._window.panel(key).demo()
        self._say(demo=key)
        yield _true, 1.0

    def _do_ready(self, key: str, step: dict[str, Any]) -> Iterator[Wait]:
        began = time.monotonic()
        yield self._window.panel(key).ready, float(step.get("seconds", 30))
        self._say(ready=key, seconds=round(time.monotonic() - began, 3))

    def _do_shows(self, key: str, step: dict[str, Any]) -> Iterator[Wait]:
        """A first result, painted."""
        yield self._window.panel(key).shows, float(step.get("seconds", 30))
        self._window.panel(key).grab()
        self._say(shows=key)

    def _do_wait(self, seconds: float, _step: dict[str, Any]) -> Iterator[Wait]:
        until = time.monotonic() + seconds
        yield lambda: time.monotonic() >= until, seconds + 5

    def _do_idle(self, seconds: float, _step: dict[str, Any]) -> Iterator[Wait]:
        yield lambda: not self._window.services.bridge.jobs, seconds
        self._say(idle=True)

    def _do_open(self, path: str, _step: dict[str, Any]) -> Iterator[Wait]:
        self._say(open=path, opened=self._window.files.open_path(Path(path)))
        yield _true, 1.0

    def _do_state(self, key: str, _step: dict[str, Any]) -> Iterator[Wait]:
        self._say(state=key, values=self._window.panel(key).state())
        yield _true, 1.0

    def _do_restore(self, key: str, step: dict[str, Any]) -> Iterator[Wait]:
        self._window.panel(key).restore(step["with"])
        self._say(restored=key)
        yield _true, 1.0

    def _do_models(self, seconds: float, _step: dict[str, Any]) -> Iterator[Wait]:
        bridge = self._window.services.bridge
        yield lambda: bool(bridge.models) and not bridge.jobs, seconds
        self._say(models=[m.name for m in bridge.models], loaded=sorted(bridge.loaded))

    def _do_shot(self, file: str, _step: dict[str, Any]) -> Iterator[Wait]:
        self._say(shot=file, saved=self._window.grab().save(file, "PNG"))
        yield _true, 1.0

    def _do_measure(self, seconds: float, _step: dict[str, Any]) -> Iterator[Wait]:
        """The event loop's delay over a while: quantiles of the time between 16 ms beats."""
        meter = self._window.meter
        meter.kept = True
        meter.begin(round(seconds * 1000 / 16) + 1)
        until = time.monotonic() + seconds
        yield lambda: time.monotonic() >= until, seconds + 5
        meter.kept = False
        self._say(beats=len(meter.gaps), p50=meter.quantile(0.5), p99=meter.quantile(0.99), worst=meter.quantile(1.0))

    def _do_quit(self, code: int, _step: dict[str, Any]) -> Iterator[Wait]:
        self._say(quit=code)
        self._window.close()
        QCoreApplication.exit(code)
        yield _true, 1.0


def _true() -> bool:
    return True


def read_steps(path: Path) -> list[dict[str, Any]]:
    """The steps in a file; raises ScriptError."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[dict[str, Any]])
    except (OSError, msgspec.MsgspecError) as error:
        raise ScriptError(f"{path} is not a list of steps: {error}") from error
