"""The bundled VAE and autoencoder: in use, fluent, and as their cards say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from engine.assets import CHECKPOINTS
from engine.checkpoint import load_model, read_trace
from engine.latent.decoding import read_points
from engine.latent.evaluation import decode
from engine.latent.likelihood import log_likelihood
from engine.latent.paths import walk
from engine.latent.posteriors import dimension_kl, posteriors
from engine.latent.survey import encode, examples
from engine.messages import ModelInfo
from engine.messages.latent import GREEDY
from engine.models.lstm import LstmLm
from engine.objectives import gaussian
from engine.training.language_model import negative_log_likelihood

Loaded = tuple[Any, ModelInfo]


@pytest.fixture(scope="module")
def vae() -> Loaded:
    return load_model(CHECKPOINTS / "everyday-vae.safetensors")


@pytest.fixture(scope="module")
def ae() -> Loaded:
    return load_model(CHECKPOINTS / "everyday-ae.safetensors")


def test_the_vae_has_not_collapsed(vae: Loaded) -> None:
    model, info = vae
    metrics = info.card.metrics
    assert 8 <= metrics["kl"].value <= 20
    assert metrics["mutual_information"].value > 5
    assert metrics["active_units"].value >= 24
    assert metrics["nll"].value < metrics["negative_elbo"].value
    means, log_vars, _ = encode(model, examples())
    assert float(dimension_kl(means, log_vars).sum()) == pytest.approx(metrics["kl"].value, rel=0.3)


def test_the_point_says_much_of_the_sentence(vae: Loaded) -> None:
    model, _ = vae
    texts = examples()
    sentences = [model.tokenizer.encode(t) for t in texts]
    with torch.inference_mode():
        mean = model.posterior(sentences).mean
        own = log_likelihood(model.decoder(mean), sentences)
        other = log_likelihood(model.decoder(mean.roll(1, 0)), sentences)
    assert float((other - own).mean()) < -10
    assert float((own > other).double().mean()) > 0.98


def test_walks_and_prior_samples_are_as_fluent_as_written_sentences(vae: Loaded) -> None:
    model, _ = vae
    judge, _ = load_model(CHECKPOINTS / "everyday-forward.safetensors")
    assert isinstance(judge, LstmLm)
    texts = examples()
    with torch.inference_mode():
        means = encode(model, texts)[0].astype(np.float64)
        places = [p.point for i in range(20) for p in walk([means[i], means[i + 40]], 7, "linear")]
        walked = decode(model, np.stack(places))
        drawn = decode(model, np.random.default_rng(0).standard_normal((140, model.latent_size)))

        def per_word(lines: list[str]) -> float:
            nll, count = negative_log_likelihood(judge, [judge.tokenizer.encode(line) for line in lines])
            return nll / count

        text = model.tokenizer.decode
        written, between, prior = map(per_word, (list(texts), [text(s) for s in walked], [text(s) for s in drawn]))
    assert between < written + 0.3
    assert prior < written + 0.3
    assert len({tuple(s) for s in drawn}) > 130  # and they are not all the same


def test_the_autoencoder_reconstructs_better_and_has_no_prior(vae: Loaded, ae: Loaded) -> None:
    assert ae[1].card.metrics["reconstruction_bleu"].value > vae[1].card.metrics["reconstruction_bleu"].value
    assert "nll" not in ae[1].card.metrics
    assert not ae[0].variational


def test_the_trace_holds_the_space_of_held_out_sentences(vae: Loaded) -> None:
    model, info = vae
    trace = read_trace(CHECKPOINTS / "everyday-vae.safetensors")
    assert trace["means"].shape[1] == model.latent_size
    kl = gaussian.kl_to_prior(*(torch.from_numpy(trace[n].astype(np.float32)) for n in ("means", "log_vars"))).mean(0)
    np.testing.assert_allclose(kl.numpy(), trace["kl"], rtol=0.02)
    assert float(trace["kl"].sum()) == pytest.approx(info.card.metrics["kl"].value, rel=0.1)


def test_posteriors_of_the_same_words_are_the_same_however_they_are_batched(vae: Loaded) -> None:
    model, _ = vae
    sentences = [model.tokenizer.encode(t) for t in examples()[:30]]
    with torch.inference_mode():
        together = posteriors(model, sentences).means
        alone = torch.cat([model.posterior([s]).mean for s in sentences]).numpy()
        texts = [s.text for s in read_points(model, torch.from_numpy(together), GREEDY)[0]]
        single = [read_points(model, torch.from_numpy(row[None]), GREEDY)[0][0].text for row in together]
    np.testing.assert_allclose(together, alone, atol=1e-4)
    assert texts == single
