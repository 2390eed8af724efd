"""What a large table costs, whose keys are whose, and sliders when there are fewer of them than before."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QFontMetricsF, QKeyEvent

from app.widgets import heat_grid
from app.widgets.dimension_sliders import Dimension, DimensionSliders
from app.widgets.heat_map import HeatMap

LEFT, PLAIN = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


class CountingMetrics(QFontMetricsF):
    """Counts how often a text is measured."""

    measured = 0

    def horizontalAdvance(self, text, *rest):
        CountingMetrics.measured += 1
        return super().horizontalAdvance(text, *rest)


def table(theme, qtbot, rows, columns):
    """A table of cells at their smallest, more of them than there is room for."""
    widget = HeatMap(theme=theme)
    qtbot.addWidget(widget)
    widget.resize(500, 220)
    names = [f"{i % 10}" for i in range(rows)], [f"label {i % 10}" for i in range(columns)]
    widget.set_table(*names, np.full((rows, columns), 7))
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def paint(widget):
    widget.grab()


def point(widget):
    for x in (150, 250):
        widget.cell_at(QPointF(x, 150))


@pytest.mark.parametrize("do", [paint, point])
def test_rows_out_of_sight_cost_nothing(theme, qtbot, monkeypatch, do):
    monkeypatch.setattr(heat_grid, "QFontMetricsF", CountingMetrics)
    costs = []
    for rows in (40, 400):
        widget = table(theme, qtbot, rows, 60)
        CountingMetrics.measured = 0
        do(widget)
        costs.append(CountingMetrics.measured)
    assert costs[0] == costs[1]


@pytest.mark.parametrize("cell", [(0, 0), (39, 59)])
def test_every_cell_is_painted_when_it_is_in_sight(theme, qtbot, cell):
    widget = table(theme, qtbot, 40, 60)
    for bar in (widget.verticalScrollBar(), widget.horizontalScrollBar()):
        bar.setValue(bar.maximum() if cell != (0, 0) else 0)
    at = widget.cell_rect(*cell).topLeft() + QPointF(5, 5)
    assert widget.grab().toImage().pixelColor(at.toPoint()).name() == widget.color(1 / 60).name()


def test_names_are_measured_anew_when_they_or_the_text_size_change(theme, qtbot):
    widget = table(theme, qtbot, 4, 3)
    before = widget.cell_rect(0, 0).left()
    widget.set_table(["a rather longer name", *"bcd"], list("xyz"), np.ones((4, 3)))
    longer = widget.cell_rect(0, 0).left()
    assert longer > before
    widget.set_table(list("abcd"), list("xyz"), np.ones((4, 3)))
    small = widget.cell_rect(0, 0).left()
    theme.set(scale=1.5)
    assert longer > widget.cell_rect(0, 0).left() > small


@pytest.mark.parametrize("key", ["Up", "Down", "Left", "Right", "Return", "Space"])
def test_the_table_has_its_keys_before_the_shortcuts_of_the_window(theme, qtbot, key):
    widget = table(theme, qtbot, 4, 3)

    def claims(code):
        event = QKeyEvent(QEvent.Type.ShortcutOverride, code, PLAIN)
        event.ignore()
        QCoreApplication.sendEvent(widget, event)
        return event.isAccepted()

    assert claims(Qt.Key[f"Key_{key}"])
    assert not claims(Qt.Key.Key_F)


# --- sliders ---


@pytest.fixture
def sliders(theme, qtbot):
    """Three of them, with room below."""
    widget = DimensionSliders(theme=theme)
    qtbot.addWidget(widget)
    widget.resize(500, 300)
    widget.show_dimensions([Dimension(i, 1.0, 0.5, True) for i in range(3)], 0.01)
    widget.show()
    return widget


def heard(sliders):
    got = []
    sliders.edited.connect(lambda *args: got.append(args))
    return got


def test_a_double_click_beside_the_sliders_moves_none(sliders, qtbot):
    rows, edited = sliders.rows, heard(sliders)
    sliders.show_point([0.5, 0.5, 0.5])
    rows.row = 2
    below = QPoint(rows.width() // 2, rows.height() - 3)
    assert not any(rows.rect_of(row).contains(QPointF(below)) for row in range(3))
    qtbot.mouseDClick(rows, LEFT, pos=below)
    assert edited == []
    qtbot.mouseDClick(rows, LEFT, pos=rows.rect_of(1).center().toPoint())
    assert edited[-1] == (1, 0.0)


def test_keys_move_the_last_slider_when_the_one_chosen_has_gone(sliders, qtbot):
    edited = heard(sliders)
    for _ in range(2):
        qtbot.keyClick(sliders.rows, Qt.Key.Key_Down)
    sliders.show_dimensions([Dimension(0, 1.0, 0.5, True), Dimension(1, 1.0, 0.5, True)], 0.01)
    qtbot.keyClick(sliders.rows, Qt.Key.Key_Right)
    qtbot.keyClick(sliders.rows, Qt.Key.Key_Home)
    assert edited == [(1, pytest.approx(0.1)), (1, 0.0)]
    sliders.show_dimensions((), 0.01)
    qtbot.keyClick(sliders.rows, Qt.Key.Key_Right)
    qtbot.mouseDClick(sliders.rows, LEFT, pos=QPoint(100, 40))
    assert len(edited) == 2
