"""What every panel may use, handed over in one value."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QUndoStack

from app.bridge import Bridge
from app.commands import CommandRegistry
from app.dialogs import Dialogs
from app.notices import Notices
from app.settings import Settings
from app.theme import Theme


@dataclass
class Services:
    """The parts of the window that panels share."""

    bridge: Bridge
    commands: CommandRegistry
    theme: Theme
    undo: QUndoStack
    notices: Notices
    settings: Settings

    @property
    def dialogs(self) -> Dialogs:
        """The file dialogs."""
        return Dialogs(self.settings)
