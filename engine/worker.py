"""The engine: one thread that owns every model and runs jobs as generators, a step of one job at a time."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections import deque
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import torch

from engine import device as devices
from engine.client import Control, EngineClient, EngineClosed, Slot
from engine.jobs import Context, start
from engine.jobs import all as _all_jobs  # noqa: F401 - registers every kind of job
from engine.library import Library
from engine.mailbox import Job, Mailbox
from engine.messages import (
    Cancelled,
    Event,
    Failed,
    Finished,
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


class Engine(EngineClient):
    """The engine in this process.

    With `inline=True` there is no thread: `submit` runs the job to its end before it returns, and `run` works between
    two events of it, for tests and scripts.
    """

    def __init__(
        self, device: str = "auto", *, inline: bool = False, library: Library | None = None, threads: int = 1
    ) -> None:
        """Raises ValueError when the device is not there. `threads`: torch's, one being fastest for small steps."""
        super().__init__()
        self.device = devices.choose(device)
        self._context = Context(library or Library(self.device), self.device)
        self._threads = threads
        self._mailbox = Mailbox()
        self._closing = False
        self._step_ms = 0.0
        self._status_at = 0.0
        self._thread: threading.Thread | None = None
        if not inline:
            self._thread = threading.Thread(target=self._loop, name="engine", daemon=True)
            self._thread.start()

    # --- controls, from any thread ---------------------------------------------------------------------------------

    def submit(self, request: Request, *, slot: Slot | None = None, priority: Priority = Priority.BACKGROUND) -> int:
        """See `EngineClient`."""
        job = self._accept(request, slot, priority)
        if self._thread is None:
            self._drain()
        return job

    def control(self, job: int, change: Control) -> None:
        """See `EngineClient`."""
        with self._changed:
            match change:
                case "cancel":
                    self._mailbox.cancel(job)
                case "pause":
                    self._mailbox.pause(job)
                case "resume":
                    self._mailbox.resume(job)
                case "step":
                    self._mailbox.step(job)
            self._changed.notify_all()
        if self._thread is None:
            self._drain()

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where the library looks for checkpoints."""
        return self._context.library.folders

    def close(self, timeout: float = 3.0) -> bool:
        """Refuse new requests, cancel all jobs and wait; False if the thread still works after `timeout` seconds."""
        with self._changed:
            self._closing = True
            self._mailbox.cancel_all()
            self._changed.notify_all()
        if self._thread is None:
            self._drain()
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    # --- the engine's own thread -----------------------------------------------------------------------------------

    def _accept(self, request: Request, slot: Slot | None, priority: Priority, *, own: bool = False) -> int:
        with self._changed:
            if self._closing:
                raise EngineClosed("the engine is closing and takes no more requests")
            job, replaced = self._mailbox.put(request, priority, slot)
            if own:
                self._own[job.id] = deque()
            if replaced:
                self._post(replaced.id, Superseded())
            self._post(job.id, Queued(request=type(request).__name__))
            self._changed.notify_all()
        return job.id

    def _follow(self, request: Request, priority: Priority) -> int:
        return self._accept(request, None, priority, own=True)

    def _wait(self, events: deque[Event]) -> None:
        if self._thread is not None:
            super()._wait(events)
            return
        job = self._mailbox.next()
        if job is None:
            raise RuntimeError("the job is held, and an engine without a thread waits for nobody")
        self._notes()
        self._advance(job)

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
            if isinstance(job.work, Generator):
                job.work.close()
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
