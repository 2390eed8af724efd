"""The kernel's law on a space whose every sentence is listed."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from engine.mcmc import exact
from engine.mcmc.proposals import PROPOSALS
from engine.mcmc.released import DEFECTS
from engine.mcmc.run import Run
from engine.mcmc.slots import DELETE, INSERT, REPLACE
from engine.mcmc.toy import FIRST_WORD, Toy
from engine.messages import ExactToy
from engine.messages.sampling import ProposalKind
from engine.text import BOS, EOS

SPACES = [
    {},
    {"candidates": 1, "full_share": 0.3, "seed": 1},
    {"keyword": True, "seed": 2},
    {"similarity": 2.5, "seed": 3},
    {"keyword": True, "similarity": 1.5, "candidates": 3, "seed": 4},
    {"full_share": 0.0, "seed": 5},
    {"full_share": 1.0, "seed": 6},
    {"vocabulary": 3, "max_length": 5, "seed": 7},
    {"proposal": "metropolised", "seed": 8},
    {"proposal": "metropolised", "candidates": 1, "full_share": 0.3, "seed": 9},
    {"proposal": "metropolised", "candidates": 4, "full_share": 0.0, "keyword": True, "seed": 10},
    {"proposal": "metropolised", "full_share": 1.0, "keyword": True, "similarity": 1.5, "seed": 11},
    {"keyword": True, "places": "every", "seed": 12},
    {"proposal": "metropolised", "keyword": True, "places": "every", "seed": 13},
]


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_the_target_is_invariant_and_every_move_is_reversible(space: dict[str, Any]) -> None:
    toy = Toy(ExactToy(**space))
    assert len(toy.sentences) >= 100
    changes = exact.transitions(toy)
    dense = exact.matrix(toy, changes)
    assert dense.min() >= -1e-15
    assert np.abs(toy.exact @ dense - toy.exact).max() <= 1e-12
    assert max(exact.balance_by_move(toy, changes).values()) <= 1e-12
    flow = toy.exact[:, None] * dense
    assert np.abs(flow - flow.T).max() <= 1e-12
    if space.get("full_share") != 0.0:
        assert exact.total_variation(exact.stationary(dense), toy.exact) <= 1e-12


def test_the_target_is_the_product_of_the_models_own_numbers() -> None:
    toy = Toy(ExactToy(seed=9))
    table = toy.models[0].table.numpy()
    weights = []
    for sentence in toy.sentences:
        path = [BOS, *sentence, EOS]
        weights.append(np.exp(sum(table[a, b] for a, b in itertools.pairwise(path))))
    np.testing.assert_allclose(toy.exact, np.asarray(weights) / sum(weights), rtol=1e-12)


@pytest.mark.parametrize("proposal", PROPOSALS)
@pytest.mark.parametrize("keyword", [False, True])
def test_all_proposals_of_a_sentence_sum_to_one(proposal: ProposalKind, keyword: bool) -> None:
    """Words, places and moves: what is left is what could not be proposed, for want of room or of a free word."""
    toy = Toy(ExactToy(seed=1, proposal=proposal, keyword=keyword))
    changes = exact.transitions(toy)
    total = np.bincount(changes.source, changes.proposed, len(toy.sentences))
    free = np.asarray([any(toy.target.support.free(s)) for s in toy.sentences])
    moves = free.astype(int) + (free & (toy.lengths > 1)) + (toy.lengths < 4)
    np.testing.assert_allclose(total, moves / 3, rtol=1e-12)
    assert not free.all() or not keyword


def test_every_place_wastes_the_steps_at_words_that_must_stay() -> None:
    """With a keyword among n words, one replacement in n is in vain; chosen among the free words, none is."""
    wasted = {}
    for places in ("every", "free"):
        toy = Toy(ExactToy(seed=1, keyword=True, places=places))
        changes = exact.transitions(toy)
        rows = changes.move == REPLACE
        wasted[places] = 1 - 3 * np.bincount(changes.source[rows], changes.proposed[rows], len(toy.sentences))
    once = np.asarray([s.count(FIRST_WORD) == 1 for s in toy.sentences])
    np.testing.assert_allclose(wasted["every"], once / toy.lengths, atol=1e-12)
    np.testing.assert_allclose(wasted["free"], once & (toy.lengths == 1), atol=1e-12)


def test_insert_and_delete_turn_on_one_number() -> None:
    """Without a full-vocabulary share an insertion's acceptance does not depend on the word, nor does its place's."""
    toy = Toy(ExactToy(full_share=0.0, candidates=4))
    changes = exact.transitions(toy)
    accepted: dict[tuple[int, int], set[float]] = {}
    for row in np.flatnonzero(changes.move == INSERT):
        accepted.setdefault((int(changes.source[row]), int(changes.place[row])), set()).add(
            round(float(changes.accepted[row]), 12)
        )
    assert all(len(values) == 1 for values in accepted.values())
    assert len({v for values in accepted.values() for v in values}) > 5
    assert (changes.accepted[changes.move == DELETE] > 0).all()


@pytest.mark.parametrize("space", [{"seed": 2}, {"keyword": True, "similarity": 2.0, "seed": 3}], ids=str)
def test_simulated_chains_are_within_their_monte_carlo_error(space: dict[str, Any]) -> None:
    """Chains started from the target itself, so that no start-up bias is in the histogram."""
    toy = Toy(ExactToy(**space))
    dense = exact.matrix(toy, exact.transitions(toy))
    expected = exact.deviation_scale(dense, toy.exact).sum() / 2
    start = np.random.default_rng(0).choice(len(toy.sentences), 64, p=toy.exact)
    run = Run(toy.kernel([toy.sentences[s] for s in start]), seed=0)
    counts = np.zeros(len(toy.sentences))
    for _ in range(600):
        run.step()
        counts += np.bincount(toy.index(run.kernel.ids), minlength=len(counts))
    variation = exact.total_variation(counts / counts.sum(), toy.exact)
    assert 0.6 * expected / np.sqrt(counts.sum()) < variation < 1.35 * expected / np.sqrt(counts.sum())


@pytest.mark.parametrize("defect", DEFECTS)
def test_each_defect_of_the_release_breaks_the_law(defect: str) -> None:
    toy = Toy(ExactToy(defects=(defect,)))
    changes = exact.transitions(toy)
    if defect == "scan":
        changes = exact.with_pointer(toy, changes, exact.pointer_law(toy, changes))
    dense = exact.matrix(toy, changes)
    assert dense.min() >= -1e-12
    assert np.abs(toy.exact @ dense - toy.exact).max() > 1e-4
    assert max(exact.balance_by_move(toy, changes).values()) > 1e-4
    assert exact.total_variation(exact.stationary(dense), toy.exact) > 0.02


def test_a_chain_with_a_pointer_follows_the_law_of_its_own_matrix() -> None:
    toy = Toy(ExactToy(vocabulary=2, max_length=3, defects=("scan",), seed=1))
    law = exact.pointer_law(toy, exact.transitions(toy)).sum(1)
    run = Run(toy.kernel([toy.sentences[0]] * 64), seed=1)
    counts = np.zeros(len(law))
    for _ in range(500):
        run.step()
        counts += np.bincount(toy.index(run.kernel.ids), minlength=len(counts))
    off = exact.total_variation(law, toy.exact)
    assert exact.total_variation(counts / counts.sum(), law) < 0.5 * off


def test_a_space_too_large_to_list_and_an_unknown_defect_are_refused() -> None:
    with pytest.raises(ValueError, match="9,330 sentences"):
        Toy(ExactToy(vocabulary=6, max_length=5))
    with pytest.raises(ValueError, match="no defect 'typo'"):
        Toy(ExactToy(defects=("typo",)))


def test_a_space_in_which_nothing_can_change() -> None:
    """One word, and it must stay: no rows, a chain that stands still."""
    changes = exact.joined([])
    assert len(changes.source) == len(changes.probability) == 0
    assert np.array_equal(np.bincount(changes.source, changes.probability, 4), np.zeros(4))
