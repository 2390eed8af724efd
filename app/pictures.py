"""Pictures of a widget as files: PNG in pixels, SVG and PDF as lines and letters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QPoint, QRect, QSize, QSizeF
from PySide6.QtGui import QImage, QPageSize, QPainter, QPdfWriter, QPixmap
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QWidget

KINDS = "PNG (*.png);;SVG (*.svg);;PDF (*.pdf)"
FORMATS = (".png", ".svg", ".pdf")


def png(picture: QPixmap | QImage) -> bytes:
    """A picture as the bytes of a PNG file."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    picture.save(buffer, "PNG")
    return bytes(buffer.data().data())


@dataclass(frozen=True)
class Drawing:
    """Something that can be painted at any size, from the painter's origin on."""

    title: str
    size: QSize  # in its own units
    paint: Callable[[QPainter], None]


def of_widget(widget: QWidget) -> Drawing:
    """The widget as it is laid out now, on its own ground."""

    def paint(painter: QPainter) -> None:
        painter.fillRect(QRect(QPoint(), widget.size()), widget.palette().window())
        widget.render(painter, QPoint())

    return Drawing(widget.accessibleName() or "Textscape", widget.size(), paint)


def picture_bytes(drawing: Drawing, kind: str, width: int) -> bytes:
    """The file of a drawing `width` pixels (PNG) or points (SVG, PDF) wide.

    `kind` is one of FORMATS. Raises ValueError for another, and OSError when Qt cannot make the picture.
    """
    scale = width / max(1, drawing.size.width())
    size = QSize(width, max(1, round(scale * drawing.size.height())))
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    device: QImage | QSvgGenerator | QPdfWriter
    match kind:
        case ".png":
            device = QImage(size, QImage.Format.Format_RGB32)
        case ".svg":
            device = QSvgGenerator()
            device.setOutputDevice(buffer)
            device.setResolution(96)  # as CSS counts pixels
            device.setSize(size)
            device.setViewBox(QRect(QPoint(), size))
            device.setTitle(drawing.title)
        case ".pdf":
            device = QPdfWriter(buffer)
            device.setPageSize(QPageSize(QSizeF(size), QPageSize.Unit.Point))
            device.setPageMargins(QMarginsF())
            device.setResolution(72)
        case _:
            raise ValueError(
                f"a picture is written as {', '.join(FORMATS)}, not as {kind or 'a file without an ending'}"
            )
    painter = QPainter(device)
    if not painter.isActive():
        raise OSError("no picture of this size can be made")
    painter.scale(scale, scale)
    drawing.paint(painter)
    painter.end()
    if isinstance(device, QImage) and not device.save(buffer, "PNG"):
        raise OSError("no picture of this size can be made")
    return bytes(buffer.data().data())
