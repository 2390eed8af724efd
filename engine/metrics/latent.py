"""Figures of a latent-variable model, from arrays: bounds, mutual information, active units, collapse.

N sentences, K importance samples, D dimensions. Every figure says its estimator, because the same name means
different numbers in different papers.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from engine.messages.core import FloatArray, Metric

ACTIVE = 0.01
"""Variance of the posterior means from which a dimension counts as active (Burda et al. 2016)."""


def log_mean_exp(values: FloatArray, axis: int = -1) -> FloatArray:
    """Logarithm of the mean exponential along an axis, safe in float64."""
    top = values.max(axis=axis, keepdims=True)
    out: FloatArray = np.log(np.mean(np.exp(values - top), axis=axis)) + np.squeeze(top, axis)
    return out


def importance_nll(log_weights: FloatArray) -> FloatArray:
    """-log of the mean of K weights p(x, z) / q(z|x), of each sentence: [N, K] -> [N] (Burda et al. 2016).

    In expectation between -ELBO (K = 1) and the exact negative log-likelihood (K to infinity).
    """
    return -log_mean_exp(np.asarray(log_weights, dtype=np.float64), axis=1)


Densities = Callable[[FloatArray], FloatArray]
"""Log q(z|x_n) of C points [C, D] under each of N posteriors, [C, N]."""


def gaussian_densities(means: FloatArray, log_vars: FloatArray) -> Densities:
    """Those of N independent Gaussians, means and log-variances [N, D]."""
    mean, log_var = (np.asarray(a, dtype=np.float64) for a in (means, log_vars))
    precision = np.exp(-log_var)  # N, D
    constant = -0.5 * (log_var.sum(1) + mean.shape[1] * math.log(2 * math.pi) + (mean**2 * precision).sum(1))  # N

    def log_q(points: FloatArray) -> FloatArray:
        out: FloatArray = constant - 0.5 * (points**2) @ precision.T + points @ (mean * precision).T
        return out

    return log_q


def mutual_information(densities: Densities, points: FloatArray, *, chunk: int = 256) -> float:
    """I(x; z) = mean of log q(z|x) - log q(z), q(z) being the mean of the N posteriors given (nats).

    One point a sentence; at most log N, the cap of the estimate: state N beside it. Estimates near zero may come out
    slightly negative. The own posterior is part of q(z), as in Hoffman and Johnson 2016.

    Args:
        densities: of the N posteriors.
        points: [N, D], row n drawn from posterior n.
        chunk: rows compared at once; bounds the memory, changes no figure.
    """
    z = np.asarray(points, dtype=np.float64)
    total = 0.0
    for start in range(0, len(z), chunk):
        log_q = densities(z[start : start + chunk])  # C, N
        rows = np.arange(len(log_q))
        total += float((log_q[rows, start + rows] - log_mean_exp(log_q, axis=1)).sum())
    return total / len(z)


def active(means: FloatArray, threshold: float = ACTIVE) -> tuple[bool, ...]:
    """Whether each dimension's posterior means vary over sentences: [N, D] -> D flags."""
    return tuple(bool(v >= threshold) for v in np.asarray(means, dtype=np.float64).var(0))


def verdict(kl: float, information: float, units: int, size: int) -> str:
    """A sentence for a person when the posterior has collapsed, wholly or for most dimensions; else empty."""
    if information < 0.5 or kl < 0.5 or units == 0:
        return (
            f"Collapsed: the decoder ignores z. KL {kl:.2f} nats, mutual information {information:.2f} nats and "
            f"{units} of {size} active units say that every sentence has nearly the same posterior."
        )
    if units < size / 4:
        return (
            f"Mostly collapsed: only {units} of {size} dimensions vary with the sentence; the others follow the prior "
            "and moving along them changes nothing."
        )
    return ""


def latent_metrics(
    kl: FloatArray, means: FloatArray, densities: Densities, points: FloatArray, *, how: str = "closed form, mean"
) -> dict[str, Metric]:
    """KL, mutual information and active units of N sentences with what it takes to compare them.

    Args:
        kl: the mean over the sentences, in parts that add up.
        means: [N, D] of the posteriors.
        densities: of the posteriors.
        points: [N, D], row n drawn from posterior n.
        how: the KL's estimator.
    """
    count = len(means)
    cap = f"aggregate posterior of {count:,} sentences, 1 sample each, at most log {count:,} = {math.log(count):.2f}"
    estimator = f"variance of posterior means at least {ACTIVE}, of {means.shape[1]} dimensions"
    return {
        "kl": Metric(float(np.asarray(kl).sum()), "nats", how, count, "sentences"),
        "mutual_information": Metric(mutual_information(densities, points), "nats", cap, count, "sentences"),
        "active_units": Metric(sum(active(means)), "", estimator, count, "sentences"),
    }
