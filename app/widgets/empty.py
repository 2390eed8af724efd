"""What a panel shows before anything has happened: one sentence and one button."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.icons import pixmap
from app.theme import Theme

ICON = 40  # pixels


class EmptyState(QWidget):
    """A calm invitation: icon, title, one sentence, one button, and a hint of what else would do."""

    started = Signal()

    def __init__(
        self, icon: str, title: str, sentence: str, button: str, *, theme: Theme, hint: str = "", keys: str = ""
    ) -> None:
        super().__init__()
        self._theme, self._icon_name = theme, icon
        self._icon = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self._title = QLabel(title, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._sentence = QLabel(sentence, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._sentence.setProperty("role", "muted")
        self.button = QPushButton(button)
        self.button.setProperty("kind", "primary")
        self.button.setAccessibleDescription(sentence)
        self.button.clicked.connect(self.started)
        if keys:
            self.button.setToolTip(f"{button} ({keys})")
        self._hint = QLabel(hint, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._hint.setProperty("role", "caption")
        if not hint:
            self._hint.hide()
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.button)
        row.addStretch(1)
        self._box = QWidget()
        column = QVBoxLayout(self._box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self._icon)
        column.addSpacing(4)
        column.addWidget(self._title)
        column.addWidget(self._sentence)
        column.addSpacing(12)
        column.addLayout(row)
        column.addSpacing(8)
        column.addWidget(self._hint)
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(self._box, 6)
        middle.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.addStretch(2)
        layout.addLayout(middle)
        layout.addStretch(3)
        theme.changed.connect(self._restyle)
        self._restyle()

    def set_sentence(self, text: str) -> None:
        """Say something else."""
        self._sentence.setText(text)

    def _restyle(self) -> None:
        c = self._theme.colors
        self._icon.setPixmap(pixmap(self._icon_name, self._theme.px(ICON), c.accent))
        self._title.setFont(self._theme.sentence_font(24))
        self._box.setMaximumWidth(self._theme.px(560))
