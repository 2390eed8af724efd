from __future__ import annotations

import numpy as np
import pytest

from engine.latent.charts import align, chart_of


def cloud(count: int, size: int, *, seed: int = 0) -> np.ndarray:
    """Points that vary most along dimension 1, then along dimension 0."""
    spread = np.array([2.0, 3.0, 0.5, 0.2, 0.1][:size])
    return np.random.default_rng(seed).standard_normal((count, size)) * spread


def rotation(size: int, seed: int = 3) -> np.ndarray:
    q, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((size, size)))
    return q


def test_two_dimensions_are_shown_as_they_are() -> None:
    chart = chart_of(cloud(20, 2), cloud(5, 2, seed=1))
    points = cloud(7, 2, seed=2)
    np.testing.assert_array_equal(chart.project(points), points)
    np.testing.assert_array_equal(chart.lift(points), points)
    assert chart.explained == 1.0


def test_more_dimensions_are_shown_on_their_principal_axes() -> None:
    points, means = cloud(4000, 5), np.zeros((5, 5))
    chart = chart_of(points, means)
    np.testing.assert_allclose(chart.axes @ chart.axes.T, np.eye(2), atol=1e-12)
    np.testing.assert_allclose(chart.axes, [[0, 1, 0, 0, 0], [1, 0, 0, 0, 0]], atol=0.05)
    variances = np.concatenate([points, means]).var(0)
    assert chart.explained == pytest.approx((variances[0] + variances[1]) / variances.sum(), abs=1e-3)
    np.testing.assert_allclose(chart.project(chart.lift(np.array([[1.0, -2.0]]))), [[1.0, -2.0]])


def test_means_far_from_all_points_turn_the_axes() -> None:
    points = cloud(20, 3)
    means = np.array([[0.0, 0.0, 100.0], [0.0, 0.0, -100.0]])
    assert abs(chart_of(points, means).axes[0, 2]) > 0.99
    assert chart_of(points[:0], means).explained == pytest.approx(1.0)


def test_the_spread_of_a_component_is_its_covariance_on_the_axes() -> None:
    chart = chart_of(cloud(50, 4), cloud(3, 4))
    log_vars = np.log(np.array([[1.0, 2.0, 3.0, 4.0]]))
    drawn = np.random.default_rng(0).standard_normal((200_000, 4)) * np.exp(log_vars / 2)
    sampled = np.cov((drawn @ chart.axes.T).T)
    np.testing.assert_allclose(chart.spread(log_vars)[0], sampled, rtol=0.02, atol=0.02)


def test_one_dimension_lies_on_a_line() -> None:
    points = np.array([[1.0], [-2.0]])
    chart = chart_of(points, points)
    np.testing.assert_array_equal(chart.project(points), [[1.0, 0.0], [-2.0, 0.0]])
    np.testing.assert_array_equal(chart.lift(np.array([[1.0, 7.0]])), [[1.0]])


def test_points_that_do_not_vary_have_a_chart() -> None:
    same = np.ones((6, 4))
    chart = chart_of(same, same)
    np.testing.assert_allclose(chart.project(same), np.zeros((6, 2)))
    assert chart.explained == 1.0


@pytest.mark.parametrize("size", [1, 2, 4])
def test_a_model_turned_and_shifted_is_laid_back_on_the_first(size: int) -> None:
    points, means = cloud(60, size), cloud(5, size, seed=1)
    turn, shift = rotation(size), np.full(size, 3.0)
    reference = chart_of(points, means)
    moved, moved_means = points @ turn + shift, means @ turn + shift
    chart = align(chart_of(moved, moved_means), moved, reference, points)
    np.testing.assert_allclose(chart.project(moved), reference.project(points), atol=1e-9)
    np.testing.assert_allclose(chart.project(moved_means), reference.project(means), atol=1e-9)
    if size > 1:
        np.testing.assert_allclose(chart.axes @ chart.axes.T, np.eye(2), atol=1e-12)


def test_a_model_laid_on_itself_keeps_its_axes() -> None:
    points = cloud(60, 5)
    chart = chart_of(points, points[:3])
    again = align(chart, points, chart, points)
    np.testing.assert_allclose(again.axes, chart.axes, atol=1e-12)
    np.testing.assert_allclose(again.project(points), chart.project(points), atol=1e-12)
    assert again.names == chart.names


def test_a_collapse_is_not_scaled_away() -> None:
    points = cloud(60, 2)
    reference = chart_of(points, points[:3])
    collapsed = 0.01 * points @ rotation(2)
    chart = align(chart_of(collapsed, collapsed[:3]), collapsed, reference, points)
    shown = chart.project(collapsed)
    np.testing.assert_allclose(np.ptp(shown - shown.mean(0), axis=0), 0.01 * np.ptp(points, axis=0), rtol=1e-6)


def test_samples_of_different_sentences_cannot_be_laid_on_each_other() -> None:
    chart = chart_of(cloud(9, 2), cloud(3, 2))
    with pytest.raises(ValueError, match="8 points cannot be laid on 9"):
        align(chart, cloud(8, 2), chart, cloud(9, 2))
