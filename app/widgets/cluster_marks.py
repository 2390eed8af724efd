"""Where a cluster's marks go: the outline of its ellipse, and badges and names that keep off each other."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF

from app.widgets.pad_view import Array

GAP = 3.0  # px between two badges


def ellipse_outline(mean: Array, covariance: Array, sigmas: float, count: int = 96) -> Array:
    """Points [count, 2] whose Mahalanobis distance from a mean [2] under a covariance [2, 2] is `sigmas`."""
    return ellipse_outlines(np.asarray(mean)[None], np.asarray(covariance)[None], sigmas, count)[0]


def ellipse_outlines(means: Array, covariances: Array, sigmas: float, count: int = 96) -> Array:
    """The same of means [K, 2] and covariances [K, 2, 2] at once, [K, count, 2]."""
    values, vectors = np.linalg.eigh(np.asarray(covariances, dtype=np.float64))
    angles = np.linspace(0.0, 2 * math.pi, count, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles)], 1)
    axes = sigmas * circle * np.sqrt(np.maximum(values, 0.0))[:, None]
    return np.asarray(np.asarray(means)[:, None] + axes @ vectors.transpose(0, 2, 1))


def dashes(outline: Array, length: float) -> Array:
    """Pieces [n, 4, 2] of a closed outline [M, 2], each with the gap after it about so long.

    Qt's own dashes begin anew wherever a line is clipped: parts of one line, drawn apart, would not meet.
    """
    closed = np.concatenate([outline, outline[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    count = int(min(max(round(along[-1] / length), 8), 600))
    at = (np.arange(count)[:, None] + np.linspace(0.0, 0.6, 4)) / count * along[-1]
    return np.stack([np.interp(at, along, closed[:, 0]), np.interp(at, along, closed[:, 1])], 2)


def spread_out(places: Array, least: float, clear: float = 0.0, rounds: int = 150) -> Array:
    """Spots for badges of places [K, 2]: at least `least` apart and `clear` off each other's places.

    What is far enough from everything stays where it is; places on one spot get their badges in a ring around it.
    """
    places = np.array(places, dtype=np.float64)
    count = len(places)
    if count < 2:
        return places
    angles = 2 * math.pi * np.arange(count) / count - math.pi / 2
    nudges = np.stack([np.cos(angles), np.sin(angles)], 1)
    spots, other = places.copy(), ~np.eye(count, dtype=bool)
    for _ in range(rounds):
        apart = _pushes(spots[:, None] - spots[None], nudges[:, None] - nudges[None], least, other)
        off = _pushes(spots[:, None] - places[None], np.broadcast_to(nudges[:, None], (count, count, 2)), clear, other)
        step = 0.5 * apart.sum(1) + _strongest(off)
        if np.abs(step).max() < 0.01:
            break
        spots += 0.6 * step
    return spots


def keep_apart(places: Array, order: Sequence[int], least: float, most: int) -> npt.NDArray[np.bool_]:
    """Which of some places [K, 2], taken in an order, stand at least so far from all taken before; at most so many."""
    taken: list[int] = []
    for k in order:
        if len(taken) == most:
            break
        if not taken or np.hypot(*(places[taken] - places[k]).T).min() >= least:
            taken.append(k)
    return np.isin(np.arange(len(places)), taken)


def _pushes(ways: Array, instead: Array, least: float, where: npt.NDArray[np.bool_]) -> Array:
    """Along each way [K, K, 2] what it lacks of a length; along `instead` where there is no way at all."""
    far = np.sqrt((ways**2).sum(2))
    ways = np.where((far < 1e-3)[..., None], instead, ways)
    size = np.maximum(np.sqrt((ways**2).sum(2)), 1e-9)
    return np.asarray(ways * np.where(where, np.maximum(least - far, 0.0) / size, 0.0)[..., None])


def _strongest(pushes: Array) -> Array:
    """Of each row's pushes [K, K, 2] the longest: several from one direction are not added up."""
    longest = (pushes**2).sum(2).argmax(1)
    return np.asarray(pushes[np.arange(len(pushes)), longest])


def name_boxes(
    badges: Sequence[QPointF], sizes: Sequence[tuple[float, float]], radius: float, room: QRectF
) -> list[QRectF | None]:
    """A box for each name beside its badge, off all badges and all other boxes and within a room; None: no room."""
    taken = [QRectF(b.x() - radius, b.y() - radius, 2 * radius, 2 * radius) for b in badges]
    boxes: list[QRectF | None] = []
    for badge, (wide, high) in zip(badges, sizes, strict=True):
        boxes.append(_free(badge, wide, high, radius, room, taken) if wide and room.contains(badge) else None)
        if boxes[-1] is not None:
            taken.append(boxes[-1])
    return boxes


def _free(
    badge: QPointF, wide: float, high: float, radius: float, room: QRectF, taken: Sequence[QRectF]
) -> QRectF | None:
    near = radius + 3
    for away in (near, near + high, near + 2 * high):
        for x, y in (
            (badge.x() + near, badge.y() - high / 2),
            (badge.x() - near - wide, badge.y() - high / 2),
            (badge.x() - wide / 2, badge.y() + away),
            (badge.x() - wide / 2, badge.y() - away - high),
            (badge.x() + near * 0.7, badge.y() + away * 0.7),
            (badge.x() - near * 0.7 - wide, badge.y() + away * 0.7),
            (badge.x() + near * 0.7, badge.y() - away * 0.7 - high),
            (badge.x() - near * 0.7 - wide, badge.y() - away * 0.7 - high),
        ):
            box = QRectF(x, y, wide, high)
            if room.contains(box) and not any(box.intersects(other) for other in taken):
                return box
    return None


def nice_step(span: float, most: int = 8) -> float:
    """A step of 1, 2 or 5 times a power of ten that divides a span into at most so many parts."""
    raw = max(span, 1e-12) / most
    base = 10.0 ** math.floor(math.log10(raw))
    return next(base * m for m in (1, 2, 5, 10) if base * m >= raw)
