"""The mixture family: shapes of every member, the prior and the proposals against brute force."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from engine.capabilities import capabilities_of
from engine.latent.likelihood import log_likelihood, log_weights
from engine.models.mixture_vae import MixtureVae, MixtureVaeConfig, one_hot
from engine.models.parts.adaptive_softmax import AdaptiveSoftmaxConfig
from engine.text import Tokenizer

pytestmark = pytest.mark.usefixtures("double")

MEMBERS = {
    "mixture": {"mixtures": 2, "components": 3, "dimension": 2},
    "mixture with a Gaussian part": {"mixtures": 2, "components": 3, "dimension": 2, "gaussian": 3},
    "discrete": {"mixtures": 2, "components": 3, "dimension": 0},
    "semi": {"mixtures": 2, "components": 3, "dimension": 0, "gaussian": 3},
}
SENTENCES = [[4, 5, 6], [7], [5, 5]]


def tiny(tokenizer: Tokenizer, *, sharp: float = 3.0, **settings: Any) -> MixtureVae:
    torch.manual_seed(5)
    sizes = {"embedding": 6, "encoder": 7, "decoder": 8, "output": AdaptiveSoftmaxConfig(10, 2), "dropout": 0.0}
    model = MixtureVae(MixtureVaeConfig(vocabulary=tokenizer.size, **{**sizes, **settings}), tokenizer)
    with torch.no_grad():  # so that sentences differ
        for parameter in model.encoder_parameters():
            parameter.mul_(sharp)
    return model.eval().requires_grad_(False)


@pytest.mark.parametrize("name", MEMBERS)
def test_every_member_of_the_family_encodes_and_decodes(tokenizer: Tokenizer, name: str) -> None:
    model = tiny(tokenizer, **MEMBERS[name])
    shape = model.shape
    assert capabilities_of(model) == ("Latent", "Mixture")
    posterior = model.posterior(SENTENCES)
    mean, log_var = posterior.mean, posterior.log_variance
    assert mean.shape == log_var.shape == (3, shape.size) == (3, model.latent_size)
    q = model.responsibilities(SENTENCES)
    torch.testing.assert_close(q.sum(-1), torch.ones(3, shape.mixtures))
    means, log_vars, weights = model.components()
    assert means.shape == log_vars.shape == (2, 3, shape.width)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2))
    decoder = model.decoder(mean)
    assert bool((log_likelihood(decoder, SENTENCES) < 0).all())
    if shape.discrete:
        blocks = model.blocks(mean)
        assert torch.equal(blocks.argmax(-1), q.argmax(-1))
        assert torch.equal(blocks.sum(-1), torch.ones(3, 2))


def test_a_posterior_does_not_depend_on_the_batch(tokenizer: Tokenizer) -> None:
    model = tiny(tokenizer, **MEMBERS["mixture"])
    together = model.responsibilities(SENTENCES)
    for row, sentence in enumerate(SENTENCES):
        torch.testing.assert_close(model.responsibilities([sentence])[0], together[row])


def test_the_density_of_the_prior_is_that_of_its_samples(tokenizer: Tokenizer) -> None:
    """Importance weights of points drawn from the prior against a wide Gaussian average to one."""
    model = tiny(tokenizer, mixtures=1, components=3, dimension=2)
    wide = torch.randn(200_000, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) * 6
    log_wide = -wide.square().sum(1) / 72 - math.log(2 * math.pi * 36)
    ratio = (model.prior.log_prob(wide) - log_wide).exp()
    assert float(ratio.mean()) == pytest.approx(1.0, abs=5 * float(ratio.std()) / 200_000**0.5)  # standard errors
    drawn = model.prior.sample(50_000, np.random.default_rng(2))
    means, log_vars, _ = model.components()
    np.testing.assert_allclose(drawn.mean(0), means[0].mean(0).numpy(), atol=0.05)
    second = (log_vars[0].exp() + means[0].square()).mean(0).numpy()
    np.testing.assert_allclose((drawn**2).mean(0), second, rtol=0.05)


def test_importance_weights_of_a_discrete_code_reach_the_exact_likelihood(tokenizer: Tokenizer) -> None:
    model = tiny(tokenizer, sharp=1.0, **MEMBERS["discrete"])
    exact = []
    for sentence in SENTENCES:
        codes = torch.cartesian_prod(torch.arange(3), torch.arange(3))
        decoder = model.decoder(one_hot(codes, model.prior_mean))
        scores = log_likelihood(decoder, [sentence] * 9)
        exact.append(float(scores.logsumexp(0)) - math.log(9))
    estimates = dict(log_weights(model, SENTENCES, 4000, seed=1))
    for row, value in enumerate(exact):
        weights = estimates[row]
        ratio = np.exp(weights - value)  # one in the mean
        assert float(ratio.mean()) == pytest.approx(1.0, abs=5 * float(ratio.std()) / 4000**0.5)  # standard errors
        assert float(weights.mean()) < value


def test_the_ratio_of_a_proposed_code_is_prior_over_posterior(tokenizer: Tokenizer) -> None:
    model = tiny(tokenizer, **MEMBERS["discrete"])
    posterior = model.posterior(SENTENCES)
    points = posterior.samples(20, [np.random.default_rng(i) for i in range(3)])
    ratio = model.prior.log_prob(points) - posterior.log_prob(points)
    codes = model.blocks(points).argmax(-1)  # B, S, M
    q = model.responsibilities(SENTENCES).double()
    chosen = q[:, None].expand(-1, 20, -1, -1).gather(-1, codes[..., None])[..., 0].prod(-1)
    torch.testing.assert_close(ratio, -math.log(9) - chosen.log(), rtol=1e-10, atol=1e-10)


def test_proposals_do_not_depend_on_the_batch(tokenizer: Tokenizer) -> None:
    model = tiny(tokenizer, **MEMBERS["semi"])
    both, one = model.posterior(SENTENCES), model.posterior(SENTENCES[1:2])
    together = both.samples(4, [np.random.default_rng(i) for i in range(3)])
    alone = one.samples(4, [np.random.default_rng(1)])
    torch.testing.assert_close(alone[0], together[1], rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(one.log_prob(alone)[0], both.log_prob(together)[1], rtol=1e-10, atol=1e-10)
