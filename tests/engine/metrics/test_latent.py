from __future__ import annotations

import math

import numpy as np
import pytest

from engine.metrics.generation import reverse_perplexity, unigram_kl
from engine.metrics.latent import (
    active,
    gaussian_densities,
    importance_nll,
    latent_metrics,
    log_mean_exp,
    mutual_information,
    verdict,
)
from tests.engine.words import Words


def test_log_mean_exp_survives_where_the_plain_form_underflows() -> None:
    values = np.array([[-1000.0, -1000.0 + math.log(3)], [2.0, 2.0]])
    np.testing.assert_allclose(log_mean_exp(values), [-1000 + math.log(2), 2.0])


def test_importance_nll_of_one_weight_is_its_negative() -> None:
    np.testing.assert_allclose(importance_nll(np.array([[-3.0], [-5.0]])), [3.0, 5.0])
    np.testing.assert_allclose(importance_nll(np.log([[0.2, 0.4]])), [-math.log(0.3)])


def test_mutual_information_reaches_its_cap_when_posteriors_are_apart() -> None:
    means = 100.0 * np.arange(50)[:, None]
    found = mutual_information(gaussian_densities(means, np.zeros((50, 1))), means)
    assert found == pytest.approx(math.log(50))


def test_mutual_information_of_equal_posteriors_is_zero() -> None:
    random = np.random.default_rng(0)
    points = random.standard_normal((40, 3))
    assert mutual_information(gaussian_densities(np.zeros((40, 3)), np.zeros((40, 3))), points) == pytest.approx(
        0.0, abs=1e-12
    )


def test_mutual_information_does_not_depend_on_the_chunk_and_is_what_the_definition_says() -> None:
    random = np.random.default_rng(1)
    means, log_vars = random.standard_normal((30, 2)), random.standard_normal((30, 2))
    points = means + np.exp(log_vars / 2) * random.standard_normal((30, 2))
    density = np.exp(
        -0.5 * ((points[:, None] - means) ** 2 / np.exp(log_vars) + log_vars + math.log(2 * math.pi)).sum(2)
    )
    direct = float(np.mean(np.log(np.diag(density)) - np.log(density.mean(1))))
    assert mutual_information(gaussian_densities(means, log_vars), points) == pytest.approx(direct)
    assert mutual_information(gaussian_densities(means, log_vars), points, chunk=7) == pytest.approx(direct)


def test_active_units_vary_with_the_sentence() -> None:
    means = np.array([[0.0, 1.0, 0.05], [0.0, -1.0, -0.05]])
    assert active(means) == (False, True, False)
    assert active(means, 0.001) == (False, True, True)


def test_the_verdict_says_why() -> None:
    assert verdict(10.0, 5.0, 30, 32) == ""
    assert "ignores z" in verdict(0.1, 0.0, 0, 32)
    assert "only 3 of 32" in verdict(3.0, 2.0, 3, 32)


def test_latent_metrics_state_their_cap() -> None:
    random = np.random.default_rng(2)
    means = random.standard_normal((20, 2))
    found = latent_metrics(np.array([1.0, 2.0]), means, gaussian_densities(means, np.zeros_like(means)), means)
    assert found["kl"].value == 3.0
    assert "log 20 = 3.00" in found["mutual_information"].estimator
    assert found["active_units"].value == 2


def test_unigram_kl_is_zero_for_the_same_text_and_exact_otherwise() -> None:
    assert unigram_kl([[1, 2], [2]], [[2, 1, 2]]) == 0.0
    assert unigram_kl([[1]], [[1, 2]]) == pytest.approx(math.log(2))
    assert unigram_kl([[1, 9]], [[1, 2]]) == pytest.approx(math.log(2))  # a word unseen in training is skipped
    assert unigram_kl([[9]], [[1]]) == math.inf


def test_reverse_perplexity_prefers_samples_like_the_real_text() -> None:
    real = [[5, 6, 7], [7, 6, 5], [5, 7]] * 4
    alike = reverse_perplexity(real, real, Words(10))
    dull = reverse_perplexity([[5, 5, 5]] * 12, real, Words(10))
    assert 1.0 < alike < dull
