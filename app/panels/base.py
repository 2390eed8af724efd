"""What every panel is: a widget with a key, an anatomy, commands, a state that can be saved, and a demonstration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QInputDialog, QVBoxLayout, QWidget

from app.commands import Command
from app.icons import icon
from app.pictures import KINDS, Drawing, of_widget, picture_bytes
from app.services import Services
from app.widgets.anatomy import Anatomy
from engine.files import write_whole


class Panel(QWidget):
    """A tab of the window. Subclasses fill `self.anatomy` and answer the methods they can.

    Class attributes:
        key: short and stable; the first part of its commands' ids and its place in the session.
        title: on the tab.
        icon: name of a file in assets/icons.
        capability: what a model must be able to do to be of use here; empty for none.
        help_text: Markdown in the lecture's own terms, with the formula.
    """

    key = ""
    title = ""
    icon = "panel"
    capability = ""
    help_text = ""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services
        self.theme = services.theme
        self.bridge = services.bridge
        self.anatomy = Anatomy(theme=services.theme)
        self.setAccessibleName(self.title)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.anatomy)

    # --- what subclasses answer ---

    def commands(self) -> list[Command]:
        """What can be done here; ids begin with the panel's key."""
        return []

    def state(self) -> dict[str, Any]:
        """Everything worth keeping, as JSON values; `restore` takes it back."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` gave, also from an older version with fields missing."""

    def demo(self) -> None:
        """Start a good example at once: the empty state's one button."""

    def shows(self) -> bool:
        """Whether there is a first result to look at, of a run that may still go on."""
        return self.ready()

    def ready(self) -> bool:
        """Whether the demonstration shows real results."""
        return True

    def shots(self) -> Iterator[str]:
        """Puts the panel in each state worth a picture, after `demo` is ready, and yields the state's name."""
        yield ""

    def open_file(self, path: Path) -> bool:
        """Take a dropped file; False when it is nothing for this panel."""
        return False

    def set_presenting(self, value: bool) -> None:
        """Arrange for a room: sides folded, history thin."""
        self.anatomy.set_presenting(value)

    def fix_seed(self, value: bool) -> None:
        """The settings say anew whether a run begins with the seed in the field."""

    def stop(self) -> None:
        """Stop what runs (Esc)."""

    # --- helpers ---

    def qicon(self) -> QIcon:
        """The panel's icon in the theme's colours."""
        return icon(self.icon, self.theme)

    def copy_text(self, text: str, what: str = "") -> None:
        """Put text on the clipboard and say so."""
        QGuiApplication.clipboard().setText(text)
        self.services.notices.info(f"Copied {what or 'the text'}.")

    def copy_image(self, widget: QWidget | None = None) -> None:
        """Put a picture of a widget (the hero by default) on the clipboard."""
        QGuiApplication.clipboard().setPixmap((widget or self.anatomy.hero).grab())
        self.services.notices.info("Copied the picture.")

    def export(self, name: str, data: bytes, kinds: str) -> Path | None:
        """Ask where to, then write; `kinds` as in "JSON Lines (*.jsonl)". None when the person changed their mind."""
        chosen = self.services.dialogs.save_file(self, "Export", name, kinds)
        endings = re.findall(r"\*(\.\w+)", kinds)
        if chosen and endings and chosen.suffix.lower() not in endings:
            self.services.notices.error(f"{chosen.name} was not written: this is exported as {kinds}.")
            return None
        return self.write(chosen, data) if chosen else None

    def export_image(self, name: str, drawing: Drawing | None = None) -> Path | None:
        """Ask where to and how wide, then save a drawing (the hero as it is by default) as PNG, SVG or PDF."""
        drawing = drawing or of_widget(self.anatomy.hero)
        chosen = self.services.dialogs.save_file(self, "Export picture", name, KINDS)
        if not chosen:
            return None
        question = "Width in pixels, or in points for SVG and PDF:"
        width, agreed = QInputDialog.getInt(self, "Export picture", question, drawing.size.width(), 100, 10_000)
        if not agreed:
            return None
        try:
            data = picture_bytes(drawing, chosen.suffix.lower(), width)
        except (ValueError, OSError) as error:
            self.services.notices.error(f"{chosen.name} could not be written: {error}.")
            return None
        return self.write(chosen, data)

    def write(self, path: Path, data: bytes) -> Path | None:
        """Write a file whole and say so, or say why not."""
        try:
            write_whole(path, data)
        except OSError as error:
            self.services.notices.error(f"{path.name} could not be written: {error.strerror or error}.")
            return None
        self.services.notices.info(f"Exported to {path.name}.")
        return path
