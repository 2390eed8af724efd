"""Posteriors and priors of latent spaces, as `capabilities.Posterior` and `Prior`: the kinds that many models share.

Shapes: B sentences, S samples of each, D latent dimensions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from engine.capabilities import Prior
from engine.messages.core import FloatArray
from engine.objectives import gaussian

NO_VARIANCE = -87.0
"""Log-variance of what does not vary: about the smallest whose exponential is a normal float32."""


class GaussianPosterior(NamedTuple):
    """Independent Gaussians of each coordinate (Kingma and Welling 2014)."""

    mean: Tensor  # [B, D]
    log_variance: Tensor  # [B, D]

    @property
    def gaussian(self) -> bool:
        """Mean and log-variance say all."""
        return True

    def sample(self) -> Tensor:
        """One point of each, [B, D], with gradients to both."""
        return gaussian.sample(self.mean, self.log_variance)

    def samples(self, count: int, randoms: Sequence[np.random.Generator]) -> Tensor:
        """[B, S, D] in float64, row b from `randoms[b]` alone."""
        return gaussian_samples(self.mean, self.log_variance, count, randoms)

    def log_prob(self, points: Tensor) -> Tensor:
        """Log q(point|x) of each sentence's own points, [B, S, D] -> [B, S]."""
        mean, log_variance = self.mean.to(points), self.log_variance.to(points)
        return gaussian.log_density(points, mean[:, None], log_variance[:, None])

    def kl(self, prior: Prior) -> Tensor | None:
        """Of each dimension, [B, D], to a standard normal prior."""
        return gaussian.kl_to_prior(self.mean, self.log_variance) if isinstance(prior, StandardNormal) else None


class PointPosterior(NamedTuple):
    """What a plain autoencoder says of a sentence: one point."""

    mean: Tensor  # [B, D]
    log_variance: Tensor  # [B, D], `NO_VARIANCE`

    @property
    def gaussian(self) -> bool:
        """A point is a Gaussian as narrow as numbers allow."""
        return True

    def sample(self) -> Tensor:
        """The point, [B, D]."""
        return self.mean

    def samples(self, count: int, randoms: Sequence[np.random.Generator]) -> Tensor:
        """The point again and again, [B, S, D] in float64."""
        return self.mean.double()[:, None].expand(-1, count, -1)

    def log_prob(self, points: Tensor) -> Tensor:
        """Raises ValueError: a point has no density."""
        raise ValueError("a plain autoencoder's points have no density")

    def kl(self, prior: Prior) -> Tensor | None:
        """None: a point has no divergence from a prior."""
        return None


class StandardNormal(NamedTuple):
    """N(0, I), the usual prior."""

    size: int  # D

    @property
    def scale(self) -> float:
        """The standard deviation of a coordinate about zero."""
        return 1.0

    def sample(self, count: int, random: np.random.Generator) -> FloatArray:
        """[count, D]."""
        return random.standard_normal((count, self.size))

    def log_prob(self, points: Tensor) -> Tensor:
        """Log density of points [..., D], [...]."""
        return gaussian.log_prior(points)


def gaussian_samples(mean: Tensor, log_variance: Tensor, count: int, randoms: Sequence[np.random.Generator]) -> Tensor:
    """Points of independent Gaussians [B, D], [B, S, D] in float64, row b from `randoms[b]` alone."""
    mean, log_variance = mean.double(), log_variance.double()
    noise = torch.from_numpy(np.stack([r.standard_normal((count, mean.shape[1])) for r in randoms]))
    return mean[:, None] + torch.exp(0.5 * log_variance)[:, None] * noise.to(mean.device)
