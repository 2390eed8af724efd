"""A training in the window: one job at a time, its film as it is made, and what it is doing now."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_data_path
from PySide6.QtCore import QObject, Signal

from app.bridge import Bridge
from app.panels.clusters.choices import Lesson
from app.panels.clusters.film import Film
from engine.messages import (
    Cancelled,
    DropTraining,
    Event,
    Failed,
    Finished,
    InspectTraining,
    Message,
    ModelSaved,
    Paused,
    Priority,
    Progress,
    Resumed,
    TrainingBegan,
    TrainingKept,
    TrainingPoint,
    TrainingTrace,
)


def runs_folder() -> Path:
    """Where the resumable states of trainings are kept."""
    return user_data_path("textscape", appauthor=False) / "runs"


class Trainer(QObject):
    """Runs a lesson in the background; everything else the engine is asked goes first."""

    changed = Signal()  # state, progress, newest loss terms
    frame_added = Signal()
    saved = Signal(str)  # the new model's name
    said = Signal(str)  # how a training began, and what became of one that was stopped
    failed = Signal(str, str)

    def __init__(self, bridge: Bridge, runs: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.runs = runs  # where states are kept; None: in the user's data folder
        self.job: int | None = None
        self.lesson = Lesson()
        self.film: Film | None = None
        self.progress: Progress | None = None
        self.point: TrainingPoint | None = None
        self.paused = False
        self.kept: TrainingKept | None = None  # of the training stopped last, until it is said what becomes of it
        self._state = ""  # path of the state

    @property
    def running(self) -> bool:
        """Whether a training is going on, paused or not."""
        return self.job is not None

    def start(self, lesson: Lesson) -> None:
        """Train from the beginning, or go on where the same lesson was left."""
        if self.running:
            return
        self.lesson, self.film, self.point, self.paused = lesson, None, None, False
        self.kept, self._state = None, ""
        self.progress = Progress(done=0, total=0, unit="steps", note="reading the text")
        request = lesson.request(self.runs or runs_folder())
        self.job = self._bridge.submit(request, self._on_message, priority=Priority.BACKGROUND)
        self.changed.emit()

    def toggle(self) -> None:
        """Pause or go on."""
        if self.job is not None:
            (self._bridge.resume if self.paused else self._bridge.pause)(self.job)

    def cancel(self) -> None:
        """Stop it here; what has been learnt is kept, and said."""
        if self.job is not None:
            self._bridge.cancel(self.job)

    def keep(self) -> None:
        """Leave what was kept for another time."""
        if self.kept is not None:
            self.kept = None
            self.said.emit("The stopped training is kept: the same choices on the same text go on from there.")
            self.changed.emit()

    def drop(self) -> None:
        """Remove what was kept."""
        if self.kept is not None:
            self.kept = None
            self._bridge.submit(DropTraining(state=self._state), self._on_kept, priority=Priority.INTERACTIVE)
            self.changed.emit()

    def remaining(self) -> float | None:
        """Seconds still to go; None when that cannot be told."""
        record = self._bridge.jobs.get(self.job or 0)
        return record.remaining if record and not self.paused else None

    def _on_message(self, message: Message) -> None:
        event: Event = message.event
        match event:
            case Progress():
                self.progress = event
            case TrainingBegan():
                self._state = event.state
                if event.finished:
                    self.said.emit("It was trained before: its model is made again.")
                elif event.step:
                    self.said.emit(f"It goes on after step {event.step:,} of {event.total:,}, where it was stopped.")
            case TrainingPoint() if event.split == "train":
                self.point = event
            case TrainingTrace():
                if self.film is None:
                    self.film = Film(event)
                else:
                    self.film.extend(event)
                self.frame_added.emit()
            case Paused():
                self.paused = True
            case Resumed():
                self.paused = False
            case ModelSaved():
                self.job = None
                self.saved.emit(event.info.name)
            case Cancelled():
                self.job = None
                self._ask()
            case Finished():
                self.job = None
            case Failed():
                self.job = None
                self.failed.emit(event.sentence, event.traceback)
        self.changed.emit()

    def _ask(self) -> None:
        """What was kept of the training that has just been stopped."""
        if not self._state:
            self.said.emit("The training was stopped while it read its text.")
            return
        request = InspectTraining(state=self._state)
        self._bridge.submit(request, self._on_kept, priority=Priority.INTERACTIVE)

    def _on_kept(self, message: Message) -> None:
        event = message.event
        match event:
            case TrainingKept() if self.running:  # another one runs by now
                return
            case TrainingKept() if event.step:
                self.kept = event
            case TrainingKept():
                self.said.emit("Nothing is kept of the stopped training; the same choices begin anew.")
            case Failed():
                self.failed.emit(event.sentence, event.traceback)
            case _:
                return
        self.changed.emit()
