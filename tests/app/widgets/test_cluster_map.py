from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPolygonF, QWheelEvent

from app.theme import Theme, contrast
from app.widgets.cluster_layers import Dots, draw_density, glyphs_image, stratified
from app.widgets.cluster_map import PAN, ClusterMap
from app.widgets.cluster_marks import dashes, ellipse_outline, name_boxes, nice_step, spread_out
from app.widgets.cluster_state import DRAWN, SINGLE
from app.widgets.pad_view import View

LEFT = Qt.MouseButton.LeftButton
MEANS = np.array([[-2.0, 0.0], [2.0, 0.0], [0.0, 2.5]])
COVARIANCES = np.array([[[0.3, 0.1], [0.1, 0.2]], [[0.2, 0.0], [0.0, 0.4]], [[0.5, -0.2], [-0.2, 0.3]]])


def cloud(count=300, seed=0):
    random = np.random.default_rng(seed)
    codes = random.integers(3, size=count)
    return (MEANS[codes] + 0.4 * random.normal(size=(count, 2))).astype(np.float32), codes, random.random(count)


@pytest.fixture
def theme():
    return Theme()


@pytest.fixture
def chart(qtbot, theme):
    widget = ClusterMap(theme=theme)
    qtbot.addWidget(widget)
    widget.resize(600, 460)
    points, codes, confidence = cloud()
    labels = tuple(["odd", "even"][i % 2] for i in range(len(points)))
    widget.set_points(points, codes, confidence, labels, tuple(f"sentence {i}" for i in range(len(points))))
    widget.set_components(MEANS, COVARIANCES, np.full(3, 1 / 3), ("money", "travel", "home"))
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def heard(signal):
    got = []
    signal.connect(lambda *args: got.append(args))
    return got


def place(chart, x, y):
    return chart.view.to_pixel(float(x), float(y)).toPoint()


def drag(qtbot, chart, *way, modifier=Qt.KeyboardModifier.NoModifier):
    qtbot.mousePress(chart, LEFT, modifier, way[0])
    for at in way[1:]:
        qtbot.mouseMove(chart, at)
    qtbot.mouseRelease(chart, LEFT, modifier, way[-1])


def lonely(chart):
    """A point that has no other within twice the reach, and no badge near it."""
    pixels = chart.view.to_pixels(chart._positions)
    far = np.hypot(*(pixels[:, None] - pixels[None]).transpose(2, 0, 1))
    np.fill_diagonal(far, np.inf)
    badges = chart._placed().badges
    off = np.hypot(*(pixels[:, None] - badges[None]).transpose(2, 0, 1)).min(1)
    return int(np.where(off > 30, far.min(1), 0).argmax())


# --- geometry ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sigmas", [1.0, 2.0])
@pytest.mark.parametrize("k", [0, 1, 2])
def test_outline_of_an_ellipse_lies_at_its_mahalanobis_distance(k, sigmas):
    outline = ellipse_outline(MEANS[k], COVARIANCES[k], sigmas)
    way = outline - MEANS[k]
    distance = np.sqrt(np.einsum("ni,ij,nj->n", way, np.linalg.inv(COVARIANCES[k]), way))
    assert distance == pytest.approx(np.full(len(outline), sigmas))


def test_axes_of_an_ellipse_are_the_eigenvectors():
    values, vectors = np.linalg.eigh(COVARIANCES[0])
    way = ellipse_outline(np.zeros(2), COVARIANCES[0], 1.0, 4000)
    longest = way[np.hypot(*way.T).argmax()]
    assert np.hypot(*longest) == pytest.approx(np.sqrt(values[1]), rel=1e-4)
    assert abs(longest @ vectors[:, 1]) == pytest.approx(np.hypot(*longest), rel=1e-4)


def test_dashes_lie_on_their_line_and_cover_the_same_part_everywhere():
    outline = ellipse_outline(np.zeros(2), np.diag([900.0, 2500.0]), 2.0, 400)
    pieces = dashes(outline, 10.0)
    radius = np.sqrt((pieces**2 / [900.0, 2500.0]).sum(2))
    assert radius == pytest.approx(np.full(radius.shape, 2.0), rel=1e-3)
    lengths = np.hypot(*np.diff(pieces, axis=1).sum(1).T)
    assert lengths == pytest.approx(np.full(len(pieces), 6.0), rel=0.03)


