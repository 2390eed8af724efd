"""Training latent-variable models: one task, its terms, and a toy corpus whose latent space must not collapse."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from engine.checkpoint import load_model, read_trace
from engine.latent.likelihood import log_likelihood
from engine.messages import ModelSaved, TrainingPoint
from engine.objectives import gaussian
from engine.training.recipe import Recipe
from engine.training.task import Batch
from engine.training.tasks import make_task
from engine.training.trainer import Trainer
from engine.training.vae import VaeTask

VAE = {"terms": {"reconstruction": {}, "kl": {}}}
SOFTMAX = {"kind": "adaptive-softmax", "head": 8, "clusters": 1}
SIZES = {"kind": "text-vae", "latent": 2, "embedding": 8, "encoder": 8, "decoder": 12, "output": SOFTMAX}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    people, verbs, things = ("Tom", "Mary", "the dog"), ("likes", "sees", "wants"), ("tea", "a ball", "the sun")
    lines = [f"{p} {v} {t} ." for p in people for v in verbs for t in things]
    for split, part in (("train", lines[:21]), ("valid", lines[21:24]), ("test", lines[24:])):
        (tmp_path / f"{split}.txt").write_text("\n".join(part))
    return tmp_path


def recipe(options: Mapping[str, Any], *, model: Mapping[str, Any] | None = None, passes: int = 2) -> Recipe:
    values = {
        "name": "toy-vae",
        "task": "vae",
        "model": SIZES | {"dropout": 0.0} | dict(model or {}),
        "data": [{"path": "{split}.txt"}],
        "tokenizer": {"size": 40},
        "training": {"passes": passes, "batch_tokens": 60, "learning_rate": 0.02, "warmup_steps": 2, "patience": 99},
        "options": options,
    }
    return msgspec.convert(values, Recipe)


def task(folder: Path, options: Mapping[str, Any], **changes: Any) -> VaeTask:
    made = make_task(recipe(options, **changes), folder)
    assert isinstance(made, VaeTask)
    return made


def terms(made: VaeTask, sentences: list[list[int]]) -> dict[str, float]:
    torch.manual_seed(0)
    with torch.no_grad():
        return {k: float(v) for k, v in made.terms(sentences, np.random.default_rng(0)).items()}


def test_the_terms_are_those_of_the_elbo(folder: Path) -> None:
    made = task(folder, VAE)
    made.model.eval()
    sentences = made.train_sentences[:5]
    found = terms(made, sentences)
    with torch.no_grad():
        mean, log_var = made.model.posterior(sentences)
        torch.manual_seed(0)
        points = gaussian.sample(mean, log_var)
        log_p = log_likelihood(made.model.decoder(points), sentences)
    expected = -float(log_p.sum())
    assert found["reconstruction"] == pytest.approx(expected, rel=1e-5)
    assert found["kl"] == pytest.approx(float(gaussian.kl_to_prior(mean, log_var).sum()), rel=1e-5)
    (loss,) = made.step(Batch([0, 1, 2], 0, torch.device("cpu")))
    assert loss.count == sum(len(s) + 1 for s in made.train_sentences[:3])


def test_terms_left_out_make_an_autoencoder(folder: Path) -> None:
    made = task(folder, {"terms": {"reconstruction": {}}}, model={"variational": False})
    found = terms(made, made.train_sentences[:4])
    assert found.keys() == {"reconstruction"}
    assert terms(made, made.train_sentences[:4]) == found  # no noise anywhere


def test_noise_is_for_training_only(folder: Path) -> None:
    noisy = {"terms": {"reconstruction": {}}, "word_dropout": 0.9, "corruption": {"delete": 0.9}}
    made = task(folder, noisy, model={"variational": False})
    clean = task(folder, {"terms": {"reconstruction": {}}}, model={"variational": False})
    sentences = made.train_sentences[:6]
    made.model.train()
    assert terms(made, sentences) != terms(clean, sentences)
    made.model.eval()
    clean.model.eval()
    assert terms(made, sentences) == terms(clean, sentences)


def test_free_bits_floor_the_kl_and_the_bag_of_words_counts_words(folder: Path) -> None:
    options = {"terms": {"reconstruction": {}, "kl": {}, "bag-of-words": {"weight": 0.5}}, "free_bits": 5.0}
    made = task(folder, options, model={"bag": True})
    sentences = made.train_sentences[:3]
    found = terms(made, sentences)
    assert found["kl"] == pytest.approx(5.0 * 2 * 3)  # target x dimensions x sentences
    torch.manual_seed(0)
    with torch.no_grad():
        log_probs = made.model.bag_log_probs(gaussian.sample(*made.model.posterior(sentences)))
    expected = -sum(float(log_probs[i, w]) for i, s in enumerate(sentences) for w in s)
    assert found["bag-of-words"] == pytest.approx(expected, rel=1e-5)


def test_validation_repeats_and_leaves_the_noise_of_training_alone(folder: Path) -> None:
    made = task(folder, VAE)
    made.model.eval()
    torch.manual_seed(5)
    before = torch.get_rng_state()
    with torch.inference_mode():
        first = made.validate()
        assert torch.equal(torch.get_rng_state(), before)
        torch.manual_seed(6)
        assert made.validate() == first


def test_aggressive_steps_move_the_encoder_alone(folder: Path) -> None:
    aggressive = {**VAE, "aggressive": {"until": 10, "most": 4, "check": 2, "learning_rate": 0.1}}
    made = task(folder, aggressive)
    before = {k: v.clone() for k, v in made.model.state_dict().items()}
    trainer = Trainer(made.recipe, made)
    made.model.train()
    catching_up = 0
    for loss in made.step(Batch([0, 1], 0, torch.device("cpu"))):
        if loss.optimiser == "encoder":
            trainer._descend(loss)
            catching_up += 1
    assert 2 <= catching_up <= 4
    moved = {k for k, v in made.model.state_dict().items() if not torch.equal(v, before[k])}
    assert moved
    assert all(k.startswith(("reader.", "to_mean.", "to_log_var.")) for k in moved)
    later = made.step(Batch([0, 1], 10, torch.device("cpu")))  # the encoder waits for the optimiser like the rest
    assert [loss.optimiser for loss in later] == ["model"]


def test_training_writes_a_checkpoint_with_figures_and_a_trace(folder: Path) -> None:
    made = task(folder, {**VAE, "free_bits": 0.3, "word_dropout": 0.3}, passes=3)
    events = list(Trainer(made.recipe, made).run(folder / "toy.state", folder / "toy-vae.safetensors"))
    saved = events[-1]
    assert isinstance(saved, ModelSaved)
    metrics = saved.info.card.metrics
    assert metrics["negative_elbo"].value >= metrics["nll"].value > 0
    assert metrics["nll"].estimator == "100 importance samples"
    assert metrics["perplexity"].count == sum(len(s) + 1 for s in made.test_sentences)
    assert {"kl", "mutual_information", "active_units", "reconstruction_bleu", "reverse_perplexity", "unigram_kl"} <= (
        metrics.keys()
    )
    assert all(m.estimator and m.count for m in metrics.values())
    trace = read_trace(folder / "toy-vae.safetensors")
    assert trace["means"].shape == (3, 2)
    loaded, _ = load_model(folder / "toy-vae.safetensors")
    mean, log_var = loaded.posterior(made.valid_sentences)  # type: ignore[operator]
    np.testing.assert_allclose(trace["means"], mean.numpy(), atol=2e-3)
    np.testing.assert_allclose(trace["kl"], gaussian.kl_to_prior(mean, log_var).mean(0).numpy(), rtol=1e-3)


def test_a_light_kl_lets_the_point_say_more_than_a_language_model_could_know(folder: Path) -> None:
    made = task(folder, {"terms": {"reconstruction": {}, "kl": {"weight": 0.02}}}, passes=100)
    events = Trainer(made.recipe, made).run(folder / "toy.state", folder / "toy-vae.safetensors")
    points = [e.terms for e in events if isinstance(e, TrainingPoint) and e.split == "train"]
    # without z, one out of so many equally likely sentences costs at least its logarithm on average
    assert np.mean([p["reconstruction"] for p in points[-3:]]) < 0.7 * math.log(len(made.train_sentences))
