"""Figures of a model with a latent space on held-out sentences, each with its estimator and its count.

Over the capability `Latent`; the figures themselves are computed from arrays in `engine.metrics`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.latent.greedy import greedy
from engine.latent.likelihood import log_likelihood, log_weights
from engine.messages import Metric
from engine.messages.core import FloatArray
from engine.metrics.bleu import corpus_bleu
from engine.metrics.generation import reverse_perplexity, unigram_kl
from engine.metrics.latent import importance_nll, latent_metrics
from engine.objectives import gaussian
from engine.text import UNK

Sentences = Sequence[Sequence[int]]
BATCH = 256
OF = "words and punctuation, end marks included"


def evaluate(
    model: Any,
    sentences: Sentences,
    *,
    seed: int = 1,
    samples: int = 100,
    bounded: int = 0,
    drawn: int = 10_000,
    training: Sentences = (),
    log_prior: Callable[[Tensor], Tensor] = gaussian.log_prior,
) -> dict[str, Metric]:
    """Bounds, latent figures, reconstruction and generation; a plain autoencoder has only the reconstruction.

    Args:
        model: has the capability `Latent`; without an attribute `variational` it counts as variational.
        sentences: held-out token ids without marks.
        seed: of posterior, importance and prior samples.
        samples: importance samples a sentence, K.
        bounded: sentences they are drawn for, the first ones; 0: all.
        drawn: prior samples decoded for the reverse perplexity and the unigram divergence.
        training: what the unigram divergence compares with; none, no such figure.
        log_prior: log density of points [..., D] under the prior.
    """
    words = sum(len(s) + 1 for s in sentences)
    out = {"unknown_words": Metric(sum(list(s).count(UNK) for s in sentences), "", "count", words, OF)}
    means, log_vars = posteriors(model, sentences)
    variational = bool(getattr(model, "variational", True))
    if variational:
        noise = np.random.default_rng(seed).standard_normal(means.shape)
        points = means + np.exp(0.5 * log_vars) * noise
        out |= latent_metrics(kl_of(means, log_vars), means, log_vars, points)
        out |= bounds(model, sentences[: bounded or None], samples, seed, log_prior)
    out |= reconstruction(model, sentences, means)
    if variational and drawn:
        out |= generation(model, sentences, drawn, seed, training)
    return out


def posteriors(model: Any, sentences: Sentences) -> tuple[FloatArray, FloatArray]:
    """Means and log-variances of q(z|x), each [N, D]."""
    parts = [model.posterior(sentences[i : i + BATCH]) for i in range(0, len(sentences), BATCH)]
    means, log_vars = (torch.cat([p[i] for p in parts]).cpu().numpy() for i in (0, 1))
    return means, log_vars


def kl_of(means: FloatArray, log_vars: FloatArray) -> FloatArray:
    """Mean KL(q(z_d|x) || N(0, 1)) of each dimension over the sentences, [D]."""
    kl: FloatArray = gaussian.kl_to_prior(torch.from_numpy(means), torch.from_numpy(log_vars)).mean(0).numpy()
    return kl


def bounds(
    model: Any, sentences: Sentences, samples: int, seed: int, log_prior: Callable[[Tensor], Tensor]
) -> dict[str, Metric]:
    """-ELBO, importance-weighted negative log-likelihood and the perplexity it gives."""
    weights = np.stack([w for _, w in sorted(log_weights(model, sentences, samples, seed, log_prior=log_prior))])
    nll, count, words = importance_nll(weights), len(sentences), sum(len(s) + 1 for s in sentences)
    weighted = f"{samples} importance samples"
    return {
        "negative_elbo": Metric(-float(weights.mean()), "nats", f"{samples} posterior samples", count, "sentences"),
        "nll": Metric(float(nll.mean()), "nats", weighted, count, "sentences"),
        "perplexity": Metric(math.exp(float(nll.sum()) / words), "", weighted, words, OF),
    }


def reconstruction(model: Any, sentences: Sentences, means: FloatArray) -> dict[str, Metric]:
    """How well a sentence comes back from its own posterior mean."""
    device = next(model.parameters()).device
    total = 0.0
    for start in range(0, len(sentences), BATCH):
        decoder = model.decoder(torch.from_numpy(means[start : start + BATCH]).to(device))
        total -= float(log_likelihood(decoder, sentences[start : start + BATCH], device).sum())
    written = decode(model, means)
    text = model.tokenizer.decode
    bleu = corpus_bleu([text(s) for s in written], [text(s) for s in sentences])
    same = sum(a == list(b) for a, b in zip(written, sentences, strict=True)) / len(sentences)
    count, how = len(sentences), "greedy from the posterior mean"
    words = sum(len(s) + 1 for s in sentences)
    return {
        "reconstruction_nll": Metric(total / count, "nats", "at the posterior mean", count, "sentences"),
        "reconstruction_perplexity": Metric(math.exp(total / words), "", "at the posterior mean", words, OF),
        "reconstruction_bleu": Metric(bleu.score, "", f"{how}, sacreBLEU {bleu.signature}", count, "sentences"),
        "reconstructed_exactly": Metric(same, "share", how, count, "sentences"),
    }


def generation(model: Any, sentences: Sentences, drawn: int, seed: int, training: Sentences) -> dict[str, Metric]:
    """How like real text greedy samples of the prior are: the model's own, else the standard normal one."""
    random = np.random.default_rng(seed)
    own = getattr(model, "prior_points", None)
    points = own(random, drawn) if own else random.standard_normal((drawn, model.latent_size))
    written = decode(model, points)
    how = f"{drawn:,} greedy prior samples"
    reverse = reverse_perplexity(written, sentences, model.tokenizer.size)
    words = sum(len(s) + 1 for s in sentences)
    out = {"reverse_perplexity": Metric(reverse, "", f"interpolated Kneser-Ney 3-gram trained on {how}", words, OF)}
    if training:
        divergence, estimator = unigram_kl(written, training), f"{how} against the training text"
        out["unigram_kl"] = Metric(divergence, "nats", estimator, drawn, "samples")
    return out


def decode(model: Any, points: FloatArray) -> list[list[int]]:
    """The greedy sentence at each point [N, D], as token ids."""
    device = next(model.parameters()).device
    out: list[list[int]] = []
    for start in range(0, len(points), BATCH):
        part = torch.from_numpy(np.asarray(points[start : start + BATCH], dtype=np.float32)).to(device)
        out += greedy(model.decoder(part), len(part))[0]
    return out
