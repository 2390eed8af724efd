"""Arrays that go from what they were to what they are in a moment, so that one sees what became what."""

from __future__ import annotations

import time

import numpy as np
from PySide6.QtCore import QEasingCurve, QObject, QVariantAnimation, Signal, Slot

from app.widgets.pad_view import Array

MILLISECONDS = 160
QUICKEST = 0.2  # seconds between two moves that are still animated


class Tween(QObject):
    """Named arrays on their way; `moved` tells of every step."""

    moved = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ways: dict[str, tuple[Array, Array]] = {}
        self._last = 0.0
        self._animation = QVariantAnimation(self, startValue=0.0, endValue=1.0, duration=MILLISECONDS)
        self._animation.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._animation.valueChanged.connect(self._on_value)

    def begin(self, targets: dict[str, tuple[Array, Array]]) -> None:
        """Go from the first array to the second under each name; at once when the last move was just before.

        Arrays sent within the same few milliseconds move together.
        """
        now = time.monotonic()
        quick = 0.02 < now - self._last < QUICKEST
        self._last = now
        self._ways.update(targets)
        if quick:
            self.finish()
            return
        self._animation.stop()
        self._animation.start()

    def finish(self) -> None:
        """Be there."""
        self._animation.stop()
        if self._ways:
            self._ways.clear()
            self.moved.emit()

    def forget(self, *names: str) -> None:
        """Whatever goes by these names is where it should be."""
        for name in names:
            self._ways.pop(name, None)

    @property
    def running(self) -> bool:
        """Whether anything is on its way."""
        return bool(self._ways)

    def now(self, name: str, target: Array) -> Array:
        """Where an array is; `target` when it does not move."""
        if name not in self._ways:
            return target
        start, end = self._ways[name]
        return np.asarray(start + (end - start) * self._animation.easingCurve().valueForProgress(self._share()))

    def _share(self) -> float:
        return min(self._animation.currentTime() / MILLISECONDS, 1.0)

    @Slot(object)
    def _on_value(self, value: object) -> None:
        if self._share() >= 1.0:
            self._ways.clear()
        self.moved.emit()
