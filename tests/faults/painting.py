"""A window whose one panel cannot be painted; a program of its own, as a window that gets it wrong ends it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import torch
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication

from app.panels.base import Panel
from app.settings import Settings
from app.startup import open_window
from app.theme import Theme
from engine.library import Library
from engine.worker import Engine


class Unpaintable(Panel):
    """Raises as C code does: without an exception object until somebody asks for one."""

    key = title = "unpaintable"

    def paintEvent(self, event: QPaintEvent) -> None:
        """There is no such element."""
        [][0]


def main(session: Path) -> None:
    """Say which errors were reported."""
    caught: list[str] = []
    sys.excepthook = lambda *error: caught.append(error[0].__name__)
    app = QApplication([])
    engine = Engine("cpu", inline=True, library=Library(torch.device("cpu"), []))
    window = open_window(engine, Settings(), (Unpaintable,), theme=Theme(), session_path=session, fresh=True)
    window.services.bridge.wait_for(lambda: len(caught) > 2, 10)
    sys.stdout.write(f"{set(caught)} in {app.applicationName()}\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
