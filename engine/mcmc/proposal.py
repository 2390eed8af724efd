"""The law of one proposal's word at one slot, and the numbers of the acceptance test.

A slot is a gap between a left and a right context; `w` in it makes the sentence x_w, nothing in it makes x_-.

    q(w)  proportional to forward(w | left) backward(w | right), over the whole vocabulary, marks excluded
    Q     the K words of largest q, and the keywords: a function of the contexts alone, never of the present word
    g(w)  = (1 - eps) 1[w in Q] pi(x_w)^(1/T) / R + eps q(w),      R = sum over c in Q of pi(x_c)^(1/T)

The word is drawn from the mixture and its marginal probability g enters the ratio, so any K and any models leave
the target invariant, and eps > 0 makes every word reachable. With eps = 0 and the present word in Q this is the
Gibbs step of Miao et al. (2019), and insert and delete both turn on the one number R / pi(x_-)^(1/T).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.mcmc.gaps import Gap
from engine.mcmc.lexicon import Ids
from engine.mcmc.target import Array, Mask
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
    beta: Array  # [A] 1 / temperature
    full_share: float  # eps
    old: Ids  # [A] the word in the slot now, -1 for insert
    old_terms: Array  # [A, terms] of the present sentence
    words: Ids  # [A, J], -1 in unused columns
    inside: Mask  # [A, J] columns that belong to Q
    full_column: Ids  # [A] where the full-vocabulary draw stands: the last column, or its place in Q
    log_forward: Array  # [A, J]
    log_backward: Array  # [A, J]
    terms: Array  # [A, J, terms] of x_w
    tokens: Array  # [A, J, T] log-probabilities of the right context's words and the end mark in x_w
    empty_terms: Array  # [A, terms] of x_-
    empty_tokens: Array  # [A, T]
    gaps: Sequence[Gap]  # the contexts' laws over the whole vocabulary

    def __post_init__(self) -> None:
        with np.errstate(divide="ignore"):
            self._log_parts = np.log(1 - self.full_share), np.log(self.full_share)
        self.log_pi = self.beta[:, None] * self.terms.sum(-1)  # A, J
        weights = np.where(self.inside, self.log_pi, -np.inf)
        top = weights.max(1)
        self._relative = np.exp(weights - top[:, None])
        self.log_r = top + np.log(self._relative.sum(1))  # A
        self.log_slot = self.log_r - self.beta * self.empty_terms.sum(-1)  # A

    def log_q(self, words: Ids) -> Array:
        """Log q(w) of one known word a chain, [A]."""
        return np.asarray([float(g.joint[w]) - g.log_z for g, w in zip(self.gaps, words.tolist(), strict=True)])

    def log_g(self, words: Ids, log_pi: Array) -> Array:
        """Log g(w) of one known word a chain, [A], given log pi(x_w) / T."""
        inside = ((self.words == words[:, None]) & self.inside).any(1)
        chosen = np.where(inside, self._log_parts[0] + log_pi - self.log_r, -np.inf)
        g: Array = np.logaddexp(chosen, self._log_parts[1] + self.log_q(words))
        return g

    def log_contexts(self, row: int, word: int) -> tuple[float, float]:
        """Forward and backward log-probability of any known word in one slot."""
        forward = float(self.gaps[row].forward[word])
        return forward, float(self.gaps[row].joint[word]) - forward

    @cached_property
    def candidate_g(self) -> Array:
        """g(w) of every column, [A, J]; zero in unused ones."""
        weights = np.where(self.inside, self.log_pi - self.log_r[:, None], -np.inf)
        log_z = np.asarray([[g.log_z] for g in self.gaps])
        q = np.where(self.words >= 0, self.log_forward + self.log_backward - log_z, -np.inf)
        g: Array = (1 - self.full_share) * np.exp(weights) + self.full_share * np.exp(q)
        return g

    def draw(self, uniform: Array) -> Ids:
        """The column of each chain's word: the full-vocabulary draw, or one of Q by its share of R. [A]."""
        sums = self._relative.cumsum(1)
        drawn = (sums <= (uniform * sums[:, -1])[:, None]).sum(1)
        last = self.inside.shape[1] - 1 - self.inside[:, ::-1].argmax(1)
        return np.where(self.choice.full, self.full_column, np.minimum(drawn, last))


@dataclass
class Verdict:
    """The acceptance test of A chains, as it goes into the log."""

    new: Ids  # [A] the word that arrives, -1 for delete
    column: Ids  # [A] its column; meaningless for delete
    terms: Array  # [A, terms] after
    log_g_forward: Array  # [A] move, position and word
    log_g_backward: Array
    log_alpha: Array


def log_moves(weights: Array) -> Array:
    """Log-probability of each move, [3]; `LOG_ZERO` for one without weight."""
    with np.errstate(divide="ignore"):
        logs: Array = np.maximum(np.log(weights / weights.sum()), LOG_ZERO)
        return logs


def judge(slots: Slots, column: Ids, lengths: Ids, moves: Array) -> Verdict:
    """Metropolis-Hastings (Hastings 1970) for the word in `column`, or for taking the present word out.

    Positions: a replaced or deleted word is one of n, an insertion one of n + 1 slots; so an insertion and its
    deletion have the same position probability, 1 / (n of the longer sentence).

    Args:
        slots: the laws of the words.
        column: [A] of the drawn word.
        lengths: [A] words of the present sentences.
        moves: [3] log-probability of each move.
    """
    rows = np.arange(len(column))
    move = slots.choice.moves
    leaves, arrives = move != INSERT, move != DELETE
    new = np.where(arrives, slots.words[rows, column], -1)
    log_g_new = slots.log_g(np.maximum(new, 0), slots.log_pi[rows, column])
    log_g_old = slots.log_g(np.maximum(slots.old, 0), slots.beta * slots.old_terms.sum(-1))
    place = -np.log(lengths + (move == INSERT))
    undo = np.choose(move, (REPLACE, DELETE, INSERT))
    forward = moves[move] + place + np.where(arrives, log_g_new, 0.0)
    backward = moves[undo] + place + np.where(leaves, log_g_old, 0.0)
    forward, backward = np.maximum(forward, LOG_ZERO), np.maximum(backward, LOG_ZERO)
    terms = np.where(arrives[:, None], slots.terms[rows, column], slots.empty_terms)
    difference = (terms - slots.old_terms).sum(-1)
    log_alpha = np.minimum(0.0, difference * slots.beta + backward - forward)
    return Verdict(new, column, terms, forward, backward, log_alpha)
