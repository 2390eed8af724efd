"""Walks through a latent space: straight and spherical lines through two or more points."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

import numpy as np

from engine.messages.core import FloatArray
from engine.messages.latent import Path


class Place(NamedTuple):
    """One stop of a walk."""

    t: float  # share of the whole walk, 0 to 1
    leg: int  # the pair of anchors it lies between
    point: FloatArray  # [D]


def linear(start: FloatArray, end: FloatArray, t: float) -> FloatArray:
    """(1 - t) start + t end; exact at both ends."""
    return (1.0 - t) * start + t * end


def spherical(start: FloatArray, end: FloatArray, t: float) -> FloatArray:
    """The direction turns evenly and the length changes evenly (Shoemake 1985; White 2016 for latent spaces).

    Keeps to the shell where a Gaussian in many dimensions has its mass. Where no turn is defined (a zero vector,
    equal or opposite directions) it is the straight line.
    """
    lengths = float(np.linalg.norm(start)), float(np.linalg.norm(end))
    if min(lengths) == 0.0:
        return linear(start, end, t)
    a, b = start / lengths[0], end / lengths[1]
    angle = math.acos(float(np.clip(a @ b, -1.0, 1.0)))
    if math.sin(angle) < 1e-6:
        return linear(start, end, t)
    direction = (math.sin((1.0 - t) * angle) * a + math.sin(t * angle) * b) / math.sin(angle)
    scaled: FloatArray = ((1.0 - t) * lengths[0] + t * lengths[1]) * direction
    return scaled


def walk(anchors: Sequence[FloatArray], steps: int, path: Path) -> Iterator[Place]:
    """The stops through all anchors, `steps` a leg with both ends counted; inner anchors are visited once.

    Raises ValueError for fewer than two anchors.
    """
    if len(anchors) < 2:
        raise ValueError("a walk needs at least two anchors")
    between = linear if path == "linear" else spherical
    legs = len(anchors) - 1
    for leg in range(legs):
        for step in range(0 if leg == 0 else 1, steps):
            t = step / (steps - 1)
            yield Place((leg + t) / legs, leg, between(anchors[leg], anchors[leg + 1], t))


def changed_words(before: Sequence[str], after: Sequence[str]) -> tuple[bool, ...]:
    """For each word of a sentence whether it is new against the one before, places shifted alike not counted."""
    flags = [False] * len(after)
    for tag, _, _, low, high in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag != "equal":
            flags[low:high] = [True] * (high - low)
    return tuple(flags)
