"""The toy's input region: how large the space is, how the kernel proposes, and the release's defects as switches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.theme import Theme
from app.widgets.controls import ComboBox, DoubleSpinBox, SpinBox, within
from app.widgets.section import Section
from engine.messages import ExactToy, setting_of

DEFECTS: dict[str, tuple[str, str]] = {
    "delete": (
        "Wrong way back of a deletion",
        "The way back of a deletion is given another candidate's chance, not the deleted word's",
    ),
    "replace": (
        "Replace always accepted",
        "Replace takes every draw, also when the present word is no candidate and could not come back",
    ),
    "threshold": (
        "Extra gate",
        "A new sentence much less likely than the old one is refused outright, beside the Metropolis-Hastings test",
    ),
    "length": (
        "Hidden length reward",
        "Insertions are favoured by 10 over the length, deletions do not pay it back",
    ),
    "scan": (
        "Places by a pointer",
        "The place is not drawn but moves on with what happened, so the way back is not as likely as the way there",
    ),
    "front": (
        "No insertion at the front",
        "The slot before the first word is never offered, but its word can be deleted",
    ),
}
FIELDS: tuple[tuple[str, str, int, int, str], ...] = (
    ("vocabulary", "Words", 2, 6, "Words of the vocabulary; the space grows as a power of it"),
    ("max_length", "Longest, words", 1, 5, "Length of the longest sentence"),
    ("candidates", "Candidates K", 1, 6, "Words pre-selected for a place; fewer than all make it a test"),
    ("chains", "Chains", 1, 256, "Chains that are counted together"),
    ("steps", "Steps", 100, 1_000_000, "Proposals of each chain"),
    ("seed", "Seed", 0, 2**31 - 1, "The same seed gives the same histogram"),
)  # fmt: skip


class ToyForm(QWidget):
    """Fields over an `ExactToy` request."""

    edited = Signal(str, object)  # field, value
    run_wanted = Signal()
    stop_wanted = Signal()

    def __init__(self, parent: QWidget | None = None, *, theme: Theme) -> None:
        super().__init__(parent)
        self._setters: dict[str, Callable[[Any], None]] = {}

        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        grid.setVerticalSpacing(6)
        for field, title, low, high, tip in FIELDS:
            box = SpinBox(minimum=low, maximum=high)
            self._place(grid, field, f"{title}" if high > 300 else f"{title} ({low} to {high})", box, tip)
        tip = "Share of words drawn from the whole vocabulary; at 0 the chain may never reach some sentences"
        box = DoubleSpinBox(minimum=0, maximum=1, singleStep=0.05, decimals=2)
        self._place(grid, "full_share", "Free draws (0 to 1)", box, tip)
        tip = "A soft pull towards one sentence: the higher, the more the law gathers around it"
        box = DoubleSpinBox(minimum=0, maximum=10, singleStep=0.5, decimals=1)
        self._place(grid, "similarity", "Similarity (0 to 10)", box, tip)
        layout.addLayout(grid)
        choices = QHBoxLayout()
        for field in ("proposal", "places"):
            choices.addWidget(self._choice(field), 1)
        layout.addLayout(choices)
        keyword = QCheckBox("One word must be there")
        keyword.setToolTip("A hard constraint: sentences without the keyword have probability zero")
        self._wire_check(keyword, "keyword")
        layout.addWidget(keyword)
        layout.addLayout(self._buttons())
        released = Section("As released: what each defect does", theme=theme, open=True)
        released.content.setSpacing(4)
        self.defects: dict[str, QCheckBox] = {}
        for name, (title, words) in DEFECTS.items():
            check = QCheckBox(title)
            check.setToolTip(words)
            check.toggled.connect(self._on_defect)
            self.defects[name] = check
            released.content.addWidget(check)
        layout.addWidget(released)
        layout.addStretch(1)

    def show_values(self, request: ExactToy) -> None:
        """Show a request."""
        for field, setter in self._setters.items():
            setter(getattr(request, field))
        for name, check in self.defects.items():
            with QSignalBlocker(check):
                check.setChecked(name in request.defects)

    def show_running(self, running: bool) -> None:
        """Offer to stop."""
        self.stop.setVisible(running)

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.run = QPushButton("Enumerate and run")
        self.run.setProperty("kind", "primary")
        self.run.setToolTip("List every sentence, compute the kernel's law exactly, then run the chains against it")
        self.run.clicked.connect(lambda: self.run_wanted.emit())
        self.stop = QPushButton("Stop")
        self.stop.setToolTip("End the run here (Esc)")
        self.stop.clicked.connect(lambda: self.stop_wanted.emit())
        self.stop.hide()
        row.addWidget(self.run, 1)
        row.addWidget(self.stop)
        return row

    def _place(self, grid: QGridLayout, field: str, title: str, box: SpinBox | DoubleSpinBox, tip: str) -> None:
        label = QLabel(title)
        label.setBuddy(box)
        label.setToolTip(tip)
        box.setToolTip(tip)
        box.setAccessibleName(title)
        box.setKeyboardTracking(False)
        box.setMinimumWidth(70)
        box.setAlignment(Qt.AlignmentFlag.AlignRight)
        box.valueChanged.connect(lambda value: self.edited.emit(field, value))

        def show(value: Any) -> None:
            with QSignalBlocker(box):
                box.setValue(within(box, value))

        self._setters[field] = show
        row = grid.rowCount()
        grid.addWidget(label, row, 0)
        grid.addWidget(box, row, 1)

    def _choice(self, field: str) -> ComboBox:
        known = setting_of(ExactToy, field)
        box = ComboBox()
        box.setSizeAdjustPolicy(ComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(5)
        for value, text in known.choices.items():
            box.addItem(text, value)
        box.setToolTip(known.effect)
        box.setAccessibleName(known.title)
        box.currentIndexChanged.connect(lambda _: self.edited.emit(field, box.currentData()))

        def show(value: Any) -> None:
            with QSignalBlocker(box):
                box.setCurrentIndex(box.findData(value))

        self._setters[field] = show
        return box

    def _wire_check(self, check: QCheckBox, field: str) -> None:
        check.toggled.connect(lambda on: self.edited.emit(field, on))

        def show(value: Any) -> None:
            with QSignalBlocker(check):
                check.setChecked(value)

        self._setters[field] = show

    def _on_defect(self) -> None:
        chosen = tuple(name for name, check in self.defects.items() if check.isChecked())
        self.edited.emit("defects", chosen)


def changed(request: ExactToy, field: str, value: Any) -> ExactToy:
    """A copy with one field changed; K never exceeds the vocabulary."""
    after = msgspec.structs.replace(request, **{field: value})
    if after.candidates > after.vocabulary:
        after = msgspec.structs.replace(after, candidates=after.vocabulary)
    return after
