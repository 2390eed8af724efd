"""A sentence as a large strip of words that shows what a proposed edit does to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QEasingCurve, QEvent, QPointF, QRectF, QSize, Qt, QVariantAnimation, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.theme import Theme
from app.widgets.token_layout import Flow, flow

SIGNS = {"replace": "⇄", "insert": "+", "delete": "\u2212"}
SIZES = (32, 30, 28, 26, 24, 22, 20, 18, 16, 14)  # px; the largest at which the sentence fits
DURATION = 180  # ms


@dataclass(frozen=True)
class Word:
    """One unit of the sentence."""

    text: str
    locked: bool = False
    unknown: bool = False


@dataclass(frozen=True)
class Edit:
    """What was proposed, and whether it was accepted."""

    move: Literal["replace", "insert", "delete"]
    position: int  # in words of the sentence before; for an insertion, the slot before that word
    old: str
    new: str
    accepted: bool

    @property
    def opens_slot(self) -> bool:
        """Whether the place shown is a gap between words: a refused insertion or a done deletion."""
        return (self.move == "insert") != self.accepted and self.move != "replace"

    @property
    def ghost(self) -> str:
        """The word that is not in the sentence: the one that left, or the one that was refused."""
        if self.move == "delete":
            return self.old if self.accepted else ""
        return self.new if not self.accepted else self.old

    def index_after(self, before: int) -> int | None:
        """Where word `before` of the old sentence stands now; None if it left."""
        if not self.accepted:
            return before
        if self.move == "insert":
            return before + (before >= self.position)
        if before == self.position:
            return None
        return before - 1 if self.move == "delete" and before > self.position else before


class TokenStrip(QWidget):
    """Paints words as units that wrap and are never cut; the edited place is ringed and named."""

    word_clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None, *, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._words: tuple[Word, ...] = ()
        self._edit: Edit | None = None
        self._left: tuple[Word, ...] = ()  # the sentence before the edit, while it is animated
        self._size = SIZES[0]
        self._flow: Flow | None = None
        self._hover = self._focus = -1
        self._hint = ""
        self.clickable = True
        self._motion = QVariantAnimation(self, startValue=0.0, endValue=1.0, duration=DURATION)
        self._motion.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._motion.valueChanged.connect(self.update)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Sentence")
        theme.changed.connect(self._on_theme_changed)

    # --- what is shown ---------------------------------------------------------------------------------------------

    def show_sentence(
        self,
        words: Sequence[Word],
        edit: Edit | None = None,
        *,
        before: Sequence[Word] = (),
        animate: bool = False,
    ) -> None:
        """Show a sentence and the edit that led to it; `before` is the sentence it was, for the animation."""
        self._words, self._edit = tuple(words), edit
        self._left = tuple(before)
        self._focus = min(self._focus, len(self._words) - 1)
        self._refit()
        self.setAccessibleDescription(" ".join(w.text for w in self._words))
        self._motion.stop()
        if animate and self._theme.motion and edit is not None and self.isVisible():
            self._motion.start()
        else:
            self._left = ()
        self.update()

    def show_hint(self, text: str) -> None:
        """What to say in place of a sentence."""
        self._hint = text
        self.update()

    def reset_size(self) -> None:
        """Forget that an earlier sentence needed smaller type."""
        self._size = SIZES[0]
        self._refit()

    @property
    def words(self) -> tuple[Word, ...]:
        """The sentence shown."""
        return self._words

    @property
    def edit(self) -> Edit | None:
        """The edit shown."""
        return self._edit

    @property
    def moving(self) -> bool:
        """Whether an animation runs."""
        return self._motion.state() == QVariantAnimation.State.Running

    def word_rect(self, index: int) -> QRectF:
        """Where a word stands."""
        return self._layout().words[index]

    def sizeHint(self) -> QSize:
        """Room for two lines."""
        return QSize(self._theme.px(560), self._theme.px(200))

    def minimumSizeHint(self) -> QSize:
        """Room for two lines of small type."""
        return QSize(self._theme.px(220), self._theme.px(110))

    # --- layout ----------------------------------------------------------------------------------------------------

    def _metrics(self) -> QFontMetricsF:
        return QFontMetricsF(self._theme.sentence_font(self._size))

    def _slot(self) -> int | None:
        return self._edit.position if self._edit and self._edit.opens_slot else None

    def _flow_of(self, words: tuple[Word, ...], slot: int | None) -> Flow:
        return flow([w.text for w in words], self._metrics(), self.width(), self.height(), slot=slot)

    def _layout(self) -> Flow:
        if self._flow is None:
            self._flow = self._flow_of(self._words, self._slot())
        return self._flow

    def _refit(self) -> None:
        """Smaller type until the sentence fits; it grows again only by `reset_size` or a new width: nothing jumps."""
        self._flow = None
        if not self.width() or not self._words:
            return
        for size in SIZES[SIZES.index(self._size) :]:
            self._size = size
            self._flow = self._flow_of(self._words, self._slot())
            if self._flow.fits:
                return

    def resizeEvent(self, event: object) -> None:
        """Fit anew."""
        self._motion.stop()
        self._left = ()
        self.reset_size()

    @Slot()
    def _on_theme_changed(self) -> None:
        self.reset_size()
        self.updateGeometry()
        self.update()

    # --- painting --------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Words, the ring and name of the edit, and the ghost of the word that is not there."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._words and self._edit is None:
            painter.setPen(self._theme.colors.muted)
            painter.setFont(self._theme.sentence_font(20))
            wrap = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(24, 0, -24, 0), int(wrap), self._hint)
            return
        now = float(self._motion.currentValue()) if self.moving else 1.0
        here = self._layout()
        painter.setFont(self._theme.sentence_font(self._size))
        if self._edit is not None:
            self._paint_ring(painter, here, now)
            painter.setFont(self._theme.sentence_font(self._size))
        if now < 1.0 and self._left and self._edit is not None:
            self._paint_moving(painter, here, self._edit, now)
        else:
            for index in range(len(self._words)):
                self._paint_word(painter, index, here.words[index])
        if self._edit is not None:
            self._paint_ghost(painter, here, self._edit, now)

    def _paint_moving(self, painter: QPainter, here: Flow, edit: Edit, now: float) -> None:
        """Words glide from where they stood; one that changes line fades over."""
        there = self._flow_of(self._left, None)
        for index in range(len(self._left)):
            after = edit.index_after(index)
            start = there.words[index]
            if after is None or after >= len(self._words):
                continue
            end = here.words[after]
            if start.top() == end.top():
                rect = QRectF(end)
                rect.moveLeft(start.left() + (end.left() - start.left()) * now)
                self._paint_word(painter, after, rect)
            else:
                self._paint_word(painter, after, end, opacity=now)
        if edit.accepted and edit.move != "delete":
            rect = QRectF(here.words[edit.position])
            rect.translate(0, (1 - now) * here.line * (0.35 if edit.move == "replace" else 0.12))
            self._paint_word(painter, edit.position, rect, opacity=now)

    def _paint_word(self, painter: QPainter, index: int, rect: QRectF, opacity: float = 1.0) -> None:
        word, c = self._words[index], self._theme.colors
        painter.setOpacity(opacity)
        if index in (self._hover, self._focus) and self.clickable:
            painter.setPen(QPen(c.accent, 2) if index == self._focus and self.hasFocus() else Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.tint(c.accent))
            painter.drawRoundedRect(rect.adjusted(-5, -1, 5, 1), 7, 7)
        painter.setPen(c.ink)
        painter.drawText(QPointF(rect.left(), rect.top() + self._metrics().ascent()), word.text)
        below = rect.bottom() - 1
        if word.unknown:
            dots = QPen(c.muted, 2.4, Qt.PenStyle.CustomDashLine, Qt.PenCapStyle.RoundCap)
            dots.setDashPattern([0.1, 2.0])
            painter.setPen(dots)
            painter.drawLine(QPointF(rect.left(), below), QPointF(rect.right(), below))
        if word.locked:
            painter.setPen(QPen(c.accent, 2))
            painter.drawLine(QPointF(rect.left(), below + 2), QPointF(rect.right(), below + 2))
            _draw_lock(painter, QPointF(rect.right() - self._size * 0.28, below + 5), self._size * 0.32, c.accent)
        painter.setOpacity(1.0)

    def _move_color(self) -> QColor:
        c = self._theme.colors
        assert self._edit is not None
        return {"replace": c.replaced, "insert": c.inserted, "delete": c.deleted}[self._edit.move]

    def _place(self, here: Flow) -> QRectF:
        assert self._edit is not None
        if here.slot is not None:
            return here.slot
        return here.words[min(self._edit.position, len(here.words) - 1)]

    def _paint_ring(self, painter: QPainter, here: Flow, now: float) -> None:
        """A ring at the place (solid: accepted, dashed: rejected), above it the move's sign and name, and verdict."""
        edit, c = self._edit, self._theme.colors
        assert edit is not None
        color, place = self._move_color(), self._place(here)
        ring = place.adjusted(-5, -2, 5, 4) if not edit.opens_slot else place.adjusted(0, -2, 0, 4)
        style = Qt.PenStyle.SolidLine if edit.accepted else Qt.PenStyle.DashLine
        painter.setPen(QPen(color, 2.2, style))
        painter.setBrush(self._theme.tint(color, 0.10))
        painter.drawRoundedRect(ring, 8, 8)
        font = self._theme.ui_font(12.5, 600)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        name = f"{SIGNS[edit.move]} {edit.move}"
        verdict = " ✓" if edit.accepted else " ✗"
        width = metrics.horizontalAdvance(name + verdict)
        left = min(max(ring.center().x() - width / 2, 2), max(2.0, self.width() - width - 2))
        base = ring.top() - 6
        painter.setOpacity(min(1.0, 0.4 + now))
        painter.setPen(self._theme.text(color))
        painter.drawText(QPointF(left, base), name)
        painter.setPen(self._theme.text(c.accepted if edit.accepted else c.rejected))
        painter.drawText(QPointF(left + metrics.horizontalAdvance(name), base), verdict)
        painter.setOpacity(1.0)

    def _paint_ghost(self, painter: QPainter, here: Flow, edit: Edit, now: float) -> None:
        """The word that left (struck through) or was refused (it falls from its place and stays as a shadow)."""
        if not edit.ghost:
            self._paint_refused_deletion(painter, here, edit)
            return
        place = self._place(here)
        full, small = self._size, max(14.0, self._size * 0.62)
        size = full + (small - full) * now
        font = self._theme.sentence_font(size)
        font.setItalic(not edit.accepted)
        metrics = QFontMetricsF(font)
        width = metrics.horizontalAdvance(edit.ghost)
        left = min(max(place.center().x() - width / 2, 3), max(3.0, self.width() - width - 3))
        rest = place.bottom() + 6 + metrics.ascent()
        start = place.top() + self._metrics().ascent()
        base = start + (rest - start) * now
        color = self._theme.text(self._theme.colors.muted if edit.accepted else self._theme.colors.rejected)
        painter.setOpacity(1.0 - 0.15 * now)
        painter.setFont(font)
        painter.setPen(color)
        painter.drawText(QPointF(left, base), edit.ghost)
        painter.setPen(QPen(color, 1.6))
        middle = base - metrics.xHeight() / 2
        if edit.accepted:
            painter.drawLine(QPointF(left - 3, middle), QPointF(left + width + 3, middle))
        painter.setOpacity(1.0)

    def _paint_refused_deletion(self, painter: QPainter, here: Flow, edit: Edit) -> None:
        """A dashed strike: the word was to leave and stays."""
        if edit.move != "delete":
            return
        place = self._place(here)
        painter.setPen(QPen(self._theme.text(self._theme.colors.deleted), 1.8, Qt.PenStyle.DashLine))
        middle = place.top() + self._metrics().ascent() - self._metrics().xHeight() / 2
        painter.drawLine(QPointF(place.left() - 3, middle), QPointF(place.right() + 3, middle))

    # --- mouse and keys --------------------------------------------------------------------------------------------

    def _index_at(self, point: QPointF) -> int:
        boxes = self._layout().words if self._words else []
        return next((i for i, r in enumerate(boxes) if r.adjusted(-4, -4, 4, 6).contains(point)), -1)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Light up the word under the pointer."""
        index = self._index_at(event.position()) if self.clickable else -1
        if index != self._hover:
            self._hover = index
            self.setCursor(Qt.CursorShape.PointingHandCursor if index >= 0 else Qt.CursorShape.ArrowCursor)
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the pointer."""
        self._hover = -1
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click on a word."""
        index = self._index_at(event.position())
        if index >= 0 and self.clickable and event.button() == Qt.MouseButton.LeftButton:
            self.word_clicked.emit(index)

    def event(self, event: QEvent) -> bool:
        """Arrow keys and Space belong to the strip while a word is chosen; a tooltip says what a click does."""
        keys = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Space)
        wanted = self._focus >= 0 and event.type() == QEvent.Type.ShortcutOverride
        if wanted and isinstance(event, QKeyEvent) and event.key() in keys:
            event.accept()
            return True
        if event.type() == QEvent.Type.ToolTip:
            self._tip(event)
            return True
        return super().event(event)

    def _tip(self, event: QEvent) -> None:
        if self._hover < 0:
            QToolTip.hideText()
            return
        word = self._words[self._hover]
        text = "Click to free this word" if word.locked else "Click to lock this word: no move may change or delete it"
        if word.unknown:
            text += "\nNot in the model's vocabulary: kept as typed, scored as unknown"
        QToolTip.showText(event.globalPos(), text, self)  # type: ignore[attr-defined]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and Right choose a word, Space clicks it."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if step and self._words:
            self._focus = min(max(self._focus + step, 0), len(self._words) - 1)
            self.update()
        elif event.key() == Qt.Key.Key_Space and 0 <= self._focus < len(self._words) and self.clickable:
            self.word_clicked.emit(self._focus)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Coming by the Tab key chooses the first word."""
        by_tab = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        self._focus = 0 if by_tab and self._words else -1
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """No word is chosen any more."""
        self._focus = -1
        self.update()


def _draw_lock(painter: QPainter, at: QPointF, size: float, color: QColor) -> None:
    """A small closed lock whose left upper corner is `at`."""
    body = QRectF(at.x(), at.y() + size * 0.45, size * 0.9, size * 0.65)
    shackle = QPainterPath()
    shackle.arcMoveTo(QRectF(body.left() + size * 0.18, at.y(), size * 0.54, size * 0.9), 0)
    shackle.arcTo(QRectF(body.left() + size * 0.18, at.y(), size * 0.54, size * 0.9), 0, 180)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(color, max(1.2, size * 0.16)))
    painter.drawPath(shackle)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawRoundedRect(body, 1.5, 1.5)
