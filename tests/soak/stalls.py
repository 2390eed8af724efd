"""How long the window was held, by the clock and by the interface's own work, and what it was doing there.

By the clock counts what a person waits, also for a core that others use or for the interpreter's lock; by the
interface's own work is what the program alone is to blame for.
"""

from __future__ import annotations

import faulthandler
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

BAR = 0.3  # seconds that nothing may hold the window for
TOLD = 10
LOOKS = 0.1  # seconds between two looks at what the interface does
_FRAME = re.compile(r'File "(.*?)", line (\d+) in (\S+)')


class Stall(NamedTuple):
    """One stretch without events."""

    seconds: float
    own: float  # of them the interface's own work
    doing: str
    screen: str
    where: str = ""

    def __str__(self) -> str:
        return (
            f"{1e3 * self.seconds:.0f} ms, own work {1e3 * self.own:.0f}: {self.doing} | {self.screen} | {self.where}"
        )


class Stalls:
    """Stretches in which the window answered nothing."""

    def __init__(self) -> None:
        self.screen: Callable[[], str] = str
        self.found: list[Stall] = []
        self.over = 0, 0  # how many were over the bar, by the clock and by own work
        self._since = 0.0
        self._depth = 0
        self._where = ""

    @contextmanager
    def watched(self) -> Iterator[None]:
        """While this lasts another thread looks where the interface is when it takes long."""
        done = threading.Event()
        watcher = threading.Thread(target=self._look, args=(done,), daemon=True, name="looks at stalls")
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()

    @contextmanager
    def busy(self, doing: str) -> Iterator[None]:
        """The window does this and nothing else."""
        if self._depth:  # an event inside an event: the outer one holds the window
            yield
            return
        self._depth, self._where = 1, ""
        self._since = began = time.perf_counter()
        own = time.thread_time()
        try:
            yield
        finally:
            self._depth, self._since = 0, 0.0
            self._note(time.perf_counter() - began, time.thread_time() - own, doing)

    def lines(self) -> Iterator[str]:
        """For a person: the longest by the clock, then by own work."""
        clock, own = self.over
        yield f"window held for more than {1e3 * BAR:.0f} ms: {clock} x by the clock, {own} x by its own work"
        for name, key in (("by the clock", 0), ("by own work", 1)):
            yield f"longest {name}:"
            yield from (f"  {stall}" for stall in sorted(self.found, key=lambda s: -s[key])[:TOLD])

    def _note(self, seconds: float, own: float, doing: str) -> None:
        self.over = self.over[0] + (seconds > BAR), self.over[1] + (own > BAR)
        if seconds < BAR / 3:
            return
        self.found.append(Stall(seconds, own, doing, self.screen(), self._where))
        if len(self.found) > 20 * TOLD:
            kept = {*sorted(self.found)[-TOLD:], *sorted(self.found, key=lambda s: s.own)[-TOLD:]}
            self.found = list(kept)

    def _look(self, done: threading.Event) -> None:
        """Python's own dump, which makes no frame objects: they would keep painters alive beyond their painting."""
        with tempfile.TemporaryFile("w+") as file:
            while not done.wait(LOOKS):
                since = self._since
                if not since or time.perf_counter() - since < LOOKS:
                    continue
                file.seek(0)
                file.truncate()
                faulthandler.dump_traceback(file)
                file.seek(0)
                main = file.read().rpartition("\n\n")[2]
                steps = [
                    (Path(f).name, line, name)
                    for f, line, name in _FRAME.findall(main)
                    if "/tests/soak/" not in f and "runpy" not in f
                ]
                if since == self._since and steps:
                    self._where = " < ".join(f"{file_}:{line} {name}" for file_, line, name in steps[:3])
