"""t-SNE (van der Maaten and Hinton 2008) by openTSNE (Poličar et al. 2019), a few iterations at a time."""

from __future__ import annotations

import linecache
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from engine.latent.charts import chart_of
from engine.messages.core import FloatArray

CHUNK = 25
"""Iterations between two layouts of a thousand points or fewer; the more points, the fewer, and two at least."""
EARLY, NORMAL = 250, 500
"""Iterations with and without early exaggeration."""
EXAGGERATION = 12.0
MOST = 20_000
"""Points that are laid out at most."""
MISSING = "t-SNE needs the package openTSNE: pip install openTSNE"


class Layout(NamedTuple):
    """Positions after so many iterations."""

    positions: FloatArray  # [N, 2]
    iteration: int
    iterations: int


def lay_out(points: FloatArray, *, perplexity: float, seed: int) -> Iterator[Layout]:
    """Layouts of points [N, d], the first at iteration 0: the two principal axes, small.

    The same points and seed give the same layouts. A perplexity too large for so few points is lowered to (N - 1) / 3.
    Raises ValueError with one sentence when the package is missing, there are too few or too many points, or all are
    the same.
    """
    count = len(points)
    if not 4 <= count <= MOST:
        raise ValueError(f"t-SNE lays out 4 to {MOST:,} points, component means included, not {count:,}")
    if not np.ptp(points, axis=0).any():
        raise ValueError("t-SNE cannot lay these points out: all of them are the same")
    embedding = _start(np.asarray(points, dtype=np.float64), min(perplexity, (count - 1) / 3), seed)
    iterations = EARLY + NORMAL
    yield Layout(np.array(embedding), 0, iterations)
    chunk = max(2, min(CHUNK, 1000 * CHUNK // count))
    done = 0
    while done < iterations:
        early = done < EARLY
        step = min(chunk, (EARLY if early else iterations) - done)
        embedding.optimize(step, exaggeration=EXAGGERATION if early else 1.0, momentum=0.8, inplace=True)
        done += step
        yield Layout(np.array(embedding), done, iterations)


def _start(points: FloatArray, perplexity: float, seed: int) -> Any:
    """The state before the first iteration: nearest neighbours, and principal axes of the scale openTSNE advises."""
    try:
        from openTSNE import TSNEEmbedding, affinity
    except ImportError as error:
        raise ValueError(MISSING) from error
    linecache.clearcache()  # beside PySide an import keeps the source of every module: 25 MB for these
    # exact neighbours: blocks have few dimensions, where trees are fast and nothing is left to chance
    near = affinity.PerplexityBasedNN(points, perplexity=perplexity, method="exact", n_jobs=1, random_state=seed)
    flat = chart_of(points, points[:0]).project(points)
    # points that coincide would feel no force that parts them, so each is moved a little
    jitter = np.random.default_rng(seed).normal(scale=0.01, size=flat.shape)
    start = 1e-4 * ((flat - flat.mean(0)) / flat.std(0).max() + jitter)
    return TSNEEmbedding(start, near, n_jobs=1, random_state=seed)
