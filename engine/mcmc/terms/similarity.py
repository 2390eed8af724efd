"""Similarity to a source sentence, word by word, and what must not be lost on the way.

    S = sum over content words s of the source of log((1 + max_i cos(s, x_i)) / 2)
      + KEPT (sum over kept words k of log((1 + m_k) / 2) - log 2 times the negations that x has beyond the source's)

The best match of each content word in the sentence, by cosine of the forward model's word vectors, the part that all
words share removed (`distinctive`). 0 when every one occurs, never positive. A smooth form of the word-wise matching of
Miao et al. (2019), section 3.2.

Vectors do not tell a name from another name, a number from another, or a sentence from its negation. So negations,
names and numbers are kept words, as the keywords of the released program are: m_k is 1 where the word itself occurs
(any form of `not` for another), 1/2 where another negation stands for a negation, else 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.capabilities import WordVectors
from engine.mcmc.arrays import Array, Ids, Mask
from engine.mcmc.terms.protocol import Edits, Material


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


FUNCTION_WORDS = _words(
    "a an the this that these those and or but nor so yet if then than as at by for from in into of off on onto",
    "out over to up down with without about after before between during through under again i you he she it we",
    "they me him her us them my your his its our their mine yours hers ours theirs who whom whose which what when",
    "where why how is am are was were be been being do does did done has have had having will would shall should",
    "can could may might must not no n't 's 'll 're 've 'm 'd there here very too also just",
)
NEGATIONS = _words("not n't no never nobody nothing none nowhere neither nor without cannot hardly")
NUMBERS = _words(
    "zero two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen",
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion",
)
KEPT = 2.0
"""How many times a kept word counts as much as a content word whose best match has cosine 0."""


class Similarity:
    """Soft similarity to a source sentence; see the module's formula."""

    name = "similarity"
    FLOOR = 1e-6  # of (1 + cos) / 2, so that opposite vectors cost a finite amount

    def __init__(self, source: Sequence[int], vectors: Array, size: int, kept: Kept | None = None) -> None:
        """`source`: content words' ids; `vectors` [V, E]; `size`: V and the words outside, whose cosine is 0 or 1."""
        vectors = distinctive(vectors)
        unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        distinct = list(dict.fromkeys(source))
        matches = np.zeros((size, len(distinct)))  # word, source word
        for column, word in enumerate(distinct):
            if word < len(vectors):
                matches[: len(vectors), column] = unit @ unit[word]
            matches[word, column] = 1.0
        kept = kept or Kept.nothing(size)
        self._matches = np.concatenate([matches, kept.matches], 1)
        counts = len(distinct), kept.matches.shape[1]
        self._floor = np.repeat([self.FLOOR, 0.5], counts)  # of (1 + match) / 2: a kept word is there or it is not
        self._strength = np.repeat([1.0, KEPT], counts)
        self._negative, self._negations = kept.negative, kept.negations

    @classmethod
    def to_source(cls, material: Material, *, keep: bool) -> Similarity:
        """Of a run, with kept words or by word vectors alone; ValueError where the forward model has no vectors."""
        if not isinstance(material.forward, WordVectors):
            raise ValueError("Similarity needs a language model with word vectors; this one has none.")
        vectors = material.forward.word_vectors()
        words = material.lexicon.words(material.source)
        content = [material.source[i] for i in content_words(words) if not (keep and is_kept(words[i]))]
        kept = Kept.of(material.source, material.lexicon.words(range(len(material.lexicon)))) if keep else None
        return cls(content, vectors.double().cpu().numpy(), len(material.lexicon), kept)

    def score(self, edits: Edits) -> Array:
        """[A, J + 1]."""
        best, words = self.best(edits.ids, edits.rest), np.maximum(edits.words, 0)
        negations = (self._negative[edits.ids] & edits.rest).sum(1)[:, None] + np.pad(
            self._negative[words], ((0, 0), (0, 1))
        )
        extra = KEPT * np.log(2) * np.maximum(negations - self._negations, 0)
        found = np.concatenate([self.with_word(best, words), self.log_score(best)[:, None]], 1)
        score: Array = found - extra
        return score

    def best(self, sentences: Ids, counted: Mask) -> Array:
        """The best match of each source word among the counted words: [B, T] and [B, T] -> [B, S]."""
        found = np.where(counted[:, :, None], self._matches[sentences], -1.0)
        best: Array = found.max(axis=1, initial=-1.0)
        return best

    def with_word(self, best: Array, words: Ids) -> Array:
        """S of sentences that are one word longer: `best` [B, S] without it, words [B, J] -> [B, J]."""
        return self.log_score(np.maximum(best[:, None], self._matches[words]))

    def log_score(self, best: Array) -> Array:
        """S from the best matches [..., S]."""
        score: Array = (self._strength * np.log(np.maximum((1 + best) / 2, self._floor))).sum(-1)
        return score


@dataclass(frozen=True)
class Kept:
    """Words of a source that a paraphrase must not lose, and which words of the vocabulary are negations."""

    matches: Array  # [size, kept words]
    negative: Mask  # [size]
    negations: int  # of the source

    @classmethod
    def nothing(cls, size: int) -> Kept:
        """No word is kept."""
        return cls(np.zeros((size, 0)), np.zeros(size, bool), size)

    @classmethod
    def of(cls, source: Sequence[int], words: Sequence[str]) -> Kept:
        """Of a source's ids, given the display form of every id."""
        negative = np.asarray([is_negation(word) for word in words])
        plain = np.asarray([is_not(word) for word in words])
        columns = []
        for index in dict.fromkeys(source):
            if is_kept(words[index]):
                column = 0.5 * negative * negative[index]
                column[plain & plain[index]] = 1.0
                column[index] = 1.0
                columns.append(column)
        matches = np.stack(columns, 1) if columns else np.zeros((len(words), 0))
        return cls(matches, negative, int(negative[list(source)].sum()))


def is_not(word: str) -> bool:
    """Whether a word is a form of `not`: couldn't, cannot."""
    return word.lower() in ("not", "cannot") or word.lower().endswith("n't")


def is_negation(word: str) -> bool:
    """Whether a word turns a sentence into its opposite."""
    return word.lower() in NEGATIONS or is_not(word)


def is_kept(word: str) -> bool:
    """Whether a word is a negation, a number or a name; names are the words that are always written with a capital."""
    name = word[:1].isupper() and word != "I" and not word.startswith(("I'", "I\u2019"))
    return name or is_negation(word) or word.lower() in NUMBERS or any(c.isdigit() for c in word)


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
