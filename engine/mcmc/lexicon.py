"""Words of a run: the model's vocabulary, and what a person typed beyond it.

A sentence is a row of ids. Ids below V are the model's; a word outside the vocabulary gets the next id from V on,
keeps its spelling, and is read by the models as the unknown mark.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from engine.mcmc.arrays import Ids
from engine.vocabulary import Vocabulary


class Lexicon:
    """Ids to words and back, unknown words verbatim."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.known = vocabulary.size
        self._words = vocabulary.pieces(range(self.known))
        self._known = {word: index for index, word in reversed(list(enumerate(self._words))) if index not in self.marks}

    def __len__(self) -> int:
        return len(self._words)

    @property
    def marks(self) -> tuple[int, ...]:
        """Ids of the vocabulary that are no words, which no proposal ever draws."""
        return self.vocabulary.marks

    @property
    def unknown(self) -> tuple[str, ...]:
        """Words kept verbatim, in the order of their ids from V on."""
        return tuple(self._words[self.known :])

    def read(self, text: str) -> list[int]:
        """Ids of a text's words; a word met for the first time outside the vocabulary gets a new id."""
        words = self.vocabulary.words(text)
        return [
            self._place(w) if i == self.vocabulary.unknown else i
            for w, i in zip(words, self.vocabulary.ids(words), strict=True)
        ]

    def ids(self, words: Sequence[str]) -> list[int]:
        """Ids of words in their display form, as `words` gives them; others get new ids."""
        return [self._known[word] if word in self._known else self._place(word) for word in words]

    def words(self, ids: Iterable[int]) -> tuple[str, ...]:
        """Display form of each id."""
        return tuple(self._words[i] for i in ids)

    def word(self, index: int) -> str:
        """Display form of one id; empty for -1, no word."""
        return self._words[index] if index >= 0 else ""

    def text(self, ids: Iterable[int]) -> str:
        """A sentence as a person would write it."""
        return self.vocabulary.join(self.words(ids))

    def for_model(self, ids: Ids) -> Ids:
        """The same ids with every word outside the vocabulary as the unknown mark."""
        return np.where(ids >= self.known, self.vocabulary.unknown, ids)

    def _place(self, word: str) -> int:
        if word in self._words[self.known :]:
            return self._words.index(word, self.known)
        self._words.append(word)
        return len(self._words) - 1
