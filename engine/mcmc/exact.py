"""What the kernel's law is, from the kernel itself: its transition matrix over every sentence of the toy.

For every sentence, move, place and word the same `slots` and `judge` that run a chain say how likely the proposal
and its acceptance are; nothing is derived again here. After Gandy and Scott (2020), "Unit testing for MCMC and other
Monte Carlo methods".
"""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from engine.mcmc.arrays import Array, Ids
from engine.mcmc.kernel import POSSIBLE
from engine.mcmc.released import advance_pointer
from engine.mcmc.slots import DELETE, INSERT, MOVES, REPLACE, Choice
from engine.mcmc.toy import FIRST_WORD, Toy

POINTER_ROUNDS = 64  # of the pointer's law between two rests
NONE = tuple(np.empty(0, kind) for kind in 4 * (np.int64,) + 2 * (np.float64,))
_Result = TypeVar("_Result")


@dataclass
class Transitions:
    """What the kernel's functions say of every possible change, one row each (a change has one path)."""

    source: Ids  # sentence number before
    goal: Ids  # and after
    move: Ids
    place: Ids
    proposed: Array  # probability of proposing it: move, place and word
    accepted: Array  # and of accepting it then

    @property
    def probability(self) -> Array:
        """Probability of the change."""
        return self.proposed * self.accepted


def transitions(toy: Toy) -> Transitions:
    """Every move at every place with every word, from every sentence, through the kernel's own functions."""
    return joined(list(parts(toy)))


def joined(found: Sequence[tuple[Any, ...]]) -> Transitions:
    """All changes in one table, which has no rows where nothing can change."""
    return Transitions(*(np.concatenate(part) for part in zip(NONE, *found, strict=True)))


def parts(toy: Toy) -> Iterator[tuple[Any, ...]]:
    """The changes of one move at one place with one word after the other; none where the models are still read."""
    kernel = toy.kernel(toy.sentences)
    words = range(FIRST_WORD, toy.lexicon.known)
    for move, place in itertools.product((REPLACE, INSERT, DELETE), range(toy.request.max_length + 1)):
        moves, places = (np.full(kernel.chains, v) for v in (move, place))
        there = place < kernel.lengths + (move == INSERT)
        chains = np.flatnonzero(there & (kernel.obstacles(moves, places) == POSSIBLE))
        if not len(chains):
            continue
        for _ in kernel.look_up(chains, moves, places):
            yield NONE
        choice = Choice(chains, moves[chains], places[chains], np.full(len(chains), move != DELETE))
        for word in words if move != DELETE else (-1,):
            slots = kernel.slots(replace(choice, words=np.full(len(chains), word)), np.zeros(len(chains)))
            verdict = kernel.judge(slots, slots.full_column)
            after = toy.index(edited(kernel.ids[chains], move, place, word))
            proposed, accepted = np.exp(verdict.log_g_forward), np.exp(verdict.log_alpha)
            yield chains, after, moves[chains], places[chains], proposed, accepted


def edited(ids: Ids, move: int, place: int, word: int) -> Ids:
    """Padded rows of ids after the same edit in each."""
    left, right = ids[:, :place], ids[:, place + (move != INSERT) :]
    middle = np.full((len(ids), int(move != DELETE)), word)
    rows = np.concatenate([left, middle, right, np.zeros((len(ids), 1), np.int64)], 1)
    return rows[:, : ids.shape[1]]


def matrix(toy: Toy, changes: Transitions) -> Array:
    """P, [S, S]: rows sum to one, what is not accepted stays."""
    size = len(toy.sentences)
    dense = np.bincount(changes.source * size + changes.goal, changes.probability, size * size).reshape(size, size)
    dense[np.diag_indices(size)] += 1 - dense.sum(1)
    return np.asarray(dense, np.float64)


def balance_by_move(toy: Toy, changes: Transitions) -> dict[str, float]:
    """Largest |pi_i P(i to j) - pi_j P(j to i)| by move, path by path: a deletion undoes the insertion at its place."""
    size, places = len(toy.sentences), toy.request.max_length + 1
    flow = toy.exact[changes.source] * changes.probability
    there = (changes.source * size + changes.goal) * places + changes.place
    back = (changes.goal * size + changes.source) * places + changes.place
    flows: list[dict[int, float]] = []
    for move in (REPLACE, INSERT, DELETE):
        rows = changes.move == move
        flows.append(dict(zip(there[rows].tolist(), flow[rows].tolist(), strict=True)))
    worst: dict[str, float] = {}
    for move, undo in ((REPLACE, REPLACE), (INSERT, DELETE), (DELETE, INSERT)):
        gaps = [abs(flow[r] - flows[undo].get(int(back[r]), 0.0)) for r in np.flatnonzero(changes.move == move)]
        worst[MOVES[move]] = max(gaps, default=0.0)
    return worst


