"""The law of one proposal's word at one slot, and the numbers of the acceptance test.

A slot is a gap between a left and a right context; `w` in it makes the sentence x_w, nothing in it makes x_-. How the
word is drawn is the proposal's (`engine.mcmc.proposals`); its marginal probability g, over both parts of the mixture,
enters the ratio.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.mcmc.arrays import Array, Ids, Mask
from engine.mcmc.gaps import Gap
from engine.mcmc.proposals import Proposes
from engine.messages import Move

REPLACE, INSERT, DELETE = 0, 1, 2
MOVES: tuple[Move, ...] = ("replace", "insert", "delete")
LOG_ZERO = -1e9
"""Written for the log of zero, so that every line of a run is plain JSON and can be recomputed; exp() of it is 0."""


@dataclass
class Choice:
    """What A chains try, before any word is looked at."""

    chains: Ids  # [A]
    moves: Ids  # [A]
    places: Ids  # [A] position of the word; for insert the slot before this word
    full: Mask  # [A] whether the word comes from the whole vocabulary
    words: Ids | None = None  # [A] these words instead of drawn ones, where `full`

    @property
    def right(self) -> Ids:
        """Where the right context begins, in the present sentence."""
        right: Ids = self.places + (self.moves != INSERT)
        return right


@dataclass
class Slots:
    """The slots of A chains with every scored word; J columns: the K words, the keywords, one full-vocabulary draw."""

    choice: Choice
    proposal: Proposes
    beta: Array  # [A] 1 / temperature
    old: Ids  # [A] the word in the slot now, -1 for insert
    old_terms: Array  # [A, terms] of the present sentence
    words: Ids  # [A, J], -1 in unused columns
    inside: Mask  # [A, J] columns that belong to Q
    full_column: Ids  # [A] where the full-vocabulary draw stands: the last column, or its place in Q
    log_forward: Array  # [A, J]
    log_law: Array  # [A, J] log q(w)
    terms: Array  # [A, J, terms] of x_w
    tokens: Array  # [A, J, T] log-probabilities of the right context's words and the end mark in x_w
    empty_terms: Array  # [A, terms] of x_-
    empty_tokens: Array  # [A, T]
    gaps: Sequence[Gap]  # the contexts' laws over the whole vocabulary

    def __post_init__(self) -> None:
        eps = self.proposal.full_share
        with np.errstate(divide="ignore"):
            self._log_parts = np.log(1 - eps), np.log(eps)
        self.log_pi = self.beta[:, None] * self.terms.sum(-1)  # A, J
        self.log_r = _log_sum(np.where(self.inside, self.log_pi, -np.inf))  # A
        self.log_slot = self.log_r - self.beta * self.empty_terms.sum(-1)  # A
        weights = self.proposal.log_weights(self.log_pi, self.log_law)
        self._weights = np.where(self.inside, weights, -np.inf)

    @property
    def standing(self) -> Ids:
        """The word that stands there when one is drawn, [A]; -1 for none, also where a deletion's way back draws."""
        return np.where(self.choice.moves == DELETE, -1, self.old)

    def log_q(self, words: Ids) -> Array:
        """Log q(w) of one known word a chain, [A]."""
        return np.asarray([float(g.law[w]) - g.log_z for g, w in zip(self.gaps, words.tolist(), strict=True)])

    def log_g(self, words: Ids, standing: Ids) -> Array:
        """Log g(w | v) of one known word a chain, [A], where `standing` is v, -1: none."""
        found = (self.words == words[:, None]) & self.inside
        own = np.where(found, self._weights, -np.inf).max(1, initial=-np.inf)
        other = self._other(standing)
        log_sum = _log_sum(np.where(other, self._weights, -np.inf))
        with np.errstate(invalid="ignore"):
            chosen = np.where(log_sum > -np.inf, self._log_parts[0] + own - log_sum, -np.inf)
        g: Array = np.logaddexp(chosen, self._log_parts[1] + self.log_q(words) - self._log_rest(standing))
        same = (words == standing) & (not self.proposal.stays)
        return np.where(same, -np.inf, g)

    def log_contexts(self, row: int, word: int) -> tuple[float, float]:
        """Forward log-probability of any known word in one slot, and what log q adds to it."""
        forward = float(self.gaps[row].forward[word])
        return forward, float(self.gaps[row].law[word]) - forward

    @cached_property
    def candidate_g(self) -> Array:
        """g(w | v) of every column for the word v that stands there, [A, J]; zero in unused ones."""
        weights = np.where(self._other(self.standing), self._weights, -np.inf)
        log_sum = _log_sum(weights)[:, None]
        chosen = np.exp(np.where(log_sum > -np.inf, weights, -np.inf) - np.where(log_sum > -np.inf, log_sum, 0.0))
        full = np.exp(self.log_law - self._log_rest(self.standing)[:, None])
        eps = self.proposal.full_share
        g: Array = (1 - eps) * chosen + eps * full
        same = (self.words == self.standing[:, None]) & (not self.proposal.stays)
        return np.where(same, 0.0, g)

    def draw(self, uniform: Array) -> Ids:
        """The column of each chain's word: the full-vocabulary draw, or one of Q by its weight. [A].

        The word that stands there, where it may not stay and Q holds no other: then the sentence is left as it is.
        """
        weights = np.where(self._other(self.standing), self._weights, -np.inf)
        top = weights.max(1, initial=-np.inf)[:, None]
        relative = np.exp(weights - np.where(np.isfinite(top), top, 0.0))
        sums = relative.cumsum(1)
        drawn = (sums <= (uniform * sums[:, -1])[:, None]).sum(1)
        some = relative > 0
        last = np.where(some.any(1), some.shape[1] - 1 - some[:, ::-1].argmax(1), self.inside.argmax(1))
        return np.where(self.choice.full, self.full_column, np.minimum(drawn, last))

    def _other(self, standing: Ids) -> Mask:
        """Columns of Q that may be drawn where a word stands, [A, J]."""
        if self.proposal.stays:
            return self.inside
        other: Mask = self.inside & (self.words != standing[:, None])
        return other

    def _log_rest(self, standing: Ids) -> Array:
        """Log of what q leaves to the words that may be drawn, [A]."""
        if self.proposal.stays:
            return np.zeros(len(standing))
        rest = (g.log_rest(v) if v >= 0 else 0.0 for g, v in zip(self.gaps, standing.tolist(), strict=True))
        return np.fromiter(rest, np.float64, len(standing))


