"""The still layers of a pad as pictures: fields of numbers, and any number of points.

Points are counted into pixels and spread to dots with array arithmetic: a hundred thousand take a few milliseconds,
where a scatter item takes fifty, and where they lie over each other they darken.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QColor, QImage

from app.widgets.pad_view import View

Array = npt.NDArray[np.floating]
_DISKS = {
    1: ((0, 0), (0, 1), (1, 0), (1, 1)),
    2: tuple((dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)),
    3: tuple((dy, dx) for dy in range(-2, 3) for dx in range(-2, 3) if abs(dx) + abs(dy) < 4),
}


def premultiplied(color: QColor, alpha: float) -> int:
    """A colour as Qt's 32-bit premultiplied pixel."""
    a = round(255 * alpha)
    r, g, b = (round(c * alpha) for c in (color.red(), color.green(), color.blue()))
    return a << 24 | r << 16 | g << 8 | b


def image_of(pixels: npt.NDArray[np.uint32]) -> QImage:
    """A picture that owns its memory, from premultiplied pixels [H, W], row 0 at the top."""
    height, width = pixels.shape
    data = np.ascontiguousarray(pixels)
    return QImage(data.data, width, height, width * 4, QImage.Format.Format_ARGB32_Premultiplied).copy()


def field_image(values: Array, ramp: npt.NDArray[np.uint32]) -> QImage:
    """A field [R, C] in 0..1, row 0 at the bottom, through a ramp of premultiplied pixels; NaN is see-through."""
    known = np.isfinite(values)
    steps = (np.clip(np.where(known, values, 0.0), 0.0, 1.0) * (len(ramp) - 1)).astype(np.intp)
    return image_of(np.where(known, ramp[steps], np.uint32(0))[::-1].astype(np.uint32))


def alpha_ramp(color: QColor, most: float, steps: int = 256) -> npt.NDArray[np.uint32]:
    """From nothing to a colour at `most` opacity."""
    return np.array([premultiplied(color, most * i / (steps - 1)) for i in range(steps)], dtype=np.uint32)


def points_image(points: Array, view: View, color: QColor, *, radius: int, alpha: float) -> tuple[QImage, int]:
    """Points [N, 2 or more] as dots of a radius (1 to 3 pixels), and how many of them are in sight."""
    width, height = view.width, view.height
    place = view.to_pixels(points)
    x, y = np.floor(place[:, 0]).astype(np.int32), np.floor(place[:, 1]).astype(np.int32)
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    seen = int(np.count_nonzero(inside))
    flat = y[inside] * width + x[inside]
    counts = np.minimum(np.bincount(flat, minlength=width * height), 60).astype(np.uint8).reshape(height, width)
    padded = np.zeros((height + 4, width + 4), dtype=np.uint8)
    total = padded[2:-2, 2:-2]
    wide = np.pad(counts, 2)
    for dy, dx in _DISKS[radius]:
        np.maximum(total, wide[2 + dy : 2 + dy + height, 2 + dx : 2 + dx + width], out=total)
    ramp = np.array([0] + [premultiplied(color, 1 - (1 - alpha) ** n) for n in range(1, 256)], dtype=np.uint32)
    return image_of(ramp[total]), seen
