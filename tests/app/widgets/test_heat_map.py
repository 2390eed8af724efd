from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt

from app.theme import Theme
from app.widgets.heat_map import HeatMap

LEFT = Qt.MouseButton.LeftButton
COUNTS = np.array([[8, 2, 0], [0, 0, 30], [1, 1, 2], [0, 0, 0]])
ROWS, COLUMNS = ("one", "two", "three", "none"), ("banking", "travel", "home")


@pytest.fixture
def table(qtbot):
    widget = HeatMap(theme=Theme())
    qtbot.addWidget(widget)
    widget.resize(480, 260)
    widget.set_table(ROWS, COLUMNS, COUNTS)
    widget.set_caption("homogeneity 0.53")
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def heard(signal):
    got = []
    signal.connect(lambda *args: got.append(args))
    return got


def test_a_click_picks_the_cell_or_the_row(table, qtbot):
    cells, rows = heard(table.cell_picked), heard(table.row_picked)
    for row, column in np.ndindex(*COUNTS.shape):
        qtbot.mouseClick(table.viewport(), LEFT, pos=table.cell_rect(row, column).center().toPoint())
    assert cells == list(np.ndindex(*COUNTS.shape))
    assert not rows
    qtbot.mouseClick(table.viewport(), LEFT, pos=table.cell_rect(2, -1).center().toPoint())
    assert rows == [(2,)]
    qtbot.mouseClick(table.viewport(), LEFT, pos=QPoint(200, 4))
    assert len(cells) == 12
    assert len(rows) == 1


def test_keys_walk_over_the_cells_and_pick(table, qtbot):
    cells, rows = heard(table.cell_picked), heard(table.row_picked)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Return):
        qtbot.keyClick(table, key)
    assert cells == [(1, 1)]
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Space):
        qtbot.keyClick(table, key)
    assert rows == [(1,)]
    assert "two: 30 sentences" in table.accessibleDescription()


def test_the_colour_is_the_share_of_the_row_not_the_count(table):
    picture = table.grab().toImage()

    def corner(row, column):  # off the number
        return picture.pixelColor((table.cell_rect(row, column).topLeft() + QPointF(5, 5)).toPoint())

    for cell, share in (((0, 0), 0.8), ((2, 2), 0.5), ((1, 2), 1.0), ((3, 1), 0.0)):
        assert corner(*cell).name() == table.color(share).name()
    assert len({table.color(share).name() for share in (0.0, 0.5, 0.8, 1.0)}) == 4


def test_words_give_count_and_both_shares(table):
    assert table.describe(0, 1) == "one × travel: 2 sentences, 20 % of one, 67 % of travel"
    assert table.describe(3, 0) == "none × banking: 0 sentences, 0 % of none, 0 % of banking"


def test_a_large_table_scrolls_and_the_keyboard_brings_cells_into_sight(qtbot):
    table = HeatMap(theme=Theme())
    qtbot.addWidget(table)
    table.resize(360, 240)
    counts = np.random.default_rng(0).integers(0, 40, size=(80, 30))
    table.set_table([f"row {i}" for i in range(80)], [f"label {i}" for i in range(30)], counts)
    table.show()
    qtbot.waitExposed(table)
    assert table.verticalScrollBar().maximum() > 0
    assert table.horizontalScrollBar().maximum() > 0
    picked = heard(table.cell_picked)
    for key, times in ((Qt.Key.Key_Down, 70), (Qt.Key.Key_Right, 25)):
        for _ in range(times):
            qtbot.keyClick(table, key)
    row, column = 69, 24
    cell = table.cell_rect(row, column)
    assert table.viewport().rect().contains(cell.center().toPoint())
    assert table.cell_at(cell.center()) == (row, column)
    qtbot.mouseClick(table.viewport(), LEFT, pos=cell.center().toPoint())
    assert picked == [(row, column)]


def test_a_small_table_does_not_scroll(table):
    assert table.verticalScrollBar().maximum() == table.horizontalScrollBar().maximum() == 0


@pytest.mark.parametrize("dark", [False, True])
def test_an_empty_table_is_drawn(qtbot, dark):
    table = HeatMap(theme=Theme(dark=dark))
    qtbot.addWidget(table)
    table.set_table((), (), np.zeros((0, 0), int))
    picked = heard(table.cell_picked)
    table.grab()
    qtbot.keyClick(table, Qt.Key.Key_Return)
    qtbot.mouseClick(table.viewport(), LEFT, pos=QPoint(50, 50))
    assert not picked
