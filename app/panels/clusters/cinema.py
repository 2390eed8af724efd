"""Training played back: the films of the models on show under one playhead, and the frame each is at."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal, Slot

from app.bridge import Bridge
from app.panels.clusters.choices import LIVE
from app.panels.clusters.explorer import Explorer
from app.panels.clusters.film import Film
from app.widgets.playhead import Playhead
from engine.messages import Event, Failed, Message, Priority, ReadTraces, TrainingTrace


class Cinema(QObject):
    """Asks for the traces of all models on show in one request, so that they come on the same axes."""

    ready = Signal()  # films are there, or it is known that there are none
    failed = Signal(str, str)

    def __init__(self, bridge: Bridge, explorers: Sequence[Explorer], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._explorers = bridge, tuple(explorers)
        self._job: int | None = None
        self._asked: tuple[str, ...] = ()
        self.playhead = Playhead(self)
        for explorer in self._explorers:
            explorer.report_ready.connect(self.ask)
            explorer.failed.connect(self._on_failed)

    @property
    def main(self) -> Explorer:
        """The model whose frames the playhead counts: the first one on show that has a film."""
        return next((e for e in self._explorers if e.film is not None), self._explorers[0])

    @property
    def film(self) -> Film | None:
        """Its film."""
        return self.main.film

    @property
    def step(self) -> int:
        """The training step on show; 0 without a film."""
        film = self.film
        return film.steps[min(self.playhead.position, len(film) - 1)] if film is not None and len(film) else 0

    def frame_of(self, explorer: Explorer) -> int:
        """The frame of an explorer's film recorded nearest to the step on show; the last at the end."""
        film = explorer.film
        if film is None or not len(film):
            return 0
        if explorer is self.main:
            return min(self.playhead.position, len(film) - 1)
        return len(film) - 1 if self.playhead.at_edge else film.nearest(self.step)

    @Slot()
    def _on_failed(self) -> None:
        """A model that cannot be opened keeps the others waiting no longer."""
        if any("report" in e.broken for e in self._explorers) and all(e.film is None for e in self._explorers):
            self.ask()

    @Slot()
    def ask(self) -> None:
        """Read the films of the models on show, as soon as all of their reports are there."""
        shown = [e for e in self._explorers if e.model and e.model != LIVE and "report" not in e.broken]
        if not shown or any(e.report is None for e in shown):
            return
        models = tuple(dict.fromkeys(e.model for e in shown if e.report is not None and e.report.frames))
        if self._job is not None:  # what was asked before says nothing of these models
            self._bridge.forget(self._job)
            self._job = None
        self._asked = models
        if not models:
            self._begin(len(self.film) if self.film else 1)
            return
        self._job = self._bridge.submit(ReadTraces(models=models), self._on_message, priority=Priority.INTERACTIVE)

    def _on_message(self, message: Message) -> None:
        event: Event = message.event
        if message.job != self._job:
            return
        if isinstance(event, Failed):
            self._job = None
            self.failed.emit(event.sentence, event.traceback)
            self._begin(1)
        elif isinstance(event, TrainingTrace):
            for explorer in self._explorers:
                if explorer.model == event.model:
                    explorer.show_film(Film(event))
            if event.model == self._asked[-1]:
                self._begin(len(self.film) if self.film else 1)

    def _begin(self, frames: int) -> None:
        """The playhead at the end: the finished model."""
        self.playhead.pause()
        self.playhead.reset(max(frames - 1, 0))
        self.playhead.extend(max(frames - 1, 0))
        self.playhead.seek(self.playhead.end)
        self.ready.emit()

    def grow(self, frames: int, total: int) -> None:
        """A film that is being made has so many frames now; who looks at the newest keeps doing so."""
        head = self.playhead
        edge = head.at_edge
        head.total = max(total - 1, frames - 1, 0)
        head.extend(max(frames - 1, 0))
        if edge and not head.playing:
            head.seek(head.end)
