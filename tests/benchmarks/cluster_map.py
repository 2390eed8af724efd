"""Pulling a map of clusters under the pointer: every point as a shape, or a density when there are too many.

And two maps of many components at once, as training is gone through.
"""

from __future__ import annotations

import time

import numpy as np
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication

from app.theme import Theme
from app.widgets.cluster_map import ClusterMap
from tests.benchmarks.rows import Row, Target

FRAMES = 90
COMPONENTS = 5
SIZE = (900, 600)
MANY = 120
HALF = (412, 360)  # of each of two maps


def rows() -> list[Row]:
    """All figures of this file."""
    app = QApplication.instance() or QApplication([])
    theme = Theme()
    theme.apply()
    found = []
    for count, how in ((20_000, "one by one"), (200_000, "as density and sample")):
        times, cpu = panning(map_of(theme, count))
        name = f"pan {count:,} points and ellipses {how}: frame"
        found.append(Row(f"{name}, p95", float(np.percentile(times, 95)), "ms", Target("<", 33)))
        found.append(Row(f"{name}, median", float(np.median(times)), "ms"))
        found.append(Row(f"{name}, median", float(np.median(cpu)), "CPU ms"))
    found.append(
        Row(
            "scrub 120 components, two maps: frame, median",
            float(np.median(scrubbing(theme))),
            "CPU ms",
            Target("<", 60),
        )
    )
    del app
    return found


def map_of(theme: Theme, count: int) -> ClusterMap:
    """Five clusters side by side, all in sight."""
    random = np.random.default_rng(0)
    means = 3 * np.stack([np.cos(a := np.arange(COMPONENTS) * 2 * np.pi / COMPONENTS), np.sin(a)], 1)
    codes = random.integers(COMPONENTS, size=count)
    points = means[codes] + random.normal(size=(count, 2)) * (0.9, 0.5)
    widget = ClusterMap(theme=theme)
    widget.resize(*SIZE)
    widget.set_points(points.astype(np.float32), codes, random.random(count))
    widget.set_components(
        means,
        np.tile(np.diag([0.81, 0.25]), (COMPONENTS, 1, 1)),
        np.full(COMPONENTS, 1 / COMPONENTS),
        tuple(f"cluster {k}" for k in range(COMPONENTS)),
    )
    widget.show()
    QCoreApplication.processEvents()
    return widget


def panning(widget: ClusterMap) -> tuple[list[float], list[float]]:
    """Milliseconds from a move of three pixels to the painted frame, as a mouse pulls: by the clock, and computing."""
    times, cpu = [], []
    for frame in range(FRAMES):
        began, busy = time.perf_counter(), time.process_time()
        widget._go(widget.view.panned(3 * (-1) ** (frame // 15), 1))
        widget.repaint()
        times.append(1e3 * (time.perf_counter() - began))
        cpu.append(1e3 * (time.process_time() - busy))
    widget.close()
    return times, cpu


def scrubbing(theme: Theme) -> list[float]:
    """The processor's milliseconds of a frame of training on both maps of a pair, as large as the panel has them."""
    random, times = np.random.default_rng(0), []
    maps = [ClusterMap(theme=theme) for _ in range(2)]
    names = tuple(f"cluster {k}" for k in range(MANY))
    for widget in maps:
        widget.resize(*HALF)
        widget.show()
    for frame in range(FRAMES // 3):
        shown = []
        for spread in (0.3 + 0.05 * frame, 0.6):  # one comes apart, the other stays a heap
            means, codes = spread * random.normal(size=(MANY, 2)), random.integers(MANY, size=3_000)
            axes = np.eye(2) * random.uniform(0.4, 1.2, (MANY, 1, 2)) ** 2
            points = (means[codes] + 0.5 * random.normal(size=(len(codes), 2))).astype(np.float32)
            shown.append((points, codes, means, axes, random.dirichlet(np.full(MANY, 3.0))))
        busy = time.process_time()
        for widget, (points, codes, means, axes, weights) in zip(maps, shown, strict=True):
            widget.set_points(points, codes, np.full(len(codes), 0.8))
            widget.set_components(means, axes, weights, names)
            widget.repaint()
        times.append(1e3 * (time.process_time() - busy))
    for widget in maps:
        widget.close()
    return times
