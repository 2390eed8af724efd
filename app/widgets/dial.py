"""A measured figure against what it could be at most: value, bar, cap, and how it was obtained."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Theme
from app.widgets.numbers import number


class Dial(QWidget):
    """One figure. Without a cap there is no bar; `weak` turns the bar to the colour of what is wrong, with a sign."""

    def __init__(self, title: str, parent: QWidget | None = None, *, theme: Theme) -> None:
        super().__init__(parent)
        self._theme, self._title = theme, title
        self._value: float | None = None
        self._unit = self._cap_name = self._how = ""
        self._cap = 0.0
        self._weak = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(title)
        theme.changed.connect(self.updateGeometry)

    def show_value(
        self,
        value: float | None,
        unit: str = "",
        *,
        cap: float = 0.0,
        cap_name: str = "",
        how: str = "",
        weak: bool = False,
    ) -> None:
        """Show a figure; None: it was not measured."""
        self._value, self._unit, self._cap, self._cap_name = value, unit, cap, cap_name
        self._how, self._weak = how, weak
        self.updateGeometry()
        said = "not measured" if value is None else f"{number(value)} {unit}"
        self.setAccessibleDescription(f"{said}; {cap_name}; {how}")
        self.update()

    def sizeHint(self) -> QSize:
        """Four short lines."""
        return QSize(self._theme.px(200), self._theme.px(62 if self._cap > 0 else 50))

    def minimumSizeHint(self) -> QSize:
        """No less."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Title and value, bar, cap, estimator."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, c, wide = self._theme, self._theme.colors, self.width()
        left, right = int(Qt.AlignmentFlag.AlignLeft), int(Qt.AlignmentFlag.AlignRight)
        line = QRectF(0, 0, wide, theme.px(20))
        painter.setFont(theme.ui_font(13))
        painter.setPen(c.ink)
        painter.drawText(line, left, self._title)
        painter.setFont(theme.number_font(14, 600))
        value = "not measured" if self._value is None else f"{number(self._value)} {self._unit}".strip()
        painter.drawText(line, right, f"! {value}" if self._weak else value)
        track = QRectF(0, theme.px(24), wide, 6)
        painter.setPen(Qt.PenStyle.NoPen)
        if self._cap > 0 and self._value is not None:
            painter.setBrush(c.hairline)
            painter.drawRoundedRect(track, 3, 3)
            track.setWidth(wide * min(max(self._value / self._cap, 0.0), 1.0))
            painter.setBrush(c.rejected if self._weak else theme.sequential(0.42))
            painter.drawRoundedRect(track, 3, 3)
        painter.setFont(theme.ui_font(11))
        painter.setPen(theme.text(c.muted))
        below = QRectF(0, theme.px(34 if self._cap > 0 else 20), wide, theme.px(28))
        text = ", ".join(t for t in (self._how, self._cap_name) if t)
        painter.drawText(below, int(Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap), text)
