"""What a person keeps: pinned sentences, and a recorded path that plays again without asking the model."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QListWidget, QPushButton, QVBoxLayout, QWidget

from app.panels.latent.choices import MOST_PINS, Pin
from app.theme import Theme
from app.widgets.confidence_strip import joined
from app.widgets.player import PlayerBar
from app.widgets.playhead import Playhead

MOST_STEPS = 5000
SPEED = 6  # 25 steps a second


class Recording:
    """The points of a path with their sentences, in the order they were decoded."""

    def __init__(self) -> None:
        self.steps: list[Pin] = []
        self.running = False

    def add(self, step: Pin) -> bool:
        """Keep one more step while recording; False when it was not kept."""
        if not self.running or len(self.steps) >= MOST_STEPS:
            return False
        self.steps.append(step)
        return True


class KeepTab(QWidget):
    """Pins at the left, the path's player at the right."""

    pin_wanted = Signal()
    unpin_wanted = Signal(int)
    went = Signal(int)  # to this pin
    shown = Signal(object)  # a recorded step (Pin)
    record_toggled = Signal(bool)

    def __init__(self, *, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.recording = Recording()
        self.playhead = Playhead(self)
        self.playhead.set_speed(SPEED)
        self.player = PlayerBar(self.playhead, theme=theme)
        self.player.live.hide()
        self.pins = QListWidget()
        self.pins.setAccessibleName("Pinned sentences")
        self.pins.setToolTip("Double click or Return goes back to the point; Delete unpins")
        self.pin = QPushButton("Pin the sentence")
        self.pin.setToolTip(f"Keep the sentence and its point, up to {MOST_PINS} (P)")
        self.record = QPushButton("Record a path", checkable=True)
        self.record.setToolTip("Keep every point and sentence of your next drags, to play them again (Ctrl+R)")
        self.said = QLabel(wordWrap=True)
        self.said.setProperty("role", "muted")
        left, right = QVBoxLayout(), QVBoxLayout()
        left.addWidget(self.pin, 0, Qt.AlignmentFlag.AlignLeft)
        left.addWidget(self.pins, 1)
        head = QHBoxLayout()
        head.addWidget(self.record)
        head.addWidget(self.said, 1)
        right.addLayout(head)
        right.addWidget(self.player)
        right.addStretch(1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(16)
        layout.addLayout(left, 3)
        layout.addLayout(right, 4)
        self.pin.clicked.connect(self.pin_wanted)
        self.pins.itemActivated.connect(lambda item: self.went.emit(self.pins.row(item)))
        self.record.toggled.connect(self._on_record)
        self.playhead.moved.connect(self._on_moved)
        self._refresh()

    def show_pins(self, pins: Sequence[Pin]) -> None:
        """List them, numbered as on the pad."""
        self.pins.clear()
        self.pins.addItems([f"{i}   {joined(p.words)}" for i, p in enumerate(pins, 1)])
        self.pin.setEnabled(len(pins) < MOST_PINS)

    def keyPressEvent(self, event: object) -> None:
        """Delete unpins."""
        if event.key() == Qt.Key.Key_Delete and self.pins.hasFocus() and self.pins.currentRow() >= 0:  # type: ignore[attr-defined]
            self.unpin_wanted.emit(self.pins.currentRow())
        else:
            super().keyPressEvent(event)  # type: ignore[arg-type]

    def note(self, step: Pin) -> None:
        """A sentence was decoded; keep it while recording."""
        if self.recording.add(step):
            self._refresh()

    def set_steps(self, steps: Sequence[Pin]) -> None:
        """A path from the session."""
        self.recording.steps = list(steps)
        self._refresh()

    @Slot(bool)
    def _on_record(self, on: bool) -> None:
        if on:
            self.playhead.pause()
            self.recording.steps = []
        self.recording.running = on
        self.record.setText("Stop recording" if on else "Record a path")
        self._refresh()
        self.record_toggled.emit(on)

    def _refresh(self) -> None:
        count = len(self.recording.steps)
        if count == 0 and self.playhead.end:
            self.playhead.reset()
        self.playhead.total = max(count - 1, 0)
        self.playhead.extend(max(count - 1, 0))
        self.player.setEnabled(count > 1)
        if self.recording.running:
            self.said.setText(f"Recording: {count:,} points. Drag on the pad.")
        else:
            self.said.setText(f"{count:,} points kept" if count else "A path plays again from its record.")

    @Slot(int)
    def _on_moved(self, position: int) -> None:
        if position < len(self.recording.steps):
            self.shown.emit(self.recording.steps[position])
