"""The posteriors of many sentences, and what they say of a latent space: divergence, information, dimensions in use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from engine.capabilities import Latent, Posterior, Prior
from engine.messages import Metric
from engine.messages.core import FloatArray
from engine.metrics.latent import Densities, gaussian_densities, latent_metrics
from engine.objectives import gaussian

Sentences = Sequence[Sequence[int]]
BATCH = 256


@dataclass(frozen=True)
class Posteriors:
    """Q(z|x) of N sentences, in the batches they were read in."""

    parts: tuple[Posterior, ...]

    @cached_property
    def means(self) -> FloatArray:
        """[N, D]."""
        return torch.cat([p.mean for p in self.parts]).cpu().numpy()

    @cached_property
    def log_vars(self) -> FloatArray:
        """Log-variance of each coordinate by itself, [N, D]."""
        return torch.cat([p.log_variance for p in self.parts]).cpu().numpy()

    @property
    def gaussian(self) -> bool:
        """Whether means and log-variances say all."""
        return all(p.gaussian for p in self.parts)

    def points(self, seed: int) -> FloatArray:
        """One point of each posterior, [N, D]; the noise depends on the seed alone."""
        if self.gaussian:
            noise = np.random.default_rng(seed).standard_normal(self.means.shape)
            drawn: FloatArray = self.means + np.exp(0.5 * self.log_vars) * noise
            return drawn
        first, found = 0, []
        for part in self.parts:
            randoms = [np.random.default_rng((seed, first + row)) for row in range(len(part.mean))]
            found.append(part.samples(1, randoms)[:, 0].cpu().numpy())
            first += len(randoms)
        return np.concatenate(found)

    @property
    def densities(self) -> Densities:
        """Log q(z|x_n) of any points, as `metrics.latent` compares them."""
        if self.gaussian:
            return gaussian_densities(self.means, self.log_vars)

        def log_q(points: FloatArray) -> FloatArray:
            """[C, D] -> [C, N]."""
            shared = torch.from_numpy(np.ascontiguousarray(points)).to(self.parts[0].mean.device)
            columns = [p.log_prob(shared.expand(len(p.mean), -1, -1)).T for p in self.parts]
            found: FloatArray = torch.cat(columns, 1).cpu().numpy()
            return found

        return log_q

    def kl(self, prior: Prior, points: FloatArray) -> tuple[FloatArray, str]:
        """KL(q(z|x) || prior) in the mean over the sentences, in parts that add up, and its estimator.

        In closed form where there is one, else from the points [N, D] drawn from the posteriors.
        """
        exact = [found for p in self.parts if (found := p.kl(prior)) is not None]
        if len(exact) == len(self.parts):
            return torch.cat(exact).mean(0).cpu().numpy(), "closed form, mean"
        z = torch.from_numpy(points).to(self.parts[0].mean.device)
        rows = torch.split(z, [len(p.mean) for p in self.parts])
        log_q = torch.cat([p.log_prob(own[:, None])[:, 0] for p, own in zip(self.parts, rows, strict=True)])
        return (log_q - prior.log_prob(z)).mean(0, keepdim=True).cpu().numpy(), "log q - log p at 1 sample each, mean"


def posteriors(model: Latent, sentences: Sentences) -> Posteriors:
    """Q(z|x) of sentences."""
    return Posteriors(tuple(model.posterior(sentences[i : i + BATCH]) for i in range(0, len(sentences), BATCH)))


def latent_figures(model: Latent, found: Posteriors, seed: int) -> dict[str, Metric]:
    """KL, mutual information and active units."""
    points = found.points(seed)
    kl, how = found.kl(model.prior, points)
    return latent_metrics(kl, found.means, found.densities, points, how=how)


def dimension_kl(means: FloatArray, log_vars: FloatArray) -> FloatArray:
    """KL to N(0, 1) of each dimension in the mean over the sentences, [D], of the Gaussians with these moments.

    In which dimensions sentences differ from the prior: exact for Gaussian posteriors under a standard normal prior.
    """
    kl: FloatArray = gaussian.kl_to_prior(torch.from_numpy(means), torch.from_numpy(log_vars)).mean(0).numpy()
    return kl
