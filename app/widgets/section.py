"""A group of controls under a heading that can be folded: where rare settings wait behind "More"."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app.icons import icon
from app.theme import Theme


class Section(QWidget):
    """A heading with a chevron over its content."""

    toggled = Signal(bool)  # open?

    def __init__(self, title: str, *, theme: Theme, open: bool = False) -> None:
        super().__init__()
        self._theme = theme
        self._button = QToolButton(text=title, checkable=True, checked=open)
        self._button.setProperty("kind", "section")
        self._button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._button.setAccessibleName(f"{title}, more settings")
        self._button.toggled.connect(self._on_toggled)
        self._body = QWidget()
        self.content = QVBoxLayout(self._body)
        self.content.setContentsMargins(0, 4, 0, 0)
        self.content.setSpacing(12)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._button)
        layout.addWidget(self._body)
        self._body.setVisible(open)
        theme.changed.connect(self._restyle)
        self._restyle()

    def is_open(self) -> bool:
        """Whether the content is in sight."""
        return self._button.isChecked()

    def set_open(self, value: bool) -> None:
        """Show the content or fold it away."""
        self._button.setChecked(value)

    def _on_toggled(self, value: bool) -> None:
        self._body.setVisible(value)
        self._restyle()
        self.toggled.emit(value)

    def _restyle(self) -> None:
        self._button.setIcon(icon("chevron-down" if self.is_open() else "chevron-right", self._theme))
