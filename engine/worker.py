"""The engine: one thread that owns every model and runs jobs as generators, a step of one job at a time."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import torch

from engine import device as devices
from engine.jobs import Context, start
from engine.jobs import all as _all_jobs  # noqa: F401 - registers every kind of job
from engine.library import Library
from engine.mailbox import Job, Mailbox, Slot
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
    Superseded,
    brief,
)

log = logging.getLogger(__name__)
STATUS_EVERY = 0.5  # seconds
SENTENCE = 600  # characters a sentence may have


class EngineClosed(RuntimeError):
    """The engine refuses requests after `close`."""


class Engine:
    """Requests in, messages out.

    `submit` and the other controls may be called from any thread and return at once. `on_ready` is called (from
    the engine's thread) when messages wait that `poll` has not yet fetched. With `inline=True` there is no thread:
    `submit` runs the job to its end before it returns, for tests and scripts.
    """

    def __init__(
        self, device: str = "auto", *, inline: bool = False, library: Library | None = None, threads: int = 1
    ) -> None:
        """Raises ValueError when the device is not there. `threads`: torch's, one being fastest for small steps."""
        self.device = devices.choose(device)
        self.on_ready: Callable[[], None] = lambda: None
        self._context = Context(library or Library(self.device), self.device)
        self._threads = threads
        self._mailbox = Mailbox()
        self._changed = threading.Condition()
        self._outbox: deque[Message] = deque()
        self._closing = False
        self._step_ms = 0.0
        self._status_at = 0.0
        self._thread: threading.Thread | None = None
        if not inline:
            self._thread = threading.Thread(target=self._loop, name="engine", daemon=True)
            self._thread.start()

    # --- controls, from any thread ---------------------------------------------------------------------------------

    def submit(self, request: Request, *, slot: Slot | None = None, priority: Priority = Priority.BACKGROUND) -> int:
        """Accept a request and return its job id; raises EngineClosed after `close`.

        With a slot, a request that still waits in the same slot is replaced (it ends with `Superseded`).
        """
        with self._changed:
            if self._closing:
                raise EngineClosed("the engine is closing and takes no more requests")
            job, replaced = self._mailbox.put(request, priority, slot)
            if replaced:
                self._post(replaced.id, Superseded())
            self._post(job.id, Queued(request=type(request).__name__))
            self._changed.notify()
        if self._thread is None:
            self._drain()
        return job.id

    def run(self, request: Request, *, priority: Priority = Priority.STREAMING) -> Iterator[Event]:
        """The events of one request as they come, for scripts; raises RuntimeError with the sentence of a `Failed`.

        Closing the iterator early cancels the job.
        """
        context = self._context
        with torch.inference_mode():
            work = start(request, context)
        try:
            while True:
                with torch.inference_mode():
                    event = next(work, None)
                if event is None:
                    return
                yield event
        finally:
            close = getattr(work, "close", None)
            if close:
                close()

    def cancel(self, job: int) -> None:
        """End a job before its next step, also while it waits, is paused or loads."""
        self._control(lambda: self._mailbox.cancel(job))

    def pause(self, job: int) -> None:
        """Hold a job between two steps."""
        self._control(lambda: self._mailbox.pause(job))

    def resume(self, job: int) -> None:
        """Let a paused job go on."""
        self._control(lambda: self._mailbox.resume(job))

    def step(self, job: int) -> None:
        """Let exactly one more event of a job through, and hold it there."""
        self._control(lambda: self._mailbox.step(job))

    def poll(self, most: int = 10_000) -> list[Message]:
        """Messages since the last call, oldest first."""
        with self._changed:
            return [self._outbox.popleft() for _ in range(min(most, len(self._outbox)))]

    @property
    def pending(self) -> bool:
        """Whether messages wait to be polled."""
        return bool(self._outbox)

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where the library looks for checkpoints."""
        return self._context.library.folders

    def close(self, timeout: float = 3.0) -> bool:
        """Refuse new requests, cancel all jobs and wait; False if the thread still works after `timeout` seconds."""
        with self._changed:
            self._closing = True
            self._mailbox.cancel_all()
            self._changed.notify()
        if self._thread is None:
            self._drain()
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    # --- the engine's own thread -----------------------------------------------------------------------------------

    def _control(self, change: Callable[[], None]) -> None:
        with self._changed:
            change()
            self._changed.notify()
        if self._thread is None:
            self._drain()

    def _loop(self) -> None:
        torch.set_num_threads(self._threads)
        while True:
            with self._changed:
                job = self._mailbox.next()
                while job is None:
                    if self._closing:
                        return
                    self._notes()
                    self._changed.wait()
                    job = self._mailbox.next()
                self._notes()
            self._advance(job)
            del job  # an idle engine must not keep the last job's arrays alive

    def _drain(self) -> None:
        while (job := self._mailbox.next()) is not None:
            self._notes()
            self._advance(job)
        self._notes()

    def _advance(self, job: Job) -> None:
        """One step of a job: start it, fetch its next event, or end it."""
        if job.cancelled:
            self._end(job, Cancelled())
            return
        began = time.perf_counter()
        try:
            with torch.inference_mode():
                if job.work is None:
                    self._post(job.id, Started())
                    job.work = start(job.request, self._context)
                event = next(job.work, None)
        except Exception as error:  # noqa: BLE001 - the engine outlives every job
            self._end(job, self._failure(job, error))
            return
        spent = time.perf_counter() - began
        job.seconds += spent
        self._step_ms = 0.9 * self._step_ms + 0.1 * spent * 1e3
        if event is None:
            self._end(job, Finished(seconds=job.seconds))
        elif not job.cancelled:
            self._post(job.id, event)
        self._status()

    def _end(self, job: Job, event: Event) -> None:
        with suppress(Exception):  # a job that fails in its own clean-up has ended all the same
            close = getattr(job.work, "close", None)
            if close:
                close()
        with self._changed:
            self._mailbox.done(job)
            self._post(job.id, event)
        self._status(force=not len(self._mailbox))

    def _failure(self, job: Job, error: Exception) -> Failed:
        text = "".join(traceback.format_exception(error))
        if devices.is_out_of_memory(error):
            devices.free_memory(self.device)
            return Failed(sentence="Memory ran out; try fewer chains, beams or a smaller batch.", traceback=text)
        if isinstance(error, OSError) and error.strerror:
            what = f"{error.filename}: " if error.filename else ""
            return Failed(sentence=brief(f"{what}{error.strerror}.", SENTENCE), traceback=text)
        if isinstance(error, ValueError | OSError) and str(error):
            return Failed(sentence=brief(error, SENTENCE), traceback=text)
        kind = type(job.request).__name__
        log.error("%s failed: %s", kind, text)
        return Failed(sentence=brief(f"{kind} failed: {str(error) or type(error).__name__}", SENTENCE), traceback=text)

    def _notes(self) -> None:
        """Send what the controls changed; called with the lock held or inline."""
        for job, change in self._mailbox.changed():
            self._post(job, Paused() if change == "paused" else Resumed())

    def _status(self, *, force: bool = False) -> None:
        now = time.monotonic()
        if force or now - self._status_at > STATUS_EVERY:
            self._status_at = now
            self._post(
                0,
                Status(
                    device=devices.describe(self.device),
                    dtype="float32",
                    queue=len(self._mailbox),
                    step_ms=self._step_ms,
                    memory_mb=devices.memory_mb(self.device),
                ),
            )

    def _post(self, job: int, event: Event) -> None:
        with self._changed:
            first = not self._outbox
            self._outbox.append(Message(job, event))
        if first:
            self.on_ready()
