"""Where a recorded run is being watched: a position that plays at its own speed behind a growing live edge."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

LIVE = math.inf
SPEEDS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 25.0, 100.0, LIVE)  # steps a second; LIVE shows the newest as it comes
NORMAL = 3
FRAME_MS = 16


class Playhead(QObject):
    """Position 0 is the start, `end` the newest step there is (the live edge), `total` how many there will be.

    Playing moves the position at `speed`, whatever pace new steps come at; at the live edge it waits for them. At
    the speed LIVE the position stays on the live edge. Moving by hand leaves LIVE, so that nothing runs away.
    """

    moved = Signal(int)  # the position
    changed = Signal()  # anything else: playing, speed, live edge
    more_wanted = Signal()  # one step beyond the live edge was asked for

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.position = 0
        self.end = 0
        self.total = 0  # 0: unknown
        self.playing = False
        self._speed = NORMAL
        self._share = 0.0  # of the next step
        self._at = 0.0
        self.stops: Callable[[int, int], int] | None = None
        """Where so many steps on (or back) from a position lead, where not every step is stopped at."""
        self._timer = QTimer(self, interval=FRAME_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_tick)

    # --- what it is ------------------------------------------------------------------------------------------------

    @property
    def speed(self) -> float:
        """Steps a second, or LIVE."""
        return SPEEDS[self._speed]

    @property
    def following(self) -> bool:
        """Whether the position stays on the live edge."""
        return self.playing and self.speed == LIVE

    @property
    def at_edge(self) -> bool:
        """Whether the newest step is shown."""
        return self.position >= self.end

    # --- what can be done ------------------------------------------------------------------------------------------

    def reset(self, total: int = 0) -> None:
        """A new run of so many steps (0: until it is stopped), at its start."""
        self.position = self.end = 0
        self.total = total
        self._share = 0.0
        self.moved.emit(0)
        self.changed.emit()

    def extend(self, end: int) -> None:
        """There are steps up to `end` now."""
        if end == self.end:
            return
        self.end = end
        if self.following:
            self._go(end)
        self.changed.emit()

    def play(self) -> None:
        """Play on; from the start if everything there will be has been shown."""
        if self.at_edge and self.total and self.end >= self.total:
            self._go(0)
        self.playing = True
        self._at = time.perf_counter()
        self._share = 0.0
        if self.following:
            self._go(self.end)
        self._timer.start()
        self.changed.emit()

    def pause(self) -> None:
        """Stay here."""
        self.playing = False
        self._timer.stop()
        self.changed.emit()

    def toggle(self) -> None:
        """Play or pause."""
        self.pause() if self.playing else self.play()

    def seek(self, position: int) -> None:
        """Go to a step by hand."""
        self._leave_live()
        self._go(min(max(position, 0), self.end))
        self.changed.emit()

    def step(self, count: int) -> None:
        """Go so many steps on or back and stay there; one beyond the live edge asks for more."""
        beyond = count > 0 and self.at_edge
        self.pause()
        if beyond:
            self.more_wanted.emit()
        else:
            self.seek(self._from_here(count))

    def set_speed(self, index: int) -> None:
        """One of SPEEDS."""
        self._speed = min(max(index, 0), len(SPEEDS) - 1)
        self._share = 0.0
        if self.following:
            self._go(self.end)
        self.changed.emit()

    def faster(self, by: int = 1) -> None:
        """The next speed up, or down."""
        self.set_speed(self._speed + by)

    @property
    def speed_index(self) -> int:
        """The place of `speed` in SPEEDS."""
        return self._speed

    def follow(self, on: bool = True) -> None:
        """Show the newest as it comes, or leave it at the ordinary speed."""
        self.set_speed(len(SPEEDS) - 1 if on else NORMAL)
        if on and not self.playing:
            self.play()

    # --- inside ----------------------------------------------------------------------------------------------------

    def _from_here(self, count: int) -> int:
        return self.stops(self.position, count) if self.stops else self.position + count

    def _leave_live(self) -> None:
        if self.following:
            self.playing = False
            self._timer.stop()

    def _go(self, position: int) -> None:
        if position != self.position:
            self.position = position
            self.moved.emit(position)

    @Slot()
    def _on_tick(self) -> None:
        now = time.perf_counter()
        passed, self._at = now - self._at, now
        self.advance(passed)

    def advance(self, seconds: float) -> None:
        """Let time pass; the timer calls this."""
        if not self.playing or self.following:
            return
        if self.at_edge:
            self._share = 0.0
            if self.total and self.end >= self.total:
                self.pause()
            return
        self._share += seconds * self.speed
        whole = int(self._share)
        if whole:
            self._share -= whole
            self._go(min(self._from_here(whole), self.end))
            self.changed.emit()