def test_badges_that_collapse_keep_apart_and_off_the_means_and_others_stay():
    together = np.zeros((5, 2)) + 1e-3 * np.random.default_rng(0).normal(size=(5, 2))
    spots = spread_out(np.concatenate([together, [[200.0, 0.0]]]), 20.0, 14.0)
    far = np.hypot(*(spots[:, None] - spots[None]).transpose(2, 0, 1))[~np.eye(6, dtype=bool)]
    assert far.min() > 19.5
    assert np.hypot(*spots[:5].T).min() > 13.5
    assert np.hypot(*spots[:5].T).max() < 60
    assert spots[5].tolist() == [200.0, 0.0]


def test_badges_move_little_when_means_move_little():
    places = np.array([[0.0, 0.0], [3.0, 1.0], [40.0, 0.0]])
    before = spread_out(places, 20.0, 14.0)
    after = spread_out(places + np.array([[0.05, 0.0], [0.0, 0.05], [0.0, 0.0]]), 20.0, 14.0)
    assert np.abs(before - after).max() < 3


def test_names_do_not_lie_on_badges_or_on_each_other():
    random = np.random.default_rng(3)
    badges = [QPointF(*p) for p in spread_out(random.uniform(150, 230, size=(7, 2)), 24.0)]
    room = QRectF(0, 0, 400, 400)
    boxes = [b for b in name_boxes(badges, [(70.0, 16.0)] * 7, 10.0, room) if b is not None]
    assert len(boxes) >= 4
    for i, box in enumerate(boxes):
        assert room.contains(box)
        assert not any(box.intersects(other) for other in boxes[:i])
        assert not any(box.intersects(QRectF(b.x() - 10, b.y() - 10, 20, 20)) for b in badges)


@pytest.mark.parametrize("span", [0.003, 1.0, 7.3, 4200.0])
def test_steps_of_the_scale_are_round_and_few(span):
    step = nice_step(span, 7)
    assert 2 <= span / step <= 7.0001
    assert round(step / 10 ** np.floor(np.log10(step) + 1e-9)) in (1, 2, 5)


# --- layers -----------------------------------------------------------------------------------------------------------


def one(x, y, opacity=0.8, category=0):
    return Dots(np.array([[x, y]]), np.array([category]), np.array([opacity]), np.array([[200.0, 40.0, 40.0]] * 8))


@pytest.mark.parametrize("category", range(8))
def test_a_point_is_drawn_where_it_is_in_its_colour(category):
    view = View((0.0, 0.0), 10.0, 60, 40)
    picture = glyphs_image(one(1.0, 0.5, category=category), view, 4.0)
    at = view.to_pixel(1.0, 0.5).toPoint()
    middle = picture.pixelColor(at)
    assert middle.alphaF() == pytest.approx(0.8, abs=0.02)
    assert middle.red() == pytest.approx(200, abs=8) or category in (5, 6)
    assert picture.pixelColor(at + QPoint(9, 0)).alpha() == 0
    assert picture.pixelColor(at + QPoint(0, 9)).alpha() == 0


def test_shapes_tell_categories_apart_without_colour():
    view = View((0.0, 0.0), 10.0, 40, 40)
    pictures = [glyphs_image(one(0.0, 0.0, category=c), view, 4.0) for c in range(8)]
    for i, picture in enumerate(pictures):
        assert all(picture != other for other in pictures[:i])


def test_confidence_is_opacity():
    view = View((0.0, 0.0), 10.0, 40, 40)
    alphas = [glyphs_image(one(0.0, 0.0, o), view, 4.0).pixelColor(20, 20).alphaF() for o in (0.2, 0.5, 0.9)]
    assert alphas == pytest.approx([0.2, 0.5, 0.9], abs=0.02)


def test_points_blend_in_any_order():
    random = np.random.default_rng(0)
    colors = random.uniform(0, 255, (4, 3))
    dots = Dots(random.normal(size=(300, 2)), random.integers(4, size=300), random.uniform(0.3, 0.9, 300), colors)
    view = View((0.0, 0.0), 20.0, 160, 120)
    images = [glyphs_image(d, view, 3.0) for d in (dots, dots.of(random.permutation(300)))]  # own the bits read below
    first, again = (np.array(image.constBits()).astype(int) for image in images)
    assert np.abs(first - again).max() <= 1


