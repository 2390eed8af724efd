"""The list of jobs: what runs, how far it is, how fast, and the buttons to hold or stop it."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.bridge import Bridge, JobRecord
from app.icons import icon
from app.theme import Theme
from app.widgets.metric import duration
from app.widgets.numbers import number
from engine.messages import LoadModel

PATIENCE_MS = 400  # jobs that are over sooner are never shown
KEPT = 12  # ended jobs that stay in the list
NAMES = {
    "Sample": "Sampling sentences",
    "ExactToy": "Exact toy space",
    "Search": "Searching",
    "Train": "Training",
    "LoadModel": "Loading",
    "UnloadModel": "Unloading",
    "ListModels": "Reading the library",
}


def job_name(record: JobRecord) -> str:
    """What a person calls this job."""
    kind = type(record.request).__name__
    spaced = "".join(f" {c.lower()}" if c.isupper() and i else c for i, c in enumerate(kind))
    name = NAMES.get(kind, spaced)
    if isinstance(record.request, LoadModel):
        return f"{name} {record.request.path.rpartition('/')[2]}"
    model = getattr(record.request, "model", "")
    return f"{name} · {model.rpartition('/')[2]}" if isinstance(model, str) and model else name


class JobRow(QFrame):
    """One job."""

    def __init__(self, record: JobRecord, bridge: Bridge, *, theme: Theme) -> None:
        super().__init__()
        self.record, self._bridge, self._theme = record, bridge, theme
        name = self._name = QLabel(job_name(record), wordWrap=True)
        self._state = QLabel(wordWrap=True)
        self._state.setProperty("role", "caption")
        self._bar = QProgressBar(textVisible=False)
        self._hold, self._cancel = QToolButton(autoRaise=True), QToolButton(autoRaise=True)
        self._drawn: tuple[bool, bool] | None = None  # paused and dark, as the icons show it
        self._cancel.setToolTip("Cancel this job")
        self._cancel.setAccessibleName(f"Cancel {name.text()}")
        self._hold.clicked.connect(self._on_hold)
        self._cancel.clicked.connect(self._on_cancel)
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(name, 1)
        head.addWidget(self._hold, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self._cancel, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 8, 8, 8)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self._bar)
        layout.addWidget(self._state)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.refresh()

    def refresh(self) -> None:
        """Say where the job is now."""
        record, progress = self.record, self.record.progress
        if self._name.font() != (font := self._theme.ui_font(13, 600)):
            self._name.setFont(font)
        words = [record.sentence or record.state.capitalize()]
        if progress is not None and record.active:
            total = f" of {progress.total:,.0f}" if progress.total else ""
            words.append(f"{progress.done:,.0f}{total} {progress.unit}")
            if record.rate:
                words.append(f"{number(record.rate)} {progress.unit} a second")
            if record.remaining is not None:
                words.append(f"{duration(record.remaining)} left")
            if progress.note:
                words.append(progress.note)
        elif not record.sentence:
            words.append(duration(record.seconds))
        self._state.setText(" · ".join(words))
        self._state.setProperty("role", "wrong" if record.state == "failed" else "caption")
        known = progress is not None and progress.total > 0
        self._bar.setVisible(record.active and known)
        if known and progress is not None:
            self._bar.setRange(0, 1000)
            self._bar.setValue(round(1000 * min(progress.done / progress.total, 1.0)))
        paused = record.state == "paused"
        if self._drawn != (look := (paused, self._theme.dark)):
            self._drawn = look
            self._hold.setIcon(icon("play" if paused else "pause", self._theme))
            self._cancel.setIcon(icon("cancel", self._theme))
        self._hold.setToolTip("Go on with this job" if paused else "Hold this job")
        self._hold.setAccessibleName(self._hold.toolTip())
        for button in (self._hold, self._cancel):
            button.setVisible(record.active)

    def _on_hold(self) -> None:
        (self._bridge.resume if self.record.state == "paused" else self._bridge.pause)(self.record.id)

    def _on_cancel(self) -> None:
        self._bridge.cancel(self.record.id)


class Activity(QScrollArea):
    """All jobs that last long enough to be noticed, newest first."""

    def __init__(self, bridge: Bridge, *, theme: Theme) -> None:
        super().__init__(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        self._bridge, self._theme = bridge, theme
        self._rows: dict[int, JobRow] = {}
        self.setAccessibleName("Activity")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        body = QWidget()
        self._list = QVBoxLayout(body)
        self._list.setContentsMargins(0, 8, 0, 8)
        self._list.setSpacing(0)
        self._nothing = QLabel("Nothing runs. Loading, sampling, searching and training appear here.", wordWrap=True)
        self._nothing.setProperty("role", "muted")
        self._nothing.setContentsMargins(16, 8, 16, 8)
        self._list.addWidget(self._nothing)
        self._list.addStretch(1)
        self.setWidget(body)
        self._clock = QTimer(self, interval=PATIENCE_MS)
        self._clock.timeout.connect(self._refresh)
        bridge.job_changed.connect(self._on_job)
        theme.changed.connect(self._refresh)

    def rows(self) -> list[JobRow]:
        """The jobs in the list, newest first."""
        return sorted(self._rows.values(), key=lambda row: -row.record.id)

    def _on_job(self, record: JobRecord) -> None:
        if record.state == "failed" and record.id not in self._rows:
            self._add(record)
        if not self._clock.isActive() and (record.active or record.id in self._rows):
            self._clock.start()
        if record.id in self._rows and not record.active:
            self._refresh()

    def _refresh(self) -> None:
        for record in list(self._bridge.jobs.values()):
            if record.id not in self._rows and record.slot is None and record.seconds * 1000 >= PATIENCE_MS:
                self._add(record)
        for row in self._rows.values():
            row.refresh()
        for row in [r for r in self.rows() if not r.record.active][KEPT:]:
            del self._rows[row.record.id]
            row.deleteLater()
        if not self._bridge.jobs:
            self._clock.stop()
        self._nothing.setVisible(not self._rows)

    def _add(self, record: JobRecord) -> None:
        self._rows[record.id] = row = JobRow(record, self._bridge, theme=self._theme)
        self._list.insertWidget(0, row)
        self._nothing.hide()
