"""What the window has to say: small cards at the bottom right that leave by themselves, unless something broke."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Notice:
    """One thing said."""

    kind: str  # "info", "warning" or "error"
    text: str
    traceback: str = ""


class Notices(QObject):
    """Takes what is to be said, writes it to the log, and tells whoever shows it."""

    said = Signal(object)  # Notice

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.history: list[Notice] = []

    def info(self, text: str) -> None:
        """Something worth knowing."""
        self._say(Notice("info", text))

    def warn(self, text: str) -> None:
        """Something to look at."""
        self._say(Notice("warning", text))

    def error(self, sentence: str, traceback: str = "") -> None:
        """Something that went wrong; the traceback waits behind a button."""
        self._say(Notice("error", sentence, traceback))

    def _say(self, notice: Notice) -> None:
        log.info("%s: %s%s", notice.kind, notice.text, f"\n{notice.traceback}" if notice.traceback else "")
        self.history = [*self.history[-199:], notice]
        self.said.emit(notice)
