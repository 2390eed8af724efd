"""Pictures of the window compared with references: at half the size, place by place, with room for antialiasing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage

Pixels = npt.NDArray[np.int16]  # [height, width, 3], 0..255
STEP = 36  # a pixel differs when a channel is off by more than this
SIDE = 30  # pixels of a window's side, at half the size
SIDE_SHARE = 0.035  # of the pixels in any window may differ: a digit or two, not a word
SHARE = 0.003  # of all pixels may differ


def read(path: Path) -> Pixels:
    """The pixels of a picture; raises ValueError."""
    image = QImage(str(path)).convertToFormat(QImage.Format.Format_RGB888)
    if image.isNull():
        raise ValueError(f"{path} is no picture")
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).astype(np.int16)


def halved(pixels: Pixels) -> Pixels:
    """Means of two by two pixels."""
    height, width = pixels.shape[0] // 2 * 2, pixels.shape[1] // 2 * 2
    blocks = pixels[:height, :width].reshape(height // 2, 2, width // 2, 2, 3)
    return blocks.mean((1, 3)).round().astype(np.int16)


def keep(pixels: Pixels, path: Path) -> None:
    """Write a reference: few colours, small file."""
    flat = np.ascontiguousarray(pixels.astype(np.uint8))
    image = QImage(flat.data, flat.shape[1], flat.shape[0], 3 * flat.shape[1], QImage.Format.Format_RGB888)
    path.parent.mkdir(parents=True, exist_ok=True)
    colors = _palette(pixels)
    if not image.convertToFormat(QImage.Format.Format_Indexed8, colors).save(str(path), "PNG", 0):
        raise OSError(f"{path} could not be written")


def _palette(pixels: Pixels) -> list[int]:
    """Up to 256 colours by median cut."""
    boxes = [np.unique(pixels.reshape(-1, 3), axis=0)]
    while len(boxes) < 256:
        spans = [int((box.max(0) - box.min(0)).max()) for box in boxes]
        widest = int(np.argmax(spans))
        if spans[widest] == 0:
            break
        box = boxes.pop(widest)
        channel = int((box.max(0) - box.min(0)).argmax())
        box = box[np.argsort(box[:, channel], kind="stable")]
        boxes += [box[: len(box) // 2], box[len(box) // 2 :]]
    means = [box.mean(0).round().astype(int) for box in boxes]
    return [0xFF000000 | (int(r) << 16) | (int(g) << 8) | int(b) for r, g, b in means]


def difference(seen: Pixels, reference: Pixels) -> str:
    """What is wrong with a picture, in one sentence; empty when it is the reference within the tolerance."""
    if seen.shape != reference.shape:
        return f"it is {seen.shape[1]} by {seen.shape[0]}, the reference {reference.shape[1]} by {reference.shape[0]}"
    off = np.abs(seen - reference).max(2) > STEP
    sums = np.pad(off.astype(np.int64), ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    windows = sums[SIDE:, SIDE:] - sums[:-SIDE, SIDE:] - sums[SIDE:, :-SIDE] + sums[:-SIDE, :-SIDE]
    y, x = (int(n) for n in np.unravel_index(windows.argmax(), windows.shape))
    worst = windows[y, x] / SIDE**2
    if worst > SIDE_SHARE or off.mean() > SHARE:
        return f"{off.mean():.2%} of its pixels differ, {worst:.1%} around ({2 * x + SIDE}, {2 * y + SIDE})"
    return ""
