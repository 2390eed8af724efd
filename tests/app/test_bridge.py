from __future__ import annotations

import time

import pytest

from app.bridge import BUDGET, Bridge
from engine.messages import Cancelled, Finished, LoadModel, Message, Progress, Queued, Started, Status


class HandEngine:
    """An engine that says what the test tells it to."""

    def __init__(self) -> None:
        self.on_ready = lambda: None
        self.waiting: list[Message] = []
        self.calls: list[tuple[str, int]] = []
        self.jobs = 0

    def submit(self, request, *, slot=None, priority=None) -> int:
        self.jobs += 1
        return self.jobs

    def say(self, job, *events) -> None:
        self.waiting += [Message(job, event) for event in events]
        self.on_ready()

    def poll(self, most=0) -> list[Message]:
        said, self.waiting = self.waiting, []
        return said

    @property
    def pending(self) -> bool:
        return bool(self.waiting)

    def cancel(self, job) -> None:
        self.calls.append(("cancel", job))

    pause = resume = step = lambda self, job: None

    def close(self, timeout=3.0) -> bool:
        return True


REQUEST = LoadModel(path="x")


def progress(done: float) -> Progress:
    return Progress(done=done, total=10, unit="steps")


@pytest.fixture
def hand():
    return HandEngine()


@pytest.fixture
def bridge(qapp, hand):
    bridge = Bridge(hand)
    yield bridge
    bridge.close()


def settle(bridge) -> None:
    engine = bridge._engine
    assert bridge.wait_for(lambda: not engine.pending and not bridge._timer.isActive(), 5)


def test_every_event_in_order(bridge, hand):
    heard = []
    job = bridge.submit(REQUEST, lambda m: heard.append(m.event))
    events = [Queued(request="LoadModel"), Started(), *(progress(i) for i in range(500)), Finished(seconds=1)]
    hand.say(job, *events)
    settle(bridge)
    assert heard == events
    assert bridge.jobs == {}


def test_a_forgotten_job_is_silent_at_once(bridge, hand):
    heard = []
    job = bridge.submit(REQUEST, heard.append)
    hand.say(job, Started(), progress(1))
    bridge.forget(job)
    hand.say(job, progress(2), Cancelled())
    settle(bridge)
    assert heard == []
    assert hand.calls == [("cancel", job)]
    assert bridge.jobs == {}


def test_a_cancelled_job_says_only_that_it_ended(bridge, hand):
    heard = []
    job = bridge.submit(REQUEST, lambda m: heard.append(m.event))
    bridge.cancel(job)
    hand.say(job, Started(), progress(1), Cancelled())
    settle(bridge)
    assert heard == [Cancelled()]


def test_in_a_slot_nothing_old_comes_after_something_new(bridge, hand):
    heard = []
    slot = ("pad", "decode")
    old = bridge.submit(REQUEST, lambda m: heard.append(("old", m.event)), slot=slot)
    new = bridge.submit(REQUEST, lambda m: heard.append(("new", m.event)), slot=slot)
    hand.say(old, Started(), progress(1))
    hand.say(new, Started(), progress(1))
    hand.say(old, progress(2), Finished(seconds=1))
    hand.say(new, progress(2), Finished(seconds=1))
    settle(bridge)
    assert heard[:2] == [("old", Started()), ("old", progress(1))]  # a drag shows what is done while the next waits
    assert {who for who, _ in heard[2:]} == {"new"}
    assert heard[-1] == ("new", Finished(seconds=1))


def test_slow_listeners_get_a_frame_each_not_the_whole_loop(bridge, hand):
    times = []

    def slow(_message):
        times.append(time.perf_counter())
        time.sleep(BUDGET / 2)

    job = bridge.submit(REQUEST, slow)
    hand.say(job, *(progress(i) for i in range(12)))
    beats = [0]
    from PySide6.QtCore import QTimer

    timer = QTimer(interval=1)
    timer.timeout.connect(lambda: beats.__setitem__(0, beats[0] + 1))
    timer.start()
    bridge.wait_for(lambda: len(times) == 12, 5)
    timer.stop()
    assert len(times) == 12
    assert beats[0] >= 3  # other events came through in between


def test_an_error_in_a_listener_loses_no_other_message(bridge, hand, qtbot):
    heard = []

    def listener(message):
        if message.event == progress(1):
            raise ValueError("a panel's mistake")
        heard.append(message.event)

    job = bridge.submit(REQUEST, listener)
    hand.say(job, progress(0), progress(1), progress(2), Finished(seconds=1))
    with qtbot.captureExceptions() as caught:
        settle(bridge)
    assert [str(e[1]) for e in caught] == ["a panel's mistake"]
    assert heard == [progress(0), progress(2), Finished(seconds=1)]
    assert bridge.jobs == {}


def test_status_goes_to_the_status_bar(bridge, hand, qtbot):
    status = Status(device="cpu", dtype="float32", queue=0, step_ms=1.5, memory_mb=100)
    bridge.submit(REQUEST, lambda m: None)
    with qtbot.waitSignal(bridge.status_changed) as caught:
        hand.say(0, status)
    assert caught.args == [status]


def test_rate_and_remaining_time(bridge, hand):
    job = bridge.submit(REQUEST, lambda m: None)
    record = bridge.jobs[job]
    assert record.remaining is None
    hand.say(job, Started(), progress(0))
    settle(bridge)
    time.sleep(0.05)
    hand.say(job, progress(5))
    settle(bridge)
    assert 0 < record.rate < 5 / 0.05
    assert record.remaining == pytest.approx(5 / record.rate)
    assert record.state == "running"
