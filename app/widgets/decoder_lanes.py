"""What several decoders wrote, a lane each: words aligned with the first lane's, differences signed, numbers above."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Theme, mix
from app.widgets.alignment import Cell, align, split
from app.widgets.lane_layout import HEAD, HEADINGS, PAD, Lane, arrange_lanes, sentence
from app.widgets.replies import OwnKeys, Tips

NUMBER, AXIS = 62.0, 150.0  # px: a column of numbers, the shared axis
SIGNS = {"replaced": "⇄", "inserted": "+", "missing": "\u2212"}


class DecoderLanes(QWidget):
    """Paints lanes under a line of headings; a click chooses a lane or a token, a double-click goes on from a token."""

    lane_chosen = Signal(int)
    token_chosen = Signal(int, int)  # lane, token
    token_activated = Signal(int, int)

    def __init__(self, parent: QWidget | None = None, *, theme: Theme, headings: Sequence[str], axis: str) -> None:
        super().__init__(parent)
        self._theme, self._headings, self._axis = theme, tuple(headings), axis
        self._lanes: tuple[Lane, ...] = ()
        self._chosen = 0
        self._token: tuple[int, int] | None = None  # lane, token
        self._hover: tuple[int, int] | None = None
        self._rows: list[list[Cell]] = []
        self._flow = arrange_lanes((), [], 0, 0, theme=theme)
        self._room = 0  # px that all lanes should fit into, where they can
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Decoders")
        Tips(self, self._tip_at)
        OwnKeys(self, self._owns)
        theme.changed.connect(self._on_theme_changed)

    # --- what is shown ---------------------------------------------------------------------------------------------

    def show_lanes(self, lanes: Sequence[Lane], chosen: int) -> None:
        """Show these lanes; the one with key `chosen` is marked."""
        same = [x.pieces for x in lanes] == [x.pieces for x in self._lanes]
        self._lanes, self._chosen = tuple(lanes), chosen
        if not same:
            words = [split(lane.pieces) for lane in self._lanes]
            self._rows = align(words[0], words[1:]) if words else []
            self._hover = None
        self._layout()
        self.setAccessibleDescription("; ".join(f"{x.title}: {sentence(x)}" for x in self._lanes))
        self.update()

    def set_room(self, height: int) -> None:
        """The height that the lanes should fit into: smaller type is taken before they have to scroll."""
        if height != self._room:
            self._room = height
            self._layout()

    def choose_token(self, lane: int, token: int | None) -> None:
        """Ring a token, without telling anyone."""
        self._token = None if token is None else (lane, token)
        self.update()

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """What is shown."""
        return self._lanes

    @property
    def rows(self) -> list[list[Cell]]:
        """The alignment, a row a lane."""
        return self._rows

    def marks(self, lane: int) -> list[str]:
        """How the words of lane number `lane` compare with the first's, gaps of other lanes left out."""
        return [c.mark for c in self._rows[lane] if c.mark != "alone"]

    def sizeHint(self) -> QSize:
        """All lanes."""
        return QSize(self._theme.px(560), round(self._flow.height))

    def minimumSizeHint(self) -> QSize:
        """Two lanes' width; the area around it scrolls."""
        return QSize(self._theme.px(320), round(self._flow.height))

    # --- layout ----------------------------------------------------------------------------------------------------

    def _layout(self) -> None:
        self._flow = arrange_lanes(self._lanes, self._rows, self.width(), self._room, theme=self._theme)
        height = round(self._flow.height)
        if height != self.minimumHeight():
            self.setFixedHeight(height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay the words out anew."""
        self._layout()

    @Slot()
    def _on_theme_changed(self) -> None:
        self._layout()
        self.update()

    # --- painting --------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Headings, then the lanes."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_headings(painter)
        low, high = self._range()
        for index, lane in enumerate(self._lanes):
            top = self._flow.top(index)
            if not event.rect().intersects(QRectF(0, top, self.width(), self._flow.lane(index)).toRect()):
                continue
            self._paint_ground(painter, lane, top, self._flow.lane(index))
            painter.setOpacity(0.45 if lane.stale else 1.0)
            self._paint_head(painter, index, lane, top, low, high)
            if lane.pieces:
                self._paint_words(painter, index, lane, top + self._theme.px(HEAD))
            else:
                painter.setFont(self._theme.ui_font(13))
                painter.setPen(
                    self._theme.text(self._theme.colors.rejected) if lane.wrong else self._theme.colors.muted
                )
                box = QRectF(self._theme.px(PAD + 20), top + self._theme.px(HEAD), self.width() - 60, self._flow.line)
                painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, lane.note)
            painter.setOpacity(1.0)

    def _columns(self) -> tuple[list[float], float]:
        """Right edges of the numbers, and the left edge of the axis (none in a narrow lane)."""
        right = self.width() - self._theme.px(PAD)
        axis = self._theme.px(AXIS) if self.width() > self._theme.px(740) else 0.0
        width = self._theme.px(NUMBER)
        count = len(self._headings)
        edges = [right - axis - (count - 1 - i) * width for i in range(count)]
        return edges, right - axis + self._theme.px(16) if axis else 0.0

    def _range(self) -> tuple[float, float]:
        values = [v for lane in self._lanes for v in (*lane.ticks, *([lane.dot] if lane.dot is not None else []))]
        low, high = min(values, default=-1.0), max(values, default=0.0)
        return (low, high) if high > low else (low - 1, high)

    def _paint_headings(self, painter: QPainter) -> None:
        painter.setFont(self._theme.ui_font(11))
        painter.setPen(self._theme.colors.muted)
        edges, axis = self._columns()
        high = self._theme.px(HEADINGS)
        for text, right in zip(self._headings, edges, strict=True):
            box = QRectF(right - self._theme.px(NUMBER + 30), 0, self._theme.px(NUMBER + 30), high)
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, text)
        if axis:
            box = QRectF(axis, 0, self.width() - axis - self._theme.px(PAD), high)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._axis)

    def _paint_ground(self, painter: QPainter, lane: Lane, top: float, high: float) -> None:
        c = self._theme.colors
        box = QRectF(4, top + 1, self.width() - 8, high - 2)
        if lane.key == self._chosen:
            painter.setPen(QPen(c.accent, 1.6) if self.hasFocus() else Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.tint(c.accent, 0.07))
            painter.drawRoundedRect(box, 7, 7)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(c.accent)
            painter.drawRoundedRect(QRectF(4, top + 8, 3, high - 16), 1.5, 1.5)
        else:
            painter.setPen(QPen(c.hairline, 1))
            painter.drawLine(QPointF(12, box.bottom() + 1), QPointF(self.width() - 12, box.bottom() + 1))

    def _paint_head(self, painter: QPainter, index: int, lane: Lane, top: float, low: float, high: float) -> None:
        c, pad, head = self._theme.colors, self._theme.px(PAD), self._theme.px(HEAD)
        color = self._theme.category(index)
        middle = top + head / 2 + 3
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawRoundedRect(QRectF(pad, middle - 5, 10, 10), 3, 3)
        edges, axis = self._columns()
        font = self._theme.ui_font(12, 600)
        painter.setFont(font)
        painter.setPen(c.ink)
        room = (edges[0] if edges else self.width()) - self._theme.px(NUMBER) - pad - 20
        left, small = pad + self._theme.px(20), self._theme.ui_font(11, 600)
        badge, needed = "", 0.0
        if lane.badge:  # it says what is wrong: a long title gives way to it, to half the room
            metrics = QFontMetricsF(small)
            badge = f"✗ {lane.badge}" if lane.bad else lane.badge
            badge = metrics.elidedText(badge, Qt.TextElideMode.ElideRight, room / 2)
            needed = metrics.horizontalAdvance(badge) + 10
        title = QFontMetricsF(font).elidedText(lane.title, Qt.TextElideMode.ElideRight, room - needed)
        painter.drawText(QPointF(left, middle + 4), title)
        left += QFontMetricsF(font).horizontalAdvance(title) + 10
        painter.setFont(small)
        painter.setPen(self._theme.text(c.rejected) if lane.bad else c.muted)
        painter.drawText(QPointF(left, middle + 4), badge)
        painter.setFont(self._theme.number_font(12))
        painter.setPen(c.ink)
        for text, right in zip(lane.numbers, edges, strict=False):
            box = QRectF(right - self._theme.px(NUMBER), middle - 10, self._theme.px(NUMBER), 20)
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, text)
        if axis:
            self._paint_axis(painter, lane, axis, middle, low, high, index)

    def _paint_axis(
        self, painter: QPainter, lane: Lane, left: float, middle: float, low: float, high: float, index: int
    ) -> None:
        """All its sentences on the axis that the lanes share; the one shown is the dot."""
        c, right = self._theme.colors, self.width() - self._theme.px(PAD) - 6
        painter.setPen(QPen(c.hairline, 1))
        painter.drawLine(QPointF(left, middle), QPointF(right, middle))

        def at(value: float) -> float:
            return left + (right - left) * (value - low) / (high - low)

        painter.setPen(QPen(mix(c.muted, c.surface, 0.35), 1.2))
        for value in lane.ticks:
            painter.drawLine(QPointF(at(value), middle - 4), QPointF(at(value), middle + 4))
        if lane.dot is not None:
            painter.setPen(QPen(c.surface, 1.5))
            painter.setBrush(self._theme.category(index))
            painter.drawEllipse(QPointF(at(lane.dot), middle), 5, 5)

    def _paint_words(self, painter: QPainter, index: int, lane: Lane, top: float) -> None:
        c, metrics, line = self._theme.colors, self._flow.metrics, self._flow.line
        font = self._theme.sentence_font(self._flow.size)
        for rect, owner, token in self._flow.hits:
            if owner == index and (index, token) == self._hover:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(self._theme.tint(c.accent, 0.18))
                painter.drawRoundedRect(rect.adjusted(-2, 1, 2, -1), 4, 4)
            if owner == index and (lane.key, token) == self._token:
                painter.setPen(QPen(c.accent, 1.6))
                painter.setBrush(self._theme.tint(c.accent, 0.12))
                painter.drawRoundedRect(rect.adjusted(-2, 1, 2, -1), 4, 4)
        for column, cell in enumerate(self._rows[index]):
            if cell.mark == "alone":
                continue
            x, y = self._flow.lefts[index][column], top + self._flow.lines[index][column] * line
            base = y + metrics.ascent() + 2
            if cell.word is None:
                self._paint_missing(painter, column, x, base, metrics)
                continue
            painter.setFont(font)
            painter.setPen(c.ink)
            painter.drawText(QPointF(x, base), cell.word.text)
            if cell.mark != "same":
                width = metrics.horizontalAdvance(cell.word.text)
                self._paint_mark(painter, cell.mark, x, base + 4, width)

    def _paint_mark(self, painter: QPainter, mark: str, x: float, y: float, width: float) -> None:
        c = self._theme.colors
        color = c.replaced if mark == "replaced" else c.inserted
        painter.setPen(QPen(color, 2.2))
        painter.drawLine(QPointF(x, y), QPointF(x + width, y))
        painter.setFont(self._theme.ui_font(9, 600))
        painter.setPen(self._theme.text(color))
        sign = QRectF(x + width - 12, y - self._flow.metrics.height() - 1, 16, 11)
        painter.drawText(sign, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, SIGNS[mark])

    def _paint_missing(self, painter: QPainter, column: int, x: float, base: float, metrics: QFontMetricsF) -> None:
        """The first lane's word, faint and struck through."""
        word = self._rows[0][column].word
        if word is None:
            return
        c = self._theme.colors
        font = self._theme.sentence_font(self._flow.size)
        painter.setFont(font)
        painter.setPen(mix(c.muted, c.surface, 0.55))
        painter.drawText(QPointF(x, base), word.text)
        painter.setPen(QPen(c.deleted, 1.8))
        middle = base - metrics.xHeight() / 2
        painter.drawLine(QPointF(x - 1, middle), QPointF(x + metrics.horizontalAdvance(word.text) + 1, middle))

    # --- mouse and keys --------------------------------------------------------------------------------------------

    def _at(self, point: QPointF) -> tuple[int, int] | None:
        """Lane and token under a point; token -1 for the lane itself."""
        for rect, lane, token in self._flow.hits:
            if rect.adjusted(-1, 0, 1, 0).contains(point):
                return lane, token
        index = self._flow.at(point.y())
        return (index, -1) if index >= 0 else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Light up the token under the pointer."""
        found = self._at(event.position())
        found = found if found and found[1] >= 0 else None
        if found != self._hover:
            self._hover = found
            self.setCursor(Qt.CursorShape.PointingHandCursor if found else Qt.CursorShape.ArrowCursor)
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the pointer."""
        self._hover = None
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose a lane, and the token that was hit."""
        found = self._at(event.position())
        if found is None:
            return
        key = self._lanes[found[0]].key
        self.lane_chosen.emit(key)
        if found[1] >= 0:
            self._token = (key, found[1])
            self.token_chosen.emit(key, found[1])
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Go on from a token."""
        found = self._at(event.position())
        if found is not None and found[1] >= 0:
            self.token_activated.emit(self._lanes[found[0]].key, found[1])

    def _tip_at(self, place: QPointF) -> str:
        found = self._at(place)
        tips = self._lanes[found[0]].tips if found else ()
        return tips[found[1]] if found and 0 <= found[1] < len(tips) else ""

    def _owns(self, event: QKeyEvent) -> bool:
        """Up and Down; Left and Right while a token is chosen."""
        sideways = event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right) and self._token is not None
        return not event.modifiers() and (sideways or event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down choose a lane, Left and Right a token, Return goes on from it, Esc drops it."""
        index = next((i for i, x in enumerate(self._lanes) if x.key == self._chosen), 0)
        key = event.key()
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and self._lanes:
            other = min(max(index + (1 if key == Qt.Key.Key_Down else -1), 0), len(self._lanes) - 1)
            self.lane_chosen.emit(self._lanes[other].key)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home) and self._lanes and self._lanes[index].pieces:
            lane = self._lanes[index]
            now = self._token[1] if self._token and self._token[0] == lane.key else -1
            by = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(key), -now)
            token = min(max(now + by, 0), len(lane.pieces) - 1)
            self._token = (lane.key, token)
            self.token_chosen.emit(lane.key, token)
            self.update()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._token is not None:
            self.token_activated.emit(*self._token)
        elif key == Qt.Key.Key_Escape and self._token is not None:
            self._token = None
            self.update()
        else:
            super().keyPressEvent(event)
