"""Any order of requests, steps, pauses and cancels: nothing stale is delivered and nothing is lost."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule

from engine.mailbox import Mailbox
from engine.messages import ListModels, Priority


def test_interactive_goes_before_streaming_before_background() -> None:
    box = Mailbox()
    jobs = [box.put(ListModels(), p, None)[0] for p in (Priority.BACKGROUND, Priority.STREAMING, Priority.INTERACTIVE)]
    order = []
    while job := box.next():
        order.append(job)
        box.done(job)
    assert order == jobs[::-1]


def test_equal_jobs_take_turns() -> None:
    box = Mailbox()
    a, b = (box.put(ListModels(), Priority.STREAMING, None)[0] for _ in range(2))
    assert [box.next() for _ in range(4)] == [a, b, a, b]


def test_a_slot_keeps_the_newest_waiting_request_but_not_over_a_running_one() -> None:
    box = Mailbox()
    first, _ = box.put(ListModels(), Priority.INTERACTIVE, ("latent", "decode"))
    second, replaced = box.put(ListModels(), Priority.INTERACTIVE, ("latent", "decode"))
    assert replaced is first
    assert box.next() is second
    second.work = iter(())
    third, replaced = box.put(ListModels(), Priority.INTERACTIVE, ("latent", "decode"))
    assert replaced is None
    assert len(box) == 2
    assert third is not second


def test_a_step_lets_exactly_one_yield_through() -> None:
    box = Mailbox()
    job, _ = box.put(ListModels(), Priority.STREAMING, None)
    box.step(job.id)
    assert box.next() is job
    assert box.next() is None
    box.step(job.id)
    box.step(job.id)
    assert [box.next(), box.next(), box.next()] == [job, job, None]
    box.resume(job.id)
    assert box.next() is job


def test_a_cancelled_job_comes_up_even_when_paused() -> None:
    box = Mailbox()
    job, _ = box.put(ListModels(), Priority.BACKGROUND, None)
    box.pause(job.id)
    assert box.next() is None
    box.cancel(job.id)
    assert box.next() is job


class MailboxMachine(RuleBasedStateMachine):
    """A model of the mailbox with plain sets beside the real one."""

    jobs = Bundle("jobs")

    def __init__(self) -> None:
        super().__init__()
        self.box = Mailbox()
        self.alive: dict[int, Priority] = {}
        self.paused: set[int] = set()
        self.cancelled: set[int] = set()
        self.credits: dict[int, int] = {}
        self.slots: dict[tuple[str, str], int] = {}
        self.started: set[int] = set()

    @rule(target=jobs, priority=st.sampled_from(Priority), slot=st.sampled_from([None, ("a", "x"), ("a", "y")]))
    def put(self, priority: Priority, slot: tuple[str, str] | None) -> int:
        job, replaced = self.box.put(ListModels(), priority, slot)
        waiting = self.slots.get(slot) if slot else None
        expected = waiting if waiting in self.alive and waiting not in self.started else None
        assert (replaced.id if replaced else None) == expected
        if replaced:
            del self.alive[replaced.id]
        if slot:
            self.slots[slot] = job.id
        self.alive[job.id] = priority
        self.credits[job.id] = 0
        return job.id

    @rule(job=jobs)
    def pause(self, job: int) -> None:
        self.box.pause(job)
        if job in self.alive and job not in self.paused:
            self.paused.add(job)
            self.credits[job] = 0

    @rule(job=jobs)
    def resume(self, job: int) -> None:
        self.box.resume(job)
        self.paused.discard(job)

    @rule(job=jobs)
    def step(self, job: int) -> None:
        self.pause(job)
        self.box.step(job)
        if job in self.alive:
            self.credits[job] += 1

    @rule(job=consumes(jobs))
    def cancel(self, job: int) -> None:
        self.box.cancel(job)
        if job in self.alive:
            self.cancelled.add(job)

    @precondition(lambda self: self.alive)
    @rule(ends=st.booleans())
    def run(self, ends: bool) -> None:
        ready = {j for j in self.alive if j in self.cancelled or j not in self.paused or self.credits[j] > 0}
        job = self.box.next()
        if not ready:
            assert job is None
            return
        assert job is not None
        assert job.id in ready, "a paused, replaced or finished job was run"
        stopped = ready & self.cancelled
        if stopped:
            assert job.id in stopped, "a cancel waits for nobody"
        else:
            assert self.alive[job.id] == min(self.alive[j] for j in ready)
        if job.id in self.paused and job.id not in self.cancelled:
            self.credits[job.id] -= 1
        job.work = iter(())
        self.started.add(job.id)
        if ends or job.cancelled:
            self.box.done(job)
            del self.alive[job.id]

    @invariant()
    def same_jobs(self) -> None:
        assert len(self.box) == len(self.alive)
        assert all(self.box.get(j) is not None for j in self.alive)


TestMailbox = MailboxMachine.TestCase
TestMailbox.settings = settings(max_examples=80, stateful_step_count=40)
