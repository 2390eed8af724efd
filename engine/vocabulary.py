"""What stands for the words of a model: ids, how they read, and which of them are marks.

An algorithm asks the vocabulary for the id of a mark; no id is known to the code.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Protocol

from torch import Tensor


class Vocabulary(Protocol):
    """Text to token ids and back."""

    @property
    def size(self) -> int:
        """V, marks included."""

    @property
    def pad(self) -> int:
        """What fills a row up beyond its sentence; it may be another mark, as nothing ever reads it."""

    @property
    def unknown(self) -> int:
        """What a word without an id of its own is read as; a vocabulary that spells every word never gives it."""

    @property
    def begin(self) -> int:
        """What stands before the first word; the end mark in some vocabularies."""

    @property
    def end(self) -> int:
        """What stands after the last word."""

    @property
    def marks(self) -> tuple[int, ...]:
        """The ids that are no words, in order, each once: those above and whatever else there is."""

    def words(self, text: str) -> list[str]:
        """The units a person sees and edits, verbatim."""

    def ids(self, words: Sequence[str]) -> list[int]:
        """Ids of units from `words`, the unknown mark for those without one."""

    def encode(self, text: str) -> list[int]:
        """Token ids of a text, without marks."""

    def pieces(self, ids: Iterable[int]) -> list[str]:
        """The display form of each id; the end mark reads as `engine.reading.END_MARK` in every vocabulary."""

    def join(self, pieces: Sequence[str]) -> str:
        """A sentence as a person would write it from display forms."""

    def decode(self, ids: Iterable[int]) -> str:
        """A sentence from ids; pad, begin and end marks are left out."""


def never_written(vocabulary: Vocabulary) -> tuple[int, ...]:
    """The marks that no output holds: all but the end mark."""
    return tuple(i for i in vocabulary.marks if i != vocabulary.end)


def forbid(scores: Tensor, ids: Sequence[int]) -> None:
    """Set the columns of some ids, which are in order, to minus infinity; neighbours, as marks mostly are, at once."""
    if ids and ids[-1] - ids[0] + 1 == len(ids):
        scores[:, ids[0] : ids[-1] + 1] = -math.inf
    elif ids:
        scores[:, list(ids)] = -math.inf
