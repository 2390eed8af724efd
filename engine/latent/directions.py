"""Directions with a meaning: analogies, attributes, and the nearest encoded sentences."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from engine.messages.core import FloatArray, IntArray


class Attribute(NamedTuple):
    """The way from one set of points to another."""

    direction: FloatArray  # [D], mean of the positive minus mean of the negative points
    length: float
    separation: float  # Cohen's d along the direction; infinite when neither set spreads
    accuracy: float  # leave-one-out share of points nearer to their own mean; of lists of one length leave-pair-out


def analogy(a: FloatArray, b: FloatArray, c: FloatArray, strength: float) -> FloatArray:
    """The point c + strength (b - a): what stands to c as b to a (Mikolov et al. 2013; for sentences OPTIMUS)."""
    return c + strength * (b - a)


def attribute(negative: FloatArray, positive: FloatArray) -> Attribute:
    """The direction between the means of two sets of points, [N, D] and [P, D], and how well it parts them.

    The accuracy leaves each point out of its own mean; with one point in a set that point cannot be judged. Sets of one
    size are taken as pairs, row by row ("I am here." beside "I am not here."): a point's twin lies near and would pull
    the other mean towards the point, so the twin is left out of that one.
    """
    direction = positive.mean(0) - negative.mean(0)
    length = float(np.linalg.norm(direction))
    along = [points @ direction / length if length else np.zeros(len(points)) for points in (negative, positive)]
    spread = math.sqrt(sum(float(((a - a.mean()) ** 2).sum()) for a in along) / max(1, sum(map(len, along)) - 2))
    gap = float(along[1].mean() - along[0].mean())
    separation = gap / spread if spread else (math.inf if gap else 0.0)
    right = judged = 0
    for own, other in ((negative, positive), (positive, negative)):
        if len(own) < 2:
            continue
        own_means = (own.sum(0) - own) / (len(own) - 1)  # each point's own mean is that of the others
        others = (other.sum(0) - other) / (len(other) - 1) if len(other) == len(own) else other.mean(0)
        nearer = np.linalg.norm(own - own_means, axis=1) < np.linalg.norm(own - others, axis=1)
        right, judged = right + int(nearer.sum()), judged + len(own)
    return Attribute(direction, length, separation, right / judged if judged else math.nan)


def neighbours(points: FloatArray, point: FloatArray, count: int) -> tuple[IntArray, FloatArray]:
    """Places and Euclidean distances of the points [N, D] nearest to a point [D], nearest first."""
    distances = np.linalg.norm(points - point, axis=1)
    count = min(count, len(points))
    near = np.argpartition(distances, count - 1)[:count] if count else np.empty(0, dtype=np.int64)
    near = near[np.argsort(distances[near], kind="stable")]
    return near, distances[near]
