"""The controls of a playhead: buttons, a bar to scrub on, and the speed."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from app.icons import icon
from app.theme import Theme
from app.widgets.playhead import LIVE, SPEEDS, Playhead


class ScrubBar(QWidget):
    """The whole run as a line: what has been shown, what has been computed, the live edge, what is to come."""

    sought = Signal(int)

    def __init__(self, playhead: Playhead, parent: QWidget | None = None, *, theme: Theme) -> None:
        super().__init__(parent)
        self._playhead, self._theme = playhead, theme
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Step shown")
        self.setToolTip("Drag to any step: it is read from the run's record, the model is not asked again")
        playhead.moved.connect(self._on_changed)
        playhead.changed.connect(self._on_changed)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """A line with room for the handle."""
        return QSize(self._theme.px(160), self._theme.px(24))

    def minimumSizeHint(self) -> QSize:
        """Room to drag the handle a little: the bar gives way to the buttons."""
        return QSize(self._theme.px(60), self._theme.px(24))

    @Slot()
    def _on_changed(self) -> None:
        self.update()

    def _span(self) -> int:
        return max(self._playhead.total, self._playhead.end, 1)

    def _x(self, step: int) -> float:
        return 8 + (self.width() - 16) * step / self._span()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Track, computed part, shown part, live edge and handle."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        c, middle = self._theme.colors, self.height() / 2
        head = self._playhead
        for until, color in ((self._span(), c.hairline), (head.end, self._theme.tint(c.accent, 0.35))):
            self._line(painter, until, color)
        self._line(painter, head.position, c.accent)
        if head.end:
            edge = self._x(head.end)
            painter.setPen(QPen(self._theme.text(c.accepted), 2))
            painter.drawLine(QPointF(edge, middle - 7), QPointF(edge, middle + 7))
        painter.setPen(QPen(c.accent, 2))
        painter.setBrush(c.accent if self.hasFocus() else c.surface)
        painter.drawEllipse(QPointF(self._x(head.position), middle), 6.0, 6.0)

    def _line(self, painter: QPainter, until: int, color: QColor) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        start = self._x(0)
        painter.drawRoundedRect(QRectF(start, self.height() / 2 - 2, self._x(until) - start, 4), 2, 2)

    def _seek(self, event: QMouseEvent) -> None:
        share = (event.position().x() - 8) / max(self.width() - 16, 1)
        self.sought.emit(round(min(max(share, 0.0), 1.0) * self._span()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go there."""
        self._seek(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._seek(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Page keys go by a twentieth of the run; the arrows are the player's own commands."""
        far = {Qt.Key.Key_PageDown: 1, Qt.Key.Key_PageUp: -1}.get(Qt.Key(event.key()), 0)
        if not far:
            super().keyPressEvent(event)
            return
        self.sought.emit(self._playhead.position + far * max(1, self._span() // 20))


class PlayerBar(QWidget):
    """Buttons and scrub bar of a playhead, with `extra` widgets at the right."""

    def __init__(self, playhead: Playhead, parent: QWidget | None = None, *, theme: Theme, unit: str = "step") -> None:
        super().__init__(parent)
        self._playhead, self._theme, self._unit = playhead, theme, unit
        self._icons: list[tuple[QToolButton, str]] = []
        self.setAccessibleName("Player")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 4, 12, 4)
        layout.setSpacing(2)
        self._button(layout, "skip-start", "To the start (Home)", lambda: playhead.seek(0))
        self._button(layout, "step-back", "One step back (Left; Shift: ten)", lambda: playhead.step(-1))
        self.play = self._button(layout, "play", "Play (Space)", playhead.toggle)
        self._button(layout, "step-forward", "One step on (Right; Shift: ten)", lambda: playhead.step(1))
        self._button(layout, "skip-end", "To the live edge (End)", lambda: playhead.seek(playhead.end))
        self.scrub = ScrubBar(playhead, theme=theme)
        layout.addSpacing(6)
        layout.addWidget(self.scrub, 1)
        layout.addSpacing(6)
        self.where = QLabel()
        layout.addWidget(self.where)
        layout.addSpacing(8)
        self._button(layout, "minus", "Slower (Down)", lambda: playhead.faster(-1))
        self.speed = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        layout.addWidget(self.speed)
        self._button(layout, "plus", "Faster, up to as fast as the engine goes (Up)", lambda: playhead.faster(1))
        self.live = QToolButton(text="Live", checkable=True)
        self.live.setToolTip("Follow the live edge: show each new step as it comes")
        self.live.setAccessibleName("Follow the live edge")
        self.live.clicked.connect(playhead.follow)
        layout.addWidget(self.live)
        self.scrub.sought.connect(playhead.seek)
        playhead.moved.connect(self._refresh)
        playhead.changed.connect(self._refresh)
        theme.changed.connect(self._restyle)
        self._restyle()

    def add(self, name: str, tip: str, action: Callable[[], object]) -> QToolButton:
        """A further button at the right."""
        layout = self.layout()
        assert isinstance(layout, QHBoxLayout)
        return self._button(layout, name, tip, action)

    def add_toggle(self, text: str, tip: str) -> QToolButton:
        """A further switch at the right."""
        button = QToolButton(text=text, checkable=True)
        button.setToolTip(tip)
        button.setAccessibleName(tip.partition(" (")[0])
        layout = self.layout()
        assert layout is not None
        layout.addWidget(button)
        return button

    def _button(self, layout: QHBoxLayout, name: str, tip: str, action: Callable[[], object]) -> QToolButton:
        button = QToolButton(autoRaise=True)
        button.setToolTip(tip)
        button.setAccessibleName(tip.partition(" (")[0])
        button.clicked.connect(lambda _checked=False: action())
        layout.addWidget(button)
        self._icons.append((button, name))
        button.setIcon(icon(name, self._theme))
        return button

    @Slot()
    def _restyle(self) -> None:
        for button, name in self._icons:
            if button is not self.play:
                button.setIcon(icon(name, self._theme))
        self._shown: tuple[bool, bool] | None = None
        self.where.setFont(self._theme.number_font(12))
        self.speed.setFont(self._theme.number_font(12))
        self.where.setMinimumWidth(self.where.fontMetrics().horizontalAdvance(f"{self._unit} 10,000 of 10,000 "))
        self.speed.setMinimumWidth(self.speed.fontMetrics().horizontalAdvance(f"0.25 {self._unit}s/s "))
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        head = self._playhead
        now = (head.playing, head.following)
        if now != self._shown:
            self._shown = now
            accent = self._theme.colors.accent
            self.play.setIcon(icon("pause" if head.playing else "play", self._theme, accent))
            self.play.setToolTip("Pause (Space)" if head.playing else "Play (Space)")
            self.play.setAccessibleName("Pause" if head.playing else "Play")
            self.live.setChecked(head.following)
        total = head.total or head.end
        self.where.setText(f"{self._unit} {head.position:,} of {total:,}" if total else "")
        self.speed.setText(speed_text(head.speed, self._unit))


def speed_text(speed: float, unit: str = "step") -> str:
    """A speed in words."""
    return "as it comes" if speed == LIVE else f"{speed:g} {unit}{'s' if speed != 1 else ''}/s"


__all__ = ["LIVE", "SPEEDS", "PlayerBar", "Playhead", "ScrubBar", "speed_text"]
