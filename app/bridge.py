"""The one way between window and engine: requests out, messages in, on the window's thread at frame rate."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from PySide6.QtCore import QCoreApplication, QEventLoop, QObject, Qt, QTimer, Signal, Slot

from engine.client import EngineClient
from engine.messages import (
    BrokenModel,
    Cancelled,
    Event,
    Failed,
    Finished,
    ListModels,
    LoadModel,
    Message,
    ModelInfo,
    ModelList,
    ModelLoaded,
    ModelSaved,
    ModelUnloaded,
    Paused,
    Priority,
    Progress,
    Queued,
    Request,
    Resumed,
    Started,
    Status,
    Superseded,
    UnloadModel,
)

Listener = Callable[[Message], None]
FRAME_MS = 16
REST = 0.004  # seconds after which an answer need not wait for the next frame
BUDGET = 0.008  # seconds of listeners' work in a frame; the rest waits for the next one
ENDINGS = (Finished, Cancelled, Failed, Superseded)
_STATES: dict[type[Event], str] = {
    Queued: "waiting",
    Started: "running",
    Paused: "paused",
    Resumed: "running",
    Finished: "finished",
    Cancelled: "cancelled",
    Superseded: "superseded",
    Failed: "failed",
}


@dataclass
class JobRecord:
    """What the activity list shows of a job."""

    id: int
    request: Request
    slot: tuple[str, str] | None
    state: str = "waiting"
    progress: Progress | None = None
    rate: float = 0.0  # units of progress a second
    sentence: str = ""  # why it failed
    began: float = field(default_factory=time.monotonic)
    ended: float = 0.0
    _marks: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=32))

    @property
    def active(self) -> bool:
        """Whether it waits, runs or is paused."""
        return not self.ended

    @property
    def seconds(self) -> float:
        """Time since it was asked for, or what it took."""
        return (self.ended or time.monotonic()) - self.began

    @property
    def remaining(self) -> float | None:
        """Seconds still to go at the present rate; None when that cannot be told."""
        if self.progress is None or not self.progress.total or self.rate <= 0:
            return None
        return max(self.progress.total - self.progress.done, 0.0) / self.rate

    def note(self, event: Event) -> None:
        """Take over what an event says about the job's course."""
        self.state = _STATES.get(type(event), self.state)
        if isinstance(event, Progress):
            self.progress = event
            self._marks.append((time.monotonic(), event.done))
            (t0, d0), (t1, d1) = self._marks[0], self._marks[-1]
            self.rate = max(d1 - d0, 0.0) / (t1 - t0) if t1 > t0 else 0.0
        elif isinstance(event, ENDINGS):
            self.ended = time.monotonic()
            self.sentence = event.sentence if isinstance(event, Failed) else ""


