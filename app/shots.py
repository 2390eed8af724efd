"""Pictures of every panel in states that show real results, without a display."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEventLoop, QSize

from app.panels.base import Panel
from app.window import Window

SIZES = (QSize(1440, 900), QSize(1024, 700))
PATIENCE = 90.0  # seconds a panel has to show results


class ShotFailed(RuntimeError):
    """A panel did not show what its picture needs; the sentence says which and what."""


def settle(seconds: float = 0.15) -> None:
    """Let layouts, repaints and late events come to rest."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)


class Photographer:
    """Takes each state at every size, light and dark."""

    def __init__(self, window: Window, folder: Path, *, report: bool = True) -> None:
        self._window, self._folder, self._report = window, folder, report
        self.taken: list[Path] = []
        self.failures: list[str] = []
        folder.mkdir(parents=True, exist_ok=True)

    def shoot_all(self, only: str = "") -> None:
        """Every panel (or the one named), then the window's own parts."""
        window, bridge = self._window, self._window.services.bridge
        window.services.theme.set(motion=False)
        if not bridge.wait_for(lambda: not bridge.jobs, PATIENCE):
            self.failures.append(f"the models were not loaded after {PATIENCE:.0f} seconds")
            return
        for key in window.panel_keys():
            if only in ("", key):
                try:
                    self._shoot_panel(window.panel(key))
                except ShotFailed as error:
                    self.failures.append(str(error))
        if only in ("", "window") and window.panel_keys():
            self._shoot_window()

    def _shoot_panel(self, panel: Panel) -> None:
        window, bridge = self._window, self._window.services.bridge
        window.resize(SIZES[0])
        window.show_panel(panel.key)
        settle()
        self._take(f"{panel.key}-empty")
        panel.demo()
        if not bridge.wait_for(panel.ready, PATIENCE):
            raise ShotFailed(f"{panel.title}: no results after {PATIENCE:.0f} seconds")
        for name in panel.shots():
            self._take(f"{panel.key}-{name}" if name else panel.key)
        panel.stop()
        settle()

    def _shoot_window(self) -> None:
        window = self._window
        window.resize(SIZES[0])
        window.show_panel(window.panel_keys()[0])
        for dock in (window.library_dock, window.activity_dock):
            dock.show()
        window.fit_docks()
        self._take("window-docks")
        for dock in (window.library_dock, window.activity_dock):
            dock.hide()
        for dark in (False, True):  # the palette closes when the window changes
            window.services.theme.set(dark=dark)
            window.resize(SIZES[0])
            settle()
            window.palette_.open()
            window.palette_.field.setText("the")
            self._save("window-palette", SIZES[0])
            window.palette_.hide()
        window.presenter.toggle()
        self._take("window-present")
        window.presenter.toggle()

    def _take(self, name: str) -> None:
        """One state in all sizes and both themes."""
        theme = self._window.services.theme
        for size in SIZES:
            self._window.resize(size)
            for dark in (False, True):
                theme.set(dark=dark, motion=False)
                self._save(name, size)
        self._window.resize(SIZES[0])
        settle(0.05)

    def _save(self, name: str, size: QSize) -> None:
        settle()
        shade = "dark" if self._window.services.theme.dark else "light"
        path = self._folder / f"{name}-{shade}-{size.width()}x{size.height()}.png"
        for card in self._window.toasts.cards():
            if card.notice.kind == "error":
                self.failures.append(f"{name}: {card.notice.text}\n{card.notice.traceback}")
            card.leave()
        if not self._window.grab().save(str(path), "PNG"):
            raise ShotFailed(f"{path} could not be written")
        if path not in self.taken:
            self.taken.append(path)
            if self._report:
                sys.stdout.write(f"{path}\n")
                sys.stdout.flush()


def take_shots(window: Window, folder: Path, only: str = "") -> int:
    """All pictures; the exit code is 1 when any could not be taken as it should be."""
    photographer = Photographer(window, folder)
    try:
        photographer.shoot_all(only)
    except Exception as error:  # noqa: BLE001 - said and counted, so that no broken picture passes for a good one
        photographer.failures.append(f"{type(error).__name__}: {error}")
    for sentence in photographer.failures:
        sys.stderr.write(f"failed: {sentence}\n")
    return 1 if photographer.failures or not photographer.taken else 0
