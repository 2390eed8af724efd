"""The training that runs, in one row above the maps: how far it is, hold, cancel, and back to watching it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout

from app.panels.clusters.trainer import Trainer
from app.widgets.metric import duration
from app.widgets.numbers import number


class RunBar(QFrame):
    """Signals say what was pressed; `show_run` brings it up to date."""

    pause_wanted = Signal()
    cancel_wanted = Signal()
    watch_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Training in the background")
        self.said = QLabel()
        self.said.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.progress = QProgressBar(textVisible=False, maximum=1000)
        self.watch, self.pause, self.cancel = QPushButton("Watch"), QPushButton("Pause"), QPushButton("Cancel")
        self.watch.setToolTip("Show the training on the map again")
        self.pause.setToolTip("Hold the training between two steps, or go on")
        self.cancel.setToolTip("End it here; the same choices go on from here next time")
        row = QHBoxLayout()
        row.addWidget(self.said, 1)
        for button, signal in (
            (self.watch, self.watch_wanted),
            (self.pause, self.pause_wanted),
            (self.cancel, self.cancel_wanted),
        ):
            button.clicked.connect(signal)
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 8, 16, 4)
        layout.setSpacing(6)
        layout.addLayout(row)
        layout.addWidget(self.progress)
        self.hide()

    def show_run(self, trainer: Trainer, *, watched: bool) -> None:
        """How far it is; `watched`: the map follows it."""
        self.setVisible(trainer.running)
        self.watch.setVisible(not watched)
        if not trainer.running:
            return
        progress, left = trainer.progress, trainer.remaining()
        done = progress.done / progress.total if progress and progress.total else 0.0
        self.progress.setValue(round(1000 * done))
        self.pause.setText("Go on" if trainer.paused else "Pause")
        parts = [f"Training {trainer.lesson.title}"]
        if trainer.paused:
            parts.append("paused")
        if progress and progress.total:
            parts.append(f"{progress.done:,.0f} of {progress.total:,.0f} {progress.unit}")
        elif progress and progress.note:
            parts.append(progress.note)
        if left is not None:
            parts.append(f"{duration(left)} left")
        loss = trainer.point.terms.get("loss") if trainer.point else None
        if loss is not None:
            parts.append(f"loss {number(loss)}")
        self.said.setText(",  ".join(parts))