def test_density_is_thickest_where_the_points_are(qapp):
    random = np.random.default_rng(0)
    points = random.normal(size=(50_000, 2)) * 0.3 + [1.0, 0.5]
    dots = Dots(points, np.zeros(50_000, int), np.full(50_000, 0.6), np.array([[10.0, 90.0, 200.0]]))
    view = View((0.0, 0.0), 40.0, 200, 160)
    picture = QImage(200, 160, QImage.Format.Format_ARGB32_Premultiplied)
    picture.fill(0)
    painter = QPainter(picture)
    draw_density(painter, dots, view, 50_000 / 2)
    painter.end()
    peak, side = view.to_pixel(1.0, 0.5).toPoint(), view.to_pixel(1.6, 0.5).toPoint()
    assert picture.pixelColor(peak).alpha() > picture.pixelColor(side).alpha() > 0
    assert picture.pixelColor(view.to_pixel(-1.5, -1.0).toPoint()).alpha() == 0
    assert picture.pixelColor(peak).blue() > picture.pixelColor(peak).red()


def test_a_sample_holds_every_code_in_its_share_and_repeats():
    codes = np.repeat([0, 1, 2, 7], [50_000, 30_000, 19_995, 5])
    sample = stratified(codes, 2000)
    counts = np.bincount(codes[sample], minlength=8)
    assert counts[[0, 1, 2]].tolist() == [1000, 600, 399]
    assert counts[7] == 1
    assert len(np.unique(sample)) == len(sample)
    assert sample.tolist() == stratified(codes, 2000).tolist()


@pytest.mark.parametrize("count", [400, SINGLE + 5000])
def test_pulling_the_map_shows_what_drawing_it_afresh_would(qtbot, theme, count):
    chart = ClusterMap(theme=theme)
    qtbot.addWidget(chart)
    chart.resize(500, 400)
    chart.set_points(*cloud(count))
    chart.set_components(MEANS, COVARIANCES, np.full(3, 1 / 3), ("a", "b", "c"))
    chart.set_extent((-2.0, 2.0, -1.0, 2.0))
    chart.show()
    qtbot.waitExposed(chart)
    chart.grab()
    for dx, dy in ((7, 0), (0, -5), (-31, 12), (3, 40)):
        chart._look_at(chart.view.panned(dx, dy))
        pulled = chart.grab().toImage()
        assert 0 < chart._points_layer.drawn < 0.25 * chart.view.width * chart.view.height
    chart._renew()
    fresh = chart.grab().toImage()
    one_way, other = (np.array(p.constBits()).astype(int) for p in (pulled, fresh))
    assert np.mean(np.abs(one_way - other) > 6) < 0.002


# --- the hand ---------------------------------------------------------------------------------------------------------


def test_hover_finds_the_nearest_point(chart, qtbot):
    hovered = heard(chart.hovered)
    index = lonely(chart)
    at = place(chart, *chart._positions[index]) + QPoint(3, -2)
    qtbot.mouseMove(chart, at)
    assert hovered == [(index,)]
    assert f"sentence {index}" in chart.accessibleDescription()
    qtbot.mouseMove(chart, QPoint(3, 60))
    assert hovered[-1] == (-1,)


def test_hover_agrees_with_brute_force(chart):
    random = np.random.default_rng(5)
    pixels = chart.view.to_pixels(chart._positions)
    for x, y in random.uniform((0, 0), (600, 400), size=(200, 2)):
        far = np.hypot(*(pixels - (x, y)).T)
        assert chart.point_at(QPointF(x, y)) == (int(far.argmin()) if far.min() <= 10 else -1)


def test_a_click_picks_ground_point_or_component(chart, qtbot):
    picked, points, components = heard(chart.picked), heard(chart.point_picked), heard(chart.component_picked)
    index = lonely(chart)
    qtbot.mouseClick(chart, LEFT, pos=place(chart, *chart._positions[index]))
    assert points == [(index,)]
    qtbot.mouseClick(chart, LEFT, pos=QPoint(30, 300))
    assert picked[0] == pytest.approx(chart.view.to_plane(QPointF(30, 300)))
    qtbot.mouseClick(chart, LEFT, pos=place(chart, *MEANS[1]))
    assert components == [(1,)]
    assert len(points) == len(picked) == 1


