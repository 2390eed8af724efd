"""A scripted drag for the demonstration: from the first sentence to the second in a bow, as a hand would."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Slot

FRAMES = 150  # from one end to the other
FEW = 16  # frames with reduced motion
BOW = 0.22  # of the way, to the side


def curve(start: tuple[float, float], end: tuple[float, float], share: float) -> tuple[float, float]:
    """A point of the bow; `share` 0..1, slow at both ends."""
    t = 0.5 - 0.5 * math.cos(math.pi * share)
    side = BOW * math.sin(math.pi * t)
    dx, dy = end[0] - start[0], end[1] - start[1]
    return start[0] + dx * t - dy * side, start[1] + dy * t + dx * side


class Gesture(QObject):
    """Moves a hand along the curve, a step a frame; with reduced motion in few steps."""

    def __init__(self, move: Callable[[float, float], None], done: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self._move, self._done = move, done
        self._timer = QTimer(self, interval=16, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_tick)
        self._step = 0
        self._frames = self._until = FRAMES
        self._ends = ((0.0, 0.0), (0.0, 0.0))

    @property
    def running(self) -> bool:
        """Whether the hand is on its way."""
        return self._timer.isActive()

    def start(self, start: tuple[float, float], end: tuple[float, float], until: float, *, animate: bool) -> None:
        """Go a share `until` of the way from `start` to `end`."""
        self._ends, self._step = (start, end), 0
        self._frames = FRAMES if animate else FEW
        self._until = round(self._frames * until)
        self._timer.start()

    def stop(self) -> None:
        """A person has taken over."""
        self._timer.stop()

    @Slot()
    def _on_tick(self) -> None:
        self._move(*curve(*self._ends, self._step / self._frames))
        self._step += 1
        if self._step > self._until:
            self._timer.stop()
            self._done()
