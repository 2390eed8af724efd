"""Clusters against labels: a list whose names can be typed, a heat map of counts, and what they are worth together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QColor, QIcon, QKeyEvent, QPainter, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.panels.clusters.inputs import Strip
from app.theme import Theme
from app.widgets.heat_map import HeatMap
from app.widgets.metric import MetricLabel
from app.widgets.numbers import number
from engine.messages import Metric

FIGURES = (
    ("homogeneity", "Homogeneity", "1 \N{MINUS SIGN} H(label|code) / H(label); rises with the number of codes alone"),
    ("ami", "AMI", "Mutual information of code and label above what shuffled labels give: 0 is chance, 1 is equality"),
    (
        "nearest_accuracy",
        "10 nearest in z",
        "How often the 10 nearest other sentences vote for the right label",
    ),
    ("mutual_information", "I(x; c)", "What the codes tell of the sentence; near 0 the codes are chance"),
    ("variance_of_means", "Var of means", "How far the components stand apart; near 0 they have fallen together"),
    ("occupied_codes", "Codes in use", "Different code tuples; the more, the higher the homogeneity without any merit"),
)


@dataclass(frozen=True)
class Row:
    """One cluster."""

    key: str  # in the names
    id: str  # as shown: "3" or "1 4 2"
    name: str
    size: int
    example: str
    color: QColor | None


class ClusterList(QTableWidget):
    """Id, name, size, an example; the name is typed in place (F2, or a double click)."""

    named = Signal(str, str)  # key, name
    row_chosen = Signal(int)

    def __init__(self, *, theme: Theme) -> None:
        super().__init__(0, 4)
        self._theme = theme
        self._rows: tuple[Row, ...] = ()
        self._next: tuple[Row, ...] = ()  # to be shown once no name is being typed
        self.setHorizontalHeaderLabels(["", "name (type one)", "sentences", "for example"])
        self.setAccessibleName("Clusters")
        self.setToolTip("Click: select its sentences. Double click or F2: give it a name, kept with the session")
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed)
        self.verticalHeader().hide()
        self.horizontalHeader().setStretchLastSection(True)
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.horizontalHeader().setHighlightSections(False)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.itemChanged.connect(self._on_changed)
        self.cellClicked.connect(lambda row, _column: self.row_chosen.emit(row))
        theme.changed.connect(self._restyle)
        self._restyle()

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Other clusters, or other names."""
        self._next = tuple(rows)
        if self.state() == QAbstractItemView.State.EditingState:
            return  # what is being typed would go, and the row may be another cluster's
        self._rows = self._next
        with QSignalBlocker(self):
            self.setRowCount(len(rows))
            for place, row in enumerate(rows):
                for column, text in enumerate((row.id, row.name, f"{row.size:,}", row.example)):
                    item = QTableWidgetItem(text)
                    if column != 1:
                        item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
                    if column == 2:
                        item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                    self.setItem(place, column, item)
                if row.color is not None:
                    self.item(place, 0).setIcon(_dot(row.color, self._theme.px(10)))
        self.viewport().update()

    def closeEditor(self, editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:
        """Show what has come in meanwhile."""
        super().closeEditor(editor, hint)
        self.show_rows(self._next)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return chooses a row. A double click is none: it would choose the row back."""
        editing = self.state() == QAbstractItemView.State.EditingState  # then Return has come from the editor
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentRow() >= 0 and not editing:
            self.row_chosen.emit(self.currentRow())
        else:
            super().keyPressEvent(event)

    def mark(self, place: int) -> None:
        """Select a row without saying so; -1 for none."""
        with QSignalBlocker(self):
            if 0 <= place < self.rowCount():
                self.selectRow(place)
            else:
                self.clearSelection()

    @Slot(QTableWidgetItem)
    def _on_changed(self, item: QTableWidgetItem) -> None:
        if item.column() == 1 and item.row() < len(self._rows):
            self.named.emit(self._rows[item.row()].key, item.text().strip())

    @Slot()
    def _restyle(self) -> None:
        self.verticalHeader().setDefaultSectionSize(self._theme.px(24))
        for column, width in enumerate((72, 124, 76)):
            self.setColumnWidth(column, self._theme.px(width))
        self.show_rows(self._rows)


class ClustersTab(QWidget):
    """The list at the left, the heat map at the right, the figures above both."""

    rows_chosen = Signal(object)  # "component" or "code"
    named = Signal(str, str)
    row_chosen = Signal(int)
    cell_chosen = Signal(int, int)

    def __init__(self, *, theme: Theme) -> None:
        super().__init__()
        self.rows = Strip("Rows")
        self.rows.set_items(
            (
                ("Components", "component", "The components of the mixture variable on show"),
                ("Whole codes", "code", "Tuples of the likeliest component of every variable"),
            )
        )
        self.rows.chosen.connect(self.rows_chosen)
        self.figures = {key: MetricLabel(name, theme=theme, px=14, tip=tip) for key, name, tip in FIGURES}
        self.count = MetricLabel("Sentences", theme=theme, px=14, tip="N of all these figures")
        self.verdict = QLabel(wordWrap=True, minimumWidth=1)
        self.verdict.setProperty("role", "caption")
        self.list, self.heat = ClusterList(theme=theme), HeatMap(theme=theme)
        head = QHBoxLayout()
        head.setSpacing(20)
        head.addWidget(self.rows)
        for label in (*self.figures.values(), self.count):
            head.addWidget(label)
        head.addWidget(self.verdict, 1)
        below = QHBoxLayout()
        below.setSpacing(16)
        below.addWidget(self.list, 4)
        below.addWidget(self.heat, 5)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 6, 12, 4)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addLayout(below, 1)
        self.list.named.connect(self.named)
        self.list.row_chosen.connect(self.row_chosen)
        self.heat.row_picked.connect(self.row_chosen)
        self.heat.cell_picked.connect(self.cell_chosen)

    def show_clusters(self, rows: Sequence[Row]) -> None:
        """The list."""
        self.list.show_rows(rows)

    def show_table(self, rows: Sequence[str], columns: Sequence[str], counts: npt.NDArray[np.integer]) -> None:
        """Counts of sentences by cluster and label; without labels there is no heat map."""
        self.heat.setVisible(bool(len(columns)))
        self.heat.set_table(rows, columns, counts)

    def show_figures(self, metrics: dict[str, Metric], count: int, verdict: str) -> None:
        """Homogeneity never alone: information, variance, codes in use and N stand beside it."""
        for key, label in self.figures.items():
            metric = metrics.get(key)
            label.setVisible(metric is not None)
            if metric is not None:
                whole = key == "occupied_codes"
                label.set_value(f"{metric.value:,.0f}" if whole else metric.value, metric.unit, beside=_level(metric))
        self.count.setVisible(bool(count))
        self.count.set_value(f"{count:,}")
        self.verdict.setText("The code has collapsed; what the labels still show is in z." if verdict else "")
        self.verdict.setToolTip(verdict)


def _level(metric: Metric) -> str:
    """What to compare a figure with: its greatest value, or what shuffled labels give."""
    if metric.most is not None:
        return f"of at most {number(metric.most)}"
    return f"chance {number(metric.chance)}" if metric.chance else ""


def _dot(color: QColor, side: int) -> QIcon:
    picture = QPixmap(side * 2, side * 2)
    picture.setDevicePixelRatio(2)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawEllipse(0, 0, side, side)
    painter.end()
    return QIcon(picture)
