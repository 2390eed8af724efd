"""All chains at once: a coloured number, the last move's sign and verdict, and the sentence, one row each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Theme

ROW = 46.0  # px


@dataclass(frozen=True)
class ChainRow:
    """One chain as it stands."""

    sentence: str
    move: str = ""  # sign and word, such as "⇄ juice"
    accepted: bool | None = None
    note: str = ""  # a number at the right


class ChainList(QWidget):
    """Rows of chains; a click chooses one."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None, *, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._rows: tuple[ChainRow, ...] = ()
        self._chain = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.MinimumExpanding)
        self.setAccessibleName("Chains of the run")
        theme.changed.connect(self._on_theme_changed)

    def show_rows(self, rows: Sequence[ChainRow], chain: int) -> None:
        """Show these chains, with one of them chosen."""
        if len(rows) != len(self._rows):
            self.updateGeometry()
        self._rows, self._chain = tuple(rows), chain
        self.setAccessibleDescription("; ".join(r.sentence for r in self._rows))
        self.update()

    @property
    def rows(self) -> tuple[ChainRow, ...]:
        """The rows shown."""
        return self._rows

    def sizeHint(self) -> QSize:
        """All rows."""
        return QSize(self._theme.px(480), self._theme.px(ROW * max(1, len(self._rows)) + 8))

    def minimumSizeHint(self) -> QSize:
        """All rows, narrow."""
        return QSize(self._theme.px(240), self.sizeHint().height())

    @Slot()
    def _on_theme_changed(self) -> None:
        self.updateGeometry()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Each chain's row that is in sight."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        height = self._theme.px(ROW)
        for index, row in enumerate(self._rows):
            place = QRectF(0, 4 + index * height, self.width(), height)
            if place.toRect().intersects(event.rect()):
                self._paint_row(painter, index, row, place)

    def _paint_row(self, painter: QPainter, index: int, row: ChainRow, place: QRectF) -> None:
        c, px = self._theme.colors, self._theme.px
        color = self._theme.category(index)
        if index == self._chain:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.tint(color, 0.10))
            painter.drawRoundedRect(place.adjusted(4, 1, -4, -1), 8, 8)
        dot = QRectF(px(12), place.center().y() - px(10), px(20), px(20))
        painter.setPen(QPen(color, 2))
        painter.setBrush(color if index == self._chain else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(dot)
        painter.setFont(self._theme.number_font(11, 600))
        painter.setPen(c.surface if index == self._chain else c.ink)
        painter.drawText(dot, Qt.AlignmentFlag.AlignCenter, str(index + 1))
        middle = Qt.AlignmentFlag.AlignVCenter
        side = px(62) if self.width() > px(460) else 0
        last = px(108) if self.width() > px(560) else px(24)
        text = QRectF(px(42), place.top(), place.width() - px(42) - side - last - px(8), place.height())
        font = self._theme.sentence_font(19)
        while QFontMetricsF(font).horizontalAdvance(row.sentence) > text.width() and font.pixelSize() > 12:
            font.setPixelSize(font.pixelSize() - 1)
        painter.setFont(font)
        painter.setPen(c.ink)
        shown = QFontMetricsF(font).elidedText(row.sentence, Qt.TextElideMode.ElideRight, text.width())
        painter.drawText(text, middle, shown)
        if row.accepted is not None:
            sign = "✓" if row.accepted else "✗"
            painter.setFont(self._theme.ui_font(12))
            painter.setPen(self._theme.text(c.accepted if row.accepted else c.rejected))
            box = QRectF(text.right() + 4, place.top(), last - 4, place.height())
            move = f"{row.move} {sign}" if last > px(40) else sign
            painter.drawText(box, middle | Qt.AlignmentFlag.AlignRight, _elide(painter, move, box.width()))
        if side:
            painter.setFont(self._theme.number_font(12))
            painter.setPen(c.muted)
            box = QRectF(self.width() - side - 10, place.top(), side, place.height())
            painter.drawText(box, middle | Qt.AlignmentFlag.AlignRight, row.note)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click chooses a chain."""
        index = int((event.position().y() - 4) // self._theme.px(ROW))
        if 0 <= index < len(self._rows):
            self.chosen.emit(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Page keys choose the next and the one before."""
        step = {Qt.Key.Key_PageDown: 1, Qt.Key.Key_PageUp: -1}.get(Qt.Key(event.key()), 0)
        if step and self._rows:
            self.chosen.emit((self._chain + step) % len(self._rows))
        else:
            super().keyPressEvent(event)


def _elide(painter: QPainter, text: str, width: float) -> str:
    return QFontMetricsF(painter.font()).elidedText(text, Qt.TextElideMode.ElideMiddle, width)
