"""A table of any length whose rows are made when they are looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from app.plain import plain
from app.theme import Theme

Index = QModelIndex | QPersistentModelIndex
NOWHERE = QModelIndex()
Cell = str | tuple[str, QColor]

# Qt asks for nine roles of every cell it paints: what is the same each time is said once
_Role = Qt.ItemDataRole
_TIP, _COLOR, _ALIGNMENT = int(_Role.ToolTipRole), int(_Role.ForegroundRole), int(_Role.TextAlignmentRole)
_OF_CELL = frozenset({int(_Role.DisplayRole), _TIP, _COLOR})
_ANSWERED = _OF_CELL | {_ALIGNMENT, int(_Role.FontRole)}
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


@dataclass(frozen=True)
class Column:
    """One column: its heading, its width in pixels (0: what is left), and whether it holds numbers."""

    title: str
    width: int = 0
    number: bool = False


class RowModel(QAbstractTableModel):
    """Rows from a function; nothing is kept but the last one made."""

    def __init__(self, columns: Sequence[Column], fetch: Callable[[int], Sequence[Cell]], *, theme: Theme) -> None:
        super().__init__()
        self._columns, self._fetch, self._theme = tuple(columns), fetch, theme
        self._count = 0
        self._last: tuple[int, Sequence[Cell]] | None = None

    def grow(self, count: int) -> None:
        """There are `count` rows now; the earlier ones are as they were."""
        if count > self._count:
            self.beginInsertRows(NOWHERE, self._count, count - 1)
            self._count = count
            self.endInsertRows()

    def reset(self, count: int) -> None:
        """All rows are new."""
        self.beginResetModel()
        self._count, self._last = count, None
        self.endResetModel()

    def rowCount(self, parent: Index = NOWHERE) -> int:
        """How many rows there are."""
        return 0 if parent.isValid() else self._count

    def columnCount(self, parent: Index = NOWHERE) -> int:
        """How many columns there are."""
        return 0 if parent.isValid() else len(self._columns)

    def row(self, index: int) -> Sequence[Cell]:
        """The cells of a row."""
        if self._last is None or self._last[0] != index:
            self._last = (index, self._fetch(index))
        return self._last[1]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, colour, alignment and font of a cell."""
        if role not in _ANSWERED or not index.isValid():
            return None
        place = index.column()
        if role not in _OF_CELL:
            number = self._columns[place].number
            if role == _ALIGNMENT:
                return _RIGHT if number else _LEFT
            return self._theme.number_font(12) if number else None
        cell = self.row(index.row())[place]
        text, color = cell if isinstance(cell, tuple) else (cell, None)
        if role == _COLOR:
            return color
        return plain(text) if role == _TIP else text

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Headings."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._columns[section].title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if self._columns[section].number else _LEFT
        return None


class RowTable(QTableView):
    """Shows a `RowModel`; one row is marked, clicks choose another."""

    row_chosen = Signal(int)

    def __init__(
        self,
        columns: Sequence[Column],
        fetch: Callable[[int], Sequence[Cell]],
        parent: QWidget | None = None,
        *,
        theme: Theme,
        name: str,
    ) -> None:
        super().__init__(parent)
        self._theme, self._columns = theme, tuple(columns)
        self.rows = RowModel(columns, fetch, theme=theme)
        self.setModel(self.rows)
        self.setAccessibleName(name)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setStretchLastSection(True)
        self.clicked.connect(self._on_clicked)
        self.activated.connect(self._on_clicked)  # by Return
        theme.changed.connect(self._restyle)
        self._restyle()

    def mark(self, row: int) -> None:
        """Select a row and bring it into sight."""
        if 0 <= row < self.rows.rowCount() and self.currentIndex().row() != row:
            index = self.rows.index(row, 0)
            self.setCurrentIndex(index)
            self.scrollTo(index, QAbstractItemView.ScrollHint.EnsureVisible)

    @Slot(QModelIndex)
    def _on_clicked(self, index: QModelIndex) -> None:
        self.row_chosen.emit(index.row())

    @Slot()
    def _restyle(self) -> None:
        self.verticalHeader().setDefaultSectionSize(self._theme.px(24))
        for index, column in enumerate(self._columns):
            if column.width:
                self.setColumnWidth(index, self._theme.px(column.width))
        self.viewport().update()
