"""Which job goes next: priorities, latest-wins slots, pause, step and cancel, as a plain data structure.

No threads and no models in here; the worker guards it with one lock, and a state machine tests it in any order.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from engine.client import Slot
from engine.messages import Priority, Request


@dataclass(eq=False)
class Job:
    """A request on its way. `work` is its generator once it has started."""

    id: int
    request: Request
    priority: Priority
    slot: Slot | None
    work: Iterator[Any] | None = None
    paused: bool = False
    cancelled: bool = False
    steps: int = 0  # yields still allowed while paused
    served: int = 0  # when it last ran, for taking turns
    seconds: float = 0.0  # time spent in it

    @property
    def runnable(self) -> bool:
        """Whether a step of it may run now."""
        return self.cancelled or not self.paused or self.steps > 0


class Mailbox:
    """Jobs that are not done yet."""

    def __init__(self) -> None:
        self._jobs: dict[int, Job] = {}
        self._ids = itertools.count(1)
        self._turns = itertools.count(1)
        self._notes: list[tuple[int, Literal["paused", "resumed"]]] = []

    def __len__(self) -> int:
        return len(self._jobs)

    def get(self, job: int) -> Job | None:
        """The job with this id, unless it is done."""
        return self._jobs.get(job)

    def put(self, request: Request, priority: Priority, slot: Slot | None) -> tuple[Job, Job | None]:
        """Accept a request; also returns the waiting job it replaces in its slot, if any (now gone).

        A job of the slot that already runs is left to finish: cutting it off at every new drag position would
        leave nothing to look at while the hand moves.
        """
        replaced = None
        if slot is not None:
            replaced = next((j for j in self._jobs.values() if j.slot == slot and j.work is None), None)
            if replaced is not None:
                del self._jobs[replaced.id]
        job = Job(next(self._ids), request, priority, slot)
        self._jobs[job.id] = job
        return job, replaced

    def next(self) -> Job | None:
        """The job whose turn it is: cancelled ones first, then by priority, then whoever waited longest."""
        ready = [j for j in self._jobs.values() if j.runnable]
        if not ready:
            return None
        job = min(ready, key=lambda j: (not j.cancelled, j.priority, j.served, j.id))
        job.served = next(self._turns)
        if job.paused and not job.cancelled:
            job.steps -= 1
        return job

    def done(self, job: Job) -> None:
        """Forget a job."""
        self._jobs.pop(job.id, None)

    def cancel(self, job: int) -> None:
        """Ask a job to end before its next step."""
        if found := self._jobs.get(job):
            found.cancelled = True

    def cancel_all(self) -> None:
        """Ask every job to end."""
        for job in self._jobs.values():
            job.cancelled = True

    def pause(self, job: int) -> None:
        """Hold a job between two of its steps."""
        found = self._jobs.get(job)
        if found and not found.paused:
            found.paused, found.steps = True, 0
            self._notes.append((job, "paused"))

    def resume(self, job: int) -> None:
        """Let a paused job go on."""
        found = self._jobs.get(job)
        if found and found.paused:
            found.paused, found.steps = False, 0
            self._notes.append((job, "resumed"))

    def step(self, job: int) -> None:
        """Hold a job after exactly one more step."""
        self.pause(job)
        if found := self._jobs.get(job):
            found.steps += 1

    def changed(self) -> list[tuple[int, Literal["paused", "resumed"]]]:
        """Jobs paused and resumed since the last call, in order."""
        notes, self._notes = self._notes, []
        return notes
