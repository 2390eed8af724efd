"""One step of every chain: choose a move and a place, score the slot's words in one batch, draw, test, edit.

Exact Metropolis-Hastings over sentences (Miao et al. 2019): the move is drawn by fixed weights, whatever the sentence,
the place uniformly among the words that are free to change, or the slots to insert at; how many there are, here and on
the way back, enters the ratio. A move that cannot be made leaves the sentence as it is, it is never redrawn. All
random numbers come in from outside, so the same functions that run a chain also give its transition matrix
(`engine.mcmc.exact`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from engine.capabilities import Scores
from engine.mcmc.arrays import Array, Ids, Mask
from engine.mcmc.gaps import Gap, GapReader, Sentences
from engine.mcmc.lexicon import Lexicon
from engine.mcmc.proposals import Proposes
from engine.mcmc.slots import DELETE, INSERT, LOG_ZERO, REPLACE, Choice, Slots, Verdict, judge, log_moves
from engine.mcmc.target import Target
from engine.mcmc.terms import Edits

MOVE, PLACE, PART, WORD, TEST = range(5)
UNIFORMS = 5
"""Random numbers of a chain's step: which move, where, Q or the whole vocabulary, which word, the test."""

BATCH = 16
"""Chains whose sentences are read in one go: enough to keep a processor busy, few enough for a tenth of a second."""

POSSIBLE, REQUIRED, BOUND, LONGEST, SHORTEST, ONE_WAY = range(6)
REASONS = (
    "",
    "this word must stay",
    "every word must stay",
    "the sentence is at its longest",
    "the sentence is at its shortest",
    "the way back is never proposed",
)


@dataclass
class Step:
    """What one step did in each of C chains."""

    moves: Ids  # [C]
    places: Ids
    old: Ids  # -1: none
    new: Ids
    before: Array  # [C, terms]
    after: Array
    log_g_forward: Array
    log_g_backward: Array
    log_places: Array  # log of how many places this one was chosen among, less that of the way back
    log_alpha: Array
    log_u: Array
    log_slot: Array  # nan where nothing could be proposed
    accepted: Mask
    reason: Ids  # index in `REASONS`
    slots: Slots | None  # of the chains where something was proposed
    column: Ids  # [A] drawn columns of those

    @property
    def blocked(self) -> Mask:
        """Chains whose move could not be made."""
        blocked: Mask = self.reason != POSSIBLE
        return blocked

    @property
    def changed(self) -> Mask:
        """Chains whose sentence is another now: accepted, and not the word that stood there anyway."""
        changed: Mask = self.accepted & (self.old != self.new)
        return changed


