"""One job of each kind at a time: a newer one silences the one before it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from app.bridge import Bridge
from engine.messages import Event, Failed, Message, Priority, Request

Handler = Callable[[Event], None]


class Asker(QObject):
    """Asks the engine and hands on the answers of the newest job of each kind."""

    progress = Signal(str, float, float)  # what, done, total
    failed = Signal(str, str)  # sentence, traceback

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._jobs: dict[str, int] = {}

    def _ask(self, kind: str, request: Request, handler: Handler, priority: Priority = Priority.INTERACTIVE) -> None:
        """Ask for something of a kind; an earlier answer of that kind is not wanted any more."""
        self.drop(kind)

        def listener(message: Message) -> None:
            if isinstance(message.event, Failed):
                self._on_failed(kind, message.event)
            elif self._jobs.get(kind, message.job) == message.job:
                handler(message.event)

        self._jobs[kind] = self._bridge.submit(request, listener, priority=priority)

    def drop(self, kind: str) -> None:
        """Stop what is being computed of a kind."""
        job = self._jobs.pop(kind, None)
        if job is not None:
            self._bridge.forget(job)

    def _on_failed(self, kind: str, event: Failed) -> None:
        self.failed.emit(event.sentence, event.traceback)
