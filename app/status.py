"""The status bar: where the engine computes, how fast, and whether the window keeps up."""

from __future__ import annotations

import time
from collections import deque
from math import isnan

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QLabel, QStatusBar

from app.plain import plain
from app.theme import Theme
from app.widgets.numbers import number
from engine.messages import Status

BEAT_MS = 16
KEPT = 250  # beats: four seconds


class DelayMeter(QObject):
    """How late the event loop is: a 16 ms timer that measures when it is really called."""

    measured = Signal(float, float)  # p50 and p99 of the time between beats, ms

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.gaps: deque[float] = deque(maxlen=KEPT)  # ms
        self._last = 0.0
        self._beats = 0
        self.kept = False  # goes on when the engine is idle: for measurements
        self._timer = QTimer(self, interval=BEAT_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_beat)

    @property
    def running(self) -> bool:
        """Whether it measures."""
        return self._timer.isActive()

    def start(self) -> None:
        """Begin to measure."""
        self.gaps.clear()
        self._last = time.perf_counter()
        self._timer.start()

    def begin(self, beats: int) -> None:
        """Forget what was measured, and keep so many beats from now on."""
        self.gaps = deque(maxlen=beats)
        self.start()

    def stop(self) -> None:
        """Measure no more."""
        self._timer.stop()

    def quantile(self, share: float) -> float:
        """A quantile of the time between two beats, ms; nan before the first."""
        ordered = sorted(self.gaps)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else float("nan")

    def _on_beat(self) -> None:
        now = time.perf_counter()
        self.gaps.append((now - self._last) * 1e3)
        self._last = now
        self._beats += 1
        if self._beats % 60 == 0:
            self.measured.emit(self.quantile(0.5), self.quantile(0.99))


class StatusBar(QStatusBar):
    """Quiet figures in one line; each says in its tooltip what it is."""

    def __init__(self, *, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setSizeGripEnabled(False)
        self.setAccessibleName("Status")
        self.models = self._label("Models in memory", "No model loaded")
        self.addWidget(self.models)
        self.device = self._label("Where the models compute, and in which number format")
        self.step = self._label("Mean time of one step of a job, milliseconds")
        self.frame = self._label(
            "Time between two beats of the window: half are shorter, and 99 of 100 (16 ms is ideal)"
        )
        self.queue = self._label("Jobs that wait or run")
        self.memory = self._label("Memory in use, megabytes")
        for label in (self.device, self.step, self.frame, self.queue, self.memory):
            self.addPermanentWidget(label)
        theme.changed.connect(self._restyle)
        self._restyle()

    def show_status(self, status: Status) -> None:
        """The engine's figures."""
        self.device.setText(f"{status.device} · {status.dtype}")
        self.step.setText(f"{number(status.step_ms)} ms a step")
        self.queue.setText("idle" if not status.queue else f"{status.queue} job{'s' if status.queue > 1 else ''}")
        self.memory.setText("" if isnan(status.memory_mb) else f"{status.memory_mb:,.0f} MB")

    def show_frame(self, p50: float, p99: float) -> None:
        """The window's own pace."""
        self.frame.setText(f"window {p50:.0f} ms, p99 {p99:.0f} ms")

    def show_loaded(self, names: list[str]) -> None:
        """Which models are in memory."""
        many = f"{names[0]} and {len(names) - 1} more" if len(names) > 2 else " · ".join(names)
        self.models.setText(many or "No model loaded")
        self.models.setToolTip(plain("Models in memory" + "".join(f"\n{n}" for n in names)))

    def _label(self, tip: str, text: str = "") -> QLabel:
        label = QLabel(text, toolTip=tip)
        label.setAccessibleDescription(tip)
        return label

    def _restyle(self) -> None:
        for label in self.findChildren(QLabel):
            label.setFont(self._theme.number_font(11))
