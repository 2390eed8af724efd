"""A picture of a plane that is pulled along under the pointer: only what comes into sight is drawn anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QPainter, QPixmap

from app.widgets.pad_view import View

Draw = Callable[[QPainter, View, float], None]


class PannedLayer:
    """Keeps what a function draws of a view, see-through where it draws nothing.

    The function is called with a painter, the part of the view that is wanted, and device pixels a pixel. It has to
    draw whatever reaches into that part, also of things whose middle is outside.
    """

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._picture: QPixmap | None = None
        self._view = View()
        self.drawn = 0  # pixels drawn for the last picture

    def clear(self) -> None:
        """What was drawn is out of date."""
        self._picture = None

    def picture(self, view: View, ratio: float) -> QPixmap:
        """The view, drawn at so many device pixels a pixel."""
        shift = self._shift(view, ratio)
        if self._picture is None or shift is None:
            self._picture = QPixmap(round(view.width * ratio), round(view.height * ratio))
            self._picture.setDevicePixelRatio(ratio)
            self._picture.fill(Qt.GlobalColor.transparent)
            self._view = view
            parts = [QRect(0, 0, view.width, view.height)]
        else:
            right, down = shift
            if right or down:
                self._picture.scroll(round(right * ratio), round(down * ratio), self._picture.rect())
            self._view = self._view.panned(right, down)  # by whole pixels, so that nothing creeps
            parts = _uncovered(right, down, view.width, view.height)
        self.drawn = sum(part.width() * part.height() for part in parts)
        if parts:
            painter = QPainter(self._picture)
            for part in parts:
                self._draw_part(painter, part, ratio)
            painter.end()
        return self._picture

    def _shift(self, view: View, ratio: float) -> tuple[int, int] | None:
        """By how many pixels the old picture has moved; None: it is of no use."""
        old = self._view
        if self._picture is None or self._picture.devicePixelRatio() != ratio:
            return None
        if replace(old, center=view.center) != view:
            return None
        right = (old.center[0] - view.center[0]) * view.scale
        down = (view.center[1] - old.center[1]) * view.scale
        if abs(right) >= view.width or abs(down) >= view.height:
            return None
        whole = round(right), round(down)
        off = max(abs(whole[0] - right), abs(whole[1] - down))
        broken = max(abs(w * ratio - round(w * ratio)) for w in whole)
        return whole if off < 0.02 and broken < 1e-6 else None

    def _draw_part(self, painter: QPainter, part: QRect, ratio: float) -> None:
        painter.save()
        painter.setClipRect(part)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        painter.fillRect(part, Qt.GlobalColor.transparent)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
        painter.translate(part.topLeft())
        middle = QPointF(part.left() + part.width() / 2, part.top() + part.height() / 2)
        center = self._view.to_plane(middle)
        self._draw(painter, replace(self._view, center=center, width=part.width(), height=part.height()), ratio)
        painter.restore()


def _uncovered(right: int, down: int, width: int, height: int) -> list[QRect]:
    """What a picture moved by so much leaves bare: a strip at one side, one above or below."""
    parts = []
    if right:
        parts.append(QRect(0 if right > 0 else width + right, 0, abs(right), height))
    if down:
        left, rest = max(right, 0), width - abs(right)
        parts.append(QRect(left, 0 if down > 0 else height + down, rest, abs(down)))
    return parts
