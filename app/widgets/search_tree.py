"""A search as a tree, read from left to right: prefixes merged, edges as wide as their token is probable."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping

from PySide6.QtCore import (
    QEasingCurve,
    QEvent,
    QPoint,
    QPointF,
    QRectF,
    QSize,
    QSizeF,
    Qt,
    QVariantAnimation,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QToolTip, QWidget

from app.theme import Theme, mix
from app.widgets.numbers import number
from app.widgets.tree_layout import ROOT, Fold, Place, Sheet, TreeNode, arrange

MARGIN = 18.0  # px around the sheet
NOTE = 168.0  # px right of the newest column, for what happened in this step
DETAIL = 0.55  # zoom below which labels are left out
DURATION = 160  # ms
SIZE = 14  # px of a label


class SearchTree(QAbstractScrollArea):
    """Paints a search as it stood at a step. Wheel scrolls, Ctrl and wheel zooms, dragging pans.

    What lived is ink, what lives now and what was found stands out, what was pruned is grey; the newest column says of
    each candidate whether it was kept, and by how much it missed.
    """

    node_chosen = Signal(int)
    node_activated = Signal(int)  # double-click or Return: go on from there

    def __init__(self, parent: QWidget | None = None, *, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._nodes: Mapping[int, TreeNode] = {}
        self._step = 0
        self._final: frozenset[int] = frozenset()
        self._chosen: int | None = None
        self._hover: int | None = None
        self._unfolded: set[int] = set()
        self._fold: Fold = "step"
        self._zoom = 1.0
        self._sheet: Sheet | None = None
        self._before: dict[int, QPointF] = {}
        self._widths: dict[str, float] = {}
        self._drag: QPoint | None = None
        self._hint = ""
        self.groups = 1
        self.describe: Callable[[TreeNode], str] = lambda node: node.label
        self._motion = QVariantAnimation(self, startValue=0.0, endValue=1.0, duration=DURATION)
        self._motion.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._motion.valueChanged.connect(self.viewport().update)
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self.viewport().setAutoFillBackground(False)
        self.setAccessibleName("Search tree")
        theme.changed.connect(self._on_theme_changed)

    # --- what is shown ---------------------------------------------------------------------------------------------

    def show_tree(
        self,
        nodes: Mapping[int, TreeNode],
        step: int,
        *,
        final: Collection[int] = (),
        groups: int = 1,
        animate: bool = False,
    ) -> None:
        """Show a search after a step; `final` are the nodes of the sentence that is marked."""
        if nodes is not self._nodes:
            self._unfolded.clear()
            self._chosen = self._hover = None
        moving = animate and self._theme.motion and self.isVisible() and nodes is self._nodes
        self._before = {n: QPointF(p.x, p.y) for n, p in self.sheet.places.items()} if moving and self._sheet else {}
        self._nodes, self._step, self._final, self.groups = nodes, step, frozenset(final), groups
        self._arrange()
        self.follow()
        self._motion.stop()
        if self._before:
            self._motion.start()
        self.viewport().update()

    def show_hint(self, text: str) -> None:
        """What to say while there is no tree."""
        self._hint = text
        self.viewport().update()

    def choose(self, node: int | None) -> None:
        """Ring a node, without telling anyone."""
        self._chosen = node if node in self._nodes else None
        if self._chosen is not None:
            self.setAccessibleDescription(self.describe(self._nodes[self._chosen]))
        self.viewport().update()

    def set_fold(self, fold: Fold) -> None:
        """How much of what was pruned is shown."""
        if fold != self._fold:
            self._fold = fold
            self._unfolded.clear()
            self._arrange()
            self.follow()
            self.viewport().update()

    @property
    def fold(self) -> Fold:
        """How much of what was pruned is shown."""
        return self._fold

    @property
    def chosen(self) -> int | None:
        """The ringed node."""
        return self._chosen

    @property
    def sheet(self) -> Sheet:
        """The layout shown."""
        if self._sheet is None:
            self._arrange()
        assert self._sheet is not None
        return self._sheet

    def fit(self) -> None:
        """Zoom so that the whole tree is seen."""
        view, sheet = self.viewport().size(), self.sheet
        wide = (view.width() - 2 * MARGIN) / max(sheet.width + NOTE, 1)
        high = (view.height() - 2 * MARGIN) / max(sheet.height, 1)
        self.set_zoom(min(wide, high, 1.0))

    def set_zoom(self, zoom: float, around: QPointF | None = None) -> None:
        """Zoom, keeping the point `around` of the viewport (by default its middle) where it is."""
        zoom = min(max(zoom, 0.15), 2.5)
        at = around or QPointF(self.viewport().rect().center())
        spot = self._to_sheet(at)
        self._zoom = zoom
        self._bars()
        self.horizontalScrollBar().setValue(round((spot.x() + MARGIN) * zoom - at.x()))
        self.verticalScrollBar().setValue(round((spot.y() + MARGIN) * zoom - at.y()))
        self.viewport().update()

    def follow(self) -> None:
        """Scroll so that the newest column and its remarks are seen; after the end, the marked sentence."""
        if not self.sheet.columns:
            return
        places = self.sheet.places
        marked = [places[n] for n in self._final if n in places]
        living = [p for p in places.values() if p.node.born == self._step and p.node.reason == "kept"]
        if marked and not living:  # the search is over: show what it found
            ends = max(p.x + p.width for p in marked) + 3 * MARGIN
        else:
            ends = self.sheet.width + (NOTE if self._step else 0) + 2 * MARGIN
        self.horizontalScrollBar().setValue(round(ends * self._zoom - self.viewport().width()))
        top = 0.0 if marked else min((p.y for p in living), default=0.0)
        if top * self._zoom < self.viewport().height() * 0.6:
            self.verticalScrollBar().setValue(0)
        else:
            self.verticalScrollBar().setValue(round(top * self._zoom - self.viewport().height() * 0.3))

    def sizeHint(self) -> QSize:
        """Room for a dozen rows."""
        return QSize(self._theme.px(560), self._theme.px(280))

    def minimumSizeHint(self) -> QSize:
        """Room for five rows."""
        return QSize(self._theme.px(240), self._theme.px(120))

    # --- layout ----------------------------------------------------------------------------------------------------

    def _arrange(self) -> None:
        if not self._nodes:
            self._sheet = Sheet({}, (), 0.0, 0.0)
        else:
            scale = self._theme.scale
            self._sheet = arrange(
                self._nodes,
                self._step,
                self._measure,
                fold=self._fold,
                unfolded=self._unfolded,
                final=self._final,
                row=23.0 * scale,
                gap=34.0 * scale,
            )
        self._bars()

    def _measure(self, node: TreeNode) -> float:
        if node.id == ROOT:
            return self._theme.px(8)
        width = self._widths.get(node.label)
        if width is None:
            metrics = QFontMetricsF(self._theme.sentence_font(SIZE))
            width = self._widths[node.label] = metrics.horizontalAdvance(node.label) + 10
        return width

    def _bars(self) -> None:
        sheet = self._sheet
        if sheet is None:
            return
        width = (sheet.width + NOTE + 2 * MARGIN) * self._zoom
        height = (sheet.height + 2 * MARGIN) * self._zoom
        for bar, size, page in (
            (self.horizontalScrollBar(), width, self.viewport().width()),
            (self.verticalScrollBar(), height, self.viewport().height()),
        ):
            bar.setPageStep(page)
            bar.setSingleStep(24)
            bar.setRange(0, max(0, math.ceil(size - page)))

    def _origin(self) -> QPointF:
        left = MARGIN * self._zoom - self.horizontalScrollBar().value()
        return QPointF(left, MARGIN * self._zoom - self.verticalScrollBar().value())

    def _to_sheet(self, point: QPointF) -> QPointF:
        return (point - self._origin()) / self._zoom

    def node_rect(self, node: int) -> QRectF:
        """Where a node's label is, in the viewport."""
        place = self.sheet.places[node]
        corner = QPointF(place.x, place.y - 11 * self._theme.scale) * self._zoom + self._origin()
        return QRectF(corner, QSizeF(place.width, 22 * self._theme.scale) * self._zoom)

    # --- painting --------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Edges first, then labels, then what the newest step decided."""
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        places = self.sheet.places
        if not places:
            painter.setPen(self._theme.colors.muted)
            painter.setFont(self._theme.ui_font(13))
            wrap = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.viewport().rect().adjusted(24, 0, -24, 0), int(wrap), self._hint)
            return
        painter.translate(self._origin())
        painter.scale(self._zoom, self._zoom)
        corner = self._to_sheet(QPointF(0, 0))
        seen = QRectF(corner, self._to_sheet(QPointF(self.viewport().width(), self.viewport().height())))
        now = float(self._motion.currentValue()) if self._moving else 1.0
        spots = {n: self._spot(p, now) for n, p in places.items()}
        order = sorted(places.values(), key=lambda p: (p.node.id in self._final, not p.node.pruned))
        for place in order:
            if place.node.id != ROOT:
                self._paint_edge(painter, place, spots, seen, now)
        detail = self._zoom >= DETAIL
        for place in order:
            spot = spots[place.node.id]
            if seen.top() - 20 <= spot.y() <= seen.bottom() + 20 and spot.x() <= seen.right():
                self._paint_node(painter, place, spot, now, detail)

    @property
    def _moving(self) -> bool:
        return self._motion.state() == QVariantAnimation.State.Running

    def _spot(self, place: Place, now: float) -> QPointF:
        end = QPointF(place.x, place.y)
        start = self._before.get(place.node.id)
        return end if start is None or now >= 1.0 else start + (end - start) * now

    def _color(self, node: TreeNode) -> QColor:
        c = self._theme.colors
        if node.id in self._final:
            return c.accent
        status = node.status(self._step)
        if status in ("pruned", "dead"):
            return mix(c.muted, c.surface, 0.25)
        if self.groups > 1:
            return self._theme.category(node.group)
        return mix(c.ink, c.surface, 0.5)

    def _opacity(self, node: TreeNode, now: float) -> float:
        return now if node.id not in self._before and now < 1.0 else 1.0

    def _paint_edge(
        self, painter: QPainter, place: Place, spots: Mapping[int, QPointF], seen: QRectF, now: float
    ) -> None:
        node = place.node
        parent = self.sheet.places[node.parent]
        start, end = spots[node.parent] + QPointF(parent.width, 0), spots[node.id]
        if max(start.y(), end.y()) < seen.top() or min(start.y(), end.y()) > seen.bottom() or start.x() > seen.right():
            return
        likely = math.exp(min(node.log_prob, 0.0))
        pen = QPen(self._color(node), 0.8 + 6.0 * likely, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap)
        if node.pruned or node.status(self._step) == "dead":
            pen.setWidthF(0.8 + 3.0 * likely)
            pen.setStyle(Qt.PenStyle.DashLine)
            pen.setDashPattern([3.0 / pen.widthF() + 1, 3.0 / pen.widthF() + 1])
        painter.setOpacity(self._opacity(node, now) * (1.0 if node.id in self._final else 0.75))
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        bend = self.sheet.columns[node.born] - 34.0 * self._theme.scale
        path = QPainterPath(start + QPointF(1, 0))
        if bend > start.x():
            path.lineTo(bend, start.y())
        middle = (max(bend, start.x()) + end.x()) / 2
        path.cubicTo(QPointF(middle, start.y()), QPointF(middle, end.y()), end - QPointF(1, 0))
        painter.drawPath(path)
        painter.setOpacity(1.0)

    def _paint_node(self, painter: QPainter, place: Place, spot: QPointF, now: float, detail: bool) -> None:
        node, c = place.node, self._theme.colors
        high = self._theme.px(20)
        box = QRectF(spot.x(), spot.y() - high / 2, place.width, high)
        painter.setOpacity(self._opacity(node, now))
        if node.id == ROOT:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(c.muted)
            painter.drawEllipse(box.center(), 4, 4)
            painter.setOpacity(1.0)
            self._paint_chip(painter, place, spot)
            return
        color, final = self._color(node), node.id in self._final
        if not detail:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            painter.drawRoundedRect(box.adjusted(0, 5, 0, -5), 3, 3)
            painter.setOpacity(1.0)
            return
        if final or node.id in (self._hover, self._chosen):
            painter.setPen(QPen(c.accent, 1.8) if node.id == self._chosen else Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.tint(c.accent, 0.16 if final else 0.08))
            painter.drawRoundedRect(box, 5, 5)
        painter.setFont(self._theme.sentence_font(SIZE))
        dead = node.status(self._step) in ("dead", "pruned")
        painter.setPen(c.muted if dead else self._theme.text(c.accent) if final else c.ink)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, node.label)
        if node.born == self._step:
            self._paint_note(painter, node, QPointF(self.sheet.width + 12, spot.y()))
        self._paint_chip(painter, place, spot)
        painter.setOpacity(1.0)

    def _paint_note(self, painter: QPainter, node: TreeNode, at: QPointF) -> None:
        """What this step decided about a candidate."""
        c = self._theme.colors
        if node.reason == "finished":
            sign, text, color = "■", number(node.total), c.accepted
        elif node.pruned:
            short = f", {number(node.margin, digits=2)} short" if node.margin > 0 else ""
            sign, text, color = "✗", f"{_REASONS.get(node.reason, node.reason)}{short}", c.rejected
        else:
            sign, text, color = "✓", number(node.total), c.accepted
        painter.setFont(self._theme.number_font(11.5, 600))
        painter.setPen(self._theme.text(color))
        painter.drawText(QPointF(at.x(), at.y() + 4), sign)
        painter.setFont(self._theme.number_font(11.5))
        painter.setPen(c.muted if node.pruned else c.ink)
        painter.drawText(QPointF(at.x() + 16 * self._theme.scale, at.y() + 4), text)

    def _chip_rect(self, place: Place, spot: QPointF) -> QRectF:
        width = self._theme.px(11 + 6 * len(str(place.hidden)))
        return QRectF(spot.x() + place.width + 3, spot.y() - self._theme.px(17), width, self._theme.px(13))

    def _paint_chip(self, painter: QPainter, place: Place, spot: QPointF) -> None:
        """How many children are folded away here."""
        if not place.hidden or self._zoom < DETAIL:
            return
        chip, c = self._chip_rect(place, spot), self._theme.colors
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(mix(c.surface, c.muted, 0.16))
        painter.drawRoundedRect(chip, 5, 5)
        painter.setPen(c.muted)
        painter.setFont(self._theme.number_font(9.5))
        painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, f"+{place.hidden}")

    @Slot()
    def _on_theme_changed(self) -> None:
        self._widths.clear()
        self._arrange()
        self.updateGeometry()
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the newest column in sight."""
        super().resizeEvent(event)
        self._bars()
        self.follow()

    # --- mouse and keys --------------------------------------------------------------------------------------------

    def _at(self, point: QPointF) -> tuple[int | None, bool]:
        """The node under a point of the viewport, and whether it is its chip."""
        spot = self._to_sheet(point)
        for name, place in self.sheet.places.items():
            if place.hidden and self._chip_rect(place, QPointF(place.x, place.y)).contains(spot):
                return name, True
            half = 11 * self._theme.scale
            if name != ROOT and QRectF(place.x - 2, place.y - half, place.width + 4, 2 * half).contains(spot):
                return name, False
        return None, False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pan while dragging; otherwise light up the node under the pointer."""
        if self._drag is not None:
            by = event.position().toPoint() - self._drag
            self._drag = event.position().toPoint()
            self.horizontalScrollBar().setValue(self.horizontalScrollBar().value() - by.x())
            self.verticalScrollBar().setValue(self.verticalScrollBar().value() - by.y())
            return
        name, _ = self._at(event.position())
        if name != self._hover:
            self._hover = name
            self.viewport().setCursor(
                Qt.CursorShape.PointingHandCursor if name is not None else Qt.CursorShape.ArrowCursor
            )
            self.viewport().update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose a node, open or close a fold, or begin to pan."""
        name, chip = self._at(event.position())
        if name is None:
            self._drag = event.position().toPoint()
        elif chip or (name in self._unfolded and name == self._chosen):
            self.toggle(name)
        else:
            self.choose(name)
            self.node_chosen.emit(name)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Panning ends."""
        self._drag = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Go on from a node."""
        name, chip = self._at(event.position())
        if name is not None and not chip:
            self.node_activated.emit(name)

    def toggle(self, node: int) -> None:
        """Show or fold all children of a node."""
        self._unfolded ^= {node}
        self._arrange()
        self.viewport().update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll; with Ctrl, zoom."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_zoom(self._zoom * 1.0015 ** event.angleDelta().y(), event.position())
        else:
            super().wheelEvent(event)

    def event(self, event: QEvent) -> bool:
        """Arrow keys belong to the tree while it has the focus and a node is chosen."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if self._chosen is not None and event.key() in _ARROWS and not event.modifiers():
                event.accept()
                return True
        return super().event(event)

    def viewportEvent(self, event: QEvent) -> bool:
        """Say what a node is when the pointer rests on it."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            name, chip = self._at(QPointF(event.pos()))
            if name is None or name not in self._nodes:
                QToolTip.hideText()
            elif chip:
                QToolTip.showText(
                    event.globalPos(), f"{self.sheet.places[name].hidden} pruned here; click to see them", self
                )
            else:
                QToolTip.showText(event.globalPos(), self.describe(self._nodes[name]), self)
            return True
        return super().viewportEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows walk the tree, Return goes on from a node, + and − zoom, 0 fits, Space on a fold opens it."""
        key = event.key()
        if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            self.set_zoom(self._zoom * (1 / 1.2 if key == Qt.Key.Key_Minus else 1.2))
        elif key == Qt.Key.Key_0:
            self.fit()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._chosen is not None:
            self.node_activated.emit(self._chosen)
        elif key in _ARROWS and self._nodes:
            self._walk(key)
        elif event.text() == "." and self._chosen is not None:
            self.toggle(self._chosen)
        else:
            super().keyPressEvent(event)

    def _walk(self, key: int) -> None:
        places = self.sheet.places
        here = places.get(self._chosen if self._chosen is not None else ROOT) or places[ROOT]
        if key == Qt.Key.Key_Left:
            found = here.node.parent if here.node.id != ROOT else None
        elif key == Qt.Key.Key_Right:
            kids = [places[c] for c in here.node.children if c in places]
            found = min(kids, key=lambda p: p.y).node.id if kids else None
        else:
            column = sorted((p for p in places.values() if p.node.born == here.node.born), key=lambda p: p.y)
            at = column.index(here) + (1 if key == Qt.Key.Key_Down else -1)
            found = column[at].node.id if 0 <= at < len(column) else None
        if found is not None and found != ROOT:
            self.choose(found)
            self._reveal(found)
            self.node_chosen.emit(found)

    def _reveal(self, node: int) -> None:
        rect, view = self.node_rect(node), self.viewport().rect()
        if rect.top() < 0 or rect.bottom() > view.height():
            self.verticalScrollBar().setValue(
                self.verticalScrollBar().value() + round(rect.center().y() - view.height() / 2)
            )
        if rect.left() < 0 or rect.right() > view.width():
            self.horizontalScrollBar().setValue(
                self.horizontalScrollBar().value() + round(rect.center().x() - view.width() / 2)
            )


_REASONS = {"patience": "search over", "repeated n-gram": "repeats", "vocabulary": "no word", "group": "taken"}
_ARROWS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down)
