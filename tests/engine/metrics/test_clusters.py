from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.metrics.agreement import agreement, entropy
from engine.metrics.clusters import (
    ENOUGH,
    cluster_metrics,
    codes_of,
    cross,
    kl_to_uniform,
    mutual_information,
    variance_of_means,
    verdict,
)


def dirichlet(shape: tuple[int, ...], components: int, *, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.full(components, 0.4), size=shape)


def test_entropy_takes_zeros() -> None:
    np.testing.assert_allclose(entropy(np.array([[1.0, 0.0], [0.5, 0.5]])), [0.0, math.log(2)])


def test_mutual_information_reaches_its_cap() -> None:
    sure = np.eye(4)[np.arange(40) % 4][:, None].repeat(3, axis=1)  # 40 sentences, 3 variables of 4 components
    assert mutual_information(sure) == pytest.approx(3 * math.log(4))
    few = np.eye(4)[:2][:, None]
    assert mutual_information(few) == pytest.approx(math.log(2))  # two sentences tell at most log 2


def test_mutual_information_of_equal_responsibilities_is_zero() -> None:
    q = np.broadcast_to(dirichlet((1, 3), 5), (60, 3, 5)).astype(np.float32)
    assert mutual_information(q) == pytest.approx(0.0, abs=1e-6)


def test_mutual_information_is_the_mean_divergence_from_the_mean() -> None:
    q = dirichlet((30, 2), 3)
    total = 0.0
    for n, m, k in itertools.product(range(30), range(2), range(3)):
        total += q[n, m, k] * math.log(q[n, m, k] / q[:, m, k].mean()) / 30
    assert mutual_information(q) == pytest.approx(total)


def test_divergence_from_uniform_splits_into_aggregate_and_information() -> None:
    q = dirichlet((50, 3), 5)
    each = float((q * np.log(5 * np.maximum(q, 1e-300))).sum((1, 2)).mean())
    assert kl_to_uniform(q) + mutual_information(q) == pytest.approx(each)
    assert kl_to_uniform(np.full((7, 2, 4), 0.25)) == pytest.approx(0.0, abs=1e-12)


def test_variance_of_means_is_half_the_mean_squared_distance() -> None:
    means = np.random.default_rng(0).standard_normal((3, 5, 4))
    pairs = [((m[i] - m[j]) ** 2).sum() for m in means for i in range(5) for j in range(5)]
    assert variance_of_means(means) == pytest.approx(np.mean(pairs) / 2)
    assert variance_of_means(np.array([[[-1.0, 0.0], [1.0, 0.0]]])) == 1.0


CODES = np.array([[0, 1], [0, 1], [0, 1], [2, 0], [2, 0], [1, 1]])
LABELS = ("b", "b", "a", "a", "a", "c")


def test_a_table_of_codes_and_labels_by_hand() -> None:
    found = cross(CODES, 3, LABELS)
    np.testing.assert_array_equal(found.codes, [[0, 1], [2, 0], [1, 1]])
    np.testing.assert_array_equal(found.sizes, [3, 2, 1])
    assert found.labels == ("a", "b", "c")
    np.testing.assert_array_equal(found.table, [[1, 2, 0], [2, 0, 0], [0, 0, 1]])
    first, second = [[1, 2, 0], [0, 0, 1], [2, 0, 0]], [[2, 0, 0], [1, 2, 1], [0, 0, 0]]
    np.testing.assert_array_equal(found.by_variable, [first, second])
    # by hand: only the first code leaves doubt, entropy of (1/3, 2/3) on half of the sentences
    given_code = 0.5 * (math.log(3) - 2 / 3 * math.log(2))
    whole = 0.5 * math.log(2) + 1 / 3 * math.log(3) + 1 / 6 * math.log(6)
    assert agreement(found.table).homogeneity == pytest.approx(1 - given_code / whole)
    assert agreement(found.table).nmi == pytest.approx((whole - given_code) / whole)  # as H(code) = H(label) here
    assert agreement(found.table).purity == pytest.approx(5 / 6)


def test_without_labels_the_codes_are_counted_all_the_same() -> None:
    found = cross(CODES, 3)
    np.testing.assert_array_equal(found.sizes, [3, 2, 1])
    assert found.table.shape == (3, 0)
    assert found.by_variable.shape == (2, 3, 0)
    with pytest.raises(ValueError, match="2 labels do not match 6"):
        cross(CODES, 3, ("a", "b"))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from("abc")), min_size=1, max_size=40))
