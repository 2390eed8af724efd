"""The training in one row above the maps: how far it is, hold, cancel, watch; once stopped, what was kept of it."""

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
    resume_wanted = Signal()
    keep_wanted = Signal()
    drop_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Training in the background")
        self.said = QLabel()
        self.said.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.progress = QProgressBar(textVisible=False, maximum=1000)
        self.watch, self.pause, self.cancel = QPushButton("Watch"), QPushButton("Pause"), QPushButton("Cancel")
        self.watch.setToolTip("Show the training on the map again")
        self.pause.setToolTip("Hold the training between two steps, or go on")
        self.cancel.setToolTip("Stop it here; what it has learnt so far is kept until you say otherwise")
        self.resume, self.keep, self.drop = QPushButton("Go on"), QPushButton("Keep"), QPushButton("Drop")
        self.resume.setToolTip("Train on from where it was stopped")
        self.keep.setToolTip("Leave it for later: the same choices on the same text go on from there")
        self.drop.setToolTip("Remove what was kept; the same choices then begin anew")
        row = QHBoxLayout()
        row.addWidget(self.said, 1)
        for button, signal in (
            (self.watch, self.watch_wanted),
            (self.pause, self.pause_wanted),
            (self.cancel, self.cancel_wanted),
            (self.resume, self.resume_wanted),
            (self.keep, self.keep_wanted),
            (self.drop, self.drop_wanted),
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
        """How far it is, or what was kept of it; `watched`: the map follows it."""
        kept, running = trainer.kept, trainer.running
        self.setVisible(running or kept is not None)
        self.watch.setVisible(running and not watched)
        for part in (self.pause, self.cancel, self.progress):
            part.setVisible(running)
        for part in (self.resume, self.keep, self.drop):
            part.setVisible(kept is not None)
        if kept is not None:
            how_far = f"stopped after {kept.step:,} of {kept.total:,} steps"
            self.said.setText(f"{trainer.lesson.title} {how_far} and kept ({kept.size_mb:.1f} MB)")
        if not running:
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
