"""Figures of codes and of the clusters they make, from arrays: information, spread, agreement with labels, collapse.

N sentences, M mixture variables of K components, d dimensions of a component, C code tuples that occur, L labels. All
logarithms are natural, all sums float64. Homogeneity rises with every further code tuple in use, and the likeliest
component of responsibilities that hardly differ is a code all the same; so agreement with labels is never given
without the information, the variance of the means, the number of tuples and N.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from engine.messages.core import FloatArray, IntArray, Metric
from engine.metrics.agreement import agreement_metrics, entropy

ENOUGH = 50
"""Sentences from which their codes say something of the model and not only of the sentences."""
LITTLE = 0.1
"""Share of what one mixture variable could say (log K) below which codes count as saying nothing."""


class Crosstab(NamedTuple):
    """Sentences counted by code and by label; without labels L is 0."""

    codes: IntArray  # [C, M], most sentences first; among equals by code
    sizes: IntArray  # [C]
    labels: tuple[str, ...]  # [L], sorted
    table: IntArray  # [C, L]
    by_variable: IntArray  # [M, K, L]


def mutual_information(responsibilities: FloatArray) -> float:
    """I(x; c) = H(mean q(c)) - mean H(q(c|x)), summed over mixture variables: [N, M, K] -> nats (Zhao et al. 2018).

    The mean is taken over all N sentences given, not within batches. A variable has at most min(log N, log K).
    """
    q = np.asarray(responsibilities, dtype=np.float64)
    return max(0.0, float(entropy(q.mean(0)).sum() - entropy(q).sum(-1).mean()))


def kl_to_uniform(responsibilities: FloatArray) -> float:
    """KL(mean q(c) || U) of N sentences, summed over mixture variables: [N, M, K] -> nats."""
    q = np.asarray(responsibilities, dtype=np.float64).mean(0)
    return max(0.0, float((math.log(q.shape[-1]) - entropy(q)).sum()))


def variance_of_means(means: FloatArray) -> float:
    """How far the components of a variable stand apart: [M, K, d] -> squared units of the latent space.

    The variance over the K components (divided by K, every component counting alike), summed over the d dimensions
    and averaged over the M variables.
    """
    return float(np.asarray(means, dtype=np.float64).var(1).sum(-1).mean())


def codes_of(responsibilities: FloatArray) -> IntArray:
    """The likeliest component of each variable, the first among equals: [N, M, K] -> [N, M]."""
    codes: IntArray = np.asarray(responsibilities).argmax(-1)
    return codes


def cross(codes: IntArray, components: int, labels: Sequence[str] = ()) -> Crosstab:
    """Count code tuples [N, M] by label; raises ValueError when there are labels, but not one for each sentence."""
    if labels and len(labels) != len(codes):
        raise ValueError(f"{len(labels)} labels do not match {len(codes)} sentences")
    tuples, place, sizes = np.unique(codes, axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(-sizes, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    names = tuple(sorted(set(labels)))
    column = {name: i for i, name in enumerate(names)}
    label = np.array([column[name] for name in labels], dtype=np.int64)
    mixtures = codes.shape[1]
    table = np.zeros((len(tuples), len(names)), dtype=np.int64)
    by_variable = np.zeros((mixtures, components, len(names)), dtype=np.int64)
    if names:
        np.add.at(table, (rank[place.reshape(-1)], label), 1)
        for variable in range(mixtures):
            np.add.at(by_variable[variable], (codes[:, variable], label), 1)
    return Crosstab(tuples[order], sizes[order], names, table, by_variable)


def verdict(information: float, variance: float, count: int, mixtures: int, components: int) -> str:
    """A sentence for a person when the codes have collapsed; else, or when so few sentences cannot tell, empty.

    Judged by the information alone: labels, and even the codes themselves, may look well in a collapsed model.
    """
    if count < ENOUGH or information >= LITTLE * math.log(components):
        return ""
    return (
        f"The code has collapsed: it says next to nothing about the sentence. Mutual information is {information:.2f} "
        f"of at most {most(count, mixtures, components):.2f} nats and the variance of the component means "
        f"{variance:.2f}, over {count:,} sentences."
    )


def cluster_metrics(responsibilities: FloatArray, means: FloatArray, table: Crosstab) -> dict[str, Metric]:
    """All figures of N >= 1 sentences, each with what it takes to compare it.

    Args:
        responsibilities: [N, M, K], q(c|x).
        means: [M, K, d] of the components.
        table: the codes of the same sentences; with labels, the agreement with them is added.
    """
    count, mixtures, components = responsibilities.shape
    cap = most(count, mixtures, components)
    information = (
        f"H(mean q(c)) - mean H(q(c|x)), summed over {mixtures} variables, at most {mixtures} x min(log {count:,}, "
        f"log {components}) = {cap:.2f}"
    )
    spread = "over the components, summed over dimensions, averaged over variables"
    tuples = f"different tuples of likeliest components, of {components}^{mixtures} = {components**mixtures:,}"
    aggregate = f"KL(mean q(c) || uniform), summed over {mixtures} variables"
    found = {
        "mutual_information": Metric(
            mutual_information(responsibilities), "nats", information, count, "sentences together", chance=0.0, most=cap
        ),
        "variance_of_means": Metric(variance_of_means(means), "", spread, mixtures * components, "components"),
        "occupied_codes": Metric(len(table.codes), "", tuples, count, "sentences"),
        "kl_c": Metric(kl_to_uniform(responsibilities), "nats", aggregate, count, "sentences together"),
    }
    if table.labels:
        found |= agreement_metrics(table.table, table.labels)
    return found


def most(count: int, mixtures: int, components: int) -> float:
    """What the codes of N sentences can tell of them at most, in nats: M min(log N, log K)."""
    return mixtures * min(math.log(count), math.log(components))
