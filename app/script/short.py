"""Steps past keyboard and mouse: to arrange a window for measurements and pictures, and to ask for its state."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject

from app.script.step import PATIENCE, Say, Step, Wait
from app.window import Window


class Short(QObject):
    """The short ways.

    {"command": id}, {"panel": key}, {"demo": key}, {"ready": key, "seconds": s}, {"shows": key, "seconds": s},
    {"wait": s}, {"idle": s}, {"open": path}, {"state": key}, {"restore": key, "with": {…}}, {"models": s},
    {"measure": s}, {"quit": 0}.
    """

    def __init__(self, window: Window, say: Say) -> None:
        super().__init__(window)
        self._window, self._say = window, say

    def do_command(self, name: str, _step: Step) -> Iterator[Wait]:
        """Run a command of the window or a panel."""
        self._say(command=name, ran=self._window.services.commands.run(name))
        yield Wait()

    def do_panel(self, key: str, _step: Step) -> Iterator[Wait]:
        """Bring a panel to the front."""
        self._window.show_panel(key)
        self._say(panel=key)
        yield Wait()

    def do_demo(self, key: str, _step: Step) -> Iterator[Wait]:
        """Start a panel's demonstration."""
        self._window.show_panel(key)
        self._window.panel(key).demo()
        self._say(demo=key)
        yield Wait()

    def do_ready(self, key: str, step: Step) -> Iterator[Wait]:
        """The demonstration's results are there."""
        began = time.monotonic()
        yield Wait(self._window.panel(key).ready, step.get("seconds", PATIENCE))
        self._say(ready=key, seconds=round(time.monotonic() - began, 3))

    def do_shows(self, key: str, step: Step) -> Iterator[Wait]:
        """A first result, painted."""
        yield Wait(self._window.panel(key).shows, step.get("seconds", PATIENCE))
        self._window.panel(key).grab()
        self._say(shows=key)

    def do_wait(self, seconds: float, _step: Step) -> Iterator[Wait]:
        """So long."""
        until = time.monotonic() + seconds
        yield Wait(lambda: time.monotonic() >= until, seconds + 5)

    def do_idle(self, seconds: float, _step: Step) -> Iterator[Wait]:
        """The engine has nothing to do."""
        jobs = self._window.services.bridge.jobs
        yield Wait(lambda: not jobs, seconds, lambda: f"{[type(j.request).__name__ for j in jobs.values()]} still run")
        self._say(idle=True)

    def do_open(self, path: str, _step: Step) -> Iterator[Wait]:
        """Open a file as if dropped."""
        self._say(open=path, opened=self._window.files.open_path(Path(path)))
        yield Wait()

    def do_state(self, key: str, _step: Step) -> Iterator[Wait]:
        """What a panel would keep in the session."""
        self._say(state=key, values=self._window.panel(key).state())
        yield Wait()

    def do_restore(self, key: str, step: Step) -> Iterator[Wait]:
        """Put a panel into a state."""
        self._window.panel(key).restore(step["with"])
        self._say(restored=key)
        yield Wait()

    def do_models(self, seconds: float, _step: Step) -> Iterator[Wait]:
        """The library is read and the first models are loaded."""
        bridge = self._window.services.bridge
        yield Wait(lambda: bool(bridge.models) and not bridge.jobs, seconds)
        self._say(models=[m.name for m in bridge.models], loaded=sorted(bridge.loaded))

    def do_measure(self, seconds: float, _step: Step) -> Iterator[Wait]:
        """The event loop's delay over a while: quantiles of the time between 16 ms beats."""
        meter = self._window.meter
        meter.kept = True
        meter.begin(round(seconds * 1000 / 16) + 1)
        until = time.monotonic() + seconds
        yield Wait(lambda: time.monotonic() >= until, seconds + 5)
        meter.kept = False
        self._say(beats=len(meter.gaps), p50=meter.quantile(0.5), p99=meter.quantile(0.99), worst=meter.quantile(1.0))

    def do_quit(self, code: int, _step: Step) -> Iterator[Wait]:
        """Close the window as its own button does, and say which errors it still shows."""
        cards = self._window.toasts.cards()
        self._say(quit=code, errors=[card.notice.text for card in cards if card.notice.kind == "error"])
        self._window.close()
        QCoreApplication.exit(code)
        yield Wait()
