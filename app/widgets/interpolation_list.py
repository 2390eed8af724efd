"""The sentences along a walk, one row for each run of equal ones, with what changed in bold; and a slider along it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractScrollArea, QSizePolicy, QWidget

from app.theme import Theme
from app.widgets.confidence_strip import joined
from app.widgets.pad_marks import paint_badge
from app.widgets.token_layout import NO_SPACE_BEFORE

ROW = 26
CUT = "(cut)"


@dataclass(frozen=True)
class Step:
    """One point of the walk."""

    t: float  # 0..1
    words: tuple[str, ...]
    changed: tuple[bool, ...]  # by word: not in the step before
    repeated: bool
    finished: bool = True  # False: cut before an end mark


@dataclass(frozen=True)
class Fold:
    """Steps `first` to `last` that say the same."""

    first: int
    last: int
    t0: float
    t1: float
    words: tuple[str, ...]
    changed: tuple[bool, ...]
    finished: bool = True

    @property
    def said(self) -> str:
        """The sentence as a line of text."""
        return joined(self.words if self.finished else (*self.words, CUT))

    @property
    def count(self) -> int:
        """How many steps."""
        return self.last - self.first + 1


def fold(steps: Sequence[Step]) -> tuple[Fold, ...]:
    """Runs of steps with the same words, all of them at an end or all of them cut."""
    folds: list[Fold] = []
    for index, step in enumerate(steps):
        if folds and step.repeated and step.finished == folds[-1].finished:
            folds[-1] = replace(folds[-1], last=index, t1=step.t)
        else:
            folds.append(Fold(index, index, step.t, step.t, step.words, step.changed, step.finished))
    return tuple(folds)


class InterpolationList(QAbstractScrollArea):
    """Rows of t, how many steps say it, and the sentence; the row of the present step is marked."""

    chosen = Signal(int)  # step

    def __init__(self, parent: QWidget | None = None, *, theme: Theme, name: str = "Interpolation") -> None:
        super().__init__(parent)
        self._theme = theme
        self._steps: tuple[Step, ...] = ()
        self.folds: tuple[Fold, ...] = ()
        self._letters: dict[int, tuple[str, int]] = {}  # step: letter of the anchor there, its number
        self._current = -1
        self._hint = ""
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setAutoFillBackground(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(name)
        self.setToolTip("Click a row to go to that point; bold words were not in the sentence before")
        theme.changed.connect(self._restyle)

    def show_steps(self, steps: Sequence[Step], letters: dict[int, tuple[str, int]] | None = None) -> None:
        """Show a walk, whole or as far as it has come; `letters` names the anchors by step."""
        self._steps, self.folds = tuple(steps), fold(steps)
        self._letters = letters or {}
        self.setAccessibleDescription("; ".join(f.said for f in self.folds))
        self._resize()
        self.viewport().update()

    def show_hint(self, text: str) -> None:
        """What to say when there is no walk."""
        self._hint = text
        self.viewport().update()

    def mark(self, step: int) -> None:
        """The step that is shown; its row comes into sight."""
        if step == self._current:
            return
        self._current = step
        self._reveal()
        self.viewport().update()

    def _reveal(self) -> None:
        """Bring the present row into sight."""
        row = self.row_of(self._current)
        if row >= 0:
            high, bar = self._row(), self.verticalScrollBar()
            bar.setValue(min(max(bar.value(), (row + 1) * high - self.viewport().height()), row * high))

    def row_of(self, step: int) -> int:
        """The row that holds a step; -1 for none."""
        return next((i for i, f in enumerate(self.folds) if f.first <= step <= f.last), -1)

    def _row(self) -> int:
        return self._theme.px(ROW)

    def _resize(self) -> None:
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, len(self.folds) * self._row() - self.viewport().height()))
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(self._row())

    @Slot()
    def _restyle(self) -> None:
        self._resize()
        self.viewport().update()

    def resizeEvent(self, event: object) -> None:
        """More or fewer rows in sight."""
        self._resize()
        self._reveal()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The rows in sight."""
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self.folds:
            painter.setPen(self._theme.colors.muted)
            painter.setFont(self._theme.ui_font(13))
            wrap = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.viewport().rect(), int(wrap), self._hint)
            return
        high, top = self._row(), self.verticalScrollBar().value()
        first = top // high
        for row in range(first, min(len(self.folds), first + self.viewport().height() // high + 2)):
            self._paint_row(painter, row, QRectF(0, row * high - top, self.viewport().width(), high))

    def _paint_row(self, painter: QPainter, row: int, rect: QRectF) -> None:
        theme, c, one = self._theme, self._theme.colors, self.folds[row]
        here = one.first <= self._current <= one.last
        if here:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.tint(c.accent, 0.14))
            painter.drawRoundedRect(rect.adjusted(2, 1, -2, -1), 6, 6)
            painter.setBrush(c.accent)
            painter.drawRoundedRect(QRectF(rect.left() + 2, rect.top() + 5, 3, rect.height() - 10), 1.5, 1.5)
        painter.setFont(theme.number_font(12))
        painter.setPen(theme.text(c.muted))
        t = f"{one.t0:.2f}" if one.t0 == one.t1 else f"{one.t0:.2f} to {one.t1:.2f}"
        left = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(rect.adjusted(theme.px(14), 0, 0, 0), int(left), t)
        if one.count > 1:
            painter.drawText(rect.adjusted(theme.px(100), 0, 0, 0), int(left), f"{one.count} steps")
        for step in range(one.first, one.last + 1):
            if step in self._letters:
                letter, number = self._letters[step]
                at = QPointF(theme.px(172), rect.center().y())
                painter.save()
                paint_badge(painter, theme, at, letter, theme.category(number), square=True)
                painter.restore()
        self._paint_words(painter, one, rect, theme.px(194))

    def _paint_words(self, painter: QPainter, one: Fold, rect: QRectF, x: float) -> None:
        theme, c = self._theme, self._theme.colors
        plain, strong = theme.sentence_font(15), theme.sentence_font(15)
        strong.setBold(True)
        space = QFontMetricsF(plain).horizontalAdvance(" ")
        base = rect.center().y() + QFontMetricsF(plain).ascent() * 0.36
        end = rect.right() - 14 - (0 if one.finished else space + QFontMetricsF(plain).horizontalAdvance(CUT))
        for index, (word, new) in enumerate(zip(one.words, one.changed, strict=True)):
            font = strong if new else plain
            painter.setFont(font)
            wide = QFontMetricsF(font).horizontalAdvance(word)
            x += 0 if not index or word.lower() in NO_SPACE_BEFORE else space
            if x + wide > end:
                painter.setPen(c.muted)
                painter.drawText(QPointF(x, base), "…")
                x += QFontMetricsF(font).horizontalAdvance("…")
                break
            painter.setPen(c.ink)
            painter.drawText(QPointF(x, base), word)
            if new:
                painter.setPen(QPen(c.replaced, 2))
                painter.drawLine(QPointF(x, base + 4), QPointF(x + wide, base + 4))
            x += wide
        if not one.finished:
            painter.setFont(plain)
            painter.setPen(theme.text(c.muted))
            painter.drawText(QPointF(x + space, base), CUT)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the row's middle step."""
        row = int(event.position().y() + self.verticalScrollBar().value()) // self._row()
        if 0 <= row < len(self.folds):
            self._choose(row)

    def _choose(self, row: int) -> None:
        one = self.folds[row]
        ends = [s for s in (one.first, one.last) if s in self._letters]
        self.chosen.emit(ends[0] if ends else (one.first + one.last) // 2)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down choose rows."""
        way = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        if way and self.folds:
            self._choose(min(max(self.row_of(self._current) + way, 0), len(self.folds) - 1))
        else:
            super().keyPressEvent(event)


class WalkSlider(QWidget):
    """A line from the first anchor to the last: a tick where the text changes, badges at the anchors, a handle."""

    moved = Signal(float)  # t, 0..1
    released = Signal()

    def __init__(self, parent: QWidget | None = None, *, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._steps: tuple[Step, ...] = ()
        self._letters: dict[int, tuple[str, int]] = {}
        self.t: float | None = None
        self._on = True
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Along the walk, t from 0 to 1")
        self.setToolTip("Drag from one sentence to the other; a tick marks every place where the text changes")
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """One line."""
        return QSize(self._theme.px(300), self._theme.px(30))

    minimumSizeHint = sizeHint

    def show_steps(self, steps: Sequence[Step], letters: dict[int, tuple[str, int]]) -> None:
        """The walk, whole or as far as it has come."""
        self._steps, self._letters = tuple(steps), letters
        self.update()

    def set_t(self, t: float | None, *, on: bool = True) -> None:
        """Put the handle somewhere; hollow where this is only the nearest place of the walk. None: nowhere."""
        self.t, self._on = t, on
        where = "" if t is None else f"t = {t:.2f}" if on else f"nearest to t = {t:.2f}"
        self.setAccessibleDescription(where)
        self.update()

    def _x(self, t: float) -> float:
        return 18 + (self.width() - 36) * t

    def paintEvent(self, event: QPaintEvent) -> None:
        """Line, ticks, badges, handle."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, c, middle = self._theme, self._theme.colors, self.height() / 2
        painter.setPen(QPen(theme.tint(c.muted, 0.5), 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF(self._x(0), middle), QPointF(self._x(1), middle))
        painter.setPen(QPen(c.replaced, 2))
        for before, step in zip(self._steps, self._steps[1:], strict=False):
            if not step.repeated:
                x = self._x((before.t + step.t) / 2)
                painter.drawLine(QPointF(x, middle - 7), QPointF(x, middle + 7))
        for step, (letter, number) in self._letters.items():
            if step < len(self._steps):
                at = QPointF(self._x(self._steps[step].t), middle)
                paint_badge(painter, theme, at, letter, theme.category(number))
        if self.t is not None:
            painter.setPen(QPen(c.surface if self._on else c.accent, 2))
            painter.setBrush(c.accent if self._on else c.surface)
            painter.drawEllipse(QPointF(self._x(self.t), middle), 8.0, 8.0)
        if self.hasFocus():
            painter.setPen(QPen(c.accent, 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)

    def _seek(self, x: float) -> None:
        t = min(max((x - 18) / max(self.width() - 36, 1), 0.0), 1.0)
        self.set_t(t)
        self.moved.emit(t)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go there."""
        self._seek(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._seek(event.position().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The hand is off."""
        self.released.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and Right by a hundredth, with Shift by a tenth; Home and End."""
        way = {Qt.Key.Key_Left: -0.01, Qt.Key.Key_Right: 0.01, Qt.Key.Key_Home: -1.0, Qt.Key.Key_End: 1.0}
        step = way.get(Qt.Key(event.key()), 0.0)
        if not step:
            super().keyPressEvent(event)
            return
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            step *= 10
        self._seek(self._x(min(max((self.t or 0.0) + step, 0.0), 1.0)))
        self.released.emit()