def _log_sum(logs: Array) -> Array:
    """Log of the sum of exponentials over the last axis, -inf where all are."""
    top = logs.max(-1, initial=-np.inf)
    safe = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        total: Array = safe + np.log(np.exp(logs - safe[..., None]).sum(-1))
    return total


@dataclass
class Verdict:
    """The acceptance test of A chains, as it goes into the log."""

    new: Ids  # [A] the word that arrives, -1 for delete
    column: Ids  # [A] its column; meaningless for delete
    terms: Array  # [A, terms] after
    log_g_forward: Array  # [A] move, position and word
    log_g_backward: Array
    log_places: Array  # log of how many places this one was chosen among, less that of the way back
    log_alpha: Array


def log_moves(weights: Array) -> Array:
    """Log-probability of each move, [3]; `LOG_ZERO` for one without weight."""
    with np.errstate(divide="ignore"):
        logs: Array = np.maximum(np.log(weights / weights.sum()), LOG_ZERO)
        return logs


def judge(slots: Slots, column: Ids, places: tuple[Ids, Ids], moves: Array) -> Verdict:
    """Metropolis-Hastings (Hastings 1970) for the word in `column`, or for taking the present word out.

    Args:
        slots: the laws of the words.
        column: [A] of the drawn word.
        places: [A] among how many places this one was chosen, and among how many the way back chooses.
        moves: [3] log-probability of each move.
    """
    rows = np.arange(len(column))
    move = slots.choice.moves
    leaves, arrives = move != INSERT, move != DELETE
    new = np.where(arrives, slots.words[rows, column], -1)
    log_g_new = slots.log_g(np.maximum(new, 0), slots.standing)
    log_g_old = slots.log_g(np.maximum(slots.old, 0), new)
    undo = np.choose(move, (REPLACE, DELETE, INSERT))
    log_there, log_back = np.log(places[0]), np.log(places[1])
    forward = moves[move] - log_there + np.where(arrives, log_g_new, 0.0)
    backward = moves[undo] - log_back + np.where(leaves, log_g_old, 0.0)
    forward, backward = np.maximum(forward, LOG_ZERO), np.maximum(backward, LOG_ZERO)
    terms = np.where(arrives[:, None], slots.terms[rows, column], slots.empty_terms)
    difference = (terms - slots.old_terms).sum(-1)
    log_alpha = np.minimum(0.0, difference * slots.beta + backward - forward)
    return Verdict(new, column, terms, forward, backward, log_there - log_back, log_alpha)
