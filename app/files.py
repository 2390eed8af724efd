"""Pictures as files."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QImage, QPixmap

from engine.files import write_whole


def png(picture: QPixmap | QImage) -> bytes:
    """A picture as the bytes of a PNG file."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    picture.save(buffer, "PNG")
    return bytes(buffer.data().data())


def save_png(picture: QPixmap | QImage, path: Path) -> None:
    """Write a picture as a PNG file, whole or not at all. Raises OSError."""
    write_whole(path, png(picture))
