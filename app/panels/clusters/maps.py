"""The stages side by side in one grid, so that their maps are of one size whatever stands above them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from app.panels.clusters.run_bar import RunBar
from app.panels.clusters.stage import Stage

MAP_ROW = 3


class Maps(QWidget):
    """The row of the training that runs, and below it a column for each stage."""

    def __init__(self, stages: Sequence[Stage], run_bar: RunBar) -> None:
        super().__init__()
        self._stages = tuple(stages)
        grid = self._grid = QGridLayout()
        grid.setSpacing(0)
        grid.setHorizontalSpacing(1)
        grid.setRowStretch(MAP_ROW, 1)
        for column, stage in enumerate(self._stages):
            for row, part in enumerate(stage.parts):
                grid.addWidget(part, row, column)
            grid.setColumnStretch(column, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(run_bar)
        layout.addLayout(grid, 1)

    def show_stages(self, count: int) -> None:
        """Only the first so many; the others take no room."""
        for column, stage in enumerate(self._stages):
            stage.set_visible(column < count)
            self._grid.setColumnStretch(column, int(column < count))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a low window the maps get the room."""
        super().resizeEvent(event)
        for stage in self._stages:
            stage.fit(self.height())
