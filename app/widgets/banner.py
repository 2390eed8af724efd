"""A warning that stays above what it is about."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel

from app.icons import pixmap
from app.theme import Theme


class Banner(QFrame):
    """A warning that stays, with its reason: a latent space has collapsed, and why."""

    def __init__(self, *, theme: Theme) -> None:
        super().__init__(objectName="banner")
        self._theme = theme
        self._icon, self._text = QLabel(), QLabel(wordWrap=True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self._text, 1)
        self.setAccessibleName("Warning")
        theme.changed.connect(self._restyle)
        self._restyle()
        self.hide()

    def show_text(self, text: str) -> None:
        """Warn, or with an empty text stop warning."""
        self._text.setText(text)
        self.setAccessibleDescription(text)
        self.setVisible(bool(text))

    @property
    def text(self) -> str:
        """What it says."""
        return self._text.text()

    @Slot()
    def _restyle(self) -> None:
        color = self._theme.colors.rejected
        wash = self._theme.tint(color, 0.12).name()
        self.setStyleSheet(f"QFrame#banner {{ background: {wash}; border-left: 3px solid {color.name()}; }}")
        self._icon.setPixmap(pixmap("warning", 18, self._theme.text(color)))
