"""The whole window in another look: from light to dark, in larger type and for a room, with all panels built."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication, QWidget

from app.panels import PANELS
from app.settings import Settings
from app.startup import open_window
from app.theme import Theme
from app.window import Window
from engine.library import Library
from engine.worker import Engine
from tests.benchmarks.rows import Row, Target

TIMES = 6  # there and back


def rows() -> list[Row]:
    """Each change and the painting after it."""
    application = QApplication.instance() or QApplication([])
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine("cpu", inline=True, library=Library(torch.device("cpu"), []))
        settings = Settings(theme="light", reduce_motion=True)
        path = Path(folder) / "session.json"
        window = open_window(engine, settings, PANELS, theme=Theme(), session_path=path, fresh=True)
        window.keep_settings = False
        found = list(_measured(window))
        window.close()
        window.services.bridge.close()
        window.deleteLater()
    del application
    return found


def _measured(window: Window) -> list[Row]:
    assert window.services.bridge.wait_for(lambda: len(window.panels()) == len(PANELS), 30)
    for key in window.panel_keys():
        window.show_panel(key)
        QCoreApplication.processEvents()
    sizes = (lambda: window.scale_by(1), lambda: window.scale_by(-1))
    changes: dict[str, tuple[Callable[[], None], Callable[[], None]]] = {
        "switch light to dark, all panels open": (window.toggle_dark, window.toggle_dark),
        "the next text size": sizes,
        "present mode": (window.presenter.toggle, window.presenter.toggle),
    }
    count = len(window.findChildren(QWidget))
    return [
        Row(f"{name}, {count:,} widgets", float(np.median([_cost(c) for c in pair * TIMES])), "CPU ms", target)
        for (name, pair), target in zip(changes.items(), (Target("<", 300), None, None), strict=True)
    ]


def _cost(change: Callable[[], None]) -> float:
    """The processor's milliseconds until everything is painted."""
    busy = time.process_time()
    change()
    for _ in range(5):
        QCoreApplication.processEvents()
    return 1e3 * (time.process_time() - busy)
