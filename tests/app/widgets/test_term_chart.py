from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from app.theme import Theme
from app.widgets.term_chart import TermChart

LEFT = Qt.MouseButton.LeftButton
STEPS = np.array([0, 100, 250, 1000])
SERIES = {"reconstruction": [20.0, 19.0, 18.0, 17.5], "KL(c)": [0.0, 0.5, 1.0, 1.2], "flat": [2.0] * 4}


@pytest.fixture
def chart(qtbot):
    widget = TermChart(theme=Theme())
    qtbot.addWidget(widget)
    widget.resize(400, 280)
    widget.set_series(STEPS, SERIES, "nats", units={"flat": "codes"})
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def heard(signal):
    got = []
    signal.connect(lambda *args: got.append(args))
    return got


def test_a_click_goes_to_the_nearest_recorded_step(chart, qtbot):
    picked = heard(chart.step_picked)
    for step in (120, 800, 240):
        qtbot.mouseClick(chart, LEFT, pos=QPoint(round(float(chart._x(float(step)))), 80))
    assert picked == [(100,), (1000,), (250,)]


def test_a_drag_scrubs_and_tells_each_step_once(chart, qtbot):
    picked = heard(chart.step_picked)
    left, right = (round(float(chart._x(float(s)))) for s in (0, 260))
    qtbot.mousePress(chart, LEFT, pos=QPoint(left, 80))
    for x in range(left, right + 1, 2):
        qtbot.mouseMove(chart, QPoint(x, 80))
    qtbot.mouseRelease(chart, LEFT, pos=QPoint(right, 80))
    assert picked == [(0,), (100,), (250,)]


def test_keys_go_from_step_to_step(chart, qtbot):
    picked = heard(chart.step_picked)
    chart.set_step(100)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_End, Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Home):
        qtbot.keyClick(chart, key)
    assert picked == [(250,), (1000,), (250,), (0,)]


def test_values_are_those_at_the_cursor_else_the_last_each_with_its_unit(chart):
    assert chart.value("reconstruction") == 17.5
    chart.set_step(250)
    assert chart.value("reconstruction") == 18.0
    assert chart.accessibleDescription() == "at step 250: reconstruction 18.0 nats, KL(c) 1.00 nats, flat 2.00 codes"


def test_each_strip_has_a_scale_of_its_own_and_a_second_run_shares_it(chart):
    box = chart.plot_box(0)
    line = chart._line("reconstruction", box)
    assert line[0].y() == pytest.approx(box.top())
    assert line[3].y() == pytest.approx(box.bottom())
    assert chart._line("KL(c)", box)[0].y() == pytest.approx(box.bottom())
    assert chart._line("flat", box)[1].y() == pytest.approx(box.center().y())
    chart.set_beside({"reconstruction": [22.0, 21.0]}, steps=[0, 500], name="GMVAE")
    box = chart.plot_box(0)
    assert chart._line("reconstruction", box, beside=True)[0].y() == pytest.approx(box.top())
    assert chart._line("reconstruction", box)[0].y() > box.top() + 5
    assert len(chart._line("reconstruction", box, beside=True)) == 2
    chart.set_step(90)
    assert chart.value("reconstruction", beside=True) == 22.0
    assert np.isnan(chart.value("KL(c)", beside=True))


def test_strips_do_not_overlap_and_fit(chart):
    boxes = [chart.plot_box(i) for i in range(3)]
    assert all(not a.intersects(b) for a, b in pairwise(boxes))
    assert boxes[-1].bottom() < chart.height()


def test_unknown_values_are_left_out(chart):
    chart.set_series(STEPS, {"x": [np.nan, 1.0, np.nan, 3.0]}, "nats")
    assert len(chart._line("x", chart.plot_box(0))) == 2
    chart.grab()


@pytest.mark.parametrize("dark", [False, True])
def test_an_empty_chart_is_drawn(qtbot, dark):
    chart = TermChart(theme=Theme(dark=dark))
    qtbot.addWidget(chart)
    chart.grab()
    picked = heard(chart.step_picked)
    qtbot.mouseClick(chart, LEFT, pos=QPoint(30, 30))
    qtbot.keyClick(chart, Qt.Key.Key_Right)
    chart.set_series([], {}, "nats")
    chart.grab()
    assert not picked


def test_a_run_that_begins_has_steps_before_it_has_values(chart):
    chart.set_series([], {"loss": []}, "nats")
    chart.grab()
    assert np.isnan(chart.value("loss"))
    chart.set_series([10, 20, 30], {"loss": [3.0, 2.0]}, "nats")
    chart.set_step(30)
    chart.grab()
    assert chart.value("loss") == 2.0