def stationary(dense: Array) -> Array:
    """The law a chain from a uniformly drawn sentence ends in."""
    return _result(settling(dense))


def settling(dense: Array, rounds: int = 60) -> Generator[None, None, Array]:
    """The same in parts: the matrix is squared until it settles, with a rest after each time."""
    law = np.full(len(dense), 1 / len(dense))
    power = dense
    for _ in range(rounds):
        after = law @ power
        if np.abs(after - law).max() < 1e-16:
            break
        law, power = after, power @ power
        power /= power.sum(1, keepdims=True)
        yield
    settled: Array = law / law.sum()
    return settled


def pointer_law(toy: Toy, changes: Transitions) -> Array:
    """The same for chains whose places come from a pointer: a law over (sentence, pointer), [S, longest + 1].

    `changes` hold places as if drawn uniformly; here the place is certain, given the pointer.
    """
    return _result(pointer_settling(toy, changes))


def pointer_settling(toy: Toy, changes: Transitions, rounds: int = 20_000) -> Generator[None, None, Array]:
    """The same in parts, with a rest every `POINTER_ROUNDS` steps of the chain."""
    size, stride = len(toy.sentences), toy.request.max_length + 1
    counts = toy.lengths[changes.source] + (changes.move == INSERT)
    rows, columns, weights = [], [], []
    for pointer in range(stride):
        here = np.flatnonzero(pointer % counts == changes.place)
        source, move = changes.source[here], changes.move[here]
        moved = advance_pointer(np.full(len(here), pointer), move, np.ones(len(here), bool), stride - 1)
        rows.append(source * stride + pointer)
        columns.append(changes.goal[here] * stride + moved)
        weights.append(changes.probability[here] * counts[here])
    row, column, weight = (np.concatenate(part) for part in (rows, columns, weights))
    stay = 1 - np.bincount(row, weight, size * stride)
    state = np.arange(size * stride)
    onward = state - state % stride + advance_pointer(state % stride, np.zeros_like(state), False, stride - 1)
    row, column, weight = np.append(row, state), np.append(column, onward), np.append(weight, stay)
    law = np.full(size * stride, 1 / (size * stride))
    for done in range(rounds):
        if done % POINTER_ROUNDS == POINTER_ROUNDS - 1:
            yield
        after = np.bincount(column, law[row] * weight, size * stride)
        settled = np.abs(after - law).max() < 1e-15
        law = after / after.sum()
        if settled:
            break
    joint: Array = law.reshape(size, stride)
    return joint


def with_pointer(toy: Toy, changes: Transitions, joint: Array) -> Transitions:
    """The changes with places as likely as the pointer makes them in the long run, whose law is `joint`."""
    stride = toy.request.max_length + 1
    counts = toy.lengths[changes.source] + (changes.move == INSERT)
    pointers = joint / np.maximum(joint.sum(1, keepdims=True), 1e-300)
    there = np.arange(stride)[:, None] % counts == changes.place
    share = (pointers[changes.source].T * there).sum(0)
    return replace(changes, proposed=changes.proposed * counts * share)


def total_variation(first: Array, second: Array) -> float:
    """Half the summed absolute difference of two laws."""
    return float(np.abs(first - second).sum() / 2)


def deviation_scale(dense: Array, law: Array) -> Array:
    """Scale c of each sentence: after N draws E|histogram - law| is about c / sqrt(N), autocorrelation included.

    From the fundamental matrix Z = (I - P + 1 law)^-1: the asymptotic variance of the indicator of sentence i is
    2 law_i Z_ii - law_i - law_i^2 (Kemeny and Snell 1960); the mean absolute value of a Gaussian is sqrt(2 / pi) of
    its deviation.
    """
    try:
        fundamental = np.linalg.inv(np.eye(len(law)) - dense + law[None, :])
        variance = 2 * law * np.diag(fundamental) - law - law**2
    except np.linalg.LinAlgError:  # some sentences never lead to others: count draws as if independent
        variance = law * (1 - law)
    scale: Array = np.sqrt(2 / np.pi * np.maximum(variance, 0))
    return scale


def _result(work: Generator[None, None, _Result]) -> _Result:
    """What work in parts comes to."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            found: _Result = done.value
            return found