def test_small_means_are_hit_where_they_are_and_leave_the_points_beside_them_alone(chart, qtbot):
    means = np.stack([np.linspace(-2, 2, 40), np.tile([-1.0, 1.0], 20)], 1)
    chart.set_components(means, np.tile(0.1 * np.eye(2), (40, 1, 1)), np.linspace(1, 2, 40) / 60)
    small = np.flatnonzero(~chart._placed().numbered)
    assert len(small) >= 28
    for k in small[:5]:
        x, y = chart._placed().means[k]
        assert chart.component_at(QPointF(x, y)) == k
        assert chart.component_at(QPointF(x, y + 7 * np.sign(y - chart.view.height / 2))) == -1
    k, components, dragged = int(small[0]), heard(chart.component_picked), heard(chart.component_dragged)
    qtbot.mouseClick(chart, LEFT, pos=place(chart, *means[k]))
    assert components == [(k,)]
    chart.set_movable(True)
    start = place(chart, *means[k])
    drag(qtbot, chart, start, start + QPoint(20, 0), start + QPoint(40, 0))
    assert dragged[-1][0] == k


def test_labels_are_shown_with_spaces(chart):
    points, codes, confidence = cloud()
    chart.set_points(points, codes, confidence, ("small_talk",) * len(points))
    chart.set_colour_by("label")
    assert [entry.text for entry in chart._legend(chart.width())[0]] == ["small talk"]


def test_a_dragged_mean_tells_where_it_is_to_go(chart, qtbot):
    dragged, released = heard(chart.component_dragged), heard(chart.component_released)
    start = place(chart, *MEANS[0])
    chart.set_movable(True)
    drag(qtbot, chart, start, start + QPoint(20, 0), start + QPoint(50, -30))
    scale = chart.view.scale
    assert dragged[-1] == (0, pytest.approx(MEANS[0, 0] + 50 / scale), pytest.approx(MEANS[0, 1] + 30 / scale))
    assert released == [dragged[-1]]
    assert len(dragged) == 2


def test_a_mean_that_is_not_movable_stays(chart, qtbot):
    dragged, moved = heard(chart.component_dragged), heard(chart.view_changed)
    start = place(chart, *MEANS[0])
    drag(qtbot, chart, start, start + QPoint(20, 0), start + QPoint(50, -30))
    assert not dragged
    assert moved


def test_dragging_a_mean_does_not_move_the_view(chart):
    before = chart.view
    chart.set_components(MEANS + np.array([[30.0, 0.0]]), COVARIANCES, np.full(3, 1 / 3), ("money", "travel", "home"))
    assert chart.view == before


def test_a_lasso_selects_exactly_the_points_inside(chart, qtbot):
    selected = heard(chart.selection_changed)
    corners = [QPoint(150, 80), QPoint(420, 130), QPoint(330, 320), QPoint(260, 190), QPoint(120, 300)]
    drag(qtbot, chart, *corners, modifier=Qt.KeyboardModifier.ShiftModifier)
    loop = QPolygonF([QPointF(c) for c in corners])
    pixels = chart.view.to_pixels(chart._positions)
    brute = [i for i, p in enumerate(pixels) if loop.containsPoint(QPointF(*p), Qt.FillRule.OddEvenFill)]
    assert 10 < len(brute) < 290
    assert selected[-1][0].tolist() == brute
    assert chart.selected().tolist() == brute


def test_lasso_mode_lasts_for_one_loop(chart, qtbot):
    selected, moved, ended = heard(chart.selection_changed), heard(chart.view_changed), heard(chart.lasso_ended)
    way = (QPoint(100, 60), QPoint(500, 60), QPoint(500, 380), QPoint(100, 380))
    chart.set_lasso(True)
    drag(qtbot, chart, *way)
    assert len(selected) == len(ended) == 1
    assert not moved
    drag(qtbot, chart, *way)
    assert len(selected) == 1
    assert moved


def test_escape_gives_up_the_lasso_before_the_selection(chart, qtbot):
    selected, ended = heard(chart.selection_changed), heard(chart.lasso_ended)
    chart.set_selected([3])
    chart.set_lasso(True)
    qtbot.keyClick(chart, Qt.Key.Key_Escape)
    assert len(ended) == 1
    assert not selected
    qtbot.keyClick(chart, Qt.Key.Key_Escape)
    assert selected == [(None,)]


