"""A sentence as a large strip of words that shows what a proposed edit does to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEasingCurve, QEvent, QPointF, QRectF, QSize, Qt, QVariantAnimation, Signal, Slot
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Theme
from app.widgets.edit_marks import Edit, EditMarks, draw_lock
from app.widgets.replies import OwnKeys, Tips
from app.widgets.token_layout import Flow, flow

SIZES = (32, 30, 28, 26, 24, 22, 20, 18, 16, 14)  # px; the largest at which the sentence fits
DURATION = 180  # ms


@dataclass(frozen=True)
class Word:
    """One unit of the sentence."""

    text: str
    locked: bool = False
    unknown: bool = False


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
        Tips(self, self._tip_at)
        OwnKeys(self, self._owns)
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
        self._hover = self._hover if self._hover < len(self._words) else -1
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
        marks = self._marks(here)
        if marks is not None:
            marks.paint_ring(painter, now)
            painter.setFont(self._theme.sentence_font(self._size))
        if now < 1.0 and self._left and self._edit is not None:
            self._paint_moving(painter, here, self._edit, now)
        else:
            for index in range(len(self._words)):
                self._paint_word(painter, index, here.words[index])
        if marks is not None:
            marks.paint_ghost(painter, now)

    def _marks(self, here: Flow) -> EditMarks | None:
        edit = self._edit
        if edit is None:
            return None
        place = here.slot or here.words[min(edit.position, len(here.words) - 1)]
        return EditMarks(edit, place, theme=self._theme, size=self._size, width=self.width())

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
            draw_lock(painter, QPointF(rect.right() - self._size * 0.28, below + 5), self._size * 0.32, c.accent)
        painter.setOpacity(1.0)

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

    def _owns(self, event: QKeyEvent) -> bool:
        """Arrow keys and Space, while a word is chosen."""
        return self._focus >= 0 and event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Space)

    def _tip_at(self, place: QPointF) -> str:
        """What a click on the word does."""
        if self._hover < 0:
            return ""
        word = self._words[self._hover]
        text = "Click to free this word" if word.locked else "Click to lock this word: no move may change or delete it"
        return text + "\nNot in the model's vocabulary: kept as typed, scored as unknown" * word.unknown

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
