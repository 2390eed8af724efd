"""A scripted user: seeded actions on the whole window, each written down before it is done, with checks in between."""

from __future__ import annotations

import gc
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QObject
from PySide6.QtWidgets import QApplication, QWidget

from app.widgets.playhead import Playhead
from app.window import Window
from tests.soak.actions import Action, Catalogue, Hand
from tests.soak.stand import opened
from tests.soak.watch import Slope, Watch, floors, threads, ticking

SAMPLE_EVERY = 100  # actions between two looks at the memory
REST = (0.0, 0.0, 0.0, 0.004, 0.016, 0.016, 0.1)  # seconds between two actions
COUNT_EVERY = 1_000  # actions between two counts of what may grow
PLAY_EVERY = 40  # actions after which the chains are set going again
WARM_UP = 0.25  # share of the actions before memory has to be flat
LONG = 5_000  # actions from which on memory is judged
PATIENCE = 90.0  # seconds that a panel has to show its demonstration


@dataclass
class Outcome:
    """What a soak found."""

    seed: int
    actions: int = 0
    done: int = 0  # of them on something that was still there
    seconds: float = 0.0
    results: int = 0
    growth: tuple[Slope, Slope] = (Slope(), Slope())  # KB held and KB resident per action after warm-up
    floors: list[float] = field(default_factory=list)  # least MB held in each 1,000 actions
    counts: list[dict[str, int]] = field(default_factory=list)  # of what may grow, after each 1,000 actions
    memory_mb: tuple[float, float] = (0.0, 0.0)  # held and resident at the end
    stalls: list[str] = field(default_factory=list)  # what held the window longest
    threads: tuple[int, int] = (0, 0)  # before and after
    timers: tuple[dict[str, int], dict[str, int]] = ({}, {})
    widgets: tuple[int, int] = (0, 0)
    faults: list[str] = field(default_factory=list)
    refusals: dict[str, int] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        """For a person."""
        done = f"{self.done:,} of {self.actions:,} actions in {self.seconds:.0f} s"
        yield f"seed {self.seed}: {done}, {self.results:,} results"
        yield "memory, MB at the end, and growth of its floor after warm-up, KB per 1,000 actions:"
        for name, now, growth in zip(("in use", "resident"), self.memory_mb, self.growth, strict=True):
            yield f"  {name} {now:.0f}, {1000 * growth.value:+.0f} +- {1000 * growth.error:.0f}"
        yield "  least in use in each 1,000 actions: " + " ".join(f"{mb:.0f}" for mb in self.floors)
        if self.counts:
            yield "after each 1,000 actions:"
        for name in self.counts[0] if self.counts else ():
            yield f"  {name}: " + " ".join(f"{counts[name]:,}" for counts in self.counts)
        yield from self.stalls
        yield f"threads {self.threads[0]} -> {self.threads[1]}, timers {self.timers[0]} -> {self.timers[1]}"
        yield f"widgets {self.widgets[0]} -> {self.widgets[1]}"
        for sentence, count in sorted(self.refusals.items()):
            yield f"refused {count} x: {sentence}"
        yield f"{len(self.faults)} faults"
        yield from self.faults


def soak(home: Path, count: int, seed: int, journal: Path, replay: list[Action] | None = None) -> Outcome:
    """Do so many actions (or those of a journal again) in a fresh window and say what happened."""
    outcome, watch = Outcome(seed), Watch()
    with watch.installed(), opened(home, seed) as (window, dialogs), journal.open("w", encoding="utf-8") as book:
        if (count if replay is None else len(replay)) >= LONG:
            see_everything(window)
        rest(window)
        before = threads(), ticking(), len(window.findChildren(QWidget))
        watch.follow(window.services.bridge)
        watch.stalls.screen = lambda: on_screen(window)
        hand, rng = Hand(window, dialogs.files), random.Random(seed)
        plan = iter(replay) if replay is not None else drawn(Catalogue(window, dialogs.files, rng), count)
        began = time.monotonic()
        for action in plan:
            book.write(json.dumps([outcome.actions, msgspec.to_builtins(action)]) + "\n")
            book.flush()
            one(window, hand, action, rng, watch, outcome)
        outcome.seconds = time.monotonic() - began
        watch.doing = "coming to rest"
        come_to_rest(window)
        after = threads(), ticking(), len(window.findChildren(QWidget))
        outcome.threads, outcome.timers = (before[0], after[0]), (dict(before[1]), dict(after[1]))
        outcome.widgets = before[2], after[2]
    return summed_up(outcome, watch)


def on_screen(window: Window) -> str:
    """The panel in front, what lies over it, and how much is being worked on."""
    panel, over = window.current(), QApplication.activePopupWidget() or QApplication.activeModalWidget()
    names = [panel.key if panel else "", type(over).__name__ if over else "", "presenting" * window.presenter.on]
    jobs = len(window.services.bridge.jobs)
    return ", ".join(name for name in (*names, f"{jobs} jobs" * bool(jobs)) if name)


