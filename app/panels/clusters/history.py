"""The history region: the pages' tabs and the player in one row, so that a thin history still plays."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from app.widgets.player import PlayerBar


class History(QWidget):
    """Pages with their titles, and a player beside the tabs."""

    def __init__(self, pages: Sequence[tuple[QWidget, str]], player: PlayerBar) -> None:
        super().__init__()
        self.bar, self.pages, self.player = QTabBar(drawBase=False, expanding=False), QStackedWidget(), player
        self.bar.setAccessibleName("Linked views")
        for page, title in pages:
            self.bar.addTab(title)
            self.pages.addWidget(page)
        self.bar.currentChanged.connect(self.pages.setCurrentIndex)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.bar)
        row.addWidget(player, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(row)
        layout.addWidget(self.pages, 1)

    def current(self) -> int:
        """The page in front."""
        return self.bar.currentIndex()

    def show_index(self, index: int) -> None:
        """Bring a page to the front."""
        self.bar.setCurrentIndex(index)

    def show_page(self, page: QWidget) -> None:
        """Bring a page to the front."""
        self.bar.setCurrentIndex(self.pages.indexOf(page))
