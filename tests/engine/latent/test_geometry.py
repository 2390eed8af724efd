"""Paths, directions, planes and grids, on numbers alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine.latent.directions import analogy, attribute, neighbours
from engine.latent.grid import change_field, edit_share, middle_out
from engine.latent.paths import changed_words, linear, spherical, walk
from engine.latent.planes import (
    centers,
    density,
    explained,
    foot,
    orthonormal,
    plane_of_dimensions,
    plane_through,
    principal_plane,
    window,
)

points = arrays(np.float64, 4, elements=st.floats(-3, 3))
CLOUD = np.random.default_rng(0).standard_normal((200, 5)) * np.array([1.0, 4.0, 2.0, 0.5, 3.0]) + 1.0


@given(points, points)
def test_paths_end_at_their_anchors(a: np.ndarray, b: np.ndarray) -> None:
    for path in (linear, spherical):
        np.testing.assert_allclose(path(a, b, 0.0), a, atol=1e-9)
        np.testing.assert_allclose(path(a, b, 1.0), b, atol=1e-9)


@given(points, points, st.floats(0, 1))
def test_the_spherical_path_changes_length_evenly(a: np.ndarray, b: np.ndarray, t: float) -> None:
    lengths = np.linalg.norm(a), np.linalg.norm(b)
    if min(lengths) < 1e-3 or abs(a @ b) > 0.999 * lengths[0] * lengths[1]:
        return
    found = spherical(a, b, t)
    assert np.linalg.norm(found) == pytest.approx((1 - t) * lengths[0] + t * lengths[1])
    angle = math.acos(np.clip(a @ b / lengths[0] / lengths[1], -1, 1))
    turned = math.acos(np.clip(a @ found / lengths[0] / np.linalg.norm(found), -1, 1))
    assert turned == pytest.approx(t * angle, abs=1e-6)


def test_opposite_anchors_have_a_straight_path() -> None:
    a = np.array([1.0, 0.0])
    np.testing.assert_array_equal(spherical(a, -a, 0.25), [0.5, 0.0])


def test_a_walk_visits_every_anchor_once() -> None:
    a, b, c = np.eye(3)
    places = list(walk([a, b, c], 3, "linear"))
    assert [p.t for p in places] == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert [p.leg for p in places] == [0, 0, 0, 1, 1]
    np.testing.assert_array_equal(places[2].point, b)
    with pytest.raises(ValueError, match="two anchors"):
        list(walk([a], 3, "linear"))


def test_changed_words_are_those_not_carried_over() -> None:
    assert changed_words(("a", "b", "c"), ("a", "x", "c")) == (False, True, False)
    assert changed_words(("b", "c"), ("a", "b", "c")) == (True, False, False)
    assert changed_words((), ("a",)) == (True,)
    assert changed_words(("a",), ()) == ()


def test_an_analogy_of_strength_one_completes_the_parallelogram() -> None:
    a, b, c = np.array([1.0, 0.0]), np.array([1.0, 1.0]), np.array([5.0, 2.0])
    np.testing.assert_array_equal(analogy(a, b, c, 1.0), [5.0, 3.0])
    np.testing.assert_array_equal(analogy(a, b, c, 0.0), c)


def test_the_twin_of_a_pair_is_left_out_of_the_other_mean() -> None:
    """Sentences far apart, each with a twin a small step away: the step is the attribute, and every pair shows it."""
    random = np.random.default_rng(0)
    negative = random.standard_normal((12, 8))
    negative -= negative @ np.eye(8)[:1].T @ np.eye(8)[:1]  # nothing along the attribute
    positive = negative + np.eye(8)[0]
    by_hand = []
    for own, other in ((negative, positive), (positive, negative)):
        for i in range(12):
            left = [np.delete(points, i, axis=0).mean(0) for points in (own, other)]
            by_hand.append(np.linalg.norm(own[i] - left[0]) < np.linalg.norm(own[i] - left[1]))
    assert attribute(negative, positive).accuracy == np.mean(by_hand) == 1.0
    kept = [np.linalg.norm(p - np.delete(negative, i, axis=0).mean(0)) < np.linalg.norm(p - positive.mean(0))
            for i, p in enumerate(negative)]  # fmt: skip
    assert np.mean(kept) < 1.0  # with the twin kept in, some are taken for the other side


def test_an_attribute_leads_from_mean_to_mean() -> None:
    negative = np.array([[-1.0, 0.0], [-1.0, 2.0], [-3.0, 1.0]])
    positive = negative + np.array([6.0, 0.0])
    found = attribute(negative, positive)
    np.testing.assert_allclose(found.direction, [6.0, 0.0], atol=1e-12)
    assert found.length == pytest.approx(6.0)
    assert found.separation == pytest.approx(6 / math.sqrt((4 / 3 + 4 / 3) * 2 / 4))  # pooled variance 4/3
    assert found.accuracy == 1.0
    assert attribute(negative, negative).accuracy < 0.6
    assert math.isnan(attribute(negative[:1], positive[:1]).accuracy)


def test_neighbours_come_nearest_first() -> None:
    found, distances = neighbours(np.array([[0.0], [5.0], [2.0], [-1.0]]), np.array([0.4]), 3)
    assert found.tolist() == [0, 3, 2]
    np.testing.assert_allclose(distances, [0.4, 1.4, 1.6])
    assert len(neighbours(np.zeros((2, 1)), np.zeros(1), 9)[0]) == 2
    assert len(neighbours(np.zeros((0, 1)), np.zeros(1), 9)[0]) == 0


def test_the_principal_plane_finds_the_widest_directions() -> None:
    plane = principal_plane(CLOUD)
    assert np.abs(plane.axes).argmax(1).tolist() == [1, 4, 2]
    shares = explained(plane, CLOUD)
    assert shares[0] > shares[1] > shares[2]
    assert sum(shares) < 1
    np.testing.assert_allclose(plane.axes @ plane.axes.T, np.eye(3), atol=1e-12)


def test_the_plane_through_three_points_holds_them() -> None:
    anchors = list(np.random.default_rng(3).standard_normal((3, 5)))
    plane = plane_through(anchors, CLOUD)
    coordinates = plane.project(np.stack(anchors))
    np.testing.assert_allclose(coordinates[:, 2], 0.0, atol=1e-9)
    np.testing.assert_allclose(plane.lift(coordinates[:, :2]), np.stack(anchors), atol=1e-9)
    assert coordinates[0, 1] == pytest.approx(coordinates[1, 1])  # the first two lie level


@pytest.mark.parametrize("anchors", [[np.ones(5)] * 3, [np.zeros(5), np.ones(5), 2 * np.ones(5)]])
def test_anchors_on_a_line_still_give_a_plane(anchors: list[np.ndarray]) -> None:
    plane = plane_through(anchors, CLOUD)
    np.testing.assert_allclose(plane.axes @ plane.axes.T, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(plane.lift(plane.project(np.stack(anchors))[:, :2]), np.stack(anchors), atol=1e-9)


def test_two_dimensions_make_a_plane() -> None:
    plane = plane_of_dimensions(3, 1, np.array([1, 0, 2, 3, 4]), CLOUD)
    np.testing.assert_array_equal(plane.axes, np.eye(5)[[3, 1, 0]])
    for wrong in ((1, 1), (0, 5), (-1, 0)):
        with pytest.raises(ValueError, match="two different dimensions"):
            plane_of_dimensions(*wrong, np.arange(5), CLOUD)


def test_a_space_of_two_dimensions_has_no_wheel() -> None:
    plane = principal_plane(CLOUD[:, :2])
    assert not plane.axes[2].any()


def test_orthonormal_skips_dependent_directions() -> None:
    axes = orthonormal([np.array([2.0, 0, 0]), np.array([4.0, 0, 0]), np.array([1.0, 1.0, 0])], 2)
    np.testing.assert_allclose(axes, [[1, 0, 0], [0, 1, 0]], atol=1e-12)


def test_the_foot_is_the_planes_point_nearest_to_zero() -> None:
    plane = plane_through(list(np.random.default_rng(5).standard_normal((3, 5)) + 2), CLOUD)
    (x, y), distance = foot(plane)
    nearest = plane.lift(np.array([[x, y]]))[0]
    assert np.linalg.norm(nearest) == pytest.approx(distance)
    for off in ([0.1, 0.0], [0.0, -0.1]):
        assert np.linalg.norm(plane.lift(np.array([[x, y]]) + off)) > distance


def test_the_window_is_a_square_that_holds_everything() -> None:
    plane = principal_plane(CLOUD)
    shown = plane.project(CLOUD)
    left, right, bottom, top = window(plane, shown)
    assert right - left == pytest.approx(top - bottom)
    assert bool((shown[:, 0] >= left - 1e-9).all() & (shown[:, 0] <= right + 1e-9).all())
    (x, y), _ = foot(plane)
    assert left <= x - 3
    assert top >= y + 3


def test_the_density_sums_to_one_and_peaks_where_the_points_are() -> None:
    shown = np.full((50, 2), 1.0) + 0.01 * np.random.default_rng(0).standard_normal((50, 2))
    field = density(shown, (-2.0, 2.0, -2.0, 2.0), cells=16)
    assert field.sum() == pytest.approx(1.0)
    row, column = np.unravel_index(field.argmax(), field.shape)
    assert tuple(centers((-2.0, 2.0, -2.0, 2.0), 16, 16)[row, column]) == pytest.approx((1.0, 1.0), abs=0.26)
    assert density(np.empty((0, 2)), (0.0, 1.0, 0.0, 1.0)).sum() == pytest.approx(1.0)


def test_cells_start_at_the_bottom_left() -> None:
    grid = centers((0.0, 4.0, 0.0, 2.0), 2, 4)
    assert grid.shape == (2, 4, 2)
    assert grid[0, 0].tolist() == [0.5, 0.5]
    assert grid[1, 3].tolist() == [3.5, 1.5]


def test_rows_come_from_the_middle_outwards() -> None:
    assert middle_out(5) == [2, 1, 3, 0, 4]
    assert sorted(middle_out(6)) == list(range(6))


@pytest.mark.parametrize(
    ("first", "second", "share"),
    [("", "", 0.0), ("a b", "a b", 0.0), ("a b c", "a c", 1 / 3), ("a b", "c d", 1.0), ("a b c", "b c d", 2 / 3)],
)
def test_edit_share(first: str, second: str, share: float) -> None:
    assert edit_share(first.split(), second.split()) == pytest.approx(share)
    assert edit_share(second.split(), first.split()) == pytest.approx(share)


def test_the_change_field_marks_the_border() -> None:
    left, right = ("a",), ("b",)
    field = change_field([[left, left, right], [left, left, right]])
    np.testing.assert_allclose(field, [[0.0, 1 / 3, 0.5], [0.0, 1 / 3, 0.5]])
