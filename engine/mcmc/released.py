"""What the released programs of Miao et al. (2019) do otherwise, as switches on the exact kernel.

Each is one deviation from detailed balance found in the public code, restated on this kernel (not the program
itself), to show in the exact toy what it does to the law of the chain.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import numpy as np

from engine.mcmc.arrays import Array, Ids
from engine.mcmc.kernel import Kernel, Step
from engine.mcmc.slots import DELETE, INSERT, LOG_ZERO, REPLACE, Slots, Verdict

DEFECTS = {
    "delete": "the way back of a deletion uses the last-ranked candidate's probability, not the deleted word's",
    "replace": "replace is always accepted, also when the present word is no candidate and could not come back",
    "threshold": "a sentence of less than half the density is refused outright",
    "length": "an insertion's candidates are favoured by 10 over the length, a deletion's are not",
    "scan": "places come from a pointer: on by one, by two after an insertion, not at all after a deletion",
    "front": "nothing is ever inserted before the first word",
}
GATE = 0.5  # of the sampler from keywords, in 10 of every 20 steps; the paraphraser's is 0.1


class ReleasedKernel(Kernel):
    """The kernel with some of `DEFECTS`."""

    def __init__(self, *args: Any, defects: Collection[str], **options: Any) -> None:
        """Raises ValueError for a defect that is not known."""
        if unknown := sorted(set(defects) - set(DEFECTS)):
            raise ValueError(f"There is no defect {unknown[0]!r}; known are {', '.join(DEFECTS)}.")
        super().__init__(*args, **options, every_place=True)  # as the release: a keyword's turn is skipped
        self.defects = frozenset(defects)
        self.pointer = np.zeros(self.chains, np.int64)

    @classmethod
    def with_defects(cls, defects: Collection[str]) -> Callable[..., ReleasedKernel]:
        """The class as a function that makes kernels with these defects."""
        return partial(cls, defects=defects)

    def judge(self, slots: Slots, column: Ids) -> Verdict:
        """The exact test with the chosen mistakes in it."""
        verdict = super().judge(slots, column)
        move = slots.choice.moves
        ratio = ((verdict.terms - slots.old_terms).sum(-1)) * slots.beta
        log_ratio = ratio + verdict.log_g_backward - verdict.log_g_forward
        if "delete" in self.defects:
            last = slots.inside.shape[1] - 1 - slots.inside[:, ::-1].argmax(1)
            mistaken = slots.log_pi[np.arange(len(last)), last] - slots.log_r
            right = slots.log_g(np.maximum(slots.old, 0), np.full(len(last), -1))
            log_ratio = np.where(move == DELETE, log_ratio - right + mistaken, log_ratio)
        if "length" in self.defects:
            longer = self.lengths[slots.choice.chains] + 1
            log_ratio = np.where(move == INSERT, log_ratio + np.log(10 / longer), log_ratio)
        if "replace" in self.defects:
            log_ratio = np.where(move == REPLACE, 0.0, log_ratio)
        if "threshold" in self.defects:
            log_ratio = np.where(ratio < np.log(GATE), LOG_ZERO, log_ratio)
        if "front" in self.defects:
            log_ratio = np.where((move == INSERT) & (slots.choice.places == 0), LOG_ZERO, log_ratio)
        verdict.log_alpha = np.minimum(0.0, log_ratio)
        return verdict

    def pick_places(self, moves: Ids, uniform: Array) -> Ids:
        """Drawn, or with `scan` where the pointer stands."""
        if "scan" not in self.defects:
            return super().pick_places(moves, uniform)
        places: Ids = self.pointer % (self.lengths + (moves == INSERT))
        return places

    def step(self, uniforms: Array) -> Step:
        """A step, after which the pointer moves on."""
        step = super().step(uniforms)
        self.pointer = advance_pointer(self.pointer, step.moves, step.accepted, self.longest)
        return step


def advance_pointer(pointer: Ids, moves: Ids, accepted: Any, longest: int) -> Ids:
    """Where the pointer goes: +1, or +2 after an accepted insertion, +0 after an accepted deletion."""
    ahead = np.where(accepted & (moves == INSERT), 2, np.where(accepted & (moves == DELETE), 0, 1))
    moved: Ids = (pointer + ahead) % (longest + 1)
    return moved
