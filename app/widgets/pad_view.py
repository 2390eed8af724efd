"""Which part of a plane a pad shows: pixels to plane coordinates and back, the same scale in both directions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF

Array = npt.NDArray[np.floating]
Window = tuple[float, float, float, float]  # left, right, bottom, top, in plane coordinates
CLOSEST, FARTHEST = 4000.0, 0.5  # pixels a unit
OUTSIDE = 1e7  # pixels: what lies farther is drawn there; an infinite place would end a painter half-way


@dataclass(frozen=True)
class View:
    """`center` of the plane stands in the middle of `width` x `height` pixels; y points up in the plane."""

    center: tuple[float, float] = (0.0, 0.0)
    scale: float = 80.0  # pixels a unit
    width: int = 1
    height: int = 1

    def to_pixel(self, x: float, y: float) -> QPointF:
        """Where a point of the plane stands."""
        right = self.width / 2 + (x - self.center[0]) * self.scale
        down = self.height / 2 - (y - self.center[1]) * self.scale
        return QPointF(min(max(right, -OUTSIDE), OUTSIDE), min(max(down, -OUTSIDE), OUTSIDE))

    def to_pixels(self, points: Array) -> Array:
        """The same for an array [N, 2 or more]; gives [N, 2] float64."""
        out = np.empty((len(points), 2))
        out[:, 0] = self.width / 2 + (points[:, 0] - self.center[0]) * self.scale
        out[:, 1] = self.height / 2 - (points[:, 1] - self.center[1]) * self.scale
        return np.clip(out, -OUTSIDE, OUTSIDE)

    def to_plane(self, at: QPointF) -> tuple[float, float]:
        """The point of the plane under a pixel."""
        return (
            self.center[0] + (at.x() - self.width / 2) / self.scale,
            self.center[1] - (at.y() - self.height / 2) / self.scale,
        )

    def rect(self, window: Window) -> QRectF:
        """The pixels of a window of the plane."""
        left, right, bottom, top = window
        return QRectF(self.to_pixel(left, top), self.to_pixel(right, bottom))

    @property
    def window(self) -> Window:
        """What is in sight."""
        half_x, half_y = self.width / 2 / self.scale, self.height / 2 / self.scale
        x, y = self.center
        return (x - half_x, x + half_x, y - half_y, y + half_y)

    def resized(self, width: int, height: int) -> View:
        """The same middle and scale in another size."""
        return replace(self, width=max(width, 1), height=max(height, 1))

    def panned(self, dx: float, dy: float) -> View:
        """Moved by pixels, as if the plane were pulled along."""
        return replace(self, center=(self.center[0] - dx / self.scale, self.center[1] + dy / self.scale))

    def zoomed(self, factor: float, at: QPointF) -> View:
        """Larger by a factor, with the point under the pixel staying there."""
        scale = min(max(self.scale * factor, FARTHEST), CLOSEST)
        x, y = self.to_plane(at)
        center = (x - (at.x() - self.width / 2) / scale, y + (at.y() - self.height / 2) / scale)
        return replace(self, scale=scale, center=center)

    def fitted(self, window: Window, margin: float = 0.04) -> View:
        """As large as lets the whole window be seen."""
        left, right, bottom, top = window
        wide, high = max(right - left, 1e-6), max(top - bottom, 1e-6)
        scale = min(self.width / wide, self.height / high) * (1 - 2 * margin)
        scale = min(max(scale, FARTHEST), CLOSEST)
        return replace(self, scale=scale, center=((left + right) / 2, (bottom + top) / 2))
