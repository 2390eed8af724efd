"""One client for window, commands and tests: the same answers from this thread, another thread and another process."""

import time
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import pytest

from app.bridge import Bridge
from engine.client import EngineClient, EngineClosed, JobFailed
from engine.messages import Cancelled, Event, ExactToy, Finished, Message, Paused, Priority, Progress, ToySpace, ToyStep
from engine.worker import Engine
from tests.engine.piped import PipedEngine

TOY = ExactToy(steps=200, every=50, chains=8, seed=3)
LONG = ExactToy(steps=1_000_000, every=1_000_000, chains=8)


@pytest.fixture(scope="module")
def piped() -> Iterator[EngineClient]:
    """The engine in a child process."""
    engine = PipedEngine()
    yield engine
    assert engine.close()


@pytest.fixture(params=["inline", "threaded", "piped"])
def client(request: Any, piped: EngineClient) -> Iterator[EngineClient]:
    if request.param == "piped":
        yield piped
        return
    engine = Engine("cpu", inline=request.param == "inline")
    yield engine
    assert engine.close()


@pytest.fixture(params=["threaded", "piped"])
def working(request: Any, piped: EngineClient) -> Iterator[EngineClient]:
    """An engine that works while we look."""
    if request.param == "piped":
        yield piped
        return
    engine = Engine("cpu")
    yield engine
    assert engine.close()


def same(a: Event, b: Event) -> bool:
    return type(a) is type(b) and all(
        np.array_equal(x, y, equal_nan=True) if isinstance(x, np.ndarray) else x == y
        for x, y in zip(msgspec.structs.astuple(a), msgspec.structs.astuple(b), strict=True)
    )


def until(engine: EngineClient, kind: type[Event], seconds: float = 30) -> list[Message]:
    """Messages up to one of a kind."""
    found: list[Message] = []
    end = time.monotonic() + seconds
    while not any(isinstance(m.event, kind) for m in found):
        assert time.monotonic() < end
        found += engine.poll()
        time.sleep(0.002)
    return found


def test_run_gives_the_same_answer_everywhere(client: EngineClient) -> None:
    found = [e for e in client.run(TOY) if not isinstance(e, Progress)]
    with_seconds = [e for e in Engine("cpu", inline=True).run(TOY) if not isinstance(e, Progress)]
    assert isinstance(found[0], ToySpace)
    assert sum(isinstance(e, ToyStep) for e in found) == 4
    assert all(map(same, found, with_seconds))
    assert not [m for m in client.poll() if m.job]  # nobody else sees them


def test_run_says_what_was_wrong_in_the_documented_error(client: EngineClient) -> None:
    with pytest.raises(JobFailed, match=r"^Words must lie between 2 and 6 words; 9 was given\.$"):
        list(client.run(ExactToy(vocabulary=9)))
    with pytest.raises(JobFailed, match="make 9,330 sentences; the most is 800"):
        list(client.run(ExactToy(vocabulary=6, max_length=5)))
    assert len([e for e in client.run(TOY) if isinstance(e, ToyStep)]) == 4  # and lives on


def test_a_run_that_is_left_is_cancelled(client: EngineClient) -> None:
    events = client.run(LONG)
    assert isinstance(next(e for e in events if not isinstance(e, Progress)), ToySpace)
    events.close()
    assert len([e for e in client.run(TOY) if isinstance(e, ToyStep)]) == 4  # nothing stands before it


@pytest.mark.parametrize("inline", [True, False])
def test_a_closed_engine_runs_nothing(inline: bool) -> None:
    engine = Engine("cpu", inline=inline)
    engine.close()
    with pytest.raises(EngineClosed):
        list(engine.run(TOY))


def test_jobs_are_steered_alike(working: EngineClient) -> None:
    job = working.submit(LONG, priority=Priority.STREAMING)
    until(working, ToySpace)
    working.pause(job)
    until(working, Paused)
    working.step(job)
    working.cancel(job)
    assert until(working, Cancelled)[-1].job in (job, 0)


def test_run_keeps_to_priorities_and_to_the_engines_thread(working: EngineClient) -> None:
    behind = working.submit(LONG, priority=Priority.BACKGROUND)
    found = list(working.run(TOY, priority=Priority.INTERACTIVE))
    assert isinstance(found[-1], ToyStep | Progress)
    assert not any(isinstance(m.event, Finished) for m in working.poll())
    working.cancel(behind)
    until(working, Cancelled)


def test_the_window_does_not_notice_which_engine_it_has(qtbot: Any, piped: EngineClient) -> None:
    bridge = Bridge(piped)
    heard: list[Event] = []
    bridge.submit(TOY, lambda message: heard.append(message.event))
    assert bridge.wait_for(lambda: any(isinstance(e, Finished) for e in heard), 30)
    assert sum(isinstance(e, ToyStep) for e in heard) == 4
    piped.on_ready = lambda: None  # the bridge goes


def test_an_engine_that_dies_is_said() -> None:
    engine = PipedEngine()
    events = engine.run(LONG)
    next(events)
    engine._child.kill()
    with pytest.raises(JobFailed, match="has gone"):
        list(events)
    assert engine.close()
    with pytest.raises(EngineClosed):
        engine.submit(TOY)
