from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QPolygonF, QWheelEvent

from app.theme import Theme
from app.widgets.pad import FINE, STEP, WHEEL, Pad
from app.widgets.pad_canvas import TRAIL, Group
from app.widgets.pad_layers import field_image, points_image
from app.widgets.pad_marks import Anchor, Contours, inside
from app.widgets.pad_view import View


@pytest.fixture
def pad(qtbot):
    widget = Pad(theme=Theme())
    qtbot.addWidget(widget)
    widget.resize(400, 300)
    widget.set_plane((-3.0, 3.0, -3.0, 3.0), Contours((0.0, 0.0), 1.0), ("right", "up", "wheel"), "the plane")
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def heard(signal):
    got = []
    signal.connect(lambda *args: got.append(args))
    return got


def test_view_goes_there_and_back():
    view = View((1.0, -2.0), 50.0, 400, 300)
    at = view.to_pixel(2.5, 0.5)
    assert view.to_plane(at) == pytest.approx((2.5, 0.5))
    assert view.to_pixels(np.array([[2.5, 0.5, 9.0]]))[0] == pytest.approx((at.x(), at.y()))
    assert view.to_pixel(1.0, 0.0).y() < view.to_pixel(1.0, -1.0).y()  # up is up


def test_zoom_keeps_the_point_under_the_pointer():
    view, at = View((1.0, -2.0), 50.0, 400, 300), QPointF(37, 250)
    assert view.zoomed(1.7, at).to_plane(at) == pytest.approx(view.to_plane(at))
    assert view.zoomed(1.7, at).scale == pytest.approx(85)


def test_fitted_view_shows_the_whole_window():
    left, right, bottom, top = View(width=400, height=300).fitted((-1.0, 5.0, 0.0, 2.0)).window
    assert left <= -1
    assert right >= 5
    assert bottom <= 0
    assert top >= 2


def test_panning_moves_the_plane_with_the_hand():
    view = View((0.0, 0.0), 100.0, 400, 300)
    assert view.panned(50, -20).to_pixel(0, 0) == QPointF(250, 130)


def test_points_are_counted_and_drawn_where_they_are():
    points = np.random.default_rng(0).normal(size=(5000, 3)).astype(np.float32)
    view = View(scale=60.0, width=200, height=160)
    picture, seen = points_image(points, view, QColor("red"), radius=1, alpha=0.5)
    brute = sum(0 <= int(x) < 200 and 0 <= int(y) < 160 and x >= 0 and y >= 0 for x, y in view.to_pixels(points))
    assert seen == brute
    lonely, count = points_image(np.array([[1.0, 0.5]]), view, QColor("red"), radius=2, alpha=0.5)
    at = view.to_pixel(1.0, 0.5).toPoint()
    assert count == 1
    assert lonely.pixelColor(at).alphaF() == pytest.approx(0.5, abs=0.01)
    assert lonely.pixelColor(at + QPoint(4, 0)).alpha() == 0
    assert picture.size() == lonely.size()


def test_field_has_its_first_row_at_the_bottom_and_holes_where_nothing_is_known():
    ramp = np.array([0xFF000000, 0xFFFFFFFF], dtype=np.uint32)
    picture = field_image(np.array([[1.0, np.nan], [0.0, 0.0]]), ramp)
    assert picture.pixelColor(0, 1) == QColor("white")
    assert picture.pixelColor(0, 0) == QColor("black")
    assert picture.pixelColor(1, 1).alpha() == 0


def test_inside_agrees_with_qt():
    random = np.random.default_rng(1)
    outline = random.uniform(0, 100, size=(9, 2))
    points = random.uniform(0, 100, size=(400, 2))
    polygon = QPolygonF([QPointF(*p) for p in outline])
    brute = [polygon.containsPoint(QPointF(*p), Qt.FillRule.OddEvenFill) for p in points]
    assert inside(outline, points).tolist() == brute


def test_a_drag_says_where_to_go_and_when_it_is_over(pad, qtbot):
    moved, released = heard(pad.moved), heard(pad.released)
    qtbot.mousePress(pad, Qt.MouseButton.LeftButton, pos=QPoint(200, 150))
    qtbot.mouseMove(pad, QPoint(260, 110))
    qtbot.mouseRelease(pad, Qt.MouseButton.LeftButton, pos=QPoint(260, 110))
    assert moved[0] == pytest.approx((0.0, 0.0))
    assert moved[-1] == pytest.approx((60 / pad.view.scale, 40 / pad.view.scale))
    assert len(released) == 1


def test_shift_drags_finely(pad, qtbot):
    nudged, moved = heard(pad.nudged), heard(pad.moved)
    shift = Qt.KeyboardModifier.ShiftModifier
    qtbot.mousePress(pad, Qt.MouseButton.LeftButton, shift, QPoint(200, 150))
    qtbot.mouseMove(pad, QPoint(240, 150))
    assert not moved
    assert sum(dx for dx, _, _ in nudged) == pytest.approx(40 * FINE / pad.view.scale)