def test_ctrl_click_toggles_a_point(chart, qtbot):
    selected = heard(chart.selection_changed)
    chart.set_selected([0, 5])
    index = lonely(chart)
    at = place(chart, *chart._positions[index])
    control = Qt.KeyboardModifier.ControlModifier
    qtbot.mouseClick(chart, LEFT, control, at)
    assert selected[-1][0].tolist() == sorted({0, 5, index})
    qtbot.mouseClick(chart, LEFT, control, at)
    assert selected[-1][0].tolist() == sorted({0, 5} - {index})


@pytest.mark.parametrize("how", ["double", "alt", "legend"])
def test_a_component_selects_its_points(chart, qtbot, how):
    selected = heard(chart.selection_changed)
    at = place(chart, *MEANS[2])
    if how == "double":
        qtbot.mouseDClick(chart, LEFT, pos=at)
    elif how == "alt":
        qtbot.mouseClick(chart, LEFT, Qt.KeyboardModifier.AltModifier, at)
    else:
        entries, _, layout = chart._legend(chart.width())
        assert [e.text for e in entries] == ["1 money", "2 travel", "3 home"]
        spot = layout.boxes[2].center() + QPointF(0, chart.view.height)
        qtbot.mouseClick(chart, LEFT, pos=spot.toPoint())
    assert selected[-1][0].tolist() == np.flatnonzero(chart._codes == 2).tolist()


def test_unselected_points_are_grey_and_still_there(chart):
    index = lonely(chart)
    at = place(chart, *chart._positions[index])
    ground = chart._theme.colors.surface
    assert chart.grab().toImage().pixelColor(at).hslSaturation() > 60
    chart.set_selected([i for i in range(300) if i != index])
    after = chart.grab().toImage().pixelColor(at)
    assert max(after.red(), after.green(), after.blue()) - min(after.red(), after.green(), after.blue()) < 12
    assert contrast(after, ground) > 1.03
    chart.set_selected([index])
    assert chart.grab().toImage().pixelColor(at).hslSaturation() > 60


