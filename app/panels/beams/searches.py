"""The searches of all decoders: submitted, listened to, stopped."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app.bridge import Bridge
from app.panels.beams.run import Run
from engine.messages import Cancelled, Failed, Finished, Message, Progress, Search, SearchDone, SearchStep, Started


class Searches(QObject):
    """The newest search of each decoder, by the decoder's id."""

    changed = Signal()

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.runs: dict[int, Run] = {}

    @property
    def running(self) -> bool:
        """Whether any search is on."""
        return any(run.running for run in self.runs.values())

    def start(self, name: int, request: Search) -> None:
        """Search for a decoder; its earlier search is dropped."""
        before = self.runs.get(name)
        if before is not None and before.running:
            self._bridge.forget(before.job)
        run = Run(request)
        self.runs[name] = run
        run.job = self._bridge.submit(request, lambda message: self._on_message(run, message))

    def go_on(self) -> None:
        """Start anew what was kept while it ran: a search replays exactly."""
        for name, run in self.runs.items():
            if run.running and not run.job:
                self.start(name, run.request)

    def stop(self) -> None:
        """End all searches here."""
        for run in self.runs.values():
            if run.running:
                self._bridge.forget(run.job)
                run.wrong = "Stopped."
        self.changed.emit()

    def _on_message(self, run: Run, message: Message) -> None:
        match message.event:
            case Started():
                run.note = "searching"
            case Progress() as progress:
                run.note = progress.note
            case SearchStep() as step:
                run.add(step)
            case SearchDone() as done:
                run.done = done
            case Failed() as failed:
                run.wrong = failed.sentence
            case Cancelled():
                run.wrong = run.wrong or "Stopped."
            case Finished() if run.done is None:
                run.wrong = "The search ended without a result."
        self.changed.emit()
