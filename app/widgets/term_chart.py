"""Figures over the steps of a training under the hand: pick a step with the mouse or the keys."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QWidget

from app.theme import Theme
from app.widgets.replies import OwnKeys
from app.widgets.term_strips import TermStrips


class TermChart(TermStrips):
    """Clicks, drags and arrow keys go to recorded steps."""

    step_picked = Signal(int)  # the recorded step nearest to the click

    def __init__(self, *, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme=theme, parent=parent)
        OwnKeys(self, lambda event: event.key() in _KEYS)

    def step_at(self, x: float) -> int:
        """The recorded step nearest to a pixel."""
        return int(self._steps[int(np.abs(self._x(self._steps) - x).argmin())])

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the nearest recorded step."""
        if event.button() == Qt.MouseButton.LeftButton and len(self._steps):
            self._pick(self.step_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Scrub."""
        if event.buttons() & Qt.MouseButton.LeftButton and len(self._steps):
            self._pick(self.step_at(event.position().x()))

    def _pick(self, step: int) -> None:
        if step != self._step:
            self.set_step(step)
            self.step_picked.emit(step)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and Right: the recorded step before and after; Home and End: the first and the last."""
        if event.key() not in _KEYS or not len(self._steps):
            super().keyPressEvent(event)
            return
        here = len(self._steps) - 1 if self._step is None else int(np.abs(self._steps - self._step).argmin())
        to = here + _KEYS[Qt.Key(event.key())]
        self._pick(int(self._steps[min(max(to, 0), len(self._steps) - 1)]))


_FAR = 1 << 30
_KEYS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Home: -_FAR, Qt.Key.Key_End: _FAR}
