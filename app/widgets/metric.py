"""A figure with its name: the small building block of explanations and tables."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.theme import Theme
from app.widgets.numbers import number


def duration(seconds: float) -> str:
    """A time span in the two units that matter: "45 s", "3 min 20 s", "2 h 5 min"."""
    whole = round(seconds)
    if seconds < 10:
        return f"{seconds:.1f} s"
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


class MetricLabel(QWidget):
    """A caption over a value in tabular figures."""

    def __init__(self, caption: str, *, theme: Theme, px: int = 18, tip: str = "") -> None:
        super().__init__()
        self._theme, self._px = theme, px
        self._value = QLabel("–")
        self._value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._beside = QLabel(visible=False)
        self._beside.setProperty("role", "caption")
        self._caption = QLabel(caption)
        self._caption.setProperty("role", "caption")
        self.setToolTip(tip)
        self.setAccessibleName(caption)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._caption)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self._value)
        row.addWidget(self._beside, 1, Qt.AlignmentFlag.AlignBottom)
        layout.addLayout(row)
        theme.changed.connect(self._restyle)
        self._restyle()

    def set_value(self, value: float | str, unit: str = "", *, beside: str = "") -> None:
        """Show a number (three significant digits) or a text, with its unit and a level to compare it with."""
        text = value if isinstance(value, str) else number(value)
        self._value.setText(f"{text} {unit}" if unit else text)
        self._beside.setText(beside)
        self._beside.setVisible(bool(beside))
        self.setAccessibleDescription(f"{self._value.text()} {beside}".strip())

    def _restyle(self) -> None:
        self._value.setFont(self._theme.number_font(self._px, 600))