def test_keys_step_and_wheel_leaves_the_plane(pad, qtbot):
    nudged, released = heard(pad.nudged), heard(pad.released)
    qtbot.keyClick(pad, Qt.Key.Key_Right)
    qtbot.keyClick(pad, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(pad, Qt.Key.Key_PageUp)
    assert nudged == [(STEP, 0.0, 0.0), (0.0, pytest.approx(-STEP * FINE), 0.0), (0.0, 0.0, WHEEL)]
    assert len(released) == 3
    at = QPointF(200, 150)
    wheel = QWheelEvent(
        at,
        pad.mapToGlobal(at),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    pad.wheelEvent(wheel)
    assert nudged[-1] == (0.0, 0.0, -WHEEL)


def test_double_click_wants_a_prior_sample(pad, qtbot):
    wanted = heard(pad.prior_wanted)
    qtbot.mouseDClick(pad, Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
    assert len(wanted) == 1


def test_pressing_an_anchor_chooses_it_without_moving(pad, qtbot):
    pad.set_anchors([Anchor("A", -1.0, 0.0), Anchor("B", 1.0, 0.0)])
    chosen, moved = heard(pad.anchor_chosen), heard(pad.moved)
    at = pad.view.to_pixel(1.0, 0.0).toPoint()
    qtbot.mousePress(pad, Qt.MouseButton.LeftButton, pos=at)
    qtbot.mouseRelease(pad, Qt.MouseButton.LeftButton, pos=at)
    assert chosen == [(1,)]
    assert not moved


def test_hover_finds_the_nearest_point_and_a_lasso_all_inside(pad, qtbot):
    points = np.array([[-1.0, 0.0], [1.0, 1.0], [1.2, 1.1], [2.5, -2.0]])
    pad.set_group("sentences", Group(points, QColor("blue")))
    hovered, lassoed = heard(pad.hovered), heard(pad.lassoed)
    qtbot.mouseMove(pad, pad.view.to_pixel(1.19, 1.1).toPoint())
    assert hovered[-1] == ("sentences", 2)
    pad.lassoing = True
    corners = [(0.5, 0.5), (1.8, 0.5), (1.8, 1.8), (0.5, 1.8)]
    first, *rest = (pad.view.to_pixel(*c).toPoint() for c in corners)
    qtbot.mousePress(pad, Qt.MouseButton.LeftButton, pos=first)
    for at in rest:
        qtbot.mouseMove(pad, at)
    qtbot.mouseRelease(pad, Qt.MouseButton.LeftButton, pos=rest[-1])
    ((name, found),) = lassoed
    assert name == "sentences"
    assert found.tolist() == [1, 2]
    assert not pad.lassoing


def test_what_a_lasso_catches_may_become_a_group_of_its_own(pad, qtbot):
    pad.set_group("sentences", Group(np.array([[0.0, 0.0]]), QColor("blue")))
    pad.set_group("encoded", Group(np.array([[0.1, 0.1]]), QColor("blue")))
    pad.lassoed.connect(lambda name, _: pad.set_group(f"of {name}", Group(np.zeros((1, 2)), QColor("red"))))
    lassoed = heard(pad.lassoed)
    pad.lassoing = True
    first, *rest = (pad.view.to_pixel(*c).toPoint() for c in [(-1, -1), (1, -1), (1, 1), (-1, 1)])
    qtbot.mousePress(pad, Qt.MouseButton.LeftButton, pos=first)
    for at in rest:
        qtbot.mouseMove(pad, at)
    qtbot.mouseRelease(pad, Qt.MouseButton.LeftButton, pos=rest[-1])
    assert [(name, found.tolist()) for name, found in lassoed] == [("sentences", [0]), ("encoded", [0])]


def test_the_trail_keeps_the_last_fifty_points(pad):
    for i in range(80):
        pad.set_hand((i / 40, 0.0, 0.0), (i / 40, 0.0))
    assert len(pad.trail) == TRAIL
    assert pad.trail[-1] == (79 / 40, 0.0)
    assert pad.trail[0] == (30 / 40, 0.0)


def test_a_hundred_thousand_points_are_all_shown_and_named(pad):
    points = np.random.default_rng(2).normal(size=(100_000, 2)).clip(-2.9, 2.9)
    pad.set_group("sentences", Group(points, QColor("blue")))
    pad.grab()
    assert (pad.seen, pad.total) == (100_000, 100_000)
    pad.zoom(4)
    pad.grab()
    assert pad.seen < 100_000


def test_moving_the_hand_does_not_draw_the_layers_again(pad):
    pad.set_hand((0.0, 0.0, 0.0), (0.0, 0.0))
    pad.grab()
    before = pad._still
    pad.set_hand((1.0, 0.5, 0.0), (1.0, 0.5))
    pad.grab()
    assert pad._still is before