class Bridge(QObject):
    """Submits requests for the panels and hands each message to the listener of its job.

    A job whose owner forgot it is silent from that moment on. Of two jobs in one slot the older one is silent as
    soon as the newer has started, so that a late result can never overwrite a newer one.
    """

    models_changed = Signal()
    status_changed = Signal(object)  # engine.messages.Status
    job_changed = Signal(object)  # JobRecord
    failed = Signal(str, str)  # sentence, traceback, of a job that nobody listens to any more or of the library
    _waiting = Signal()  # emitted on the engine's thread

    def __init__(self, engine: EngineClient, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.models: list[ModelInfo] = []
        self.broken: list[BrokenModel] = []
        self.loaded: set[str] = set()
        self.jobs: dict[int, JobRecord] = {}
        self.status: Status | None = None
        self._engine = engine
        self._listeners: dict[int, Listener] = {}
        self._cancelled: set[int] = set()
        self._slots: dict[tuple[str, str], int] = {}  # the newest job of each slot that has started
        self._backlog: deque[Message] = deque()
        self._closed = False
        self._timer = QTimer(self, interval=FRAME_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._deliver)
        self._delivered = 0.0  # when messages were last handed out
        self._waiting.connect(self._on_waiting, Qt.ConnectionType.QueuedConnection)
        engine.on_ready = self._waiting.emit

    # --- requests ---

    def submit(
        self,
        request: Request,
        listener: Listener,
        *,
        slot: tuple[str, str] | None = None,
        priority: Priority = Priority.STREAMING,
    ) -> int:
        """Ask the engine for something; the listener hears every event of the job, in order, on this thread.

        With a slot only the newest waiting request of (panel, kind) is kept: for drags and sliders.
        """
        job = self._engine.submit(request, slot=slot, priority=priority)
        self._listeners[job] = listener
        self.jobs[job] = JobRecord(job, request, slot)
        self._wake()
        return job

    def cancel(self, job: int) -> None:
        """Stop a job; its listener hears no more results, only that it has ended."""
        if job in self.jobs:  # else it has ended
            self._cancelled.add(job)
        self._engine.cancel(job)
        self._wake()

    def forget(self, job: int) -> None:
        """Stop a job and hear nothing of it any more."""
        self._listeners.pop(job, None)
        self.cancel(job)

    def pause(self, job: int) -> None:
        """Hold a job between two of its steps."""
        self._engine.pause(job)
        self._wake()

    def resume(self, job: int) -> None:
        """Let a paused job go on."""
        self._engine.resume(job)
        self._wake()

    def step(self, job: int) -> None:
        """Let a job do one step and hold it again."""
        self._engine.step(job)
        self._wake()

    # --- models ---

    def refresh_models(self) -> int:
        """Read the library's headers again."""
        return self.submit(ListModels(), self._on_models, slot=("library", "list"), priority=Priority.INTERACTIVE)

    def load_model(self, name: str, listener: Listener | None = None) -> int:
        """Load a model by name or path."""
        return self.submit(LoadModel(path=name), listener or self._on_models, priority=Priority.INTERACTIVE)

    def unload_model(self, name: str) -> int:
        """Free a model's memory."""
        return self.submit(UnloadModel(name=name), self._on_models, priority=Priority.INTERACTIVE)

    def models_with(self, *capabilities: str) -> list[ModelInfo]:
        """The library's models that can do all of this."""
        return [m for m in self.models if set(capabilities) <= set(m.capabilities)]

    def model(self, name: str) -> ModelInfo | None:
        """A model of the library by name."""
        return next((m for m in self.models if m.name == name), None)

    def _on_models(self, message: Message) -> None:
        if isinstance(message.event, Failed):
            self.failed.emit(message.event.sentence, message.event.traceback)

    def _note_models(self, event: Event) -> None:
        match event:
            case ModelList(models=models, broken=broken):
                held = {m.name: m for m in self.models if m.name in self.loaded}  # perhaps from elsewhere
                listed = [held.pop(m.name) if m.name in held and held[m.name].path != m.path else m for m in models]
                others = [m for m in held.values() if m.name not in {n.name for n in models}]
                self.models, self.broken = [*listed, *others], list(broken)
            case ModelLoaded(info=info):
                self.loaded.add(info.name)
                known = self.model(info.name) is not None
                self.models = [info if m.name == info.name else m for m in self.models] + [info] * (not known)
            case ModelUnloaded(name=name):
                self.loaded.discard(name)
            case ModelSaved(info=info):
                self.models = [m for m in self.models if m.name != info.name] + [info]
                self.refresh_models()  # a new file may change what others are called and who their partner is
            case _:
                return
        self.models_changed.emit()

    # --- messages ---

    @Slot()
    def _wake(self) -> None:
        if not self._timer.isActive() and not self._closed:
            self._timer.start()

    @Slot()
    def _on_waiting(self) -> None:
        """Something has come in: hand it out at once after a short rest (a drag waits for it), else with the frame."""
        if not self._closed and not self._backlog and time.perf_counter() - self._delivered > REST:
            self._deliver()
        self._wake()

    @Slot()
    def _deliver(self) -> None:
        """Hand out what has come in, for at most the frame's budget."""
        self._backlog.extend(self._engine.poll())
        if not self._backlog:
            self._timer.stop()
            if self._engine.pending:  # came in between the poll and the stop
                self._wake()
            return
        until = time.perf_counter() + BUDGET
        touched: dict[int, JobRecord] = {}
        try:
            while self._backlog and time.perf_counter() < until:
                self._hand_out(self._backlog.popleft(), touched)
        finally:  # a listener's mistake is reported by the hooks and costs no other message
            for record in touched.values():
                self.job_changed.emit(record)
        self._delivered = time.perf_counter()

    def _hand_out(self, message: Message, touched: dict[int, JobRecord]) -> None:
        job, event = message.job, message.event
        if isinstance(event, Status):
            self.status = event
            self.status_changed.emit(event)
            return
        record = self.jobs.get(job)
        if record is None:
            return
        touched[job] = record
        record.note(event)
        if isinstance(event, Started) and record.slot:
            self._slots[record.slot] = max(job, self._slots.get(record.slot, 0))
        self._note_models(event)
        listener, wanted = self._listeners.get(job), self._current(record, event)
        if isinstance(event, ENDINGS):
            self._listeners.pop(job, None)
            self._cancelled.discard(job)
            self.jobs.pop(job, None)
        if listener and wanted:
            listener(message)

    def _current(self, record: JobRecord, event: Event) -> bool:
        if record.id in self._cancelled:
            return isinstance(event, ENDINGS)
        stale = record.slot is not None and self._slots.get(record.slot, record.id) > record.id
        return not stale

    def wait_for(self, predicate: Callable[[], bool], seconds: float = 10.0) -> bool:
        """Process events until the predicate holds; False when the time is over first. For pictures and tests."""
        until = time.monotonic() + seconds
        while not predicate():
            if time.monotonic() > until:
                return False
            QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 5)
            time.sleep(0.001)
        return True

    def close(self) -> bool:
        """Refuse, cancel, wake and wait; False if the engine still works after three seconds."""
        self._closed = True
        self._timer.stop()
        self._engine.on_ready = _nothing
        self._listeners.clear()
        return self._engine.close()


def _nothing() -> None:
    """Nobody listens any more."""
