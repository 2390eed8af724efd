"""What a soak looks out for: exceptions, Qt's warnings, stale answers, stalls, memory, threads and timers."""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import sys
import tempfile
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

from PySide6.QtCore import QMessageLogContext, QTimer, QtMsgType, qInstallMessageHandler
from shiboken6 import isValid

from app.bridge import ENDINGS, Bridge, Listener
from engine.messages import Failed, Message, Paused, Progress, Queued, Request, Resumed, Started
from tests.soak.stalls import Stalls

OFFSCREEN = "This plugin does not support"  # what the offscreen platform says of windows and keyboards
COURSE = (Queued, Started, Paused, Resumed, Progress, *ENDINGS)  # about a job, not results of it


def resident_kb() -> int:
    """This process's resident memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def held_kb() -> int:
    """Memory that is in use: what glibc's allocator has given out, in all its arenas; elsewhere what is resident.

    Resident memory also counts what is free but lies between things in use, and drifts with it.
    """
    try:
        libc = ctypes.CDLL(None)
        malloc_info, fopen, fclose = libc.malloc_info, libc.fopen, libc.fclose
    except (OSError, AttributeError):
        return resident_kb()
    fopen.restype, fclose.argtypes, malloc_info.argtypes = (
        ctypes.c_void_p,
        [ctypes.c_void_p],
        [ctypes.c_int, ctypes.c_void_p],
    )
    with tempfile.NamedTemporaryFile() as file:
        stream = fopen(file.name.encode(), b"w")
        malloc_info(0, stream)
        fclose(stream)
        whole = ElementTree.parse(file.name).getroot()
    size = {f"{part.tag} {part.get('type')}": int(part.get("size", 0)) for part in whole if part.get("type")}
    return (size["system current"] - size["total fast"] - size["total rest"] + size["total mmap"]) // 1024


class Slope(NamedTuple):
    """How y grows with x, by least squares, and how sure that is."""

    value: float = 0.0
    error: float = 0.0  # standard error

    @property
    def low(self) -> float:
        """What it is at least, by two standard errors."""
        return self.value - 2 * self.error


def slope(points: list[tuple[int, float]]) -> Slope:
    """Least-squares slope of y over x; 0 for fewer than three points."""
    if len(points) < 3:
        return Slope()
    mean_x, mean_y = (sum(p[i] for p in points) / len(points) for i in (0, 1))
    across = sum((x - mean_x) ** 2 for x, _ in points)
    value = sum((x - mean_x) * (y - mean_y) for x, y in points) / across
    rest = sum((y - mean_y - value * (x - mean_x)) ** 2 for x, y in points)
    return Slope(value, (rest / (len(points) - 2) / across) ** 0.5)


def floors(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """The least y of every 1,000 x: what is kept, without what the work of the moment needs."""
    least: dict[int, tuple[int, float]] = {}
    for x, y in points:
        block = (x - 1) // 1000
        least[block] = min(least.get(block, (x, y)), (x, y), key=lambda p: p[1])
    return list(least.values())


def threads() -> int:
    """Python's own threads; the number crunchers' pools are made once and stay."""
    return threading.active_count()


def ticking() -> Counter[str]:
    """Running timers by the class of their owner."""
    timers = [o for o in gc.get_objects() if issubclass(type(o), QTimer) and isValid(o) and o.isActive()]
    return Counter(type(t.parent()).__name__ for t in timers)


class Watch(logging.Handler):
    """Notes every fault with what the user was doing at the time."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.doing = ""
        self._faults: Counter[str] = Counter()
        self._firsts: dict[str, str] = {}
        self.refusals: Counter[str] = Counter()  # sentences of jobs that could not be done, as a person reads them
        self.results = 0
        self.stalls = Stalls()
        self.memory: list[tuple[int, float]] = []  # actions done, KB held
        self.resident: list[tuple[int, float]] = []  # actions done, KB resident

    @contextmanager
    def installed(self) -> Iterator[None]:
        """While this lasts nothing that goes wrong is lost."""
        hooks = (sys.excepthook, threading.excepthook, sys.unraisablehook)
        sys.excepthook = lambda *error: self.note("exception", "".join(traceback.format_exception(*error)))
        threading.excepthook = lambda args: self.note("thread", "".join(traceback.format_exception(args.exc_value)))
        sys.unraisablehook = lambda args: self.note("unraisable", f"{args.object!r}: {args.exc_value!r}")
        qInstallMessageHandler(self._on_qt)
        logging.getLogger().addHandler(self)
        try:
            with self.stalls.watched():
                yield
        finally:
            logging.getLogger().removeHandler(self)
            qInstallMessageHandler(None)
            sys.excepthook, threading.excepthook, sys.unraisablehook = hooks

    def note(self, kind: str, text: str) -> None:
        """Something is wrong; of what is wrong in the same way again and again the first is told."""
        alike = f"{kind}: {text[-240:]}"
        self._faults[alike] += 1
        self._firsts.setdefault(alike, f"[{kind}] while {self.doing}: {text}")

    @property
    def faults(self) -> list[str]:
        """Each kind of fault once, with how often it was seen."""
        return [f"{count} x {self._firsts[alike]}" for alike, count in self._faults.items()]

    def emit(self, record: logging.LogRecord) -> None:
        """A warning in the log: the engine writes one for every job that raised what it should not."""
        self.note("log", record.getMessage())

    def _on_qt(self, kind: QtMsgType, _context: QMessageLogContext, message: str | None) -> None:
        if kind not in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg) and message and not message.startswith(OFFSCREEN):
            self.note("Qt", message)

    def remember(self, actions: int) -> None:
        """Note the memory in use."""
        gc.collect()
        self.memory.append((actions, held_kb()))
        self.resident.append((actions, resident_kb()))

    def growth(self, after: int) -> tuple[Slope, Slope]:
        """KB held and KB resident per action, from the floors after so many actions."""
        held, resident = (slope(floors([p for p in kind if p[0] > after])) for kind in (self.memory, self.resident))
        return held, resident

    # --- answers ---

    def follow(self, bridge: Bridge) -> None:
        """See every answer as its panel sees it, and know which ones it must not see."""
        submit, forget, cancel = bridge.submit, bridge.forget, bridge.cancel
        newest: dict[tuple[str, str], int] = {}  # that has answered, by slot
        gone: set[int] = set()  # forgotten or cancelled: nothing but an ending may come

        def followed(request: Request, listener: Listener, **how: Any) -> int:
            return submit(request, self._checked(request, listener, how.get("slot"), newest, gone), **how)

        def dropped(old: Callable[[int], None]) -> Callable[[int], None]:
            def drop(job: int) -> None:
                gone.add(job)
                old(job)

            return drop

        bridge.submit = followed  # type: ignore[method-assign]
        bridge.forget, bridge.cancel = dropped(forget), dropped(cancel)  # type: ignore[method-assign]

    def _checked(
        self,
        request: Request,
        listener: Listener,
        slot: tuple[str, str] | None,
        newest: dict[tuple[str, str], int],
        gone: set[int],
    ) -> Listener:
        name = type(request).__name__

        def check(message: Message) -> None:
            job, event = message.job, message.event
            if isinstance(event, Failed):
                self._check_sentence(name, event)
            if not isinstance(event, COURSE):
                self.results += 1
                if job in gone:
                    self.note("stale", f"{name} {job} answered {type(event).__name__} after it was given up")
                if slot and newest.get(slot, 0) > job:
                    self.note("stale", f"{name} {job} answered after {newest[slot]} in {slot}")
                if slot:
                    newest[slot] = max(job, newest.get(slot, 0))
            listener(message)

        return check

    def _check_sentence(self, name: str, event: Failed) -> None:
        self.refusals[f"{name}: {event.sentence}"] += 1
        if not event.sentence.strip() or "\n" in event.sentence:
            self.note("sentence", f"{name} failed with {event.sentence!r}")