def test_agreement_follows_its_definition(rows: list[tuple[int, int, str]]) -> None:
    codes = [(a, b) for a, b, _ in rows]
    labels = [label for _, _, label in rows]
    count = len(rows)

    def h(values: list[object]) -> float:
        shares = [values.count(v) / count for v in set(values)]
        return -sum(p * math.log(p) for p in shares)

    joint, of_codes, of_labels = h(list(zip(codes, labels, strict=True))), h(list(codes)), h(list(labels))
    shared = of_codes + of_labels - joint
    found = cross(np.array(codes), 4, labels)
    assert found.table.sum() == found.sizes.sum() == count
    assert agreement(found.table).homogeneity == pytest.approx(shared / of_labels if of_labels else 1.0, abs=1e-9)
    both = of_codes + of_labels
    assert agreement(found.table).nmi == pytest.approx(2 * shared / both if both else 1.0, abs=1e-9)
    best = sum(max(joined.count(label) for label in "abc") for joined in _labels_by_code(codes, labels).values())
    assert agreement(found.table).purity == pytest.approx(best / count)


def _labels_by_code(codes: list[tuple[int, int]], labels: list[str]) -> dict[tuple[int, int], list[str]]:
    out: dict[tuple[int, int], list[str]] = {}
    for code, label in zip(codes, labels, strict=True):
        out.setdefault(code, []).append(label)
    return out


def test_codes_that_tell_labels_apart_are_pure_and_one_code_is_not() -> None:
    labels = ("a", "b", "c", "a")
    split = cross(np.array([[0], [1], [2], [0]]), 3, labels).table
    assert (agreement(split).homogeneity, agreement(split).nmi, agreement(split).purity) == pytest.approx(
        (1.0, 1.0, 1.0)
    )
    lump = cross(np.zeros((4, 1), dtype=int), 3, labels).table
    assert (agreement(lump).homogeneity, agreement(lump).nmi, agreement(lump).purity) == pytest.approx((0.0, 0.0, 0.5))


def test_a_collapsed_model_is_told_from_its_information_not_from_its_codes() -> None:
    """Responsibilities that differ in the third decimal still have a likeliest component, and it may fit labels."""
    labels = tuple("ab"[n % 2] for n in range(200))
    q = np.full((200, 1, 2), 0.5)
    q[:, 0] += 1e-3 * np.where(np.arange(200)[:, None] % 2 == 0, [1, -1], [-1, 1])
    metrics = cluster_metrics(q, np.array([[[0.0], [0.1]]]), cross(codes_of(q), 2, labels))
    assert metrics["homogeneity"].value == pytest.approx(1.0)
    information, spread = metrics["mutual_information"].value, metrics["variance_of_means"].value
    assert "The code has collapsed" in verdict(information, spread, 200, 1, 2)


def test_the_verdict_names_its_figures_and_needs_enough_sentences() -> None:
    sentence = verdict(0.0, 0.09, 5000, 3, 5)
    assert sentence.startswith("The code has collapsed:")
    assert "0.00 of at most 4.83 nats" in sentence
    assert "0.09" in sentence
    assert "5,000 sentences" in sentence
    assert verdict(3.3, 4.3, 5000, 3, 5) == ""
    assert verdict(0.0, 0.09, ENOUGH - 1, 3, 5) == ""
    assert verdict(0.53, 1.0, 7740, 3, 5) == ""  # little, but the decoder was told something


def test_agreement_never_comes_without_what_it_takes_to_read_it() -> None:
    q = dirichlet((90, 3), 5)
    means = np.random.default_rng(1).standard_normal((3, 5, 2))
    plain = cluster_metrics(q, means, cross(codes_of(q), 5))
    needed = {"mutual_information", "variance_of_means", "occupied_codes", "kl_c"}
    assert set(plain) == needed
    labels = tuple(str(n % 4) for n in range(90))
    found = cluster_metrics(q, means, cross(codes_of(q), 5, labels))
    assert set(found) == needed | {"homogeneity", "nmi", "purity", "ami"}
    assert all(m.estimator and m.count for m in found.values())
    occupied = len({tuple(row) for row in q.argmax(-1).tolist()})
    assert found["occupied_codes"].value == occupied
    assert f"{occupied:,} occupied" in found["homogeneity"].estimator
    assert found["homogeneity"].count == 90
    assert found["mutual_information"].most == pytest.approx(3 * math.log(5))
    assert all(found[name].chance is not None for name in ("homogeneity", "nmi", "purity", "ami"))
