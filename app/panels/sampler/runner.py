"""The run that is on: asks the engine for it, collects what comes, and holds the engine where nobody watches."""

from __future__ import annotations

from contextlib import nullcontext

from PySide6.QtCore import QObject, QSignalBlocker, Signal, Slot

from app.bridge import Bridge
from app.notices import Notices
from app.panels.sampler.run import Run
from app.widgets.playhead import Playhead
from engine.messages import (
    Cancelled,
    Diagnostics,
    Failed,
    Finished,
    Message,
    Progress,
    Sample,
    SampleStarted,
    SampleStep,
)

KEPT_RUNS = 8
KEPT_PROPOSALS = 200_000  # of all runs that are kept beside the one shown
AHEAD = 4000  # proposals an endless run may be ahead of what is shown


class Runner(QObject):
    """One run at a time; events of an older job are dropped, and the old run stays until the new one has begun.

    The engine runs ahead of the picture. It is held where the picture is paused at the live edge, so that pausing
    there means pausing, and when an endless run has got far ahead.
    """

    began = Signal()  # `run` is another one
    grew = Signal()  # steps or figures have come in
    ended = Signal()

    def __init__(self, bridge: Bridge, notices: Notices, playhead: Playhead, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.run: Run | None = None
        self.runs: list[Run] = []  # the latest ones, the one shown among them
        self.job: int | None = None
        self._bridge, self._notices, self._playhead = bridge, notices, playhead
        self._note = ""
        self._resumes = False  # the job goes on with the run shown
        self._held = False
        self._owed = 0  # steps asked of the held engine that have not come
        self._single = False  # one step beyond the live edge was asked for
        playhead.changed.connect(self._govern)
        playhead.more_wanted.connect(self._on_more_wanted)

    def submit(self, request: Sample, note: str = "") -> None:
        """Start a run in place of the one that is on."""
        self._give_up()
        self._note = note
        self.job = self._bridge.submit(request, self.hear)

    def go_on(self, total: int) -> None:
        """Let the run shown go on where it ended, to so many steps (0: until it is stopped)."""
        assert self.run is not None
        self._give_up()
        self._resumes = len(self.run) > 0
        self._note = self.run.note
        self.job = self._bridge.submit(self.run.going_on(total), self.hear)
        self._playhead.total = total

    def adopt(self, run: Run | None) -> None:
        """Take a run that was kept (None: none) in place of the one that is on."""
        self._give_up()
        self._show(run)

    def clear(self) -> None:
        """No run is kept."""
        self.adopt(None)
        self.runs = []

    def _show(self, run: Run | None) -> None:
        if self.run is not None and self.run is not run:
            self.run.settle()
        self.run = run
        if run is None or run in self.runs:
            return
        run.number = run.number or 1 + max((r.number for r in self.runs), default=0)
        self.runs.append(run)
        while len(self.runs) > KEPT_RUNS or sum(len(r) * r.chains for r in self.runs[:-1]) > KEPT_PROPOSALS:
            del self.runs[0]

    def _give_up(self) -> None:
        """Hear no more of the job that is on: none of its steps belong to what comes now."""
        if self.job is not None:
            self._bridge.forget(self.job)
            if self.run is not None:
                self.run.finished = True
        self.job, self._resumes = None, False
        self._held, self._single, self._owed = False, False, 0

    def cancel(self) -> None:
        """End the run here; what there is stays."""
        if self.job is not None:
            self._bridge.cancel(self.job)

    def hear(self, message: Message) -> None:
        """Take one message of the engine."""
        if message.job != self.job:
            return
        match message.event:
            case SampleStarted() if self._resumes:
                self._govern()
            case SampleStarted() as started:
                run = Run(started)
                run.note = self._note
                self._show(run)
                self.began.emit()
            case SampleStep() as step if self.run is not None:
                self.run.append(step)
                self._owed -= self._owed > 0
                self.grew.emit()
            case Diagnostics() as known if self.run is not None:
                self.run.diagnostics.append(known)
                self.grew.emit()
                if self._owed:  # the engine's one step went into these figures
                    self._bridge.step(message.job)
            case Progress() if self._owed:  # a part of a step of many chains: the rest of it is still owed
                self._bridge.step(message.job)
            case Failed() as failed:
                self._notices.error(failed.sentence, failed.traceback)
                self._end()
            case Finished() | Cancelled():
                self._end()

    def take_in(self) -> None:
        """Let the playhead know what has come in."""
        if self.run is None:
            return
        stepped = self._single and self._playhead.at_edge and len(self.run) > self._playhead.end
        with QSignalBlocker(self._playhead) if stepped else nullcontext():  # or the engine would run off in between
            self._playhead.extend(len(self.run))
        if stepped:
            self._single = False
            self._playhead.seek(self._playhead.end)
        self._govern()

    def _end(self) -> None:
        self.job = None
        if self.run is not None:
            self.run.finished = True
            self._playhead.total = len(self.run)
        self.ended.emit()

    @Slot()
    def _on_more_wanted(self) -> None:
        if self.job is None or self.run is None:
            return
        self._single = True
        if self._held:
            self._owed += 1
            self._bridge.step(self.job)

    @Slot()
    def _govern(self) -> None:
        if self.job is None or self.run is None:
            return
        head = self._playhead
        ahead = (len(self.run) - head.position) * self.run.chains
        self._single = self._single and not head.playing
        paused_here = head.at_edge and not head.playing and not (self._single and not self._owed)
        far = not self.run.request.steps and ahead > (AHEAD // 2 if self._held else AHEAD)
        if (paused_here or far) != self._held:
            self._held = paused_here or far
            (self._bridge.pause if self._held else self._bridge.resume)(self.job)
