"""Where a cluster's marks go: the outline of its ellipse, and badges and names that keep off each other."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF

from app.widgets.pad_view import Array

GAP = 3.0  # px between two badges


def ellipse_outline(mean: Array, covariance: Array, sigmas: float, count: int = 96) -> Array:
    """Points [count, 2] whose Mahalanobis distance from a mean [2] under a covariance [2, 2] is `sigmas`."""
    values, vectors = np.linalg.eigh(np.asarray(covariance, dtype=np.float64))
    angles = np.linspace(0.0, 2 * math.pi, count, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles)], 1)
    return np.asarray(mean + sigmas * (circle * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)


def spread_out(places: Array, least: float, rounds: int = 120) -> Array:
    """Places [K, 2] moved as little as keeps any two at least so far apart; those far enough already stay."""
    spots = np.array(places, dtype=np.float64)
    count = len(spots)
    if count < 2:
        return spots
    angles = 2 * math.pi * np.arange(count) / count - math.pi / 2
    nudges = np.stack([np.cos(angles), np.sin(angles)], 1)
    for _ in range(rounds):
        way = spots[:, None] - spots[None]  # [K, K, 2]
        far = np.sqrt((way**2).sum(2))
        close = (far < least - 0.01) & ~np.eye(count, dtype=bool)
        if not close.any():
            break
        same = far < 1e-3
        apart = nudges[:, None] - nudges[None]
        turn = np.where(same[..., None], apart, way)
        size = np.sqrt((turn**2).sum(2))
        push = np.where(close, (least - far) / 2 / np.maximum(size, 1e-9), 0.0)
        spots += 0.6 * (turn * push[..., None]).sum(1)
    return spots


def name_boxes(
    badges: Sequence[QPointF], sizes: Sequence[tuple[float, float]], radius: float, room: QRectF
) -> list[QRectF | None]:
    """A box for each name beside its badge, off all badges and all other boxes and within a room; None: no room."""
    taken = [QRectF(b.x() - radius, b.y() - radius, 2 * radius, 2 * radius) for b in badges]
    boxes: list[QRectF | None] = []
    for badge, (wide, high) in zip(badges, sizes, strict=True):
        boxes.append(_free(badge, wide, high, radius, room, taken) if wide else None)
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
