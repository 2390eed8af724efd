"""The engine thread: order, cancel, pause, step, errors, closing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from engine.jobs import _JOBS, Context, handles
from engine.library import Library
from engine.messages import (
    Cancelled,
    Event,
    Failed,
    Finished,
    LoadModel,
    Message,
    ModelLoaded,
    Paused,
    Priority,
    Progress,
    Request,
    Resumed,
    Status,
    Superseded,
)
from engine.worker import Engine, EngineClosed


class Count(Request, frozen=True):
    """Yields so many progress events."""

    to: int
    pause: float = 0.0


class Break(Request, frozen=True):
    """Raises."""

    kind: str


@pytest.fixture(autouse=True)
def _jobs() -> Iterator[None]:
    before = dict(_JOBS)

    @handles(Count)
    def count(request: Count, context: Context) -> Iterator[Event]:
        for i in range(request.to):
            time.sleep(request.pause)
            yield Progress(done=i + 1, total=request.to, unit="steps")

    @handles(Break)
    def fail(request: Break, context: Context) -> Iterator[Event]:
        yield Progress(done=0, total=1, unit="steps")
        errors = {"value": ValueError("the text is empty"), "bug": KeyError("k"), "memory": MemoryError()}
        raise errors[request.kind]

    yield
    _JOBS.clear()
    _JOBS.update(before)


@pytest.fixture
def engine(library: Library) -> Iterator[Engine]:
    made = Engine("cpu", library=library)
    yield made
    assert made.close()


def collect(engine: Engine, until: Callable[[list[Message]], bool], seconds: float = 20.0) -> list[Message]:
    seen: list[Message] = []
    end = time.monotonic() + seconds
    while not until(seen):
        assert time.monotonic() < end, f"waited too long; saw {seen[-3:]}"
        seen += engine.poll()
        time.sleep(0.001)
    return seen


def ended(job: int) -> Callable[[list[Message]], bool]:
    return lambda seen: any(m.job == job and isinstance(m.event, Finished | Failed | Cancelled) for m in seen)


def test_a_job_runs_to_its_end_in_order(engine: Engine) -> None:
    job = engine.submit(Count(to=50))
    seen = [m.event for m in collect(engine, ended(job)) if m.job == job]
    assert [e.done for e in seen if isinstance(e, Progress)] == list(range(1, 51))
    assert isinstance(seen[-1], Finished)


def test_an_interactive_request_overtakes_a_long_run(engine: Engine) -> None:
    long = engine.submit(Count(to=10_000, pause=0.001))
    collect(engine, lambda seen: any(isinstance(m.event, Progress) for m in seen))
    quick = engine.submit(Count(to=3), priority=Priority.INTERACTIVE)
    began = time.monotonic()
    collect(engine, ended(quick))
    assert time.monotonic() - began < 1.0
    engine.cancel(long)
    collect(engine, ended(long))


def test_cancel_is_seen_within_a_tenth_of_a_second(engine: Engine) -> None:
    job = engine.submit(Count(to=100_000, pause=0.005))
    collect(engine, lambda seen: any(isinstance(m.event, Progress) for m in seen))
    began = time.monotonic()
    engine.cancel(job)
    seen = collect(engine, ended(job))
    assert time.monotonic() - began < 0.1
    assert isinstance(next(m.event for m in reversed(seen) if m.job == job), Cancelled)


def test_a_waiting_job_can_be_cancelled(engine: Engine) -> None:
    long = engine.submit(Count(to=10_000, pause=0.001))
    waiting = engine.submit(Count(to=1_000_000))
    engine.cancel(waiting)
    collect(engine, ended(waiting))
    engine.cancel(long)
    collect(engine, ended(long))


def test_pause_holds_step_lets_one_through_resume_goes_on(engine: Engine) -> None:
    job = engine.submit(Count(to=200, pause=0.001))
    collect(engine, lambda seen: any(isinstance(m.event, Progress) for m in seen))
    engine.pause(job)
    collect(engine, lambda seen: any(isinstance(m.event, Paused) for m in seen))
    time.sleep(0.05)
    engine.poll()
    time.sleep(0.05)
    assert not [m for m in engine.poll() if isinstance(m.event, Progress)]
    engine.step(job)
    assert collect(engine, lambda seen: any(isinstance(m.event, Progress) for m in seen))
    time.sleep(0.05)
    assert not [m for m in engine.poll() if isinstance(m.event, Progress)]
    engine.resume(job)
    seen = collect(engine, ended(job))
    assert any(isinstance(m.event, Resumed) for m in seen)


def test_only_the_newest_request_of_a_slot_runs(engine: Engine) -> None:
    long = engine.submit(Count(to=50, pause=0.002), priority=Priority.INTERACTIVE)
    drags = [engine.submit(Count(to=1), slot=("pad", "decode")) for _ in range(20)]
    seen = collect(engine, ended(drags[-1]))
    assert {m.job for m in seen if isinstance(m.event, Superseded)} == set(drags[:-1])
    assert not {m.job for m in seen if isinstance(m.event, Progress)} & set(drags[:-1])
    assert long not in drags


@pytest.mark.parametrize(
    ("kind", "words"),
    [("value", "the text is empty"), ("bug", "Break failed"), ("memory", "Memory ran out")],
)
def test_a_failing_job_says_why_and_the_engine_lives_on(engine: Engine, kind: str, words: str) -> None:
    job = engine.submit(Break(kind=kind))
    failure = next(m.event for m in collect(engine, ended(job)) if isinstance(m.event, Failed))
    assert words in failure.sentence
    assert "Traceback" in failure.traceback
    after = engine.submit(Count(to=1))
    collect(engine, ended(after))


def test_status_says_how_the_engine_is(engine: Engine) -> None:
    engine.submit(Count(to=3))
    seen = collect(engine, lambda seen: any(isinstance(m.event, Status) and m.event.queue == 0 for m in seen))
    status = next(m.event for m in reversed(seen) if isinstance(m.event, Status))
    assert status.device == "cpu"
    assert status.memory_mb > 10
    assert status.queue == 0


def test_on_ready_is_called_once_until_polled(engine: Engine) -> None:
    calls: list[int] = []
    engine.on_ready = lambda: calls.append(1)
    job = engine.submit(Count(to=20))
    time.sleep(0.3)
    assert len(calls) == 1
    collect(engine, ended(job))


def test_a_bad_model_name_leaves_the_loaded_one(engine: Engine) -> None:
    good = engine.submit(LoadModel(path="tiny"))
    assert any(isinstance(m.event, ModelLoaded) for m in collect(engine, ended(good)))
    bad = engine.submit(LoadModel(path="absent"))
    failure = next(m.event for m in collect(engine, ended(bad)) if isinstance(m.event, Failed))
    assert "the library has: tiny, tiny-back" in failure.sentence
    again = engine.submit(LoadModel(path="tiny"))
    assert any(isinstance(m.event, ModelLoaded) for m in collect(engine, ended(again)))


def test_closing_cancels_and_refuses(library: Library) -> None:
    engine = Engine("cpu", library=library)
    engine.submit(Count(to=1_000_000, pause=0.001))
    assert engine.close()
    assert not any(t.name == "engine" and t is engine._thread for t in threading.enumerate())
    with pytest.raises(EngineClosed):
        engine.submit(Count(to=1))


def test_inline_runs_before_submit_returns(library: Library) -> None:
    engine = Engine("cpu", inline=True, library=library)
    job = engine.submit(Count(to=5))
    events = [m.event for m in engine.poll() if m.job == job]
    assert isinstance(events[-1], Finished)
    assert sum(isinstance(e, Progress) for e in events) == 5


def test_run_streams_and_closes_early(library: Library) -> None:
    engine = Engine("cpu", inline=True, library=library)
    events = engine.run(Count(to=1_000_000))
    assert [next(events).done for _ in range(3)] == [1, 2, 3]
    events.close()


def test_an_unknown_device_is_one_sentence() -> None:
    with pytest.raises(ValueError, match="no device 'abacus'"):
        Engine("abacus", inline=True)
