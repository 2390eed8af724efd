from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import adjusted_mutual_info_score
from sklearn.neighbors import KNeighborsClassifier

from engine.metrics.agreement import (
    NEAREST,
    adjusted,
    agreement,
    agreement_metrics,
    nearest_label_accuracy,
    neighbour_metric,
    shuffled,
)


def dealt(seed: int, codes: int, labels: int, count: int, *, tied: float) -> np.ndarray:
    """A table of sentences of which a share `tied` has the label that belongs to its code."""
    random = np.random.default_rng(seed)
    code = random.integers(0, codes, count)
    label = np.where(random.random(count) < tied, code % labels, random.integers(0, labels, count))
    table = np.zeros((codes, labels), dtype=np.int64)
    np.add.at(table, (code, label), 1)
    return table


def test_shuffles_keep_both_margins() -> None:
    table = dealt(0, 30, 6, 400, tied=0.5)
    for other in shuffled(table):
        np.testing.assert_array_equal(other.sum(0), table.sum(0))
        np.testing.assert_array_equal(other.sum(1), table.sum(1))


def test_many_codes_look_homogeneous_by_chance_and_the_level_says_so() -> None:
    """Codes without any meaning: homogeneity is far from 0, as far as that of shuffled labels."""
    metrics = agreement_metrics(dealt(1, 120, 10, 900, tied=0.0), [str(i) for i in range(10)])
    found = metrics["homogeneity"]
    assert found.value > 0.2
    assert found.chance == pytest.approx(found.value, abs=0.02)
    assert abs(metrics["ami"].value) < 0.03


def test_a_meaning_stands_out_above_its_level() -> None:
    metrics = agreement_metrics(dealt(2, 40, 8, 900, tied=0.6), [str(i) for i in range(8)])
    for name in ("homogeneity", "nmi", "purity"):
        assert metrics[name].value > 2 * metrics[name].chance
    assert metrics["ami"].chance == 0.0


@pytest.mark.parametrize("tied", [0.0, 0.3, 0.9])
def test_adjusted_mutual_information_beside_the_exact_expectation(tied: float) -> None:
    """scikit-learn sums the expectation out; ours is a mean over shuffles, so it differs by their spread only."""
    table = dealt(3, 12, 5, 500, tied=tied)
    codes, labels = (np.repeat(axis, table.ravel()) for axis in np.indices(table.shape).reshape(2, -1))
    tables = shuffled(table)
    spread = np.std([agreement(t).nmi for t in tables])
    assert adjusted(table, tables) == pytest.approx(adjusted_mutual_info_score(labels, codes), abs=3 * spread)


def test_one_code_and_one_label_tell_nothing_apart() -> None:
    table = np.array([[7]])
    assert math.isnan(adjusted(table, shuffled(table)))
    assert "ami" not in agreement_metrics(table, ["only"])


def test_the_nearest_points_vote_as_another_program_counts_them() -> None:
    random = np.random.default_rng(4)
    centres = random.standard_normal((4, 3))
    ids = random.integers(0, 4, 240)
    points = centres[ids] + 0.7 * random.standard_normal((240, 3))
    accuracy, judged = nearest_label_accuracy(points.astype(np.float32), [f"label {i}" for i in ids])
    weights = np.arange(NEAREST, 0, -1) / NEAREST**2 + 1.0  # nearer points break ties
    right = 0
    for n in range(240):
        others = np.delete(np.arange(240), n)
        model = KNeighborsClassifier(NEAREST, weights=lambda d: weights[d.argsort(1).argsort(1)])
        right += model.fit(points[others], ids[others]).predict(points[n : n + 1])[0] == ids[n]
    assert (accuracy, judged) == (right / 240, 240)


def test_a_point_is_no_neighbour_of_its_own() -> None:
    """Labels of pairs that lie together, no two pairs alike: each point's own label must not vote."""
    points = np.arange(60, dtype=np.float64)[:, None]
    accuracy, _ = nearest_label_accuracy(points, [str(i) for i in range(60)])
    assert accuracy == 0.0


def test_too_few_points_have_no_accuracy() -> None:
    assert neighbour_metric(np.zeros((NEAREST, 2)), ["a"] * NEAREST) == {}


def test_chance_is_the_commonest_labels_share() -> None:
    labels = ["a"] * 30 + ["b"] * 10
    metric = neighbour_metric(np.random.default_rng(0).standard_normal((40, 2)), labels)["nearest_accuracy"]
    assert metric.chance == 0.75
