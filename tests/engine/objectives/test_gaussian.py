"""Closed forms against Monte Carlo and against torch's own distributions."""

from __future__ import annotations

import torch
from torch.distributions import Normal, kl_divergence

from engine.objectives import gaussian


def _some(rows: int = 3, size: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    mean, log_var = torch.randn(2, rows, size, generator=generator, dtype=torch.float64)
    return mean, log_var


def test_kl_to_prior_is_the_textbook_one_and_what_sampling_gives() -> None:
    mean, log_var = _some()
    kl = gaussian.kl_to_prior(mean, log_var)
    torch.testing.assert_close(kl, kl_divergence(Normal(mean, torch.exp(log_var / 2)), Normal(0.0, 1.0)))
    torch.manual_seed(0)
    wide_mean, wide_log_var = (p.expand(100_000, *p.shape) for p in (mean, log_var))
    points = gaussian.sample(wide_mean, wide_log_var)
    ratio = gaussian.log_density(points, mean, log_var) - gaussian.log_prior(points)  # draws, rows
    error = ratio.std(0) / len(points) ** 0.5
    assert bool(((ratio.mean(0) - kl.sum(1)).abs() < 4 * error).all())


def test_kl_vanishes_only_at_the_prior() -> None:
    assert float(gaussian.kl_to_prior(torch.zeros(1, 2), torch.zeros(1, 2)).sum()) == 0.0
    mean, log_var = _some()
    assert bool((gaussian.kl_to_prior(mean, log_var) > 0).all())


def test_kl_between_agrees_with_torch_and_reduces_to_the_prior() -> None:
    mean, log_var = _some()
    other_mean, other_log_var = log_var, mean
    ours = gaussian.kl_between(mean, log_var, other_mean, other_log_var)
    expected = kl_divergence(Normal(mean, torch.exp(log_var / 2)), Normal(other_mean, torch.exp(other_log_var / 2)))
    torch.testing.assert_close(ours, expected)
    zero = torch.zeros_like(mean)
    torch.testing.assert_close(gaussian.kl_between(mean, log_var, zero, zero), gaussian.kl_to_prior(mean, log_var))


def test_samples_carry_gradients_to_mean_and_spread() -> None:
    mean, log_var = torch.zeros(1, 1, requires_grad=True), torch.zeros(1, 1, requires_grad=True)
    torch.manual_seed(3)
    point = gaussian.sample(mean, log_var)
    point.sum().backward()
    assert mean.grad is not None
    assert float(mean.grad) == 1.0
    assert log_var.grad is not None
    torch.testing.assert_close(log_var.grad, 0.5 * point.detach())  # d(eps e^(v/2))/dv at v = 0
