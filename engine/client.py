"""What everybody speaks to: requests in, messages out, wherever the engine lives.

The window, the commands and the tests hold an `EngineClient` and never ask which one. `engine.worker.Engine` is the
engine in this process; one in another process says how to submit, control and close, and posts what it hears.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Literal

from engine.messages import (
    Cancelled,
    Event,
    Failed,
    Finished,
    Message,
    Paused,
    Priority,
    Queued,
    Request,
    Resumed,
    Started,
    Status,
)

Slot = tuple[str, str]
"""A latest-wins place: (panel, kind)."""

Control = Literal["cancel", "pause", "resume", "step"]
COURSE = (Queued, Started, Paused, Resumed)
"""Events about a job that are no part of its answer."""


class EngineClosed(RuntimeError):
    """The engine refuses requests after `close`."""


class JobFailed(RuntimeError):
    """A request could not be done; the message is the sentence for a person."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(failed.sentence)
        self.traceback = failed.traceback


class EngineClient(ABC):
    """Requests in, messages out.

    `submit` and `control` may be called from any thread and return at once. `on_ready` is called, from a thread of the
    client's own, when messages wait that `poll` has not yet fetched.
    """

    def __init__(self) -> None:
        self.on_ready: Callable[[], None] = lambda: None
        self._changed = threading.Condition()
        self._outbox: deque[Message] = deque()
        self._own: dict[int, deque[Event]] = {}  # events of the jobs that `run` follows

    @abstractmethod
    def submit(self, request: Request, *, slot: Slot | None = None, priority: Priority = Priority.BACKGROUND) -> int:
        """Accept a request and return its job id; raises EngineClosed after `close`.

        With a slot, a request that still waits in the same slot is replaced (it ends with `Superseded`).
        """

    @abstractmethod
    def control(self, job: int, change: Control) -> None:
        """Change a job's course; one that has ended is left alone.

        cancel: end it before its next step, also while it waits, is paused or loads. pause: hold it between two steps.
        resume: let it go on. step: let exactly one more event of it through, and hold it there.
        """

    @abstractmethod
    def close(self, timeout: float = 3.0) -> bool:
        """Refuse new requests, cancel all jobs and wait; False if work still goes on after `timeout` seconds."""

    @property
    @abstractmethod
    def folders(self) -> tuple[Path, ...]:
        """Where the library looks for checkpoints."""

    @abstractmethod
    def _follow(self, request: Request, priority: Priority) -> int:
        """`submit`, with the job's events collected in `_own` from the first one on."""

    def cancel(self, job: int) -> None:
        """See `control`."""
        self.control(job, "cancel")

    def pause(self, job: int) -> None:
        """See `control`."""
        self.control(job, "pause")

    def resume(self, job: int) -> None:
        """See `control`."""
        self.control(job, "resume")

    def step(self, job: int) -> None:
        """See `control`."""
        self.control(job, "step")

    def poll(self, most: int = 10_000) -> list[Message]:
        """Messages since the last call, oldest first."""
        with self._changed:
            return [self._outbox.popleft() for _ in range(min(most, len(self._outbox)))]

    @property
    def pending(self) -> bool:
        """Whether messages wait to be polled."""
        return bool(self._outbox)

    def run(self, request: Request, *, priority: Priority = Priority.STREAMING) -> Generator[Event, None, None]:
        """The answer to one request, event by event as they come; ends early when the job is cancelled.

        The events are seen here only, not in `poll`. Closing the iterator cancels the job. Raises JobFailed with the
        sentence of a `Failed`, and EngineClosed after `close`.
        """
        job = self._follow(request, priority)
        events = self._own[job]
        try:
            while True:
                while not events:
                    self._wait(events)
                event = events.popleft()
                if isinstance(event, Failed):
                    raise JobFailed(event)
                if isinstance(event, Finished | Cancelled):
                    return
                if not isinstance(event, COURSE):
                    yield event
        finally:
            self.cancel(job)
            del self._own[job]

    def _wait(self, events: deque[Event]) -> None:
        """Return when there may be events; called by `run`."""
        with self._changed:
            self._changed.wait_for(lambda: bool(events))

    def _post(self, job: int, event: Event) -> None:
        """Pass an event on to whoever is to see it; may be called from any thread."""
        with self._changed:
            own = self._own.get(job)
            if own is not None:
                own.append(event)
                self._changed.notify_all()
                return
            first = not self._outbox
            if isinstance(event, Status) and self._outbox and isinstance(self._outbox[-1].event, Status):
                self._outbox.pop()  # nobody wants to know how it was
            self._outbox.append(Message(job, event))
        if first:
            self.on_ready()
