"""Line icons from `assets/icons`, drawn in the theme's colours at any size."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from app.theme import Theme, mix
from engine.assets import ICONS

SIZES = (16, 20, 24, 32, 48, 64)  # so that screens of two and three pixels a point stay sharp


@lru_cache(maxsize=256)
def _source(name: str) -> bytes:
    return (ICONS / f"{name}.svg").read_bytes()


@lru_cache(maxsize=512)
def _renderer(name: str, color: str) -> QSvgRenderer:
    return QSvgRenderer(QByteArray(_source(name).replace(b"currentColor", color.encode())))


def paint_icon(painter: QPainter, name: str, rect: QRectF, color: QColor) -> None:
    """Draw an icon into a rectangle."""
    _renderer(name, color.name()).render(painter, rect)


def icon(name: str, theme: Theme, color: QColor | None = None) -> QIcon:
    """An icon in a colour (the theme's muted ink by default); ask again when the theme has changed."""
    c = theme.colors
    return QIcon(_icon(name, (color or c.muted).name(), mix(c.muted, c.paper, 0.5).name()))


@lru_cache(maxsize=256)  # of 70 KB; a theme has about sixty, and a change of the text's size needs no new ones
def _icon(name: str, color: str, disabled: str) -> QIcon:
    result = QIcon()
    for mode, shade in ((QIcon.Mode.Normal, color), (QIcon.Mode.Disabled, disabled)):
        for size in SIZES:
            result.addPixmap(pixmap(name, size, QColor(shade)), mode)
    return result


def pixmap(name: str, size: int, color: QColor) -> QPixmap:
    """An icon as a picture of `size` by `size` pixels."""
    picture = QPixmap(QSize(size, size))
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    paint_icon(painter, name, QRectF(0, 0, size, size), color)
    painter.end()
    return picture
