"""Similarity to a source sentence, word by word.

S = sum over content words s of the source of log((1 + max_i cos(s, x_i)) / 2): the best match of each source word in
the sentence, by cosine of the forward model's word vectors, the part that all words share removed (`distinctive`).
0 when every one occurs, never positive. A smooth form of the word-wise matching of Miao et al. (2019), section 3.2.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.mcmc.arrays import Array, Ids, Mask
from engine.mcmc.terms.protocol import Edits, Material

FUNCTION_WORDS = frozenset(
    word
    for line in (
        "a an the this that these those and or but nor so yet if then than as at by for from in into of off on onto",
        "out over to up down with without about after before between during through under again i you he she it we",
        "they me him her us them my your his its our their mine yours hers ours theirs who whom whose which what when",
        "where why how is am are was were be been being do does did done has have had having will would shall should",
        "can could may might must not no n't 's 'll 're 've 'm 'd there here very too also just",
    )
    for word in line.split()
)


class Similarity:
    """Soft similarity to a source sentence; see the module's formula."""

    name = "similarity"
    FLOOR = 1e-6  # of (1 + cos) / 2, so that opposite vectors cost a finite amount

    def __init__(self, source: Sequence[int], vectors: Array, size: int) -> None:
        """`source`: content words' ids; `vectors` [V, E]; `size`: V and the words outside, whose cosine is 0 or 1."""
        vectors = distinctive(vectors)
        unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        distinct = list(dict.fromkeys(source))
        self._cosine = np.zeros((size, len(distinct)))  # word, source word
        for column, word in enumerate(distinct):
            if word < len(vectors):
                self._cosine[: len(vectors), column] = unit @ unit[word]
            self._cosine[word, column] = 1.0

    @classmethod
    def to_source(cls, material: Material) -> Similarity:
        """Of a run; raises ValueError where the forward model has no word vectors."""
        vectors = getattr(getattr(material.forward, "embedding", None), "weight", None)
        if vectors is None:
            raise ValueError("Similarity needs a language model with word vectors; this one has none.")
        content = [material.source[i] for i in content_words(material.lexicon.words(material.source))]
        return cls(content, vectors.double().cpu().numpy(), len(material.lexicon))

    def score(self, edits: Edits) -> Array:
        """[A, J + 1]."""
        best = self.best(edits.ids, edits.rest)
        return np.concatenate([self.with_word(best, np.maximum(edits.words, 0)), self.log_score(best)[:, None]], 1)

    def best(self, sentences: Ids, counted: Mask) -> Array:
        """The best match of each source word among the counted words: [B, T] and [B, T] -> [B, S]."""
        found = np.where(counted[:, :, None], self._cosine[sentences], -1.0)
        best: Array = found.max(axis=1, initial=-1.0)
        return best

    def with_word(self, best: Array, words: Ids) -> Array:
        """S of sentences that are one word longer: `best` [B, S] without it, words [B, J] -> [B, J]."""
        return self.log_score(np.maximum(best[:, None], self._cosine[words]))

    def log_score(self, best: Array) -> Array:
        """S from the best matches [..., S]."""
        score: Array = np.log(np.maximum((1 + best) / 2, self.FLOOR)).sum(-1)
        return score


def distinctive(vectors: Array) -> Array:
    """Word vectors [V, E] less their mean and their E / 100 main directions, which tell little but frequency.

    "All-but-the-top" (Mu and Viswanath 2018), without which every two words look alike.
    """
    centred: Array = vectors - vectors.mean(0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    main = directions[:, directions.shape[1] - vectors.shape[1] // 100 :]
    rest: Array = centred - centred @ main @ main.T
    return rest


def content_words(words: Sequence[str]) -> list[int]:
    """Positions of the words that carry a sentence's content; all positions when none does."""
    found = [i for i, w in enumerate(words) if w.lower() not in FUNCTION_WORDS and any(c.isalnum() for c in w)]
    return found or list(range(len(words)))
