"""A sentence token by token: how probable each was, and what else could have stood there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Theme
from app.widgets.numbers import probability
from app.widgets.replies import OwnKeys, Tips

WIDTH, ROW, HEAD = 104.0, 23.0, 62.0  # px: a column, a row of alternatives, the token itself with its bar
LEFT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
RIGHT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight


@dataclass(frozen=True)
class Choice:
    """One place of a sentence."""

    label: str
    probability: float
    rank: int
    others: tuple[tuple[str, float], ...] = ()  # likeliest tokens and their probabilities, likeliest first


class TokenColumns(QWidget):
    """A column a token: the token, its probability as a bar, and below it the likeliest tokens there."""

    token_chosen = Signal(int)
    other_activated = Signal(int, int)  # token, which of its others: go on with that one
    token_activated = Signal(int)

    def __init__(self, parent: QWidget | None = None, *, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._choices: tuple[Choice, ...] = ()
        self._chosen = -1
        self._row = -1  # the alternative the keys are at
        self._hover: tuple[int, int] = (-1, -1)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Tokens and their alternatives")
        Tips(self, self._tip_at)
        OwnKeys(self, self._owns)
        theme.changed.connect(self._on_theme_changed)

    def show_choices(self, choices: Sequence[Choice]) -> None:
        """Show a sentence."""
        self._choices = tuple(choices)
        self._chosen = min(self._chosen, len(self._choices) - 1)
        self._resize()

    def choose(self, token: int) -> None:
        """Mark a token, without telling anyone."""
        self._chosen, self._row = token, -1
        if 0 <= token < len(self._choices):
            chosen = self._choices[token]
            said = ", ".join(f"{label} {probability(p)}" for label, p in chosen.others)
            self.setAccessibleDescription(f"{chosen.label} {probability(chosen.probability)}; {said}")
        self.update()

    def column_rect(self, token: int) -> QRectF:
        """Where a token's column is."""
        width = self._theme.px(WIDTH)
        return QRectF(self._theme.px(8) + token * width, 0, width, self.height())

    def sizeHint(self) -> QSize:
        """All tokens, five alternatives."""
        width = self._theme.px(16) + len(self._choices) * self._theme.px(WIDTH)
        return QSize(width, self._theme.px(HEAD + 5.5 * ROW))

    minimumSizeHint = sizeHint

    @Slot()
    def _on_theme_changed(self) -> None:
        self._resize()

    def _resize(self) -> None:
        self.setFixedWidth(self.sizeHint().width())
        self.updateGeometry()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The columns that are seen."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for index, choice in enumerate(self._choices):
            if self.column_rect(index).toRect().intersects(event.rect()):
                self._paint_column(painter, index, choice)

    def _paint_column(self, painter: QPainter, index: int, choice: Choice) -> None:
        c, box = self._theme.colors, self.column_rect(index).adjusted(3, 2, -3, -2)
        if index == self._chosen:
            painter.setPen(QPen(c.accent, 1.6) if self.hasFocus() else Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.tint(c.accent, 0.08))
            painter.drawRoundedRect(box, 6, 6)
        inner = box.adjusted(6, 4, -6, 0)
        font = self._theme.sentence_font(18)
        painter.setFont(font)
        painter.setPen(c.ink)
        text = QFontMetricsF(font).elidedText(choice.label, Qt.TextElideMode.ElideRight, inner.width())
        painter.drawText(QRectF(inner.x(), inner.y(), inner.width(), self._theme.px(26)), LEFT, text)
        bar = QRectF(inner.x(), inner.y() + self._theme.px(29), inner.width(), 6)
        self._paint_bar(painter, bar, choice.probability)
        painter.setFont(self._theme.number_font(11))
        painter.setPen(c.muted)
        place = QRectF(inner.x(), bar.bottom() + 1, inner.width(), self._theme.px(16))
        painter.drawText(place, LEFT, probability(choice.probability))
        painter.drawText(place, RIGHT, f"rank {choice.rank}" if choice.rank else "")
        for row, (label, p) in enumerate(choice.others):
            self._paint_other(painter, index, row, label, p, label == choice.label)

    def _other_rect(self, index: int, row: int) -> QRectF:
        column = self.column_rect(index).adjusted(6, 0, -6, 0)
        return QRectF(column.x(), self._theme.px(HEAD + ROW * row), column.width(), self._theme.px(ROW))

    def _paint_other(self, painter: QPainter, index: int, row: int, label: str, p: float, own: bool) -> None:
        c, box = self._theme.colors, self._other_rect(index, row)
        if (index, row) == self._hover or (index == self._chosen and row == self._row):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.tint(c.accent, 0.16))
            painter.drawRoundedRect(box, 4, 4)
        font = self._theme.ui_font(12, 600 if own else 400)
        painter.setFont(font)
        painter.setPen(c.ink if own else c.muted)
        room = box.width() * 0.56
        text = QFontMetricsF(font).elidedText(label, Qt.TextElideMode.ElideRight, room)
        painter.drawText(box.adjusted(3, 0, 0, 0), LEFT, text)
        bar = QRectF(box.x() + box.width() * 0.6, box.center().y() - 3, box.width() * 0.38, 6)
        self._paint_bar(painter, bar, p)

    def _paint_bar(self, painter: QPainter, track: QRectF, p: float) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colors.hairline)
        painter.drawRoundedRect(track, 3, 3)
        if p > 0:
            filled = QRectF(track)
            filled.setWidth(max(2.0, track.width() * min(p, 1.0)))
            painter.setBrush(self._theme.sequential(0.15 + 0.7 * p))
            painter.drawRoundedRect(filled, min(3.0, filled.width() / 2), 3)

    # --- mouse and keys --------------------------------------------------------------------------------------------

    def _at(self, point: QPointF) -> tuple[int, int]:
        index = math.floor((point.x() - self._theme.px(8)) / self._theme.px(WIDTH))
        if not 0 <= index < len(self._choices):
            return -1, -1
        row = math.floor((point.y() - self._theme.px(HEAD)) / self._theme.px(ROW))
        return index, row if 0 <= row < len(self._choices[index].others) else -1

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Light up the alternative under the pointer."""
        found = self._at(event.position())
        if found != self._hover:
            self._hover = found
            self.setCursor(Qt.CursorShape.PointingHandCursor if found[0] >= 0 else Qt.CursorShape.ArrowCursor)
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the pointer."""
        self._hover = (-1, -1)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose a token."""
        index, row = self._at(event.position())
        if index >= 0:
            self.choose(index)
            self._row = row
            self.token_chosen.emit(index)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Go on from a token, or from what could have stood there."""
        index, row = self._at(event.position())
        self._activate(index, row)

    def _activate(self, index: int, row: int) -> None:
        if index >= 0 and row >= 0:
            self.other_activated.emit(index, row)
        elif index >= 0:
            self.token_activated.emit(index)

    def _owns(self, event: QKeyEvent) -> bool:
        arrows = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down)
        return bool(self._choices) and event.key() in arrows and not event.modifiers()

    def _tip_at(self, place: QPointF) -> str:
        """A choice, and what a double-click does."""
        index, row = self._at(place)
        if index < 0:
            return ""
        choice = self._choices[index]
        label, p = choice.others[row] if row >= 0 else (choice.label, choice.probability)
        if p <= 0:
            return f"“{label}”"
        return f"“{label}”: p = {probability(p)}, {math.log(p):.2f} nats. Double-click: force it and search on"

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and Right choose a token, Up and Down what could have stood there, Return goes on with it."""
        key = event.key()
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and self._choices:
            token = min(max(self._chosen + (1 if key == Qt.Key.Key_Right else -1), 0), len(self._choices) - 1)
            self.choose(token)
            self.token_chosen.emit(token)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and 0 <= self._chosen < len(self._choices):
            last = len(self._choices[self._chosen].others) - 1
            self._row = min(max(self._row + (1 if key == Qt.Key.Key_Down else -1), -1), last)
            self.update()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._activate(self._chosen, self._row)
        else:
            super().keyPressEvent(event)
