"""Fields for numbers with their label, unit and range in sight."""

from __future__ import annotations

import math

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.theme import Theme
from app.widgets.controls import DoubleSpinBox, Slider

TICKS = 1000


class NumberField(QWidget):
    """A label with a number under or beside it; with `slider`, both say the same.

    Signals:
        value_changed: the new value, while dragging too (the owner merges these into one undo step).
        editing_finished: the drag or the typing is over.
    """

    value_changed = Signal(float)
    editing_finished = Signal()

    def __init__(
        self,
        label: str,
        minimum: float,
        maximum: float,
        value: float,
        *,
        theme: Theme,
        tip: str,
        unit: str = "",
        decimals: int = 0,
        step: float = 1.0,
        slider: bool = False,
        logarithmic: bool = False,
    ) -> None:
        super().__init__()
        self._theme, self._low, self._high, self._logarithmic = theme, minimum, maximum, logarithmic
        low, high = (
            f"{v:.{decimals}f}".rstrip("0").rstrip(".") if decimals else f"{v:,.0f}" for v in (minimum, maximum)
        )
        spread = f"{low} to {high}{f' {unit}' if unit else ''}"
        name = QLabel(label)
        caption = QLabel(spread)
        caption.setProperty("role", "caption")
        self.spin = DoubleSpinBox(minimum=minimum, maximum=maximum, decimals=decimals, singleStep=step, value=value)
        self.spin.setKeyboardTracking(False)
        self.spin.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.spin.setAccessibleName(f"{label}, {spread}")
        name.setBuddy(self.spin)
        for part in (self, self.spin):
            part.setToolTip(tip)
        self.setAccessibleName(label)
        text = QVBoxLayout()
        text.setSpacing(0)
        text.addWidget(name)
        text.addWidget(caption)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addLayout(text, 1)
        row.addWidget(self.spin)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row)
        self.slider: Slider | None = None
        if slider:
            self.slider = Slider(Qt.Orientation.Horizontal, minimum=0, maximum=TICKS)
            self.slider.setToolTip(tip)
            self.slider.setAccessibleName(f"{label}, {spread}")
            self.slider.setValue(self._tick(value))
            self.slider.valueChanged.connect(self._on_slider)
            self.slider.sliderReleased.connect(self.editing_finished)
            layout.addWidget(self.slider)
        self.spin.valueChanged.connect(self._on_spin)
        self.spin.editingFinished.connect(self.editing_finished)
        theme.changed.connect(self._restyle)
        self._restyle()

    def value(self) -> float:
        """The number."""
        return self.spin.value()

    def set_value(self, value: float) -> None:
        """Show a number without telling anyone."""
        if value != self.spin.value():  # not over a number that is being typed
            with QSignalBlocker(self.spin):
                self.spin.setValue(value)
        if self.slider:
            with QSignalBlocker(self.slider):
                self.slider.setValue(self._tick(value))

    def _tick(self, value: float) -> int:
        if self._logarithmic:
            return round(TICKS * math.log(value / self._low) / math.log(self._high / self._low))
        return round(TICKS * (value - self._low) / (self._high - self._low))

    def _on_slider(self, tick: int) -> None:
        share = tick / TICKS
        value = (
            self._low * (self._high / self._low) ** share
            if self._logarithmic
            else self._low + share * (self._high - self._low)
        )
        with QSignalBlocker(self.spin):
            self.spin.setValue(value)
        self.value_changed.emit(self.spin.value())

    def _on_spin(self, value: float) -> None:
        if self.slider:
            with QSignalBlocker(self.slider):
                self.slider.setValue(self._tick(value))
        self.value_changed.emit(value)

    def _restyle(self) -> None:
        for part in (self.spin, self.spin.lineEdit()):  # the line keeps the font it was made with
            part.setFont(self._theme.number_font(13))
        self.spin.setFixedWidth(self._theme.px(84))
