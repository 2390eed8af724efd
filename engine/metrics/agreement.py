"""How well codes, or places in a latent space, agree with labels; each figure with what chance alone would give it.

A table [C, L] counts the N sentences of each code (C) with each label (L). All logarithms are natural.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from engine.messages.core import FloatArray, IntArray, Metric

SHUFFLES = 20
"""Random permutations of the labels over which chance is averaged."""
NEAREST = 10
"""Neighbours that vote on a point's label."""
JUDGED = 2000
"""Points whose neighbours are asked at most, an even sample of all."""
NEIGHBOURHOOD = 10_000
"""Points among which they are sought at most, an even sample of all."""


class Agreement(NamedTuple):
    """Figures of one table."""

    homogeneity: float  # 1 - H(label | code) / H(label) (Rosenberg and Hirschberg 2007); 1 when there is one label
    nmi: float  # 2 I / (H(code) + H(label)); 1 when there is but one code and one label
    purity: float  # share of the sentences that carry the commonest label of their code


def entropy(probabilities: FloatArray) -> FloatArray:
    """-sum p log p over the last axis, 0 log 0 being 0."""
    p = np.asarray(probabilities, dtype=np.float64)
    out: FloatArray = -(p * np.log(np.where(p > 0, p, 1.0))).sum(-1)
    return out


def agreement(table: IntArray) -> Agreement:
    """Homogeneity, normalised mutual information and purity of a table [C, L] with at least one sentence."""
    of_labels, of_codes, shared = _information(table)
    return Agreement(
        homogeneity=shared / of_labels if of_labels else 1.0,
        nmi=max(0.0, 2 * shared / (of_labels + of_codes)) if of_labels + of_codes else 1.0,
        purity=float(table.max(1).sum() / table.sum()),
    )


def shuffled(table: IntArray, *, seed: int = 0) -> list[IntArray]:
    """Tables [C, L] of the same codes and labels, the labels dealt out at random, `SHUFFLES` times."""
    codes = np.repeat(np.arange(len(table)), table.sum(1))
    labels = np.repeat(np.arange(table.shape[1]), table.sum(0))
    random = np.random.default_rng(seed)
    size = table.size
    return [np.bincount(codes * table.shape[1] + random.permutation(labels), minlength=size).reshape(table.shape)
            for _ in range(SHUFFLES)]  # fmt: skip


def adjusted(table: IntArray, dealt: Sequence[IntArray]) -> float:
    """Adjusted mutual information (Vinh et al. 2010, normalised by the mean of the entropies): 0 is chance, 1 is equal.

    What is expected by chance is the mean over the `dealt` tables, as `shuffled` makes them. nan when there is nothing
    to tell apart.
    """
    of_labels, of_codes, shared = _information(table)
    expected = float(np.mean([_information(t)[2] for t in dealt]))
    room = (of_labels + of_codes) / 2 - expected
    return (shared - expected) / room if room > 1e-12 else math.nan


def nearest_label_accuracy(points: FloatArray, labels: Sequence[str]) -> tuple[float, int]:
    """Share of points [N, D] whose `NEAREST` nearest other points' commonest label is their own, and of how many.

    Euclidean distances; among equally common labels the one of the nearer points wins. nan with fewer points than
    `NEAREST` + 1.
    """
    names, ids = np.unique(np.asarray(labels, dtype=object).astype(str), return_inverse=True)
    count = len(points)
    if count <= NEAREST:
        return math.nan, 0
    among = np.unique(np.linspace(0, count - 1, min(count, NEIGHBOURHOOD)).astype(np.int64))
    judged = np.unique(np.linspace(0, count - 1, min(count, JUDGED)).astype(np.int64))
    near = np.asarray(points, dtype=np.float64)[among]
    squares = (near**2).sum(1)
    votes = np.arange(NEAREST, 0, -1) / (NEAREST * NEAREST) + 1.0  # nearer ones break ties, and never outvote one more
    right = 0
    for start in range(0, len(judged), 256):
        rows = judged[start : start + 256]
        asked = np.asarray(points, dtype=np.float64)[rows]
        distances = squares - 2 * asked @ near.T  # B, n, up to a constant of the row
        distances[among[None, :] == rows[:, None]] = np.inf
        nearest = np.argpartition(distances, NEAREST - 1, axis=1)[:, :NEAREST]
        order = np.take_along_axis(distances, nearest, 1).argsort(1, kind="stable")
        voted = ids[among[np.take_along_axis(nearest, order, 1)]]  # B, NEAREST
        tally = np.zeros((len(rows), len(names)))
        for place in range(NEAREST):
            np.add.at(tally, (np.arange(len(rows)), voted[:, place]), votes[place])
        right += int((tally.argmax(1) == ids[rows]).sum())
    return right / len(judged), len(judged)


def agreement_metrics(table: IntArray, names: Sequence[str]) -> dict[str, Metric]:
    """The figures of a table [C, L] with what shuffled labels give each."""
    count, dealt = int(table.sum()), shuffled(table)
    found = agreement(table)
    chance = Agreement(*np.mean([agreement(t) for t in dealt], axis=0).tolist())
    by = f"of {len(names)} labels by code tuple, {len(table):,} occupied"
    how = {
        "homogeneity": "1 - H(label|code) / H(label)",
        "nmi": "2 I / (H(code) + H(label))",
        "purity": "commonest label of each code",
    }
    metrics = {
        name: Metric(getattr(found, name), "", f"{said}, {by}", count, "sentences", chance=getattr(chance, name))
        for name, said in how.items()
    }
    corrected = f"mutual information above that of {SHUFFLES} shuffles, {by}"
    if math.isfinite(value := adjusted(table, dealt)):
        metrics["ami"] = Metric(value, "", corrected, count, "sentences", chance=0.0)
    return metrics


def neighbour_metric(points: FloatArray, labels: Sequence[str]) -> dict[str, Metric]:
    """How well the labels lie together in the latent space, [N, D]: the accuracy of the nearest, and chance."""
    accuracy, judged = nearest_label_accuracy(points, labels)
    if not judged:
        return {}
    commonest = float(
        np.unique(np.asarray(labels, dtype=object).astype(str), return_counts=True)[1].max() / len(labels)
    )
    how = f"label voted by the {NEAREST} nearest other sentences in z; by chance the commonest label's share"
    return {"nearest_accuracy": Metric(accuracy, "share", how, judged, "sentences", chance=commonest)}


def _information(table: IntArray) -> tuple[float, float, float]:
    """H(label), H(code) and I(code; label) of a table [C, L]."""
    sizes = table.sum(1)
    of_labels, of_codes = (float(entropy(margin / margin.sum())) for margin in (table.sum(0), sizes))
    used = table[sizes > 0]
    given = float((entropy(used / used.sum(1, keepdims=True)) * used.sum(1)).sum() / sizes.sum())
    return of_labels, of_codes, of_labels - given
