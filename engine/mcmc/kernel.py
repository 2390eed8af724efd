"""One step of every chain: choose a move and a place, score the slot's words in one batch, draw, test, edit.

Exact Metropolis-Hastings over sentences (Miao et al. 2019): the move is drawn by fixed weights and the place
uniformly, whatever the sentence; a move that cannot be made there leaves the sentence as it is, it is never
redrawn. All random numbers come in from outside, so the same functions that run a chain also give its transition
matrix (`engine.mcmc.toy`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.capabilities import Scores
from engine.mcmc.cache import Readings
from engine.mcmc.lexicon import FIRST_WORD, Ids, Lexicon
from engine.mcmc.proposal import DELETE, INSERT, LOG_ZERO, REPLACE, Choice, Slots, Verdict, judge, log_moves
from engine.mcmc.target import Array, Mask, Target
from engine.text import EOS

MOVE, PLACE, PART, WORD, TEST = range(5)
UNIFORMS = 5
"""Random numbers of a chain's step: which move, where, Q or the whole vocabulary, which word, the test."""

POSSIBLE, REQUIRED, LONGEST, SHORTEST, ONE_WAY = range(5)
REASONS = (
    "",
    "this word must stay",
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
        candidates: int,
        keywords: Sequence[int] = (),
        full_share: float = 0.05,
        moves: tuple[float, float, float] = (1.0, 1.0, 1.0),
        temperatures: Sequence[float] | None = None,
    ) -> None:
        """Chains stand at the sentences `first`, all in the target's support; `keywords` always belong to Q."""
        self.forward, self.backward, self.target, self.lexicon = forward, backward, target, lexicon
        self.chains, self.longest = len(first), target.support.longest
        self.full_share = full_share
        self.move_weights = np.asarray(moves, np.float64)
        self.log_moves = log_moves(self.move_weights)
        self.beta = 1 / np.asarray(temperatures or [1.0] * self.chains, np.float64)
        self.candidates = min(candidates, lexicon.known - FIRST_WORD)
        self._keywords = np.asarray([w for w in dict.fromkeys(keywords) if w < lexicon.known], np.int64)
        self._device = forward.log_probs(forward.begin(1)).device
        self._prefixes = Readings(forward, self.chains, self.longest)
        self._suffixes = Readings(backward, self.chains, self.longest)
        self.ids = np.zeros((self.chains, self.longest + 1), np.int64)
        self.lengths = np.asarray([len(s) for s in first], np.int64)
        self.free = np.zeros((self.chains, self.longest + 1), bool)
        for chain, sentence in enumerate(first):
            self._place(chain, sentence)
        self.tokens = self._read_all()
        self.terms = target.terms(self.tokens.sum(1), self.lengths, self._best(np.arange(self.chains)))

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

    def step(self, uniforms: Array) -> Step:
        """Advance every chain with its row of uniform numbers in [0, 1), [C, `UNIFORMS`]."""
        moves = self.pick_moves(uniforms[:, MOVE])
        places = self.pick_places(moves, uniforms[:, PLACE])
        reason = self.obstacles(moves, places)
        chains = np.flatnonzero(reason == POSSIBLE)
        step = self._nothing(moves, places, reason, np.log1p(-uniforms[:, TEST]))
        if len(chains):
            full = (uniforms[chains, PART] < self.full_share) & (moves[chains] != DELETE)
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

    def pick_places(self, moves: Ids, uniform: Array) -> Ids:
        """Places, each as likely: one of n words, or one of n + 1 slots to insert at."""
        places: Ids = (uniform * (self.lengths + (moves == INSERT))).astype(np.int64)
        return places

    def obstacles(self, moves: Ids, places: Ids) -> Ids:
        """Why a move cannot be made there (index in `REASONS`)."""
        free = self.free[np.arange(self.chains), places]
        one_way = (self.move_weights[INSERT] > 0) != (self.move_weights[DELETE] > 0)
        insert = np.where(self.lengths >= self.longest, LONGEST, POSSIBLE)
        delete = np.where(self.lengths <= self.target.support.shortest, SHORTEST, np.where(free, POSSIBLE, REQUIRED))
        replace = np.where(free, POSSIBLE, REQUIRED)
        found = np.choose(moves, (replace, insert, delete))
        return np.where((found == POSSIBLE) & (moves != REPLACE) & one_way, ONE_WAY, found)

    def slots(self, choice: Choice, uniform: Array) -> Slots:
        """The law of the word at each chosen slot; `uniform` picks the full-vocabulary word where one is wanted."""
        chains, left, right = choice.chains, choice.places, choice.right
        prefix = self._prefixes.at(chains, left, self._word_forward)
        suffix = self._suffixes.at(chains, self.lengths[chains] - right, self._word_backward)
        log_forward = self.forward.log_probs(prefix)
        log_backward = self.backward.log_probs(suffix)
        joint = log_forward + log_backward
        joint[:, :FIRST_WORD] = -torch.inf
        log_z = joint.logsumexp(1).double()
        words, inside, full_column = self._candidates(joint, log_z, choice, uniform)
        columns = torch.from_numpy(np.maximum(words, 0)).to(self._device)
        word_forward = log_forward.gather(1, columns).double().cpu().numpy()
        word_backward = log_backward.gather(1, columns).double().cpu().numpy()
        tokens, empty_tokens = self._score(prefix, chains, right, words)
        before = np.where(np.arange(self.longest + 1) < left[:, None], self.tokens[chains], 0).sum(1)
        log_prob = before[:, None] + word_forward + tokens.sum(2)
        empty_length = left + self.lengths[chains] - right
        best = self._best(chains, (left, right))
        slots = Slots(
            choice=choice,
            beta=self.beta[chains],
            full_share=self.full_share,
            old=np.where(choice.moves == INSERT, -1, self.ids[chains, left]),
            old_terms=self.terms[chains],
            words=words,
            inside=inside,
            full_column=full_column,
            log_forward=word_forward,
            log_backward=word_backward,
            terms=self._known_terms(
                choice, words, self.target.terms(log_prob, empty_length[:, None] + 1, best, np.maximum(words, 0))
            ),
            tokens=tokens,
            empty_terms=self.target.terms(before + empty_tokens.sum(1), empty_length, best),
            empty_tokens=empty_tokens,
            contexts=(log_forward, log_backward),
            joint=joint,
            log_z=log_z.cpu().numpy(),
        )
        return slots

    def judge(self, slots: Slots, column: Ids) -> Verdict:
        """The acceptance test for the words in `column`."""
        return judge(slots, column, self.lengths[slots.choice.chains], self.log_moves)

    def exchange(self, order: Ids) -> None:
        """Chain c takes over the sentence of chain `order[c]` (replica exchange)."""
        self.ids, self.lengths, self.free = self.ids[order], self.lengths[order], self.free[order]
        self.tokens, self.terms = self.tokens[order], self.terms[order]
        self._prefixes.exchange(order)
        self._suffixes.exchange(order)

    # --- parts of a step -------------------------------------------------------------------------------------------

    def _candidates(self, joint: Tensor, log_z: Tensor, choice: Choice, uniform: Array) -> tuple[Ids, Mask, Ids]:
        """Q of each slot and the full-vocabulary draws: words and membership [A, J], the draws' columns [A]."""
        top = joint.topk(self.candidates, dim=1).indices.cpu().numpy()
        rows, extra = len(top), len(self._keywords)
        words = np.full((rows, self.candidates + extra + 1), -1, np.int64)
        words[:, : self.candidates] = top
        new = ~(top[:, :, None] == self._keywords).any(1)  # A, keywords
        words[:, self.candidates : -1] = np.where(new, self._keywords, -1)
        inside = words >= 0
        if choice.words is not None:
            words[:, -1] = np.where(choice.full, choice.words, -1)
        elif len(full := np.flatnonzero(choice.full)):
            law = (joint[full].double() - log_z[full, None]).exp().cumsum(1)
            mark = torch.from_numpy(uniform[full]).to(self._device)[:, None] * law[:, -1:]
            drawn = torch.searchsorted(law, mark, right=True)[:, 0].clamp(max=joint.shape[1] - 1)
            words[full, -1] = drawn.cpu().numpy()
        column: Ids = (words == words[:, -1:]).argmax(1)
        words[column < words.shape[1] - 1, -1] = -1  # it stands in Q already
        return words, inside, column

    def _score(self, prefix: Any, chains: Ids, right: Ids, words: Ids) -> tuple[Array, Array]:
        """Log-probabilities of the right context after every word ([A, J, T]) and after none ([A, T])."""
        lengths = self.lengths[chains] - right + 1
        width = int(lengths.max())
        places = right[:, None] + np.arange(width)
        rest = np.take_along_axis(self.ids[chains], np.minimum(places, self.longest), 1)
        rest = np.where(places == self.lengths[chains, None], EOS, self.lexicon.for_model(rest))
        slot, column = np.nonzero(words >= 0)
        read = self.forward.advance(prefix.select(torch.from_numpy(slot)), self._tensor(words[slot, column]))
        state = type(prefix).concat([read, prefix])
        rows = np.concatenate([slot, np.arange(len(chains))])
        scores = self.forward.score(state, self._tensor(rest[rows]), self._tensor(lengths[rows]))
        values = scores.double().cpu().numpy()
        tokens = np.zeros((*words.shape, width))
        tokens[slot, column] = values[: len(slot)]
        return tokens, values[len(slot) :]

    def _known_terms(self, choice: Choice, words: Ids, terms: Array) -> Array:
        """Terms of the candidates; those of the present sentence are the ones it was accepted with."""
        old = self.ids[choice.chains, choice.places]
        same = (words == old[:, None]) & (choice.moves != INSERT)[:, None]
        return np.where(same[:, :, None], self.terms[choice.chains][:, None], terms)

    def _nothing(self, moves: Ids, places: Ids, reason: Ids, log_u: Array) -> Step:
        """A step in which nothing is proposed: the sentence asked for has no probability."""
        rows = np.arange(self.chains)
        old = np.where(moves == INSERT, -1, self.ids[rows, places])
        log_g = self.log_moves[moves] - np.log(self.lengths + (moves == INSERT))
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
        step.log_alpha[chains] = verdict.log_alpha
        step.log_slot[chains] = slots.log_slot
        step.accepted[chains] = step.log_u[chains] < verdict.log_alpha

    def _edit(self, row: int, slots: Slots, verdict: Verdict) -> None:
        """Make an accepted edit; only what the edit touched is forgotten."""
        choice = slots.choice
        chain, left, right = int(choice.chains[row]), int(choice.places[row]), int(choice.right[row])
        sentence, column = self.sentence(chain), int(verdict.column[row])
        after = len(sentence) - right
        self._prefixes.forget(chain, left)
        self._suffixes.forget(chain, after)
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

    def _read_all(self) -> Array:
        """Log-probabilities of every word and end mark of the present sentences, [C, longest + 1]."""
        tokens = self.lexicon.for_model(self.ids)
        tokens[np.arange(self.chains), self.lengths] = EOS
        begin = self.forward.begin(self.chains)
        scores: npt.NDArray[Any] = (
            self.forward.score(begin, self._tensor(tokens), self._tensor(self.lengths + 1)).double().cpu().numpy()
        )
        return scores

    def _best(self, chains: Ids, without: tuple[Ids, Ids] | None = None) -> Array | None:
        """Matches of the source in the sentences, the words from `without[0]` to before `without[1]` not counted."""
        if self.target.matcher is None:
            return None
        places = np.arange(self.longest + 1)
        counted: npt.NDArray[np.bool_] = places < self.lengths[chains, None]
        if without is not None:
            counted = counted & ((places < without[0][:, None]) | (places >= without[1][:, None]))
        return self.target.matcher.best(self.ids[chains], counted)

    def _word_forward(self, chains: Ids, places: Ids) -> Tensor:
        return self._tensor(self.lexicon.for_model(self.ids[chains, places]))

    def _word_backward(self, chains: Ids, places: Ids) -> Tensor:
        return self._tensor(self.lexicon.for_model(self.ids[chains, self.lengths[chains] - 1 - places]))

    def _tensor(self, values: Ids) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self._device)
