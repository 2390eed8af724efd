"""Length against score for a finished set, under a length penalty that can be moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFontMetricsF, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Theme
from app.widgets.numbers import number
from app.widgets.replies import Tips


@dataclass(frozen=True)
class Scored:
    """One finished sentence."""

    text: str
    length: int  # tokens
    score: float
    reference: bool = False


class ScoreCurve(QWidget):
    """Left: every sentence by length and score, the best of each length joined, the winner ringed.

    Right: how long the winner is under each penalty, with the present one marked.
    """

    sentence_chosen = Signal(int)
    penalty_chosen = Signal(float)

    def __init__(self, parent: QWidget | None = None, *, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._scored: tuple[Scored, ...] = ()
        self._sweep: tuple[tuple[float, int], ...] = ()
        self._penalty = 1.0
        self._chosen = -1
        self._hint = ""
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Length against score")
        Tips(self, self._tip_at)
        theme.changed.connect(self._on_theme_changed)

    def show_scores(
        self, scored: Sequence[Scored], sweep: Sequence[tuple[float, int]], penalty: float, chosen: int = -1
    ) -> None:
        """Show sentences, best first; `sweep` is the winner's length under each penalty, in rising order."""
        self._scored, self._sweep, self._penalty, self._chosen = tuple(scored), tuple(sweep), penalty, chosen
        if self._scored:
            best = self._scored[0]
            self.setAccessibleDescription(
                f"a = {penalty:g}: the winner has {best.length} tokens, score {best.score:.3f}"
            )
        self.update()

    def show_hint(self, text: str) -> None:
        """What to say while there is nothing to show."""
        self._scored, self._hint = (), text
        self.update()

    def sizeHint(self) -> QSize:
        """Two plots side by side."""
        return QSize(self._theme.px(560), self._theme.px(220))

    def minimumSizeHint(self) -> QSize:
        """Two small plots."""
        return QSize(self._theme.px(300), self._theme.px(120))

    @Slot()
    def _on_theme_changed(self) -> None:
        self.updateGeometry()
        self.update()

    # --- geometry --------------------------------------------------------------------------------------------------

    def _areas(self) -> tuple[QRectF, QRectF]:
        """The two plots' insides."""
        px = self._theme.px
        split = self.width() * 0.58
        high = self.height() - px(26) - px(34)
        left = QRectF(px(58), px(26), split - px(58) - px(18), high)
        right = QRectF(split + px(44), px(26), self.width() - split - px(44) - px(18), high)
        return left, right

    def _spans(self) -> tuple[float, float, float, float]:
        """Shortest and longest, lowest and highest score, with room."""
        lengths = [s.length for s in self._scored]
        scores = [s.score for s in self._scored]
        low, high = min(scores), max(scores)
        room = (high - low) * 0.12 or abs(high) * 0.1 or 1.0
        return min(lengths) - 0.5, max(lengths) + 0.5, low - room, high + room

    def _spot(self, item: Scored) -> QPointF:
        area, _ = self._areas()
        x0, x1, y0, y1 = self._spans()
        x = area.left() + area.width() * (item.length - x0) / (x1 - x0)
        return QPointF(x, area.bottom() - area.height() * (item.score - y0) / (y1 - y0))

    # --- painting --------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Both plots."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._scored:
            painter.setPen(self._theme.colors.muted)
            painter.setFont(self._theme.ui_font(13))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._hint)
            return
        self._paint_scores(painter)
        if len(self._sweep) > 1:
            self._paint_sweep(painter)

    def _frame(self, painter: QPainter, area: QRectF, title: str, below: str) -> None:
        c = self._theme.colors
        painter.setPen(QPen(c.hairline, 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.drawLine(area.topLeft(), area.bottomLeft())
        painter.setFont(self._theme.ui_font(11))
        painter.setPen(c.muted)
        painter.drawText(QPointF(area.left(), area.top() - 9), title)
        place = QRectF(area.left(), area.bottom() + self._theme.px(16), area.width(), self._theme.px(16))
        painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, below)

    def _tick(self, painter: QPainter, at: QPointF, text: str, *, upright: bool) -> None:
        painter.setFont(self._theme.number_font(11))
        painter.setPen(self._theme.colors.muted)
        if upright:
            px = self._theme.px
            box = QRectF(at.x() - px(58), at.y() - px(8), px(52), px(16))
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        else:
            painter.drawText(
                QRectF(at.x() - 40, at.y() + 2, 80, self._theme.px(16)), Qt.AlignmentFlag.AlignCenter, text
            )

    def _paint_scores(self, painter: QPainter) -> None:
        c, (area, _) = self._theme.colors, self._areas()
        self._frame(painter, area, "score of every finished sentence", "length, tokens")
        x0, x1, y0, y1 = self._spans()
        for share in (0.0, 0.5, 1.0):
            level = area.bottom() - area.height() * share
            painter.setPen(QPen(c.hairline, 1, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(area.left(), level), QPointF(area.right(), level))
            self._tick(painter, QPointF(area.left(), level), number(y0 + (y1 - y0) * share), upright=True)
        lengths = sorted({s.length for s in self._scored})
        last = -99.0
        for length in lengths:
            x = area.left() + area.width() * (length - x0) / (x1 - x0)
            if x - last < self._theme.px(26):
                continue
            last = x
            self._tick(painter, QPointF(x, area.bottom()), str(length), upright=False)
        best: dict[int, Scored] = {}
        for item in self._scored:
            if not item.reference and (item.length not in best or item.score > best[item.length].score):
                best[item.length] = item
        path = QPainterPath()
        for index, length in enumerate(sorted(best)):
            spot = self._spot(best[length])
            path.lineTo(spot) if index else path.moveTo(spot)
        painter.setPen(QPen(c.accent, 1.6))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)
        for index, item in enumerate(self._scored):
            self._paint_dot(painter, index, item)

    def _paint_dot(self, painter: QPainter, index: int, item: Scored) -> None:
        c, spot = self._theme.colors, self._spot(item)
        if item.reference:
            painter.setPen(QPen(c.accepted, 2))
            painter.drawLine(spot + QPointF(-5, -5), spot + QPointF(5, 5))
            painter.drawLine(spot + QPointF(-5, 5), spot + QPointF(5, -5))
            painter.setFont(self._theme.ui_font(11))
            painter.setPen(self._theme.text(c.accepted))
            painter.drawText(spot + QPointF(9, 4), "reference")
            return
        painter.setPen(QPen(c.surface, 1))
        painter.setBrush(c.accent if not index else c.muted)
        painter.drawEllipse(spot, 5.0 if not index else 3.5, 5.0 if not index else 3.5)
        if not index or index == self._chosen:
            painter.setPen(QPen(c.accent, 1.8, Qt.PenStyle.SolidLine if not index else Qt.PenStyle.DotLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(spot, 9, 9)

    def _paint_sweep(self, painter: QPainter) -> None:
        c, (_, area) = self._theme.colors, self._areas()
        self._frame(painter, area, "winner's length", "length penalty a")
        first, last = self._sweep[0][0], self._sweep[-1][0]
        low = min(n for _, n in self._sweep) - 0.5
        high = max(n for _, n in self._sweep) + 0.5

        def at(a: float, length: float) -> QPointF:
            x = area.left() + area.width() * (a - first) / (last - first)
            return QPointF(x, area.bottom() - area.height() * (length - low) / (high - low))

        level = float("inf")
        for length in sorted({n for _, n in self._sweep}):
            if level - at(first, length).y() >= self._theme.px(13):
                level = at(first, length).y()
                self._tick(painter, at(first, length), str(length), upright=True)
        for a in (first, (first + last) / 2, last):
            self._tick(painter, at(a, low), f"{a:g}", upright=False)
        path = QPainterPath(at(*self._sweep[0]))
        for (_, before), (a, length) in zip(self._sweep, self._sweep[1:], strict=False):
            path.lineTo(at(a, before))
            path.lineTo(at(a, length))
        painter.setPen(QPen(c.accent, 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)
        x = at(min(max(self._penalty, first), last), low).x()
        painter.setPen(QPen(c.replaced, 1.6, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        font = self._theme.number_font(11, 600)
        painter.setFont(font)
        painter.setPen(self._theme.text(c.replaced))
        text = f"a = {self._penalty:.2f}"
        width = QFontMetricsF(font).horizontalAdvance(text)
        painter.drawText(QPointF(min(max(x - width / 2, area.left()), area.right() - width), area.top() - 9), text)

    # --- mouse -----------------------------------------------------------------------------------------------------

    def _nearest(self, point: QPointF) -> int:
        near = [(QPointF(self._spot(s) - point).manhattanLength(), i) for i, s in enumerate(self._scored)]
        distance, index = min(near, default=(99.0, -1))
        return index if distance < 14 else -1

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose a sentence, or take a penalty from the right plot."""
        index = self._nearest(event.position())
        if index >= 0 and not self._scored[index].reference:
            self.sentence_chosen.emit(index)
        else:
            self._take(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the penalty."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._take(event.position())

    def _take(self, point: QPointF) -> None:
        _, area = self._areas()
        if len(self._sweep) > 1 and area.adjusted(-8, -8, 8, 8).contains(point):
            first, last = self._sweep[0][0], self._sweep[-1][0]
            share = min(max((point.x() - area.left()) / area.width(), 0.0), 1.0)
            self.penalty_chosen.emit(round(first + share * (last - first), 2))

    def _tip_at(self, place: QPointF) -> str:
        """Which sentence a dot is."""
        index = self._nearest(place)
        if index < 0:
            return ""
        item = self._scored[index]
        return f"{item.text}\n{item.length} tokens, score {number(item.score)}"
