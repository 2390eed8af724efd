"""A search as a tree, read from left to right: prefixes merged, edges as wide as their token is probable."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from PySide6.QtCore import (
    QEasingCurve,
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
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QWidget

from app.theme import Theme
from app.widgets.panned_view import MARGIN, PannedView
from app.widgets.replies import OwnKeys, Tips
from app.widgets.tree_layout import GAP, ROOT, ROW, Fold, Place, Sheet, TreeNode, arrange
from app.widgets.tree_paint import SIZE, TreePainter

NOTE = 168.0  # px right of the newest column, for what happened in this step
SMALLEST = 0.85  # zoom to which the tree shrinks by itself before it scrolls
DETAIL = 0.55  # zoom below which labels are left out
DURATION = 160  # ms


class SearchTree(PannedView):
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
        self._sheet: Sheet | None = None
        self._before: dict[int, QPointF] = {}
        self._widths: dict[str, float] = {}
        self._hint = ""
        self.groups = 1
        self.describe: Callable[[TreeNode], str] = lambda node: node.label
        self._motion = QVariantAnimation(self, startValue=0.0, endValue=1.0, duration=DURATION)
        self._motion.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._motion.valueChanged.connect(self.viewport().update)
        self.viewport().setAutoFillBackground(False)
        self.setAccessibleName("Search tree")
        Tips(self.viewport(), self._tip_at)
        OwnKeys(self, self._owns)
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
            ends = self.sheet.width + (NOTE * self._theme.scale if self._step else 0) + 2 * MARGIN
        if not self.held:
            self.zoom = min(max(self.viewport().width() / max(ends, 1.0), SMALLEST), 1.0)
            self.measure_bars()
        self.horizontalScrollBar().setValue(round(ends * self.zoom - self.viewport().width()))
        top = 0.0 if marked else min((p.y for p in living), default=0.0)
        if top * self.zoom < self.viewport().height() * 0.6:
            self.verticalScrollBar().setValue(0)
        else:
            self.verticalScrollBar().setValue(round(top * self.zoom - self.viewport().height() * 0.3))

    def sizeHint(self) -> QSize:
        """Room for a dozen rows."""
        return QSize(self._theme.px(560), self._theme.px(280))

    def minimumSizeHint(self) -> QSize:
        """Room for five rows."""
        return QSize(self._theme.px(240), self._theme.px(120))

    def content(self) -> QSizeF:
        """The tree and the remarks beside it."""
        return QSizeF(self.sheet.width + NOTE * self._theme.scale, self.sheet.height)

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
                row=ROW * scale,
                gap=GAP * scale,
            )
        self.measure_bars()

    def _measure(self, node: TreeNode) -> float:
        if node.id == ROOT:
            return self._theme.px(8)
        width = self._widths.get(node.label)
        if width is None:
            metrics = QFontMetricsF(self._theme.sentence_font(SIZE))
            width = self._widths[node.label] = metrics.horizontalAdvance(node.label) + 10
        return width

    def node_rect(self, node: int) -> QRectF:
        """Where a node's label is, in the viewport."""
        place = self.sheet.places[node]
        corner = QPointF(place.x, place.y - 11 * self._theme.scale) * self.zoom + self.origin()
        return QRectF(corner, QSizeF(place.width, 22 * self._theme.scale) * self.zoom)

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
        painter.translate(self.origin())
        painter.scale(self.zoom, self.zoom)
        corner = self.to_sheet(QPointF(0, 0))
        seen = QRectF(corner, self.to_sheet(QPointF(self.viewport().width(), self.viewport().height())))
        now = float(self._motion.currentValue()) if self._moving else 1.0
        left, top, right, bottom = seen.left(), seen.top() - 20, seen.right(), seen.bottom() + 20
        order = [p for p in places.values() if p.x + p.width >= left or p.node.id in self._before]
        order.sort(key=lambda p: (p.node.id in self._final, not p.node.pruned))
        brush = self._brush()
        for place in order:
            if place.node.id != ROOT:
                parent = places[place.node.parent]
                brush.edge(painter, place, parent, self._spot(parent, now), self._spot(place, now), seen, now)
        for place in order:
            spot = self._spot(place, now)
            if top <= spot.y() <= bottom and spot.x() <= right:
                brush.node(painter, place, spot, now)

    def _brush(self) -> TreePainter:
        detail = self.zoom >= DETAIL
        return TreePainter(
            self._theme,
            self.sheet,
            self._step,
            self._final,
            self._chosen,
            self._hover,
            self.groups,
            self._before,
            detail,
        )

    @property
    def _moving(self) -> bool:
        return self._motion.state() == QVariantAnimation.State.Running

    def _spot(self, place: Place, now: float) -> QPointF:
        end = QPointF(place.x, place.y)
        start = self._before.get(place.node.id) if now < 1.0 else None
        return end if start is None else start + (end - start) * now

    @Slot()
    def _on_theme_changed(self) -> None:
        self._widths.clear()
        self._arrange()
        self.updateGeometry()
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the newest column in sight."""
        super().resizeEvent(event)
        self.measure_bars()
        self.follow()

    # --- mouse and keys --------------------------------------------------------------------------------------------

    def _at(self, point: QPointF) -> tuple[int | None, bool]:
        """The node under a point of the viewport, and whether it is its chip."""
        brush = self._brush()
        spot = self.to_sheet(point)
        for name, place in self.sheet.places.items():
            if place.hidden and brush.chip_rect(place, QPointF(place.x, place.y)).contains(spot):
                return name, True
            half = 11 * self._theme.scale
            if name != ROOT and QRectF(place.x - 2, place.y - half, place.width + 4, 2 * half).contains(spot):
                return name, False
        return None, False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pan while dragging; otherwise light up the node under the pointer."""
        super().mouseMoveEvent(event)
        if self.dragging:
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
            self.begin_drag(event.position())
        elif chip or (name in self._unfolded and name == self._chosen):
            self.toggle(name)
        else:
            self.choose(name)
            self.node_chosen.emit(name)

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

    def _owns(self, event: QKeyEvent) -> bool:
        """The arrow keys while a node is chosen, and 0."""
        arrow = self._chosen is not None and event.key() in _ARROWS
        return not event.modifiers() and (arrow or event.key() == Qt.Key.Key_0)

    def _tip_at(self, place: QPointF) -> str:
        """What a node is."""
        name, chip = self._at(place)
        if name is None or name not in self._nodes:
            return ""
        hidden = f"{self.sheet.places[name].hidden} pruned here; click to see them"
        return hidden if chip else self.describe(self._nodes[name])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows walk the tree, Return goes on from a node, plus and minus zoom, 0 fits, a full stop folds."""
        key = event.key()
        if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            self.held = True
            self.set_zoom(self.zoom * (1 / 1.2 if key == Qt.Key.Key_Minus else 1.2))
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
        away = rect.center() - QPointF(view.center())
        high = rect.top() < 0 or rect.bottom() > view.height()
        wide = rect.left() < 0 or rect.right() > view.width()
        self.scroll_by(away.x() if wide else 0, away.y() if high else 0)


_ARROWS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down)
