"""Gaussian posteriors: sampling, densities and Kullback-Leibler divergences, all diagonal."""

from __future__ import annotations

import math

import torch
from torch import Tensor

LOG_2PI = math.log(2 * math.pi)


def sample(mean: Tensor, log_var: Tensor) -> Tensor:
    """Draw z = mean + sigma eps with gradients to both (Kingma and Welling 2014); the global generator gives eps."""
    return torch.addcmul(mean, torch.exp(0.5 * log_var), torch.randn_like(mean))


def log_density(points: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    """Give log N(z; mean, exp(log_var)), summed over the last axis; shapes broadcast."""
    return -0.5 * ((points - mean).square() * torch.exp(-log_var) + log_var + LOG_2PI).sum(-1)


def log_prior(points: Tensor) -> Tensor:
    """Give log N(z; 0, I), summed over the last axis."""
    return -0.5 * (points.square() + LOG_2PI).sum(-1)


def kl_to_prior(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(mean, exp(log_var)) || N(0, 1)) of each dimension, in closed form, the shape of `mean`."""
    return 0.5 * (mean.square() + log_var.exp() - 1.0 - log_var)


def kl_between(mean: Tensor, log_var: Tensor, other_mean: Tensor, other_log_var: Tensor) -> Tensor:
    """KL(N(mean, exp(log_var)) || N(other_mean, exp(other_log_var))) of each dimension; shapes broadcast."""
    ratio = log_var - other_log_var
    return 0.5 * (ratio.exp() + (mean - other_mean).square() * torch.exp(-other_log_var) - 1.0 - ratio)
