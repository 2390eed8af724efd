from __future__ import annotations

import sys

import numpy as np
import pytest

from engine.latent.tsne import EARLY, MOST, NORMAL, lay_out


def groups(each: int = 25) -> np.ndarray:
    """Three groups far apart in five dimensions."""
    middles = 20.0 * np.eye(5)[:3]
    return np.concatenate([m + np.random.default_rng(i).standard_normal((each, 5)) for i, m in enumerate(middles)])


def test_groups_stay_apart_and_the_stages_are_counted() -> None:
    layouts = list(lay_out(groups(), perplexity=10, seed=0))
    assert [step.iteration for step in layouts] == list(range(0, EARLY + NORMAL + 1, 25))
    assert {step.iterations for step in layouts} == {EARLY + NORMAL}
    last = layouts[-1].positions
    assert last.shape == (75, 2)
    distances = np.linalg.norm(last[:, None] - last[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = distances.argmin(1)
    np.testing.assert_array_equal(nearest // 25, np.arange(75) // 25)
    assert not np.array_equal(layouts[0].positions, layouts[1].positions)  # each layout is a copy of its own


def test_the_same_seed_gives_the_same_layout() -> None:
    first, again, other = (list(lay_out(groups(), perplexity=10, seed=seed))[-1].positions for seed in (4, 4, 5))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


def test_many_points_are_laid_out_in_shorter_stages() -> None:
    points = np.random.default_rng(0).standard_normal((5000, 2))
    stages = lay_out(points, perplexity=5, seed=0)
    assert [next(stages).iteration for _ in range(3)] == [0, 5, 10]


def test_the_start_shows_the_principal_axes() -> None:
    points = groups()
    first = next(lay_out(points, perplexity=10, seed=0)).positions
    centred = points - points.mean(0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    for axis in range(2):
        assert abs(np.corrcoef(first[:, axis], centred @ axes[axis])[0, 1]) > 0.99
    assert first.std() < 1e-3


@pytest.mark.parametrize("points", [np.eye(4)[np.arange(40) % 4], np.arange(12.0)[:, None], groups(2)])
def test_points_that_coincide_or_lie_on_a_line_or_are_few_have_a_layout(points: np.ndarray) -> None:
    last = list(lay_out(points, perplexity=30, seed=0))[-1].positions
    assert last.shape == (len(points), 2)
    assert np.isfinite(last).all()
    assert np.ptp(last, axis=0).min() > 0


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        (np.zeros((3, 2)), "not 3"),
        (np.zeros((MOST + 1, 2)), "20,001"),
        (np.ones((10, 3)), "all of them are the same"),
    ],
)
def test_what_cannot_be_laid_out_is_refused(points: np.ndarray, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        next(lay_out(points, perplexity=5, seed=0))


def test_a_missing_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openTSNE", None)
    with pytest.raises(ValueError, match="pip install openTSNE"):
        next(lay_out(groups(), perplexity=5, seed=0))