class Kernel:
    """The chains' sentences and the models that judge them."""

    def __init__(
        self,
        forward: Scores,
        backward: Scores,
        target: Target,
        lexicon: Lexicon,
        first: Sequence[Sequence[int]],
        *,
        proposal: Proposes,
        keywords: Sequence[int] = (),
        moves: tuple[float, float, float] = (1.0, 1.0, 1.0),
        temperatures: Sequence[float] | None = None,
        every_place: bool = False,
    ) -> None:
        """Chains stand at the sentences `first`, all in the target's support; `keywords` always belong to Q.

        With `every_place` the word to replace or delete is chosen among all, and one that must stay wastes the step.
        """
        self.target, self.lexicon, self.proposal = target, lexicon, proposal
        self.chains, self.longest = len(first), target.support.longest
        self.every_place = every_place
        self._wanted = np.asarray(sorted(target.support.wanted), np.int64)
        self.move_weights = np.asarray(moves, np.float64)
        self.log_moves = log_moves(self.move_weights)
        self.beta = 1 / np.asarray(temperatures or [1.0] * self.chains, np.float64)
        shape = self.chains, self.longest + 1
        self._at = Sentences(np.zeros(shape, np.int64), np.zeros(self.chains, np.int64))
        self.free = np.zeros(shape, bool)
        for chain, sentence in enumerate(first):
            self._place(chain, sentence)
        extra = np.asarray([w for w in dict.fromkeys(keywords) if w < lexicon.known], np.int64)
        self._gaps = GapReader(forward, backward, lexicon, self._at, proposal, extra)
        self.tokens = self._gaps.tokens()  # C, longest + 1: log-probabilities of the sentences' words and end marks
        self.terms = target.score(Edits.whole(self.ids, self.lengths, self.tokens.sum(1)))[:, 0]

    @property
    def ids(self) -> Ids:
        """The sentences, [C, longest + 1], zero beyond their ends."""
        return self._at.ids

    @property
    def lengths(self) -> Ids:
        """Words of each sentence, [C]."""
        return self._at.lengths

    def sentence(self, chain: int) -> list[int]:
        """Ids of a chain's sentence."""
        ids: list[int] = self.ids[chain, : self.lengths[chain]].tolist()
        return ids

    @property
    def log_target(self) -> Array:
        """Log density of each chain's sentence at temperature 1, unnormalised, [C]."""
        total: Array = self.terms.sum(1)
        return total

    # --- a step ----------------------------------------------------------------------------------------------------

    def ahead(self, uniforms: Array) -> Iterator[None]:
        """Read what `step` with the same numbers will need, `BATCH` chains at a time, so that it can be interrupted."""
        moves = self.pick_moves(uniforms[:, MOVE])
        places = self.pick_places(moves, uniforms[:, PLACE])
        chains = np.flatnonzero(self.obstacles(moves, places) == POSSIBLE)
        yield from self.look_up(chains, moves, places)

    def look_up(self, chains: Ids, moves: Ids, places: Ids) -> Iterator[None]:
        """Read what these chains need for their moves at their places (each [C]), all but the last part of them."""
        for start in range(0, len(chains) - BATCH, BATCH):
            part = chains[start : start + BATCH]
            self._gaps.read(part, places[part], places[part] + (moves[part] != INSERT))
            yield

    def step(self, uniforms: Array) -> Step:
        """Advance every chain with its row of uniform numbers in [0, 1), [C, `UNIFORMS`]."""
        moves = self.pick_moves(uniforms[:, MOVE])
        places = self.pick_places(moves, uniforms[:, PLACE])
        reason = self.obstacles(moves, places)
        chains = np.flatnonzero(reason == POSSIBLE)
        step = self._nothing(moves, places, reason, np.log1p(-uniforms[:, TEST]))
        if len(chains):
            full = (uniforms[chains, PART] < self.proposal.full_share) & (moves[chains] != DELETE)
            choice = Choice(chains, moves[chains], places[chains], full)
            slots = self.slots(choice, uniforms[chains, WORD])
            column = slots.draw(uniforms[chains, WORD])
            verdict = self.judge(slots, column)
            self._record(step, slots, verdict)
            for row in np.flatnonzero(step.accepted[chains]):
                self._edit(int(row), slots, verdict)
        return step

    def pick_moves(self, uniform: Array) -> Ids:
        """Moves by their weights."""
        edges = self.move_weights.cumsum() / self.move_weights.sum()
        return np.minimum(np.searchsorted(edges, uniform, side="right"), DELETE)

    def places(self, moves: Ids) -> Ids:
        """Among how many places each move chooses, [C]: n + 1 slots to insert at, else the words that may change."""
        words = self.lengths if self.every_place else self.free.sum(1)
        return np.where(moves == INSERT, self.lengths + 1, words)

    def pick_places(self, moves: Ids, uniform: Array) -> Ids:
        """Places, each as likely; 0 where there is none."""
        drawn: Ids = (uniform * self.places(moves)).astype(np.int64)
        if self.every_place:
            return drawn
        ordered = np.argsort(~self.free, axis=1, kind="stable")  # free places first, in their order
        return np.where(moves == INSERT, drawn, ordered[np.arange(self.chains), drawn] * self.free.any(1))

    def obstacles(self, moves: Ids, places: Ids) -> Ids:
        """Why a move cannot be made there (index in `REASONS`)."""
        free = self.free[np.arange(self.chains), places]
        one_way = (self.move_weights[INSERT] > 0) != (self.move_weights[DELETE] > 0)
        replace = np.where(free, POSSIBLE, np.where(self.free.any(1), REQUIRED, BOUND))
        insert = np.where(self.lengths >= self.longest, LONGEST, POSSIBLE)
        delete = np.where(self.lengths <= self.target.support.shortest, SHORTEST, replace)
        found = np.choose(moves, (replace, insert, delete))
        return np.where((found == POSSIBLE) & (moves != REPLACE) & one_way, ONE_WAY, found)

    def slots(self, choice: Choice, uniform: Array) -> Slots:
        """The law of the word at each chosen slot; `uniform` picks the full-vocabulary word where one is wanted."""
        chains, left, right = choice.chains, choice.places, choice.right
        gaps = self._gaps.read(chains, left, right)
        words, full_column, tokens = self._columns(gaps, choice, uniform)
        known = np.maximum(words, 0)
        log_forward = np.stack([g.forward[k] for g, k in zip(gaps, known, strict=True)]).astype(np.float64)
        log_law = np.stack([g.law[k] for g, k in zip(gaps, known, strict=True)]).astype(np.float64)
        log_law = np.where(words >= 0, log_law - np.asarray([[g.log_z] for g in gaps]), -np.inf)
        empty_tokens = np.zeros((len(gaps), tokens.shape[2]))
        for row, gap in enumerate(gaps):
            empty_tokens[row, : len(gap.empty)] = gap.empty
        before = np.where(np.arange(self.longest + 1) < left[:, None], self.tokens[chains], 0).sum(1)
        log_prob = before[:, None] + np.concatenate(
            [log_forward + tokens.sum(2), empty_tokens.sum(1, keepdims=True)], 1
        )
        old = np.where(choice.moves == INSERT, -1, self.ids[chains, left])
        asked = np.concatenate(
            [(words >= 0) & (words != old[:, None]), (choice.moves == DELETE)[:, None]], 1
        )  # the present sentence's terms are those it was accepted with
        terms = self.target.score(Edits(self.ids[chains], self.lengths[chains], left, right, words, log_prob, asked))
        present = self.terms[chains]
        same = (words == old[:, None]) & (old >= 0)[:, None]
        insert = (choice.moves == INSERT)[:, None]
        return Slots(
            choice=choice,
            proposal=self.proposal,
            beta=self.beta[chains],
            old=old,
            old_terms=present,
            words=words,
            inside=(words >= 0) & (np.arange(words.shape[1]) < words.shape[1] - 1),
            full_column=full_column,
            log_forward=log_forward,
            log_law=log_law,
            terms=np.where(same[:, :, None], present[:, None], terms[:, :-1]),
            tokens=tokens,
            empty_terms=np.where(insert, present, terms[:, -1]),
            empty_tokens=empty_tokens,
            gaps=gaps,
        )

    def judge(self, slots: Slots, column: Ids) -> Verdict:
        """The acceptance test for the words in `column`."""
        return judge(slots, column, self._places_there_and_back(slots, column), self.log_moves)

    def exchange(self, order: Ids) -> None:
        """Chain c takes over the sentence of chain `order[c]` (replica exchange)."""
        self._at.ids[:], self._at.lengths[:] = self.ids[order], self.lengths[order]
        self.free, self.tokens, self.terms = self.free[order], self.tokens[order], self.terms[order]
        self._gaps.exchange(order)

    def forget(self) -> None:
        """Drop what is remembered of gaps met before, as if every context were new (for measuring)."""
        self._gaps.clear()

    # --- parts of a step -------------------------------------------------------------------------------------------

    def _columns(self, gaps: Sequence[Gap], choice: Choice, uniform: Array) -> tuple[Ids, Ids, Array]:
        """Words [A, J], the columns of the full-vocabulary draws [A], and tokens after each word [A, J, T].

        The last column is for a draw outside Q.
        """
        count, width = len(gaps[0].words) + 1, max(len(g.empty) for g in gaps)
        words = np.full((len(gaps), count), -1, np.int64)
        column = np.full(len(gaps), count - 1, np.int64)
        tokens = np.zeros((len(gaps), count, width))
        for row, gap in enumerate(gaps):
            words[row, :-1] = gap.words
            tokens[row, :-1, : len(gap.empty)] = gap.tokens
            if choice.full[row]:
                stands = self.ids[choice.chains[row], choice.places[row]]
                without = -1 if self.proposal.stays or choice.moves[row] == INSERT else int(stands)
                word = gap.draw(uniform[row], without) if choice.words is None else int(choice.words[row])
                column[row] = gap.column(word) % count
                if column[row] == count - 1:
                    words[row, -1] = word
        new = [r for r in np.flatnonzero(words[:, -1] >= 0).tolist() if words[r, -1] not in gaps[r].extra]
        if new:
            rows = np.asarray(new)
            places = choice.chains[rows], choice.places[rows], choice.right[rows]
            self._gaps.add([gaps[r] for r in new], *places, words[rows, -1])
        for row in np.flatnonzero(words[:, -1] >= 0).tolist():
            tokens[row, -1, : len(gaps[row].empty)] = gaps[row].extra[int(words[row, -1])]
        return words, column, tokens

    def _places_there_and_back(self, slots: Slots, column: Ids) -> tuple[Ids, Ids]:
        """Among how many places each chain chose, and among how many the way back would, [A]."""
        choice = slots.choice
        chains, move = choice.chains, choice.moves
        lengths = self.lengths[chains]
        longer = lengths + (move == INSERT)  # also the slots of the shorter sentence
        if self.every_place:
            return longer, longer
        here = self.free[chains].sum(1)
        free = here + (move == INSERT) - (move == DELETE)  # words that may change after it
        new = np.where(move == DELETE, -1, slots.words[np.arange(len(column)), column])
        for row in np.flatnonzero(np.isin(slots.old, self._wanted) | np.isin(new, self._wanted)).tolist():
            sentence = self.sentence(int(chains[row]))
            arrives = [int(new[row])] if new[row] >= 0 else []
            after = [*sentence[: choice.places[row]], *arrives, *sentence[choice.right[row] :]]
            free[row] = sum(self.target.support.free(after))
        return np.where(move == INSERT, longer, here), np.where(move == DELETE, longer, free)

    def _nothing(self, moves: Ids, places: Ids, reason: Ids, log_u: Array) -> Step:
        """A step in which nothing is proposed: the sentence asked for has no probability."""
        rows = np.arange(self.chains)
        old = np.where(moves == INSERT, -1, self.ids[rows, places])
        log_g = self.log_moves[moves] - np.log(np.maximum(self.places(moves), 1))
        one_way = reason == ONE_WAY
        log_back = np.where(one_way, LOG_ZERO, log_g)
        return Step(
            moves=moves,
            places=places,
            old=old,
            new=np.full(self.chains, -1),
            before=self.terms.copy(),
            after=self.terms.copy(),
            log_g_forward=log_g,
            log_g_backward=log_back,
            log_places=np.zeros(self.chains),
            log_alpha=np.where(one_way, np.minimum(0, log_back - log_g), LOG_ZERO * self.beta),
            log_u=log_u,
            log_slot=np.full(self.chains, np.nan),
            accepted=np.zeros(self.chains, bool),
            reason=reason,
            slots=None,
            column=np.zeros(0, np.int64),
        )

    def _record(self, step: Step, slots: Slots, verdict: Verdict) -> None:
        chains = slots.choice.chains
        step.slots, step.column = slots, verdict.column
        step.new[chains] = verdict.new
        step.after[chains] = verdict.terms
        step.log_g_forward[chains] = verdict.log_g_forward
        step.log_g_backward[chains] = verdict.log_g_backward
        step.log_places[chains] = verdict.log_places
        step.log_alpha[chains] = verdict.log_alpha
        step.log_slot[chains] = slots.log_slot
        step.accepted[chains] = step.log_u[chains] < verdict.log_alpha

    def _edit(self, row: int, slots: Slots, verdict: Verdict) -> None:
        """Make an accepted edit; only what the edit touched is forgotten."""
        choice = slots.choice
        chain, left, right = int(choice.chains[row]), int(choice.places[row]), int(choice.right[row])
        sentence, column = self.sentence(chain), int(verdict.column[row])
        after = len(sentence) - right
        self._gaps.forget(chain, left, after)
        arrives = choice.moves[row] != DELETE
        word = [int(verdict.new[row])] if arrives else []
        rest = slots.tokens[row, column] if arrives else slots.empty_tokens[row]
        scores = [*self.tokens[chain, :left], *slots.log_forward[row, [column] * len(word)], *rest[: after + 1]]
        self._place(chain, [*sentence[:left], *word, *sentence[right:]])
        self.tokens[chain] = 0
        self.tokens[chain, : len(scores)] = scores
        self.terms[chain] = verdict.terms[row]

    def _place(self, chain: int, sentence: Sequence[int]) -> None:
        self.lengths[chain] = len(sentence)
        self.ids[chain] = 0
        self.ids[chain, : len(sentence)] = sentence
        self.free[chain] = False
        self.free[chain, : len(sentence)] = self.target.support.free(sentence)
