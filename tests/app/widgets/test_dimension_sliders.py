from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt

from app.theme import Theme
from app.widgets.dimension_sliders import SPAN, Dimension, DimensionSliders


@pytest.fixture
def sliders(qtbot):
    widget = DimensionSliders(theme=Theme())
    qtbot.addWidget(widget)
    widget.resize(500, 160)
    rows = [Dimension(2, 1.5, 0.8, True), Dimension(0, 0.6, 0.3, True, sigma=2.0), Dimension(1, 0.0, 0.001, False)]
    widget.show_dimensions(rows, 0.01)
    widget.show()
    return widget


def test_a_drag_sets_the_dimension_of_its_row_in_its_own_scale(sliders, qtbot):
    edited, released = [], []
    sliders.edited.connect(lambda *args: edited.append(args))
    sliders.released.connect(lambda: released.append(1))
    rows = sliders.rows
    left, right = rows.track(1)
    y = round(rows.rect_of(1).center().y())
    qtbot.mousePress(rows, Qt.MouseButton.LeftButton, pos=QPoint(round(left), y))
    qtbot.mouseMove(rows, QPoint(round((left + right) / 2), y))
    qtbot.mouseRelease(rows, Qt.MouseButton.LeftButton, pos=QPoint(round((left + right) / 2), y))
    assert [index for index, _ in edited] == [0, 0]
    assert edited[0][1] == pytest.approx(-2 * SPAN, abs=0.1)
    assert edited[-1][1] == pytest.approx(0.0, abs=0.1)
    assert released == [1]


def test_keys_choose_and_move(sliders, qtbot):
    edited = []
    sliders.edited.connect(lambda *args: edited.append(args))
    sliders.show_point([0.0, 0.0, 0.5])
    qtbot.keyClick(sliders.rows, Qt.Key.Key_Right)
    qtbot.keyClick(sliders.rows, Qt.Key.Key_Home)
    qtbot.keyClick(sliders.rows, Qt.Key.Key_Down)
    qtbot.keyClick(sliders.rows, Qt.Key.Key_Left)
    assert edited == [(2, pytest.approx(0.6)), (2, 0.0), (0, pytest.approx(-0.2))]


def test_every_dimension_has_room(sliders):
    many = [Dimension(i, 1.0 / (i + 1), 0.5, True) for i in range(32)]
    sliders.show_dimensions(many, 0.01)
    sliders.grab()
    bottoms = [sliders.rows.rect_of(i).bottom() for i in range(32)]
    assert max(bottoms) <= sliders.rows.minimumHeight()
    assert len({(sliders.rows.rect_of(i).left(), sliders.rows.rect_of(i).top()) for i in range(32)}) == 32
