"""Errors are never lost: everything unforeseen goes to the log file and to a notice."""

from __future__ import annotations

import faulthandler
import logging
import logging.handlers
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO

from PySide6.QtCore import QMessageLogContext, QObject, QtMsgType, Signal, qInstallMessageHandler

log = logging.getLogger("textscape")
QUIET = ("This plugin does not support propagateSizeHints",)  # the offscreen platform says so for each window


class _Relay(QObject):
    """Brings errors of other threads to the window's thread."""

    failed = Signal(str, str)  # sentence, traceback


class CrashNet:
    """Hooks for exceptions of all threads, Qt's own messages and hard faults; `close` puts the old ones back."""

    def __init__(self, log_path: Path, show: Callable[[str, str], None]) -> None:
        self._relay = _Relay()
        self._relay.failed.connect(show)
        self._handler = _log_handler(log_path)
        self._fault_file: IO[str] | None = None
        root = logging.getLogger()
        self._level = root.level
        root.setLevel(logging.INFO)
        root.addHandler(self._handler)
        if isinstance(self._handler, logging.FileHandler):
            self._fault_file = log_path.with_suffix(".fault").open("w")
            faulthandler.enable(self._fault_file)
        self._old = (sys.excepthook, threading.excepthook, sys.unraisablehook)
        sys.excepthook = self._on_exception
        threading.excepthook = lambda args: self._on_exception(args.exc_type, args.exc_value, args.exc_traceback)
        sys.unraisablehook = lambda args: log.warning(
            "not raised in %r: %s", args.object, "".join(traceback.format_exception(args.exc_value))
        )
        qInstallMessageHandler(self._on_qt)

    def close(self) -> None:
        """Take the hooks off again."""
        qInstallMessageHandler(None)
        sys.excepthook, threading.excepthook, sys.unraisablehook = self._old
        root = logging.getLogger()
        root.removeHandler(self._handler)
        root.setLevel(self._level)
        self._handler.close()
        if self._fault_file:
            faulthandler.disable()
            self._fault_file.close()

    def _on_exception(
        self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error or kind(), trace)
            return
        text = "".join(traceback.format_exception(kind, error, trace))
        log.error("unforeseen: %s", text)
        self._relay.failed.emit(f"Something unforeseen happened: {error or kind.__name__}", text)

    def _on_qt(self, kind: QtMsgType, context: QMessageLogContext, message: str | None) -> None:
        if message and not message.startswith(QUIET):
            levels = {QtMsgType.QtDebugMsg: logging.DEBUG, QtMsgType.QtInfoMsg: logging.INFO}
            log.log(levels.get(kind, logging.WARNING), "Qt: %s", message)


def _log_handler(path: Path) -> logging.Handler:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=1_000_000, backupCount=2, encoding="utf-8"
        )
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    return handler
