"""The latent panel under the hand: from mouse move to painted sentence, and panning over many points."""

from __future__ import annotations

import math
import time
from itertools import pairwise

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QCoreApplication, QEvent, QPointF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QUndoStack
from PySide6.QtWidgets import QApplication, QWidget

from app.bridge import Bridge
from app.commands import CommandRegistry
from app.notices import Notices
from app.panels.latent import LatentPanel
from app.services import Services
from app.settings import Settings
from app.theme import Theme
from app.widgets.pad import Group, Pad
from engine.messages import Decoded
from engine.worker import Engine
from tests.benchmarks.rows import Row, Target

SECONDS = 10.0
MOUSE = 1 / 125  # seconds between two moves of an ordinary mouse
POINTS = 100_000
FRAMES = 60


def rows() -> list[Row]:
    """All figures of this file."""
    app = QApplication.instance() or QApplication([])
    theme = Theme(motion=True)
    theme.apply()
    found = [*dragging(theme), *panning(theme)]
    del app
    return found


def dragging(theme: Theme) -> list[Row]:
    """Draw loops between the two example sentences with the button down, as fast as a mouse reports."""
    engine = Engine("cpu")
    bridge = Bridge(engine)
    panel = LatentPanel(Services(bridge, CommandRegistry(), theme, QUndoStack(), Notices(), Settings()))
    panel.resize(1440, 900)
    panel.show()
    bridge.refresh_models()
    bridge.wait_for(lambda: bool(bridge.models))
    panel.demo()
    if not bridge.wait_for(panel.ready, 60):
        raise RuntimeError("the latent panel's demonstration did not come to rest")
    stage = panel.stages[0]
    sent: dict[bytes, tuple[int, float]] = {}
    newest: list[bytes] = [b""]
    waits: list[float] = []
    painted: list[int] = []

    def on_decoded(event: Decoded) -> None:
        newest[0] = np.asarray(event.points[0], dtype=np.float32).tobytes()

    def on_painted() -> None:
        if newest[0] in sent:
            index, at = sent[newest[0]]
            waits.append(1e3 * (time.perf_counter() - at))
            painted.append(index)

    panel.main.decoded.connect(on_decoded)
    stage.strip.painted.connect(on_painted)
    asked, dropped = panel.main.asked, panel.main.dropped
    began = time.perf_counter()
    _mouse(stage.pad, QEvent.Type.MouseButtonPress, _place(stage.pad, 0.0))
    index = 0
    while (passed := time.perf_counter() - began) < SECONDS:
        if passed >= index * MOUSE:
            index += 1
            at = time.perf_counter()
            _mouse(stage.pad, QEvent.Type.MouseMove, _place(stage.pad, passed))
            point = panel.hand.asked
            assert point is not None
            sent[point.astype(np.float32).tobytes()] = (index, at)
        QCoreApplication.processEvents()
        time.sleep(0.0005)
    _mouse(stage.pad, QEvent.Type.MouseButtonRelease, _place(stage.pad, SECONDS))
    asked, dropped = panel.main.asked - asked, panel.main.dropped - dropped
    panel.stop()
    panel.close()
    bridge.close()
    late = sum(b < a for a, b in pairwise(painted))
    p50, p95 = np.percentile(waits, [50, 95])
    return [
        Row(
            f"mouse move to painted sentence, p95 of {len(waits):,} in {SECONDS:.0f} s",
            float(p95),
            "ms",
            Target("<", 33),
        ),
        Row("mouse move to painted sentence, median", float(p50), "ms"),
        Row("sentences painted while dragging", len(waits) / SECONDS, "a second"),
        Row("moves overtaken by a newer one", 100 * dropped / asked, "%"),
        Row("older sentence after a newer one", late, "times", Target("=", 0)),
    ]


def _place(pad: Pad, seconds: float) -> QPointF:
    """A hand that wanders over the middle of the pad and never comes back to the same place soon."""
    x = 0.5 + 0.3 * math.sin(1.7 * seconds)
    y = 0.5 + 0.3 * math.sin(2.3 * seconds + 0.4)
    return QPointF(pad.width() * x, pad.height() * y)


def _mouse(pad: QWidget, kind: QEvent.Type, at: QPointF) -> None:
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    button = none if kind == QEvent.Type.MouseMove else left
    held = none if kind == QEvent.Type.MouseButtonRelease else left
    event = QMouseEvent(kind, at, pad.mapToGlobal(at), button, held, Qt.KeyboardModifier.NoModifier)
    QCoreApplication.sendEvent(pad, event)


def panning(theme: Theme) -> list[Row]:
    """Pull a plane with many points under the pointer; the peer is pyqtgraph's scatter item over the same points."""
    points = np.random.default_rng(0).normal(size=(POINTS, 2)).astype(np.float32)
    pad = Pad(theme=theme)
    pad.resize(900, 560)
    pad.set_plane((-3.0, 3.0, -3.0, 3.0), None, ("", "", ""), "")
    pad.set_group("sentences", Group(points, QColor("#4477AA")))
    pad.show()
    QCoreApplication.processEvents()
    ours = []
    for frame in range(FRAMES):
        began = time.perf_counter()
        pad.view = pad.view.panned(3 * (-1) ** (frame // 15), 1)
        pad._renew()
        pad.repaint()
        ours.append(1e3 * (time.perf_counter() - began))
    pad.close()
    plot = pg.PlotWidget()
    plot.resize(900, 560)
    plot.setRange(xRange=(-3, 3), yRange=(-3, 3))
    plot.addItem(pg.ScatterPlotItem(x=points[:, 0], y=points[:, 1], size=4, pen=None, brush=pg.mkBrush("#4477AA80")))
    plot.show()
    QCoreApplication.processEvents()
    peer = []
    for frame in range(FRAMES // 4):
        began = time.perf_counter()
        plot.getViewBox().translateBy(x=0.02 * (-1) ** (frame // 5))
        plot.repaint()
        QCoreApplication.processEvents()
        peer.append(1e3 * (time.perf_counter() - began))
    plot.close()
    p95, median = float(np.percentile(ours, 95)), float(np.median(ours))
    peer_median = float(np.median(peer))
    name = f"frame while panning {POINTS:,} points, all drawn"
    return [
        Row(f"{name}, p95", p95, "ms", Target("<", 33)),
        Row(f"{name}, median", median, "ms", None, median / peer_median, "of a pyqtgraph scatter item"),
    ]
