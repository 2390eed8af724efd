"""What draws the word: each kind shipped, and kinds made up here to see that another one is a file and a line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.mcmc import exact
from engine.mcmc.arrays import Array
from engine.mcmc.kernel import UNIFORMS
from engine.mcmc.proposals import PROPOSALS, Contexts, Gibbs, Proposes
from engine.mcmc.run import Run
from engine.mcmc.slots import INSERT, REPLACE, Choice
from engine.mcmc.toy import FIRST_WORD, Toy
from engine.messages import ExactToy
from engine.text import BOS, EOS


@dataclass(frozen=True)
class ForwardOnly:
    """Words of the forward model alone; only the one drawn is scored, the target comes in with the test."""

    _: int
    __: float

    candidates = 0
    full_share = 1.0
    stays = True

    def law(self, contexts: Contexts) -> Tensor:
        return contexts.forward

    def log_weights(self, log_pi: Array, log_q: Array) -> Array:
        return log_q


class Masked(Gibbs):
    """A model of the gap itself: it reads both neighbours at once, and the K words are drawn by it."""

    def law(self, contexts: Contexts) -> Tensor:
        generator = torch.Generator().manual_seed(5)
        table = torch.rand(16, 16, contexts.forward.shape[1], generator=generator, dtype=torch.float64).log()
        left = [int(words[-1]) if len(words) else BOS for words in contexts.before]
        right = [int(words[0]) if len(words) else EOS for words in contexts.after]
        return table[left, right]

    def log_weights(self, log_pi: Array, log_q: Array) -> Array:
        return log_q


class MaskedAway(Masked):
    """The same, never the word that stands there."""

    @property
    def stays(self) -> bool:
        return False


TRIALS: dict[str, Any] = {"forward": ForwardOnly, "masked": Masked, "masked-away": MaskedAway}


@pytest.fixture(autouse=True)
def _trials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, kind in TRIALS.items():
        monkeypatch.setitem(PROPOSALS, name, kind)


@pytest.mark.parametrize("proposal", TRIALS)
@pytest.mark.parametrize("space", [{"seed": 1}, {"keyword": True, "similarity": 1.5, "seed": 2}], ids=str)
def test_another_proposal_is_exact_by_construction(proposal: Any, space: dict[str, Any]) -> None:
    toy = Toy(ExactToy(proposal=proposal, full_share=0.2, **space))
    changes = exact.transitions(toy)
    dense = exact.matrix(toy, changes)
    assert dense.min() >= -1e-15
    assert np.abs(toy.exact @ dense - toy.exact).max() <= 1e-12
    assert max(exact.balance_by_move(toy, changes).values()) <= 1e-12
    assert exact.total_variation(exact.stationary(dense), toy.exact) <= 1e-12


@pytest.mark.parametrize("proposal", [*PROPOSALS, *TRIALS])
@pytest.mark.parametrize("move", [REPLACE, INSERT])
def test_words_are_drawn_as_often_as_g_says(proposal: Any, move: int) -> None:
    """Over a grid of both uniform numbers that choose a word; the matrix takes g at its word, a chain draws."""
    toy = Toy(ExactToy(proposal=proposal, vocabulary=5, candidates=3, full_share=0.25, seed=3))
    fine = 60
    kernel = toy.kernel([(4, 6, 5)] * fine**2)
    part, word = (axis.ravel() for axis in np.meshgrid(*[(np.arange(fine) + 0.5) / fine] * 2))
    chains = np.arange(fine**2)
    moves, places = np.full(fine**2, move), np.ones(fine**2, np.int64)
    full = part < kernel.proposal.full_share
    slots = kernel.slots(Choice(chains, moves, places, full), word)
    drawn = slots.words[chains, slots.draw(word)]
    for index in range(FIRST_WORD, toy.lexicon.known):
        g = np.exp(slots.log_g(np.full(fine**2, index), slots.standing))
        assert (drawn == index).mean() == pytest.approx(g[0], abs=1.5 / fine)
        column = slots.words[0] == index
        if column.any():
            assert slots.candidate_g[0][column] == pytest.approx(g[0], abs=1e-12)
    if move == REPLACE and not kernel.proposal.stays:
        assert not (drawn == 6).any()


def test_a_metropolised_replacement_is_accepted_as_liu_says() -> None:
    """min(1, (R - m(v)) / (R - m(w))), R over all words that may stand there."""
    toy = Toy(ExactToy(proposal="metropolised", candidates=4, full_share=0.0, seed=4))
    changes = exact.transitions(toy)
    seen = 0
    for row in np.flatnonzero((changes.move == REPLACE) & (changes.source != changes.goal)):
        sentence, place = toy.sentences[changes.source[row]], int(changes.place[row])
        ways = [(*sentence[:place], w, *sentence[place + 1 :]) for w in range(FIRST_WORD, toy.lexicon.known)]
        total = sum(toy.exact[toy.sentences.index(s)] for s in ways) if seen < 200 else 0.0
        if seen < 200:
            rest, other = (total - toy.exact[changes.source[row]]), (total - toy.exact[changes.goal[row]])
            assert changes.accepted[row] == pytest.approx(min(1.0, rest / other), rel=1e-9)
        seen += 1
    assert seen > 1000


def test_metropolised_replacements_change_more_and_vary_less() -> None:
    """Peskun: each off-diagonal entry of a replacement's matrix is at least the Gibbs step's."""
    matrices = {}
    for proposal in ("gibbs", "metropolised"):
        toy = Toy(ExactToy(proposal=proposal, candidates=4, full_share=0.0, seed=6))
        changes = exact.transitions(toy)
        rows = (changes.move == REPLACE) & (changes.source != changes.goal)
        matrices[proposal] = np.zeros((len(toy.sentences),) * 2)
        np.add.at(matrices[proposal], (changes.source[rows], changes.goal[rows]), changes.probability[rows])
    assert (matrices["metropolised"] >= matrices["gibbs"] - 1e-15).all()
    assert matrices["metropolised"].sum() > 1.1 * matrices["gibbs"].sum()


def test_where_no_other_word_can_be_drawn_the_sentence_stays() -> None:
    """K = 1, no free draws, never the present word: where that is the one candidate, nothing is changed."""
    toy = Toy(ExactToy(proposal="metropolised", candidates=1, full_share=0.0, seed=1))
    kernel = toy.kernel(toy.sentences)
    before = kernel.ids.copy()
    uniforms = np.full((kernel.chains, UNIFORMS), 0.1)
    step = kernel.step(uniforms)
    alone = (step.new == step.old) & (step.moves == REPLACE)
    assert alone.any()
    assert not alone.all()
    np.testing.assert_array_equal(kernel.ids[alone], before[alone])
    run = Run(toy.kernel(toy.sentences[:8]), 0)
    for _ in range(20):
        run.step()


def test_each_kind_is_one_the_kernel_can_use() -> None:
    for make in PROPOSALS.values():
        made: Proposes = make(3, 0.5)
        assert 0 <= made.full_share <= 1
        assert made.candidates >= 0
