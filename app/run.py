"""The program's life once torch is imported: application, window, event loop, orderly end."""

from __future__ import annotations

import argparse
import gc
import linecache
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app import session as sessions
from app import settings as settings_file
from app.crash import CrashNet
from app.icons import pixmap
from app.panels import PANELS
from app.session import Claim, SessionError
from app.settings import Settings
from app.shots import take_shots
from app.startup import open_window
from app.theme import Theme
from app.window import Window
from engine.worker import Engine

HEARTBEAT_MS = 250
STUCK = -1  # the engine still works after its time to stop


def run(args: argparse.Namespace) -> int:
    """Open the window as the command line says and stay until it is closed; the exit code, or STUCK."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setApplicationName("textscape")
    app.setApplicationDisplayName("Textscape")
    app.setDesktopFileName("textscape")
    settings = Settings(theme="light") if args.shots else settings_file.load()
    try:
        steps = _steps(args.script) if args.script else None
        engine, no_device = _engine(args.device, settings.device)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    theme = Theme()
    app.setWindowIcon(pixmap("logo", 64, theme.colors.accent))
    with tempfile.TemporaryDirectory() as scratch:
        try:
            claim = Claim(Path(scratch) / "session.json" if args.shots else args.session or sessions.default_path())
        except SessionError as error:
            sys.stderr.write(f"The window cannot be opened: {error}.\n")
            return 2
        fresh = args.fresh or args.shots is not None
        window = open_window(engine, settings, PANELS, theme=theme, session_path=claim.path, fresh=fresh)
        window.keep_settings = args.shots is None
        linecache.clearcache()  # PySide reads the source of every module imported after it, and 17 MB would stay
        gc.collect()
        gc.freeze()  # what stands now stays for good: a full collection over it would stall a frame for 0.2 s
        net = CrashNet(settings_file.log_file(), window.services.notices.error)
        if no_device:
            window.services.notices.warn(no_device)
        if claim.taken:
            window.services.notices.info(f"Another window is open; this one keeps its session in {claim.path.name}.")
        try:
            return _live(app, window, args, steps)
        finally:
            net.close()
            claim.release()


def _engine(asked: str, chosen: str) -> tuple[Engine, str]:
    """The engine on the device asked for, else on the one in the settings; where that one is gone, and what to say."""
    if asked:
        return Engine(asked), ""
    try:
        return Engine(chosen), ""
    except ValueError:
        return Engine("auto"), f"The settings ask for {chosen!r}, which this machine does not have; another is used."


def _steps(path: Path) -> list[dict[str, Any]]:
    from app.script import read_steps  # only now: it brings Qt's test library

    return read_steps(path)


def _live(app: QApplication, window: Window, args: argparse.Namespace, steps: list[dict[str, Any]] | None) -> int:
    if args.shots:
        code = take_shots(window, args.shots, args.only)
        window.close()
    else:
        window.when_ready(lambda: window.files.open_all(args.files))
        if steps is not None:
            from app.script import Script

            Script(window, steps)
        heart = _close_on_signals(window)
        if args.quit_after is not None:
            QTimer.singleShot(round(args.quit_after * 1000), window, window.close)
        code = app.exec()
        heart.stop()
    stopped = window.services.bridge.close()
    window.deleteLater()
    app.sendPostedEvents()
    app.processEvents()
    return code if stopped else STUCK


def _close_on_signals(window: Window) -> QTimer:
    """Ctrl+C and a polite kill close the window as its own button does; the timer lets Python notice them."""
    for name in ("SIGINT", "SIGTERM"):
        signal.signal(getattr(signal, name), lambda *_: window.close())
    heart = QTimer(window, interval=HEARTBEAT_MS)
    heart.timeout.connect(lambda: None)
    heart.start()
    return heart
