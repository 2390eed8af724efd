"""The mixture terms: exact splits, both theorems of the lecture, corners, and Monte Carlo."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.distributions import Categorical, MixtureSameFamily, Normal

from engine.objectives import gaussian, mixture

B, M, K, D = 7, 3, 5, 4


@pytest.fixture
def latents() -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Posterior mean and log-variance, log q(c|x), component means and log-variances."""
    make = torch.Generator().manual_seed(3)
    mean, log_var = (torch.randn(B, M, D, generator=make, dtype=torch.float64) for _ in range(2))
    log_q = torch.randn(B, M, K, generator=make, dtype=torch.float64).mul(2).log_softmax(-1)
    means, log_vars = (torch.randn(M, K, D, generator=make, dtype=torch.float64) for _ in range(2))
    return mean, log_var, log_q, means, log_vars


def test_the_mixture_kl_is_the_kl_to_the_mean_prior_plus_the_dispersion(latents: tuple[Tensor, ...]) -> None:
    mean, log_var, log_q, means, log_vars = latents
    whole = mixture.kl_to_components(*latents)
    parts = mixture.kl_to_mean_prior(*latents) + mixture.dispersion(log_q, means, log_vars)
    torch.testing.assert_close(whole, parts, rtol=1e-12, atol=1e-12)
    by_hand = torch.zeros(B, M, dtype=torch.float64)
    for k in range(K):
        other = Normal(means[:, k], torch.exp(0.5 * log_vars[:, k]))
        kl = torch.distributions.kl_divergence(Normal(mean, torch.exp(0.5 * log_var)), other).sum(-1)
        by_hand += log_q[:, :, k].exp() * kl
    torch.testing.assert_close(whole, by_hand, rtol=1e-10, atol=1e-10)


def test_the_dispersion_is_never_negative_and_zero_for_one_component(latents: tuple[Tensor, ...]) -> None:
    _, _, log_q, means, log_vars = latents
    assert bool((mixture.dispersion(log_q, means, log_vars) > 0).all())
    sure = torch.full_like(log_q, -torch.inf)
    sure[..., 2] = 0.0
    torch.testing.assert_close(mixture.dispersion(sure, means, log_vars), torch.zeros(B, M, dtype=torch.float64))
    same = means[:, :1].expand_as(means), log_vars[:, :1].expand_as(log_vars)
    torch.testing.assert_close(mixture.dispersion(log_q, *same), torch.zeros(B, M, dtype=torch.float64))


def test_theorem_2_under_one_variance_the_dispersion_is_the_variance_of_the_means(latents: tuple[Tensor, ...]) -> None:
    _, _, log_q, means, _ = latents
    variance = 0.7
    log_vars = torch.full_like(means, math.log(variance))
    q = log_q.exp()
    center = torch.einsum("bmk,mkd->bmd", q, means)
    spread = torch.einsum("bmk,bmkd->bm", q, (means - center[:, :, None]).square())
    torch.testing.assert_close(mixture.dispersion(log_q, means, log_vars), spread / (2 * variance))


def test_theorem_1_raising_the_entropy_of_the_posterior_draws_the_means_to_the_point() -> None:
    """S = sum_k |mu_phi - mu_k|^2 bounds K Var_M from above and falls at the rate Var_q(distance) / sigma^4."""
    make = torch.Generator().manual_seed(11)
    point = torch.randn(D, generator=make, dtype=torch.float64)
    means = torch.randn(K, D, generator=make, dtype=torch.float64, requires_grad=True)
    variance = 1.3
    distances = (point - means).square().sum(1)
    log_q = (-distances / (2 * variance)).log_softmax(0)
    objective = -mixture.categorical_kl(log_q)  # R_c, to be raised
    (ascent,) = torch.autograd.grad(objective, means, retain_graph=True)
    squares = distances.sum()
    (slope,) = torch.autograd.grad(squares, means)
    q = log_q.exp().detach()
    d = distances.detach()
    expected = -((q * d.square()).sum() - (q * d).sum().square()) / variance**2
    torch.testing.assert_close((ascent * slope).sum(), expected)
    assert float(expected) < 0
    assert float(squares.detach()) >= K * float(means.detach().var(0, unbiased=False).sum())


