"""Quality against speed: one dot a decoder, with its number, in its colour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Theme
from app.widgets.numbers import number


@dataclass(frozen=True)
class Dot:
    """One decoder."""

    series: int  # its colour
    label: str
    speed: float  # sentences a second
    quality: float
    done: bool = True


class TradeOff(QWidget):
    """Right is faster (logarithmic), up is better; a ring is still being measured."""

    def __init__(self, parent: QWidget | None = None, *, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._dots: tuple[Dot, ...] = ()
        self._quality = ""
        self._hint = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Quality against speed")
        theme.changed.connect(self._on_theme_changed)

    def show_dots(self, dots: Sequence[Dot], quality: str) -> None:
        """Show decoders; `quality` names the upright axis."""
        usable = (d for d in dots if d.speed > 0 and not math.isnan(d.quality))
        self._dots, self._quality = tuple(usable), quality
        said = (f"{d.label}: {d.quality:.1f}, {d.speed:.1f} sentences a second" for d in self._dots)
        self.setAccessibleDescription("; ".join(said))
        self.update()

    def show_hint(self, text: str) -> None:
        """What to say while there is nothing to show."""
        self._hint = text
        self.update()

    @property
    def dots(self) -> tuple[Dot, ...]:
        """What is shown."""
        return self._dots

    def sizeHint(self) -> QSize:
        """A plot."""
        return QSize(self._theme.px(360), self._theme.px(220))

    def minimumSizeHint(self) -> QSize:
        """A small plot."""
        return QSize(self._theme.px(220), self._theme.px(130))

    @Slot()
    def _on_theme_changed(self) -> None:
        self.updateGeometry()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Axes, dots and their labels."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        c, px = self._theme.colors, self._theme.px
        if not self._dots:
            painter.setPen(c.muted)
            painter.setFont(self._theme.ui_font(13))
            wrap = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(16, 0, -16, 0), int(wrap), self._hint)
            return
        area = QRectF(px(52), px(26), self.width() - px(70), self.height() - px(66))
        speeds = [math.log10(d.speed) for d in self._dots]
        qualities = [d.quality for d in self._dots]
        x0, x1 = min(speeds) - 0.15, max(speeds) + 0.25
        room = (max(qualities) - min(qualities)) * 0.2 or 1.0
        y0, y1 = min(qualities) - room, max(qualities) + room
        painter.setPen(QPen(c.hairline, 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.drawLine(area.topLeft(), area.bottomLeft())
        painter.setPen(c.muted)
        painter.setFont(self._theme.ui_font(11))
        painter.drawText(QPointF(area.left(), area.top() - 9), self._quality)
        below = QRectF(area.left(), area.bottom() + px(16), area.width(), px(18))
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, "sentences a second")
        painter.setFont(self._theme.number_font(11))
        for share in (0.0, 0.5, 1.0):
            y = area.bottom() - area.height() * share
            right = QRectF(0, y - 8, area.left() - 6, 16)
            painter.drawText(right, Qt.AlignmentFlag.AlignRight, f"{y0 + (y1 - y0) * share:.1f}")
            x = area.left() + area.width() * share
            under = QRectF(x - 30, area.bottom() + 3, 60, 16)
            painter.drawText(under, Qt.AlignmentFlag.AlignCenter, number(10 ** (x0 + (x1 - x0) * share), digits=2))
        for dot, speed in zip(self._dots, speeds, strict=True):
            at = QPointF(
                area.left() + area.width() * (speed - x0) / (x1 - x0),
                area.bottom() - area.height() * (dot.quality - y0) / (y1 - y0),
            )
            color = self._theme.category(dot.series)
            painter.setPen(QPen(color, 2))
            painter.setBrush(color if dot.done else Qt.BrushStyle.NoBrush)
            painter.drawEllipse(at, 5.5, 5.5)
            painter.setPen(c.ink)
            painter.setFont(self._theme.ui_font(11))
            painter.drawText(at + QPointF(9, -5), dot.label)
