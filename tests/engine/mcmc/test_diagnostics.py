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
        trace.count(np.asarray([0, 2]), np.asarray([step % 4 == 0, False]))
    assert trace.most_visited(1) == [((1, 2), 600, 599.0)]
    assert trace.acceptance[0] == 0.25
    assert trace.acceptance[2] == 0
    assert np.isnan(trace.acceptance[1])
    np.testing.assert_array_equal(trace.draws[0], np.arange(300, 600))
    trace.SENTENCES = 500
    trace.add(np.zeros(2), [(1, 2), (9,)])
    assert len(trace._visits) == 250
    assert trace.most_visited(1)[0][1] == 601
