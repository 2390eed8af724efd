"""The hero: the decoders' lanes above, one decoder's search below; an invitation before anything has run."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from app.panels.beams.present import HEADINGS
from app.panels.beams.views import BeamsViews
from app.theme import Theme
from app.widgets.decoder_lanes import DecoderLanes, Lane
from app.widgets.empty import EmptyState


class BeamsHero(QWidget):
    """Lanes and views in a splitter."""

    def __init__(self, parent: QWidget | None = None, *, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._moved = False  # the person has moved the splitter
        self.lanes = DecoderLanes(theme=theme, headings=HEADINGS, axis="log p, all on one axis")
        self.views = BeamsViews(theme=theme)
        self.empty = EmptyState(
            "beams",
            "One sentence, six decoders",
            "See what greedy search, beams, diverse groups, stochastic beams and sampling write for the same input, "
            "and watch each search decide.",
            "Compare six decoders",
            theme=theme,
            hint="Or type a sentence on the left and press Compare.",
        )
        self._area = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setWidget(self.lanes)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setHandleWidth(1)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self._area)
        self.splitter.addWidget(self.views)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.splitterMoved.connect(self._on_moved)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self.splitter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._stack)

    def show_empty(self, empty: bool) -> None:
        """The invitation, or the lanes and views."""
        self._stack.setCurrentIndex(0 if empty else 1)

    def show_lanes(self, lanes: Sequence[Lane], chosen: int, *, focused: bool) -> None:
        """Show lanes, as high as they need while the person has not moved the splitter."""
        self.lanes.set_room(self._room())
        before = (len(self.lanes.lanes), self.lanes.minimumHeight())
        self.lanes.show_lanes(lanes, chosen)
        if (len(lanes), self.lanes.minimumHeight()) != before or focused:
            self._moved = self._moved and not focused
            self._share()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the height anew."""
        super().resizeEvent(event)
        self.lanes.set_room(self._room())
        self._share()

    def _room(self) -> int:
        return round(self.height() * 0.62)

    def _on_moved(self) -> None:
        self._moved = True

    def _share(self) -> None:
        if self._moved or self.height() < 50:
            return
        height = self.splitter.height()
        above = min(self.lanes.minimumHeight() + 2, self._room())
        self._area.setMinimumHeight(min(above, self._theme.px(64)))
        self.splitter.setSizes([above, height - above])
