"""Pulling a map of clusters under the pointer: every point as a shape, or a density when there are too many."""

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


def rows() -> list[Row]:
    """All figures of this file."""
    app = QApplication.instance() or QApplication([])
    theme = Theme()
    theme.apply()
    found = []
    for count, how in ((20_000, "one by one"), (200_000, "as a density and a sample")):
        times, cpu = panning(map_of(theme, count))
        name = f"frame while panning {count:,} points with 1 and 2 sigma ellipses, {how}"
        found.append(Row(f"{name}, p95", float(np.percentile(times, 95)), "ms", Target("<", 33)))
        found.append(Row(f"{name}, median", float(np.median(times)), "ms"))
        found.append(Row(f"{name}, median", float(np.median(cpu)), "CPU ms"))
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
