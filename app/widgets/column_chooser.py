"""Which column of a file holds the sentences, and which their labels."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from app.plain import plain
from app.widgets.controls import ComboBox

NONE = -1


class ColumnChooser(QWidget):
    """Two drop-downs over a file's columns; hidden while there is nothing to choose."""

    chosen = Signal(int, int)  # columns of the sentences and of the labels, `NONE` for no labels

    def __init__(self, *, labels: bool) -> None:
        super().__init__(visible=False)
        self.text = self._combo("Sentences", "Which column of the file holds the sentences")
        self.label = self._combo("Labels", "Which column says what each sentence is about")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(1, 1)
        for row, combo in enumerate((self.text, self.label) if labels else (self.text,)):
            name = QLabel(combo.accessibleName().removesuffix(" column"))
            name.setBuddy(combo)
            grid.addWidget(name, row, 0)
            grid.addWidget(combo, row, 1)
        if not labels:
            self.label.setParent(self)
            self.label.hide()

    def _combo(self, name: str, tip: str) -> ComboBox:
        combo = ComboBox(toolTip=tip)
        combo.setAccessibleName(f"{name} column")
        combo.setSizeAdjustPolicy(ComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.setMinimumContentsLength(8)
        combo.activated.connect(lambda _: self.chosen.emit(self.text.currentData(), self.label.currentData()))
        return combo

    def show_columns(self, titles: Sequence[str], text: int, label: int) -> None:
        """The columns there are, and the ones that are taken; none: nothing is shown."""
        self.setVisible(bool(titles))
        for combo, place, first in ((self.text, text, ()), (self.label, label, (("No labels", NONE),))):
            with QSignalBlocker(combo):
                combo.clear()
                for title, value in (*first, *((title, place) for place, title in enumerate(titles))):
                    combo.addItem(title, value)
                    combo.setItemData(combo.count() - 1, plain(title), Qt.ItemDataRole.ToolTipRole)
                combo.setCurrentIndex(combo.findData(place))
