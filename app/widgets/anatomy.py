"""The one layout every panel has: input, hero and explanation side by side, history below."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.icons import icon
from app.theme import Theme

INPUT_WIDTH = 288
EXPLAIN_WIDTH = 324
HISTORY_HEIGHT = 236
RAIL = 36
NARROW = 1100  # pixels; below this the explanation starts folded


class SideRegion(QFrame):
    """A region at the side that folds to a thin rail."""

    toggled = Signal(bool)  # open?

    def __init__(self, title: str, *, theme: Theme, left: bool, width: int) -> None:
        super().__init__(objectName="region")
        self._theme, self._left, self._width, self._title = theme, left, width, title
        self._open = True
        self.setAccessibleName(title)
        self._heading = QLabel(title)
        self._heading.setProperty("role", "overline")
        self._button = QToolButton(autoRaise=True)
        self._button.clicked.connect(self._on_clicked)
        self._body = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        self._body.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._body.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.rail = RAIL
        head = self._head = QHBoxLayout()
        if left:
            head.addWidget(self._heading, 1)
            head.addWidget(self._button)
        else:
            head.addWidget(self._button)
            head.addWidget(self._heading, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self._body, 1)
        layout.addStretch(0)
        self.set_open(True)
        theme.changed.connect(self._restyle)
        self._restyle()

    def set_widget(self, widget: QWidget) -> None:
        """What the region holds; it scrolls when it is taller than the region."""
        holder = QWidget()
        layout = QVBoxLayout(holder)
        layout.setContentsMargins(16, 4, 16, 16)
        layout.addWidget(widget)
        self._body.setWidget(holder)

    def is_open(self) -> bool:
        """Whether the region is unfolded."""
        return self._open

    def set_open(self, value: bool) -> None:
        """Unfold the region, or fold it to its rail."""
        self._open = value
        self._heading.setVisible(value)
        self._body.setVisible(value)
        self._head.setContentsMargins(*((16 if self._left else 12, 8, 8, 0) if value else (4, 8, 4, 0)))
        self._restyle()
        self.toggled.emit(value)

    def preferred(self) -> int:
        """The width the splitter should give it, in pixels."""
        return self._theme.px(self._width) if self._open else self.rail

    def _on_clicked(self) -> None:
        self.set_open(not self._open)

    def _restyle(self) -> None:
        width = self._theme.px(self._width)
        self.setMinimumWidth(self._theme.px(220) if self._open else self.rail)
        self.setMaximumWidth(max(width + 160, 480) if self._open else self.rail)
        inward = self._left == self._open
        self._button.setIcon(icon("chevron-left" if inward else "chevron-right", self._theme))
        self._button.setToolTip(f"{'Fold' if self._open else 'Unfold'} {self._title.lower()}")
        self._button.setAccessibleName(self._button.toolTip())


class Anatomy(QSplitter):
    """Input | hero | explain over history. Regions that are not set take no room."""

    def __init__(self, *, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        self._theme = theme
        self.presenting = False
        self._chosen = False  # the person folded something: resizing decides nothing any more
        self._before: dict[str, Any] = {}
        self.setChildrenCollapsible(False)
        self.setHandleWidth(1)
        self.top = QSplitter(Qt.Orientation.Horizontal)
        self.top.setChildrenCollapsible(False)
        self.top.setHandleWidth(1)
        self.input = SideRegion("Input", theme=theme, left=True, width=INPUT_WIDTH)
        self.explain = SideRegion("Explain", theme=theme, left=False, width=EXPLAIN_WIDTH)
        self.hero = _Holder("Result")
        self.history = _Holder("History")
        for region in (self.input, self.hero, self.explain):
            self.top.addWidget(region)
        self.top.setStretchFactor(1, 1)
        self.addWidget(self.top)
        self.addWidget(self.history)
        self.setStretchFactor(0, 1)
        self.top.setMinimumHeight(240)
        for side in (self.input, self.explain):
            side.hide()
            side.toggled.connect(self._on_toggled)
        self.history.hide()

    def set_input(self, widget: QWidget) -> None:
        """What goes in: model, text, settings, one primary button."""
        self.input.set_widget(widget)
        self.input.show()
        self._distribute()

    def set_hero(self, widget: QWidget) -> None:
        """The thing people came to see."""
        self.hero.set_widget(widget)

    def set_explain(self, widget: QWidget) -> None:
        """What just happened, in words, with the formula and its numbers."""
        self.explain.set_widget(widget)
        self.explain.show()
        self._distribute()

    def set_history(self, widget: QWidget, height: int = HISTORY_HEIGHT) -> None:
        """Player, timeline, table; `height` in pixels to begin with."""
        self.history.set_widget(widget)
        self.history.show()
        self.history.wanted = height
        self._distribute()

    def set_presenting(self, value: bool) -> None:
        """For a room: input and explanation folded, history a thin line; everything as it was afterwards."""
        if value == self.presenting:
            return
        before = self.state()
        self.presenting = value
        for side in (self.input, self.explain):
            side.rail = 0 if value else RAIL
        if value:
            self._before = before
            self.input.set_open(False)
            self.explain.set_open(False)
            height = self.height() or 700
            self.setSizes([height - 72, 72])
        else:
            self.restore(self._before)

    def state(self) -> dict[str, Any]:
        """Which regions are open, and the sizes of all, for the session; in present mode as they will be again."""
        if self.presenting:
            return dict(self._before)
        return {
            "input": self.input.is_open(),
            "explain": self.explain.is_open(),
            "chosen": self._chosen,
            "top": self.top.sizes(),
            "sizes": self.sizes(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Put the regions back as `state` said; anything missing stays as it is."""
        if self.presenting:  # for afterwards
            self._before = {**self._before, **state}
            return
        for name, region in (("input", self.input), ("explain", self.explain)):
            if name in state:
                region.set_open(bool(state[name]))
        self._chosen = bool(state.get("chosen", self._chosen))
        for splitter, sizes in ((self.top, state.get("top")), (self, state.get("sizes"))):
            if isinstance(sizes, list) and len(sizes) == splitter.count() and sum(sizes) > 0:
                splitter.setSizes([int(s) for s in sizes])

    def reset(self) -> None:
        """Everything where it was in the beginning."""
        self.input.set_open(True)
        self.explain.set_open(self.width() >= NARROW)
        self._chosen = False
        self._distribute()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fold the explanation in a narrow window, until the person decides otherwise."""
        super().resizeEvent(event)
        if not self._chosen and not self.presenting and not self.explain.isHidden():
            wide = self.width() >= NARROW
            if wide != self.explain.is_open():
                self.explain.set_open(wide)
                self._chosen = False
            self._distribute()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the type scale."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and not self._chosen:
            self._distribute()

    def _on_toggled(self, _open: bool) -> None:
        self._chosen = True
        self._distribute()

    def _distribute(self) -> None:
        width, height = self.width(), self.height()
        left = 0 if self.input.isHidden() else self.input.preferred()
        right = 0 if self.explain.isHidden() else self.explain.preferred()
        self.top.setSizes([left, max(width - left - right, 240), right])
        below = 0 if self.history.isHidden() else min(self.history.wanted, max(3 * height // 10, 120))
        self.setSizes([max(height - below, 240), below])


class _Holder(QFrame):
    """A region that shows one widget."""

    def __init__(self, name: str) -> None:
        super().__init__(objectName="region")
        self.setAccessibleName(name)
        self.wanted = HISTORY_HEIGHT
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)

    def set_widget(self, widget: QWidget) -> None:
        layout = self.layout()
        assert layout is not None
        while (item := layout.takeAt(0)) is not None:
            item.widget().setParent(None)
        layout.addWidget(widget)
