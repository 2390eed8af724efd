"""Asking for a file or a folder: every dialog opens where the last one was left."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from app.settings import Settings


class Dialogs:
    """The program's file dialogs; an answer is None when the person changed their mind."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def open_file(self, parent: QWidget, title: str, kinds: str) -> Path | None:
        """A file to read; `kinds` as in "Text (*.txt *.tsv)", with ";;" between several."""
        chosen, _ = QFileDialog.getOpenFileName(parent, title, self._settings.folder, kinds)
        return self._remembered(chosen)

    def open_folder(self, parent: QWidget, title: str) -> Path | None:
        """A folder to read."""
        chosen = QFileDialog.getExistingDirectory(parent, title, self._settings.folder)
        if chosen:
            self._settings.folder = chosen
        return Path(chosen) if chosen else None

    def save_file(self, parent: QWidget, title: str, name: str, kinds: str) -> Path | None:
        """A file to write; a name without an ending gets that of the chosen kind."""
        chosen, kind = QFileDialog.getSaveFileName(parent, title, str(Path(self._settings.folder) / name), kinds)
        path = self._remembered(chosen)
        if path is not None and not path.suffix and "*." in kind:
            path = path.with_name(f"{path.name}.{kind.partition('*.')[2].rstrip(')').split()[0]}")
        return path

    def _remembered(self, chosen: str) -> Path | None:
        if not chosen:
            return None
        self._settings.folder = str(Path(chosen).parent)
        return Path(chosen)
