"""Every latent dimension as a slider, the most used first, what it carries, and the line below which it is idle."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QScrollArea, QWidget

from app.theme import Theme
from app.widgets.numbers import MINUS

ROW, WIDEST = 24, 460
SPAN = 4.0  # standard deviations either way
SIGMA, MU = "\N{GREEK SMALL LETTER SIGMA}", "\N{GREEK SMALL LETTER MU}"


@dataclass(frozen=True)
class Dimension:
    """One dimension of the latent space."""

    index: int
    kl: float  # nats
    variance: float  # of the posterior means
    active: bool
    sigma: float = 1.0  # what its slider is scaled by


class _Rows(QWidget):
    """The rows in as many columns as there is room for."""

    edited = Signal(int, float)  # dimension, value
    released = Signal()

    def __init__(self, *, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.dimensions: tuple[Dimension, ...] = ()
        self.threshold = 0.01
        self.values: list[float] = []  # by dimension index
        self._held = -1
        self.row = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Latent dimensions")
        self.setToolTip(
            f"One slider a dimension, {MINUS}4{SIGMA} to 4{SIGMA}, sorted by KL. An active dimension changes the text; "
            "a hollow one has collapsed onto the prior and does nothing.\nDouble click: back to 0"
        )

    # --- geometry -----------------------------------------------------------------------------------------------------

    @property
    def columns(self) -> int:
        """Side by side."""
        return max(1, self.width() // self._theme.px(330))

    @property
    def lines(self) -> int:
        """Rows in a column."""
        return math.ceil(len(self.dimensions) / self.columns)

    def needed(self) -> int:
        """Height in pixels, headings included."""
        return (self.lines + 1) * self._theme.px(ROW) + 4

    def rect_of(self, row: int) -> QRectF:
        """Where a row is."""
        column, line = divmod(row, max(self.lines, 1))
        wide = min(self.width() / self.columns, self._theme.px(WIDEST))
        high = self._theme.px(ROW)
        return QRectF(column * wide + 12, (line + 1) * high, wide - 28, high)

    def track(self, row: int) -> tuple[float, float]:
        """Left and right end of a row's slider."""
        rect = self.rect_of(row)
        return rect.left() + self._theme.px(170), rect.right() - self._theme.px(50)

    # --- painting -----------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Headings, then a row a dimension."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, c = self._theme, self._theme.colors
        left = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
        for column in range(self.columns):
            if column * self.lines >= len(self.dimensions):
                break
            rect = self.rect_of(column * self.lines)
            rect.moveTop(0)
            painter.setFont(theme.ui_font(11))
            painter.setPen(theme.text(c.muted))
            painter.drawText(rect.adjusted(theme.px(34), 0, 0, 0), left, "KL, nats")
            painter.drawText(rect.adjusted(theme.px(92), 0, 0, 0), left, f"Var {MU} | {self.threshold:g}")
            painter.drawText(rect.adjusted(theme.px(170), 0, 0, 0), left, f"z, in {SIGMA}")
        most = max((d.kl for d in self.dimensions), default=1.0) or 1.0
        for row, dimension in enumerate(self.dimensions):
            self._paint_row(painter, row, dimension, most)

    def _paint_row(self, painter: QPainter, row: int, one: Dimension, most: float) -> None:
        theme, c, rect = self._theme, self._theme.colors, self.rect_of(row)
        middle = rect.center().y()
        left = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
        if row == self.row and self.hasFocus():
            painter.setPen(QPen(c.accent, 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(rect.adjusted(-4, 1, 4, -1), 5, 5)
        ink = c.ink if one.active else theme.text(c.muted)
        painter.setFont(theme.number_font(12, 600 if one.active else 400))
        painter.setPen(ink)
        painter.drawText(rect, left, f"z{one.index}")
        bar = QRectF(rect.left() + theme.px(34), middle - 4, theme.px(52) * one.kl / most, 8)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.sequential(0.42) if one.active else c.hairline)
        painter.drawRoundedRect(bar, 2, 2)
        self._paint_variance(painter, rect, one, middle)
        x0, x1 = self.track(row)
        painter.setPen(QPen(c.hairline, 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF(x0, middle), QPointF(x1, middle))
        painter.setPen(QPen(c.muted, 1))
        painter.drawLine(QPointF((x0 + x1) / 2, middle - 5), QPointF((x0 + x1) / 2, middle + 5))
        value = self.values[one.index] / one.sigma if one.index < len(self.values) else 0.0
        x = x0 + (x1 - x0) * (min(max(value, -SPAN), SPAN) + SPAN) / (2 * SPAN)
        painter.setPen(QPen(c.accent, 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF((x0 + x1) / 2, middle), QPointF(x, middle))
        painter.setPen(QPen(c.accent if one.active else c.muted, 2))
        painter.setBrush(c.accent if one.active else c.surface)
        painter.drawEllipse(QPointF(x, middle), 5.5, 5.5)
        painter.setPen(ink)
        painter.setFont(theme.number_font(12))
        right = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)
        painter.drawText(rect, right, f"{value:+.2f}".replace("-", MINUS))

    def _paint_variance(self, painter: QPainter, rect: QRectF, one: Dimension, middle: float) -> None:
        """A bar on a log scale from 0.0001 to 10, and the threshold of an active unit as a line through all rows."""
        theme, c = self._theme, self._theme.colors
        left, wide = rect.left() + theme.px(92), theme.px(48)

        def place(value: float) -> float:
            return left + wide * min(max((math.log10(max(value, 1e-9)) + 4) / 5, 0.0), 1.0)

        painter.setBrush(theme.tint(c.muted, 0.7 if one.active else 0.25))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawRoundedRect(QRectF(left, middle - 2, place(one.variance) - left, 4), 2, 2)
        painter.setPen(QPen(c.rejected, 1.4))
        x = place(self.threshold)
        painter.drawLine(QPointF(x, rect.top()), QPointF(x, rect.bottom()))

    # --- mouse and keys -----------------------------------------------------------------------------------------------

    def _set(self, row: int, value: float) -> None:
        one = self.dimensions[row]
        value = min(max(value, -SPAN), SPAN) * one.sigma
        self.values[one.index] = value
        self.edited.emit(one.index, value)
        self.update()

    def _drag(self, x: float) -> None:
        x0, x1 = self.track(self._held)
        self._set(self._held, (x - x0) / max(x1 - x0, 1) * 2 * SPAN - SPAN)

    def _row_at(self, at: QPointF) -> int:
        return next((r for r in range(len(self.dimensions)) if self.rect_of(r).contains(at)), -1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take a slider."""
        at = event.position()
        row = self._row_at(at)
        if row >= 0:
            self.row = row
            if at.x() > self.track(row)[0] - 8:
                self._held = row
                self._drag(at.x())
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag it."""
        if self._held >= 0:
            self._drag(event.position().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        if self._held >= 0:
            self._held = -1
            self.released.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Back to the prior's mean."""
        row = self._row_at(event.position())
        if row >= 0:
            self._set(row, 0.0)
            self.released.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down choose a dimension, Left and Right move it (Shift: finely), Home is 0."""
        key, fine = Qt.Key(event.key()), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and self.dimensions:
            step = -1 if key == Qt.Key.Key_Up else 1
            self.row = min(max(self.row + step, 0), len(self.dimensions) - 1)
            self.update()
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and self.dimensions:
            one = self.dimensions[self.row]
            step = (0.02 if fine else 0.1) * (-1 if key == Qt.Key.Key_Left else 1)
            self._set(self.row, self.values[one.index] / one.sigma + step)
            self.released.emit()
        elif key == Qt.Key.Key_Home and self.dimensions:
            self._set(self.row, 0.0)
            self.released.emit()
        else:
            super().keyPressEvent(event)


class DimensionSliders(QScrollArea):
    """All dimensions; `edited` while one moves, `released` when it is let go."""

    edited = Signal(int, float)
    released = Signal()

    def __init__(self, parent: QWidget | None = None, *, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self.rows = _Rows(theme=theme)
        self.setWidget(self.rows)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.rows.edited.connect(self.edited)
        self.rows.released.connect(self.released)
        theme.changed.connect(self._fit)

    def sizeHint(self) -> QSize:
        """Some rows."""
        return QSize(self._theme.px(360), self._theme.px(ROW * 6))

    def show_dimensions(self, dimensions: Sequence[Dimension], threshold: float) -> None:
        """These dimensions, in this order; `threshold` is the variance from which one counts as active."""
        self.rows.dimensions, self.rows.threshold = tuple(dimensions), threshold
        self.rows.row = min(self.rows.row, max(len(dimensions) - 1, 0))
        self.rows.values = [0.0] * (1 + max((d.index for d in dimensions), default=-1))
        self._fit()

    def show_point(self, values: Sequence[float]) -> None:
        """Where the point is, by dimension index."""
        if len(values) == len(self.rows.values):
            self.rows.values = [float(v) for v in values]
            self.rows.update()

    def resizeEvent(self, event: object) -> None:
        """More or fewer columns."""
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._fit()

    @Slot()
    def _fit(self) -> None:
        self.rows.setMinimumHeight(self.rows.needed())
        self.rows.update()
