"""Figures of a model with a latent space on held-out sentences, each with its estimator and its count.

Over the capability `Latent`; the figures themselves are computed from arrays in `engine.metrics`.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from engine.capabilities import Latent
from engine.latent.greedy import greedy
from engine.latent.likelihood import log_likelihood, log_weights
from engine.latent.posteriors import BATCH, Sentences, latent_figures, posteriors
from engine.messages import Metric
from engine.messages.core import FloatArray
from engine.metrics.bleu import corpus_bleu
from engine.metrics.generation import reverse_perplexity, unigram_kl
from engine.metrics.latent import importance_nll

OF = "words and punctuation, end marks included"


def evaluate(
    model: Latent,
    sentences: Sentences,
    *,
    seed: int = 1,
    samples: int = 100,
    bounded: int = 0,
    drawn: int = 10_000,
    training: Sentences = (),
) -> dict[str, Metric]:
    """Bounds, latent figures, reconstruction and generation; a plain autoencoder has only the reconstruction.

    Args:
        model: with a latent space.
        sentences: held-out token ids without marks.
        seed: of posterior, importance and prior samples.
        samples: importance samples a sentence, K.
        bounded: sentences they are drawn for, the first ones; 0: all.
        drawn: prior samples decoded for the reverse perplexity and the unigram divergence.
        training: what the unigram divergence compares with; none, no such figure.
    """
    words = sum(len(s) + 1 for s in sentences)
    unknown = sum(list(s).count(model.tokenizer.unknown) for s in sentences)
    out = {"unknown_words": Metric(unknown, "", "count", words, OF)}
    found = posteriors(model, sentences)
    if model.variational:
        out |= latent_figures(model, found, seed)
        out |= bounds(model, sentences[: bounded or None], samples, seed)
    out |= reconstruction(model, sentences, found.means)
    if model.variational and drawn:
        out |= generation(model, sentences, drawn, seed, training)
    return out


def bounds(model: Latent, sentences: Sentences, samples: int, seed: int) -> dict[str, Metric]:
    """-ELBO, importance-weighted negative log-likelihood and the perplexity it gives."""
    weights = np.stack([w for _, w in sorted(log_weights(model, sentences, samples, seed))])
    nll, count, words = importance_nll(weights), len(sentences), sum(len(s) + 1 for s in sentences)
    weighted = f"{samples} importance samples"
    return {
        "negative_elbo": Metric(-float(weights.mean()), "nats", f"{samples} posterior samples", count, "sentences"),
        "nll": Metric(float(nll.mean()), "nats", weighted, count, "sentences"),
        "perplexity": Metric(math.exp(float(nll.sum()) / words), "", weighted, words, OF),
    }


def reconstruction(model: Latent, sentences: Sentences, means: FloatArray) -> dict[str, Metric]:
    """How well a sentence comes back from its own posterior mean."""
    total = 0.0
    for start in range(0, len(sentences), BATCH):
        decoder = model.decoder(torch.from_numpy(means[start : start + BATCH]).to(model.device))
        total -= float(log_likelihood(decoder, sentences[start : start + BATCH]).sum())
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


def generation(model: Latent, sentences: Sentences, drawn: int, seed: int, training: Sentences) -> dict[str, Metric]:
    """How like real text greedy samples of the prior are."""
    written = decode(model, model.prior.sample(drawn, np.random.default_rng(seed)))
    how = f"{drawn:,} greedy prior samples"
    reverse = reverse_perplexity(written, sentences, model.tokenizer)
    words = sum(len(s) + 1 for s in sentences)
    out = {"reverse_perplexity": Metric(reverse, "", f"interpolated Kneser-Ney 3-gram trained on {how}", words, OF)}
    if training:
        divergence, estimator = unigram_kl(written, training), f"{how} against the training text"
        out["unigram_kl"] = Metric(divergence, "nats", estimator, drawn, "samples")
    return out


def decode(model: Latent, points: FloatArray) -> list[list[int]]:
    """The greedy sentence at each point [N, D], as token ids."""
    out: list[list[int]] = []
    for start in range(0, len(points), BATCH):
        part = torch.from_numpy(np.asarray(points[start : start + BATCH], dtype=np.float32)).to(model.device)
        out += greedy(model.decoder(part), len(part))[0]
    return out
