from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from engine.mcmc.diagnostics import Trace, autocorrelation, bulk_ess, ess, r_hat, rank_normalise, split


def ar1(rho: float, chains: int, draws: int, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(chains, draws))
    values = np.zeros_like(noise)
    values[:, 0] = noise[:, 0] / np.sqrt(1 - rho**2)
    for t in range(1, draws):
        values[:, t] = rho * values[:, t - 1] + noise[:, t]
    return values


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_effective_sample_size_of_an_autoregression(rho: float) -> None:
    draws = ar1(rho, 4, 20_000, seed=1)
    truth = draws.size * (1 - rho) / (1 + rho)
    assert ess(draws) == pytest.approx(truth, rel=0.1)
    assert bulk_ess(draws) == pytest.approx(truth, rel=0.1)


def test_autocorrelation_of_an_autoregression() -> None:
    found = autocorrelation(ar1(0.8, 4, 50_000), 12)
    np.testing.assert_allclose(found, 0.8 ** np.arange(12), atol=0.03)


def test_autocovariance_by_definition() -> None:
    draws = np.random.default_rng(2).normal(size=(1, 9))
    centred = draws[0] - draws.mean()
    direct = [np.sum(centred[: 9 - k] * centred[k:]) / np.sum(centred**2) for k in range(9)]
    np.testing.assert_allclose(autocorrelation(draws, 9), direct, atol=1e-12)


RECORDED = [  # kind, chains, draws, ess(method="bulk") and rhat() of arviz-stats 0.8.0
    ("plain", 1, 16, 11.809515504772671, None),
    ("plain", 2, 9, 19.265919722494797, 0.9836727639629609),
    ("plain", 4, 100, 387.7133449669321, 0.9939132220909644),
    ("plain", 3, 501, 1450.9811771993757, 0.9981478881284034),
    ("antithetic", 1, 16, 19.265919722494797, None),
    ("antithetic", 2, 9, 19.265919722494797, 1.0435845362442617),
    ("antithetic", 4, 100, 1040.823996531185, 0.9924257393539618),
    ("antithetic", 3, 501, 4764.136888583522, 0.9980472188407602),
    ("sticky", 1, 16, 7.724137931034482, None),
    ("sticky", 2, 9, 19.265919722494797, 4.676097185638053),
    ("sticky", 4, 100, 105.24184915543631, 1.0328409761619972),
    ("sticky", 3, 501, 331.15013168479885, 1.0068692843528817),
    ("trend", 1, 16, 16.887964394764108, None),
    ("trend", 2, 9, 19.265919722494797, 1.0683759667539605),
    ("trend", 4, 100, 6.233908755965109, 1.8713441830850133),
    ("trend", 3, 501, 6.217027785542647, 1.6014744127652225),
    ("cauchy", 1, 16, 19.265919722494797, None),
    ("cauchy", 2, 9, 19.265919722494797, 1.033868876253914),
    ("cauchy", 4, 100, 407.77418076659035, 0.9940017055119862),
    ("cauchy", 3, 501, 1520.9274110442782, 0.9982009074683785),
]


def hand_made(kind: str, chains: int, count: int) -> np.ndarray:
    """Draws without chance in them: waves that look like noise, antithetic, sticky, drifting or wild."""
    t = np.arange(chains * count, dtype=float).reshape(chains, count)
    wave = np.sin(1.7 * t * t % 7.0) + 0.1 * np.cos(t)
    kinds = {
        "plain": wave,
        "antithetic": wave + 2 * (-1.0) ** t,
        "sticky": np.repeat(wave[:, ::4], 4, 1)[:, :count],
        "trend": wave + t / count,
        "cauchy": np.tan(1.5 * wave),
    }
    return kinds[kind]


@pytest.mark.parametrize(("kind", "chains", "count", "size", "ratio"), RECORDED)
def test_figures_are_those_of_arviz(kind: str, chains: int, count: int, size: float, ratio: float | None) -> None:
    draws = hand_made(kind, chains, count)
    assert bulk_ess(draws) == pytest.approx(size, rel=1e-9)
    if ratio is not None:  # arviz says nothing of a single chain; here its halves are compared
        assert r_hat(draws) == pytest.approx(ratio, rel=1e-9)


def test_r_hat_is_one_for_one_law_and_more_for_shifted_or_scaled_chains() -> None:
    draws = ar1(0.3, 4, 4000)
    assert r_hat(draws) == pytest.approx(1, abs=0.01)
    shifted = draws + np.asarray([[0], [0], [0], [2.0]])
    scaled = draws * np.asarray([[1], [1], [1], [6.0]])
    assert r_hat(shifted) > 1.2
    assert r_hat(scaled) > 1.1  # the same mean: only the folded form sees it
    trend = draws + np.linspace(0, 4, 4000)
    assert r_hat(trend) > 1.2  # within one chain: only splitting sees it


def test_r_hat_by_hand() -> None:
    """Two chains of four: normal scores of ranks, then the ratio of variances, of halves of two draws."""
    draws = np.asarray([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]])
    assert split(draws).tolist() == [[1, 2], [5, 6], [3, 4], [7, 8]]
    scores = rank_normalise(draws)
    wanted = [NormalDist().inv_cdf((r - 0.375) / 8.25) for r in range(1, 9)]
    np.testing.assert_allclose(scores.ravel(), wanted, atol=1e-6)
    tied = rank_normalise(np.asarray([[1.0, 1.0, 2.0, 3.0]]))
    assert tied[0, 0] == tied[0, 1] == pytest.approx(NormalDist().inv_cdf((1.5 - 0.375) / 4.25))


def test_too_few_or_constant_draws_say_so() -> None:
    assert np.isnan(r_hat(np.zeros((2, 3))))
    assert np.isnan(bulk_ess(np.zeros((2, 3))))
    assert np.isnan(r_hat(np.ones((2, 50))))
    assert np.isnan(bulk_ess(np.ones((2, 50))))
    assert np.isinf(r_hat(np.repeat([[0.0], [1.0]], 50, 1)))


def test_the_trace_counts_and_forgets_the_rarest() -> None:
    trace = Trace(2)
    for step in range(600):
        trace.add(np.asarray([step, -step], float), [(1, 2), (3, step)])
        accepted = np.asarray([step % 4 == 0, False])
        trace.count(np.asarray([0, 2]), accepted, accepted & (step % 8 == 0))
    assert trace.most_visited(1) == [((1, 2), 600, 599.0)]
    assert trace.acceptance[0] == 0.25
    assert trace.change[0] == 0.125
    assert trace.acceptance[2] == 0
    assert np.isnan(trace.acceptance[1])
    np.testing.assert_array_equal(trace.draws[0], np.arange(300, 600))
    trace.SENTENCES = 500
    trace.add(np.zeros(2), [(1, 2), (9,)])
    assert len(trace._visits) == 250
    assert trace.most_visited(1)[0][1] == 601
