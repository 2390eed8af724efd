"""A term of the target as a protocol, so that another one is one file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from engine.capabilities import Scores
from engine.mcmc.arrays import Array, Ids, Mask
from engine.mcmc.lexicon import Lexicon


@dataclass
class Edits:
    """The sentences that A slots make: a left context, one of J words or none, a right context.

    Columns 0 to J - 1 hold a word each, the last column none. With J = 0 and nothing taken out they are the sentences
    as they stand (`whole`).
    """

    ids: Ids  # [A, T] the sentences that the slots are in, zero beyond their lengths
    lengths: Ids  # [A]
    left: Ids  # [A] the words from place `left` to before `right` are taken out
    right: Ids  # [A]
    words: Ids  # [A, J], -1 in unused columns
    log_prob: Array  # [A, J + 1] log p(x) of the forward language model
    asked: Mask  # [A, J + 1] sentences whose score matters; a costly term gives anything for the others

    @classmethod
    def whole(cls, ids: Ids, lengths: Ids, log_prob: Array) -> Edits:
        """Sentences as they stand, with log p(x) [A]; their scores are in the one column."""
        none = np.zeros((len(ids), 0), np.int64)
        return cls(ids, lengths, lengths, lengths, none, log_prob[:, None], np.ones((len(ids), 1), bool))

    @property
    def rest(self) -> Mask:
        """Places of `ids` that belong to a context, [A, T]."""
        places = np.arange(self.ids.shape[1])
        inside: Mask = places < self.lengths[:, None]
        return inside & ((places < self.left[:, None]) | (places >= self.right[:, None]))

    @property
    def words_after(self) -> Ids:
        """Length of each sentence, [A, J + 1]."""
        rest = self.lengths - (self.right - self.left)
        return np.concatenate([np.repeat(rest[:, None] + 1, self.words.shape[1], 1), rest[:, None]], 1)

    def sentences(self) -> Iterator[tuple[int, int, list[int]]]:
        """Row, column and words of each sentence that is asked for."""
        for row, column in zip(*np.nonzero(self.asked), strict=True):
            word = [int(self.words[row, column])] if column < self.words.shape[1] else []
            before, after = self.ids[row, : self.left[row]], self.ids[row, self.right[row] : self.lengths[row]]
            yield int(row), int(column), [*before.tolist(), *word, *after.tolist()]


class Term(Protocol):
    """One term of the target's log density, without its weight."""

    @property
    def name(self) -> str:
        """What it is called in every record of a step."""

    def score(self, edits: Edits) -> Array:
        """Log score of the sentences that edits make, [A, J + 1]; the same for the same sentence, whoever asks."""


@dataclass
class Material:
    """What a run has to make its terms of."""

    lexicon: Lexicon
    source: Sequence[int]  # words of the sentence to paraphrase
    forward: Scores
    model: Callable[[str], object]  # a model by its name, where a term names one
