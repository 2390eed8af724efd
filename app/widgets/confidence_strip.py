"""A decoded sentence in large type: what the model was sure of is dark and firmly underlined, what changed is boxed."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from PySide6.QtCore import QEasingCurve, QPointF, QRectF, QSize, Qt, QVariantAnimation, Signal, Slot
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Theme, mix
from app.widgets.token_layout import NO_SPACE_BEFORE, Flow, flow

SIZES = (32, 30, 28, 26, 24, 22, 20, 18, 16, 14)  # px; the largest at which the sentence fits
FLASH = 700  # ms


def changes(before: Sequence[str], after: Sequence[str]) -> tuple[bool, ...]:
    """For each word of `after`: whether it was not there before (by the longest common runs)."""
    changed = [True] * len(after)
    for block in difflib.SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks():
        changed[block.b : block.b + block.size] = [False] * block.size
    return tuple(changed)


def joined(words: Sequence[str]) -> str:
    """Words as a line of text, marks close to the word before."""
    text = ""
    for word in words:
        text += word if not text or word.lower() in NO_SPACE_BEFORE else f" {word}"
    return text


def runs(changed: Sequence[bool], boxes: Sequence[QRectF]) -> list[QRectF]:
    """One box for each run of changed words on a line."""
    found: list[QRectF] = []
    before = False
    for new, box in zip(changed, boxes, strict=True):
        if new and before and found[-1].top() == box.top():
            found[-1] = found[-1].united(box)
        elif new:
            found.append(QRectF(box))
        before = new
    return found


class ConfidenceStrip(QWidget):
    """Words with probabilities. `painted` says that the newest sentence is on the screen."""

    painted = Signal()

    def __init__(self, parent: QWidget | None = None, *, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._words: tuple[str, ...] = ()
        self._sure: tuple[float, ...] = ()
        self._changed: tuple[bool, ...] = ()
        self._hint = ""
        self._fresh = False  # shown but not painted yet
        self._strength = 0.0  # of the boxes
        self._layout: tuple[int, Flow] | None = None
        self._flash = QVariantAnimation(self, startValue=1.0, endValue=0.0, duration=FLASH)
        self._flash.setEasingCurve(QEasingCurve.Type.OutQuad)
        self._flash.valueChanged.connect(self._on_flash)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setAccessibleName("Decoded sentence")
        self.setToolTip(
            "Darker and with a heavier line: the model gave the word a higher probability.\n"
            "A box: the word was not in the sentence before."
        )
        theme.changed.connect(self._restyle)

    @property
    def words(self) -> tuple[str, ...]:
        """The sentence shown."""
        return self._words

    @property
    def changed(self) -> tuple[bool, ...]:
        """Which of its words were not in the sentence before."""
        return self._changed

    def show_sentence(self, words: Sequence[str], probabilities: Sequence[float]) -> None:
        """Show a sentence with p(word | what stands before it, z)."""
        new = tuple(words)
        if new != self._words:
            self._changed = changes(self._words, new) if self._words else (False,) * len(new)
            self._layout = None
            self._flash.stop()
            self._strength = 0.0
            if self._theme.motion and any(self._changed):
                self._strength = 1.0
                self._flash.start()
        self._words, self._sure = new, tuple(float(p) for p in probabilities[: len(new)])
        self._fresh = True
        self._hint = "the empty sentence"
        self.setAccessibleDescription(joined(new))
        self.update()

    def show_hint(self, text: str) -> None:
        """What to say when there is no sentence."""
        self._words, self._sure, self._changed, self._layout, self._hint = (), (), (), None, text
        self.update()

    def sizeHint(self) -> QSize:
        """Room for two lines."""
        return QSize(self._theme.px(480), self._theme.px(132))

    def minimumSizeHint(self) -> QSize:
        """Room for two lines of small type."""
        return QSize(self._theme.px(180), self._theme.px(84))

    def resizeEvent(self, event: object) -> None:
        """Fit anew."""
        self._layout = None

    @Slot()
    def _restyle(self) -> None:
        self._layout = None
        self.updateGeometry()
        self.update()

    @Slot(object)
    def _on_flash(self, value: float) -> None:
        """Paint a step of the fading; fewer steps than frames, so that the fading costs a drag nothing."""
        if abs(value - self._strength) >= 0.08 or not value:
            self._strength = value
            self.update()

    def _flow(self) -> tuple[int, Flow]:
        if self._layout is None:
            for size in SIZES:
                metrics = QFontMetricsF(self._theme.sentence_font(size))
                laid = flow(self._words, metrics, self.width(), self.height() + 16)
                self._layout = (size, laid)
                if laid.fits:
                    break
        assert self._layout is not None
        return self._layout

    def ink(self, probability: float) -> QColor:
        """The colour of a word: fainter when less sure, but never below readable contrast."""
        c = self._theme.colors
        share = 0.25 * round(4 * min(max(probability, 0.0), 1.0))
        return self._theme.text(mix(c.surface, c.ink, 0.5 + 0.5 * share))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Washes, words, lines below them."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._words:
            painter.setPen(self._theme.colors.muted)
            painter.setFont(self._theme.sentence_font(20))
            wrap = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(24, 0, -24, 0), int(wrap), self._hint)
        else:
            self._paint_words(painter)
        if self._fresh:
            self._fresh = False
            self.painted.emit()

    def _paint_words(self, painter: QPainter) -> None:
        size, laid = self._flow()
        font = self._theme.sentence_font(size)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        strength = self._strength if self._theme.motion else 1.0
        painter.translate(0, -8)
        if strength > 0.02:
            for run in runs(self._changed, laid.words):
                self._paint_wash(painter, run, strength)
        for index, word in enumerate(self._words):
            rect = laid.words[index]
            sure = self._sure[index] if index < len(self._sure) else 1.0
            painter.setPen(self.ink(sure))
            painter.drawText(QPointF(rect.left(), rect.top() + metrics.ascent()), word)
            base = rect.bottom() + 1
            line = QPen(self._theme.sequential(0.25 + 0.4 * sure), 1.0 + 3.0 * sure)
            line.setCapStyle(Qt.PenCapStyle.FlatCap)
            if sure < 0.2:
                line.setStyle(Qt.PenStyle.DotLine)
            painter.setPen(line)
            painter.drawLine(QPointF(rect.left(), base), QPointF(rect.right(), base))

    def _paint_wash(self, painter: QPainter, rect: QRectF, strength: float) -> None:
        color = QColor(self._theme.colors.replaced)
        painter.setPen(QPen(color, 1.4 * strength))
        wash = QColor(color)
        wash.setAlphaF(0.20 * strength)
        painter.setBrush(wash)
        painter.drawRoundedRect(rect.adjusted(-4, -1, 4, 5), 6, 6)
        painter.setBrush(Qt.BrushStyle.NoBrush)