def counted(window: Window) -> dict[str, int]:
    """How many there are of each thing that may grow: where memory grows, the line that grows with it says why.

    Python's objects are not listed: a list of them holds what the engine's thread is just building, and fails it.
    """
    sampler: Any = window.panel("sampler")
    run, bridge = sampler.run, window.services.bridge
    return {
        "Python's blocks in use": sys.getallocatedblocks(),
        "Qt objects": len(window.findChildren(QObject)),
        "undo steps": window.services.undo.count(),
        "models in memory": len(bridge.loaded),
        "their parameters, thousands": sum(m.parameters for m in bridge.models if m.name in bridge.loaded) // 1000,
        "the sampler's proposals": len(run) * run.chains if run else 0,
        "jobs": len(bridge.jobs),
    }


def see_everything(window: Window) -> None:
    """Every model loaded and every panel's pictures seen: what is made at its first use is not what grows."""
    bridge = window.services.bridge
    for model in list(bridge.models):
        bridge.load_model(model.name)
    for panel in window.panels():
        window.show_panel(panel.key)
        panel.demo()
        if not bridge.wait_for(panel.ready, PATIENCE):
            raise RuntimeError(f"{panel.title} did not show its demonstration")
        for _ in panel.shots():
            pump(0.1)
        panel.stop()


def drawn(catalogue: Catalogue, count: int) -> Iterator[Action]:
    """Actions as they come to mind; each is drawn when the one before is done."""
    for i in range(count):
        yield Action("play") if i % PLAY_EVERY == 0 else catalogue.draw()


def one(window: Window, hand: Hand, action: Action, rng: random.Random, watch: Watch, outcome: Outcome) -> None:
    """Do one action, let the window live on for a moment, and look."""
    watch.doing = f"{outcome.actions}: {action.kind} {action.target} {action.value!r:.80}"
    named = f"{outcome.actions}: {action.kind} {action.target.rpartition('/')[2]} {action.value!r:.40}"
    try:
        with watch.stalls.busy(named):
            outcome.done += hand.do(action)
    except Exception as error:  # noqa: BLE001 - a fault is noted, the user goes on
        watch.note("exception", f"{type(error).__name__}: {error}")
    pump(rng.choice(REST), watch, f"events after {named}")
    outcome.actions += 1
    if outcome.actions % SAMPLE_EVERY == 0:
        watch.remember(outcome.actions)
    if outcome.actions % COUNT_EVERY == 0:
        outcome.counts.append(counted(window))


def pump(seconds: float, watch: Watch | None = None, doing: str = "") -> None:
    """Let the event loop run for so long, and see how long it is away."""
    until = time.perf_counter() + seconds
    while True:
        with watch.stalls.busy(doing) if watch else nullcontext():
            QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 10)
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        now = time.perf_counter()
        if now >= until:
            return
        time.sleep(min(0.002, until - now))


def rest(window: Window) -> None:
    """Until nothing is asked for any more and what fades has faded."""
    bridge = window.services.bridge
    until = time.monotonic() + 30
    while time.monotonic() < until:
        pump(0.5)
        if not bridge.jobs:
            break
    window.meter.stop()
    pump(0.5)
    gc.collect()


def come_to_rest(window: Window) -> None:
    """End everything a user can end: dialogs, runs, jobs, present mode, notices."""
    for _ in range(20):
        shut = QApplication.activePopupWidget() or QApplication.activeModalWidget()
        if shut is None:
            break
        shut.close()
        pump(0.05)
    if window.presenter.on:
        window.presenter.toggle()
    for panel in window.panels():
        panel.stop()
    for playhead in window.findChildren(Playhead):
        playhead.pause()
    window.stop_all()
    window.show_panel(window.panel_keys()[0])
    rest(window)
    for card in window.toasts.cards():  # also what the last jobs said
        card.leave()
    rest(window)


def summed_up(outcome: Outcome, watch: Watch) -> Outcome:
    """The watch's notes in the outcome, and the faults that only the end shows."""
    outcome.results, outcome.refusals = watch.results, dict(watch.refusals)
    outcome.growth = watch.growth(round(WARM_UP * outcome.actions))
    if watch.memory:
        outcome.memory_mb = watch.memory[-1][1] / 1024, watch.resident[-1][1] / 1024
        outcome.floors = [kb / 1024 for _, kb in floors(watch.memory)]
    outcome.stalls = list(watch.stalls.lines())
    outcome.faults = [*watch.faults]
    if outcome.threads[1] > outcome.threads[0]:
        outcome.faults.append(f"[threads] {outcome.threads[0]} before, {outcome.threads[1]} after")
    if more := Counter(outcome.timers[1]) - Counter(outcome.timers[0]):
        outcome.faults.append(f"[timers] still running: {dict(more)}")
    return outcome


def read_journal(path: Path) -> list[Action]:
    """The actions of a journal."""
    lines = path.read_text("utf-8").splitlines()
    return [msgspec.convert(json.loads(line)[1], Action) for line in lines]
