"""One job of each kind at a time: a newer one silences the one before it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from app.bridge import Bridge
from engine.messages import Event, Failed, Message, Priority, Request

Handler = Callable[[Event], None]


class Asker(QObject):
    """Asks the engine and hands on the answers of the newest job of each kind."""

    progress = Signal(str, float, float)  # kind, done, total; done = total: over
    failed = Signal(str, str)  # sentence, traceback

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._jobs: dict[str, int] = {}
        self.broken: set[str] = set()  # kinds whose newest job has failed

    def _ask(self, kind: str, request: Request, handler: Handler, priority: Priority = Priority.INTERACTIVE) -> None:
        """Ask for something of a kind; an earlier answer of that kind is not wanted any more."""
        self.drop(kind)
        self.broken.discard(kind)

        def listener(message: Message) -> None:
            if self._jobs.get(kind, message.job) != message.job:
                return
            if isinstance(message.event, Failed):
                self._on_failed(kind, message.event)
            else:
                handler(message.event)

        self._jobs[kind] = self._bridge.submit(request, listener, priority=priority)

    def _on_failed(self, kind: str, event: Failed) -> None:
        self.broken.add(kind)
        self.over(kind)
        self.failed.emit(event.sentence, event.traceback)

    def drop(self, kind: str) -> None:
        """Stop what is being computed of a kind."""
        job = self._jobs.pop(kind, None)
        if job is not None:
            self._bridge.forget(job)

    def working(self, kind: str) -> bool:
        """Whether something of a kind is being computed."""
        return self._jobs.get(kind, 0) in self._bridge.jobs

    def remaining(self, kind: str) -> float | None:
        """Seconds until it is done; None when that cannot be told."""
        record = self._bridge.jobs.get(self._jobs.get(kind, 0))
        return record.remaining if record else None

    def drop_all(self) -> None:
        """Stop everything."""
        for kind in list(self._jobs):
            self.drop(kind)

    def over(self, kind: str) -> None:
        """A job has ended."""
        self._jobs.pop(kind, None)
        self.progress.emit(kind, 1, 1)

    def stop(self, kind: str) -> None:
        """Stop what is being computed of a kind by hand, and say that it is over."""
        if kind in self._jobs:
            self.drop(kind)
            self.over(kind)