def test_wheel_zooms_about_the_pointer_and_a_drag_pans(chart, qtbot):
    moved = heard(chart.view_changed)
    at = QPointF(140, 260)
    before, scale = chart.view.to_plane(at), chart.view.scale
    chart.wheelEvent(
        QWheelEvent(
            at,
            chart.mapToGlobal(at),
            QPoint(),
            QPoint(0, 120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
    )
    assert chart.view.to_plane(at) == pytest.approx(before)
    assert chart.view.scale > scale
    assert moved[-1][0] == chart.view.window
    origin = chart.view.to_pixel(0.0, 0.0)
    drag(qtbot, chart, QPoint(40, 330), QPoint(60, 330), QPoint(90, 300))
    assert chart.view.to_pixel(0.0, 0.0) - origin == QPointF(50, -30)


def test_keys(chart, qtbot):
    picked, selected = heard(chart.component_picked), heard(chart.selection_changed)
    home = chart.view
    qtbot.keyClick(chart, Qt.Key.Key_Right)
    assert chart.view.center[0] - home.center[0] == pytest.approx(round(PAN * home.width) / home.scale)
    qtbot.keyClick(chart, Qt.Key.Key_Plus)
    assert chart.view.scale > home.scale
    qtbot.keyClick(chart, Qt.Key.Key_0)
    assert chart.view == home
    qtbot.keyClick(chart, Qt.Key.Key_2)
    qtbot.keyClick(chart, Qt.Key.Key_9)
    assert picked == [(1,)]
    chart.set_selected([1, 2])
    qtbot.keyClick(chart, Qt.Key.Key_Escape)
    assert selected == [(None,)]
    assert chart.selected() is None


def test_linked_maps_show_the_same_window(chart, qtbot):
    other = ClusterMap(theme=chart._theme)
    qtbot.addWidget(other)
    other.resize(chart.size())
    other.set_points(*cloud(seed=4))
    other.set_components(MEANS, COVARIANCES, np.full(3, 1 / 3), ("money", "travel", "home"))
    chart.link(other)
    extent = (-5.0, 5.0, -4.0, 4.0)
    for each in (chart, other):
        each.set_extent(extent)
    chart.zoom(2.0)
    assert other.view.window == pytest.approx(chart.view.window)
    other.fit()
    assert chart.view.window == pytest.approx(other.view.window)
    assert chart.view.to_plane(QPointF(0, 0))[0] <= -5.0


# --- what it says -----------------------------------------------------------------------------------------------------


def test_all_points_are_counted_and_fewer_when_fewer_are_in_sight(chart):
    assert chart.shown_text() == "showing 300 of 300 points"
    chart.set_selected(range(12))
    assert chart.shown_text() == "showing 300 of 300 points; 12 selected"
    chart.set_extent((-3.0, -1.0, -1.0, 1.0))
    left, right, bottom, top = chart.view.window
    x, y = chart._positions.T
    inside = int(np.sum((x >= left) & (x < right) & (y > bottom) & (y <= top)))
    assert 0 < inside < 300
    assert chart.shown_text() == f"showing {inside} of 300 points; 12 selected"


def test_too_many_points_are_a_density_and_the_text_says_how_many_are_drawn(chart):
    chart.set_points(*cloud(SINGLE + 1))
    drawn = len(chart._sample)
    assert DRAWN - 3 <= drawn <= DRAWN
    text = f"showing {drawn:,} of {SINGLE + 1:,} points one by one; the shade counts them all"
    assert chart.shown_text() == text
    chart.set_selected([0, 1, 2])
    assert set(range(3)) <= set(chart._sample.tolist())
    chart.set_points(*cloud(SINGLE))
    assert chart.shown_text() == f"showing {SINGLE:,} of {SINGLE:,} points"


def test_colours_by_label_bring_their_own_legend(chart):
    by_component = chart.grab().toImage()
    chart.set_colour_by("label")
    entries, title, _ = chart._legend(chart.width())
    assert [(e.text, e.count) for e in entries] == [("even", 150), ("odd", 150)]
    assert title == "sentences with label"
    assert chart.grab().toImage() != by_component


def test_a_picture_shows_the_same_window_at_any_size(chart):
    picture = chart.render_picture(QSize(300, 240), legend=False)
    assert picture.size() == QSize(300, 240)
    view = View().resized(300, 240).fitted(chart.view.window, 0.0)
    index = lonely(chart)
    at = view.to_pixel(*(float(v) for v in chart._positions[index])).toPoint()
    assert picture.pixelColor(at).hslSaturation() > 40
    assert chart.render_picture(QSize(300, 240), ratio=2.0).size() == QSize(600, 480)


def test_ghosts_are_drawn_and_hovered(chart, qtbot):
    before = chart.grab().toImage()
    hovered = heard(chart.ghost_hovered)
    spot = chart.view.to_plane(QPointF(60, 300))
    chart.set_ghosts(np.array([spot]), ("a sentence dropped in",))
    assert chart.grab().toImage() != before
    qtbot.mouseMove(chart, QPoint(61, 301))
    assert hovered == [(0,)]
    assert "a sentence dropped in" in chart.accessibleDescription()


def test_points_move_to_their_new_places_when_asked_and_motion_is_on(qtbot):
    theme = Theme(motion=True)
    chart = ClusterMap(theme=theme)
    qtbot.addWidget(chart)
    points, codes, confidence = cloud()
    chart.set_points(points, codes, confidence, animate=True)
    assert not chart._tween.running  # there was nothing to come from
    chart.set_points(points + 1, codes, confidence)
    assert not chart._tween.running  # nobody asked
    chart.set_points(points + 2, codes, confidence, animate=True)
    assert chart._tween.running
    assert np.abs(chart._tween.now("positions", chart._positions) - (points + 1)).max() < 1
    qtbot.waitUntil(lambda: not chart._tween.running, timeout=2000)
    assert chart._tween.now("positions", chart._positions) == pytest.approx(points + 2)
    chart.set_points(points, codes, confidence, animate=True)
    chart._tween.finish()
    theme.motion = False
    chart.set_points(points + 1, codes, confidence, animate=True)
    assert not chart._tween.running


@pytest.mark.parametrize("dark", [False, True])
def test_an_empty_map_and_a_map_without_ellipses_are_drawn(qtbot, dark):
    chart = ClusterMap(theme=Theme(dark=dark))
    qtbot.addWidget(chart)
    chart.resize(300, 200)
    chart.set_axes(None)
    assert chart.grab().toImage().pixelColor(5, 5) == QColor(chart._theme.colors.surface)
    points, codes, confidence = cloud()
    chart.set_points(points, codes, confidence)
    chart.set_components(MEANS, np.empty((0, 2, 2)), np.full(3, 1 / 3), ())
    chart.grab()
    assert chart.component_at(chart.view.to_pixel(*MEANS[2])) == 2