def test_the_categorical_kl_is_aggregated_kl_plus_information(latents: tuple[Tensor, ...]) -> None:
    log_q = latents[2]
    whole = mixture.categorical_kl(log_q).mean(0)
    torch.testing.assert_close(whole, mixture.aggregated_kl(log_q) + mixture.information(log_q))
    uniform = torch.full_like(log_q, 1 / K)
    by_hand = torch.distributions.kl_divergence(Categorical(logits=log_q), Categorical(probs=uniform))
    torch.testing.assert_close(mixture.categorical_kl(log_q), by_hand)
    q = log_q.exp()
    entropy = Categorical(probs=q.mean(0)).entropy() - Categorical(probs=q).entropy().mean(0)
    torch.testing.assert_close(mixture.information(log_q), entropy)


def test_information_lies_between_nothing_and_log_k() -> None:
    same = torch.randn(1, M, K).log_softmax(-1).expand(B, -1, -1)
    torch.testing.assert_close(mixture.information(same), torch.zeros(M), atol=1e-6, rtol=0)
    sure = torch.full((K, M, K), -40.0)
    sure[torch.arange(K), :, torch.arange(K)] = 0.0
    sure = sure.log_softmax(-1)
    torch.testing.assert_close(mixture.information(sure), torch.full((M,), math.log(K)), atol=1e-5, rtol=0)


def test_the_mean_prior_has_averaged_natural_parameters(latents: tuple[Tensor, ...]) -> None:
    _, _, log_q, means, log_vars = latents
    mean, log_var = mixture.mean_prior(log_q, means, log_vars)
    eta1, eta2 = mixture.natural(mean, log_var)
    for component, averaged in zip(mixture.natural(means, log_vars), (eta1, eta2), strict=True):
        torch.testing.assert_close(torch.einsum("bmk,mkd->bmd", log_q.exp(), component), averaged)


def test_the_log_partition_makes_the_density_integrate_to_one() -> None:
    mean, log_var = torch.tensor(0.4, dtype=torch.float64), torch.tensor(-0.6, dtype=torch.float64)
    eta1, eta2 = mixture.natural(mean, log_var)
    x = torch.tensor(1.7, dtype=torch.float64)
    by_family = eta1 * x + eta2 * x.square() - mixture.log_partition(eta1, eta2) - 0.5 * gaussian.LOG_2PI
    torch.testing.assert_close(by_family, gaussian.log_density(x[None], mean[None], log_var[None]))


def test_the_mixture_density_agrees_with_torch(latents: tuple[Tensor, ...]) -> None:
    points, _, _, means, log_vars = latents
    expected = torch.zeros(B, dtype=torch.float64)
    for m in range(M):
        each = torch.distributions.Independent(Normal(means[m], torch.exp(0.5 * log_vars[m])), 1)
        whole = MixtureSameFamily(Categorical(probs=torch.ones(K, dtype=torch.float64)), each)
        expected += whole.log_prob(points[:, m])
    torch.testing.assert_close(mixture.mixture_log_density(points, means, log_vars), expected)


def test_relaxed_codes_are_soft_in_the_mean_right_and_hard_on_demand(latents: tuple[Tensor, ...]) -> None:
    log_q = latents[2][:1, :1].float()
    torch.manual_seed(0)
    soft = mixture.relaxed(log_q.expand(4000, -1, -1), 0.1, straight_through=False)
    torch.testing.assert_close(soft.sum(-1), torch.ones(4000, 1))
    torch.testing.assert_close(soft.mean(0), log_q[0].exp(), atol=0.03, rtol=0)
    given = log_q.clone().requires_grad_(True)
    hard = mixture.relaxed(given, 1.0, straight_through=True)
    assert sorted(set(hard.detach().flatten().tolist())) == [0.0, 1.0]
    (gradient,) = torch.autograd.grad((hard * torch.arange(K)).sum(), given)
    assert float(gradient.abs().sum()) > 0
