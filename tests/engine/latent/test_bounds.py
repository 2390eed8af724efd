"""ELBO below the importance-weighted bound below the exact log-likelihood, where the integral over z can be done."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch

from engine.capabilities import Prior
from engine.latent.likelihood import log_likelihood, log_weights
from engine.metrics.latent import importance_nll, log_mean_exp
from engine.models.parts.adaptive_softmax import AdaptiveSoftmaxConfig
from engine.models.parts.posteriors import StandardNormal
from engine.models.vae import TextVae
from tests.engine.models.test_vae import tiny_vae

SENTENCES = [[], [4], [5], [4, 5], [5, 5]]


@pytest.fixture(scope="module")
def model() -> TextVae:
    model = tiny_vae(None, vocabulary=6, latent=1, output=AdaptiveSoftmaxConfig(6, 1), spread=1.8)
    assert model.to_log_var is not None
    model.to_mean.weight.mul_(0.2)
    model.to_log_var.weight.zero_()  # posteriors a little wider than the prior: importance weights stay bounded
    model.to_log_var.bias.fill_(0.3)
    return model


def exact(model: TextVae) -> np.ndarray:
    """The log of the integral of p(x|z) N(z; 0, 1) over a fine grid, of each sentence."""
    z = torch.linspace(-9, 9, 6001, dtype=torch.float64)
    log_prior = -0.5 * (z**2 + math.log(2 * math.pi))
    out = []
    for sentence in SENTENCES:
        log_p = log_likelihood(model.decoder(z.float()[:, None]), [sentence] * len(z))
        out.append(float((log_p + log_prior).logsumexp(0)) + math.log(float(z[1] - z[0])))
    return np.array(out)


def weights(model: TextVae, samples: int) -> np.ndarray:
    return np.stack([w for _, w in sorted(log_weights(model, SENTENCES, samples, 1))])


def test_the_bounds_are_in_order_and_tighten(model: TextVae) -> None:
    truth = exact(model)
    many = weights(model, 4000)
    elbo = many.mean(1)
    by_ten = log_mean_exp(many.reshape(len(SENTENCES), 400, 10), axis=2).mean(1)
    assert (elbo < by_ten).all()
    assert (by_ten < truth).all()
    assert float((truth - elbo).min()) > 0.05  # a gap that the order above could have missed
    assert (truth - by_ten < 0.5 * (truth - elbo)).all()
    relative = np.exp(many - many.max(1, keepdims=True))
    effective = relative.sum(1) ** 2 / (relative**2).sum(1)
    assert effective.min() > 300
    assert (np.abs(-importance_nll(many) - truth) < 4 / np.sqrt(effective)).all()


def test_a_sentences_samples_do_not_depend_on_its_neighbours(model: TextVae) -> None:
    together = dict(log_weights(model, SENTENCES, 5, 3))
    first = dict(log_weights(model, SENTENCES[:1], 5, 3))
    np.testing.assert_allclose(first[0], together[0], rtol=1e-5)


class Shifted(TextVae):
    """Another prior, whose density is e^-7 everywhere."""

    @property
    def prior(self) -> Prior:
        return Flat(self.latent_size)


class Flat(StandardNormal):
    def log_prob(self, points: torch.Tensor) -> torch.Tensor:
        return torch.full(points.shape[:-1], -7.0, dtype=torch.float64)


def test_the_prior_can_be_another(model: TextVae) -> None:
    other = copy.deepcopy(model)
    other.__class__ = Shifted
    plain, shifted = (dict(log_weights(m, SENTENCES[1:2], 3, 1))[0] for m in (model, other))
    points = model.posterior(SENTENCES[1:2]).samples(3, [np.random.default_rng((1, 0))])
    np.testing.assert_allclose(shifted - plain, -7.0 - model.prior.log_prob(points)[0].numpy())
