"""Every widget of the window that paints itself, unable to; a program of its own, as one that gets it wrong ends it."""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
import sys
from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget

import app
from app.theme import Theme
from app.widgets.playhead import Playhead


def classes() -> Iterator[type[QObject]]:
    """Every class of Qt's that the window defines."""
    for module in pkgutil.walk_packages(app.__path__, "app."):
        if not module.name.endswith("__main__"):
            found = vars(importlib.import_module(module.name)).values()
            yield from (
                c for c in found if inspect.isclass(c) and issubclass(c, QObject) and c.__module__ == module.name
            )


def painters() -> Iterator[type[QWidget]]:
    """Those that paint themselves."""
    for each in classes():
        if issubclass(each, QWidget) and any("paintEvent" in c.__dict__ and ours(c) for c in each.__mro__):
            yield each


def ours(kind: type) -> bool:
    """Whether a class is the window's and not a library's."""
    return kind.__module__.startswith("app.")


def spoil(widget: type[QWidget], **given: Any) -> QWidget:
    """One whose painting raises as C code does: without an exception object until somebody asks for one."""

    def paint(self: QWidget, event: QPaintEvent) -> None:
        [][0]

    wanted = inspect.signature(widget.__init__).parameters
    return type(widget.__name__, (widget,), {"paintEvent": paint})(**{k: v for k, v in given.items() if k in wanted})


def main() -> None:
    """Say what each of them brought about: its name, and the errors that were reported."""
    caught: list[str] = []
    sys.excepthook = lambda *error: caught.append(error[0].__name__)
    application = QApplication([])
    theme = Theme()
    theme.apply()
    given = {"theme": theme, "headings": ("one",), "axis": "length", "title": "a dial", "playhead": Playhead()}
    for kind in painters():
        host = QWidget()
        host.resize(400, 300)
        widget = spoil(kind, window=host, **given)
        widget.setParent(host)
        widget.resize(300, 200)
        host.show()
        widget.show()
        widget.update()
        QCoreApplication.processEvents()
        sys.stdout.write(f"{kind.__name__} {' '.join(set(caught))}\n")
        sys.stdout.flush()
        host.close()
        caught.clear()
    sys.stdout.write(f"lived to show {len(application.topLevelWidgets())} windows\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
