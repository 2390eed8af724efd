"""Figures of a mixture or discrete-latent model on held-out sentences: the columns of the DGMVAE paper's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from engine.capabilities import Mixture
from engine.latent.evaluation import bounds, generation, reconstruction
from engine.latent.posteriors import BATCH, Sentences, posteriors
from engine.messages import Metric
from engine.messages.core import FloatArray
from engine.metrics.agreement import neighbour_metric
from engine.metrics.clusters import cluster_metrics, codes_of, cross
from engine.objectives import gaussian, mixture

AGREEMENT = ("homogeneity", "nmi", "purity", "ami", "nearest_accuracy")


def responsibilities(model: Mixture, sentences: Sentences) -> FloatArray:
    """q(c|x) of each sentence, [N, M, K]."""
    parts = [model.responsibilities(sentences[i : i + BATCH]) for i in range(0, len(sentences), BATCH)]
    found: FloatArray = torch.cat(parts).cpu().numpy()
    return found


def evaluate_mixture(
    model: Mixture,
    sentences: Sentences,
    labels: Mapping[str, Sequence[str]],
    *,
    seed: int = 1,
    samples: int = 100,
    bounded: int = 0,
    drawn: int = 10_000,
    training: Sentences = (),
) -> dict[str, Metric]:
    """Bounds, divergences, codes against labels, reconstruction and generation.

    Args:
        model: with a mixture or codes in its latent space.
        sentences: held-out token ids without marks.
        labels: each kind of label by its name, one label a sentence. With several kinds the figures of agreement
            carry the kind's name.
        seed: of posterior, importance and prior samples.
        samples: importance samples a sentence, K.
        bounded: sentences they are drawn for, the first ones; 0: all.
        drawn: prior samples decoded for the reverse perplexity and the unigram divergence.
        training: what the unigram divergence compares with; none, no such figure.
    """
    q = responsibilities(model, sentences)
    found = posteriors(model, sentences)
    out = divergences(model, q, found.means, found.log_vars)
    out |= agreement(q, model.components()[0].cpu().numpy(), labels, found.means)
    out |= bounds(model, sentences[: bounded or None], samples, seed)
    out |= reconstruction(model, sentences, found.means)
    out |= generation(model, sentences, drawn, seed, training)
    return out


def agreement(
    q: FloatArray, means: FloatArray, labels: Mapping[str, Sequence[str]], points: FloatArray | None = None
) -> dict[str, Metric]:
    """Information and occupied codes, and how well the codes, and where points are given they, agree with labels."""
    codes, components = codes_of(q), means.shape[1]
    out: dict[str, Metric] = {}
    for kind, of in (labels or {"": ()}).items():
        found = cluster_metrics(q, means, cross(codes, components, tuple(of)))
        found |= neighbour_metric(points, of) if of and points is not None else {}
        out |= {f"{n}_{kind}" if n in AGREEMENT and len(labels) > 1 else n: m for n, m in found.items()}
    return out


def divergences(model: Mixture, q: FloatArray, means: FloatArray, log_vars: FloatArray) -> dict[str, Metric]:
    """Mean KL of the Gaussian coordinates to the prior, whole and in its two parts."""
    shape, count = model.shape, len(means)
    mean, log_var = torch.from_numpy(means).double(), torch.from_numpy(log_vars).double()
    parts: dict[str, float] = {}
    total = 0.0
    if shape.gaussian:
        total += float(gaussian.kl_to_prior(mean[:, : shape.offset], log_var[:, : shape.offset]).sum(1).mean())
    if not shape.discrete:
        log_q = torch.from_numpy(np.log(np.maximum(q, 1e-12)))
        prior = [p.double().cpu() for p in model.components()[:2]]
        split = (
            mixture.kl_to_mean_prior(model.blocks(mean), model.blocks(log_var), log_q.double(), *prior),
            mixture.dispersion(log_q.double(), *prior),
        )
        parts = {n: float(t.sum(1).mean()) for n, t in zip(("kl_mean_prior", "dispersion"), split, strict=True)}
        total += sum(parts.values())
    if shape.gaussian or not shape.discrete:
        parts = {"kl_z": total, **parts}
    how = {
        "kl_z": "E KL(q(z|x) || p(z|c)) over q(c|x)",
        "kl_mean_prior": "to the mean prior",
        "dispersion": "Jensen gap",
    }
    return {n: Metric(v, "nats", how[n], count, "sentences") for n, v in parts.items()}
