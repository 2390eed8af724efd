"""The target law over sentences: a sum of named, weighted log terms inside a support.

    log pi(x) = w_fluency log p(x) + w_similarity S(x, source) + w_length L(|x|)     for x in the support

fluency     log p(x), the forward language model's log-probability, end mark included, in nats.
similarity  S = sum over content words s of the source of log((1 + max_i cos(s, x_i)) / 2): the best match of each
            source word in the sentence, by cosine of the forward model's word vectors, the part that all words
            share removed (`distinctive`). 0 when every one occurs, never positive. A smooth form of the word-wise
            matching of Miao et al. (2019), section 3.2.
length      L = -(|x| - goal)^2 / 2.

The support: between `shortest` and `longest` words, every requirement met, and the words outside the vocabulary
exactly those of the first sentence, in their order (nothing could ever propose such a word again).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.mcmc.lexicon import Ids

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

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


@dataclass(frozen=True)
class Requirement:
    """Words that a sentence must hold: in this order with any words between, or each as often in any order."""

    words: tuple[int, ...]
    ordered: bool

    def met(self, sentence: Sequence[int]) -> bool:
        """Whether a sentence holds them."""
        if self.ordered:
            rest = iter(sentence)
            return all(word in rest for word in self.words)
        return not Counter(self.words) - Counter(sentence)

    def free(self, sentence: Sequence[int]) -> list[bool]:
        """Which words of a sentence that meets it could be taken out, one at a time.

        A word that could not be taken out could not be exchanged for any other either: in both readings exactly
        one word would be missing, the one that stands there.
        """
        wanted = set(self.words)
        return [word not in wanted or self.met([*sentence[:i], *sentence[i + 1 :]]) for i, word in enumerate(sentence)]


@dataclass(frozen=True)
class Support:
    """Which sentences have any probability at all."""

    shortest: int
    longest: int
    requirements: tuple[Requirement, ...]
    known: int  # V: ids from here on are words outside the vocabulary
    unknown: tuple[int, ...] = ()  # those of the first sentence

    def holds(self, sentence: Sequence[int]) -> bool:
        """The indicator."""
        return (
            self.shortest <= len(sentence) <= self.longest
            and tuple(w for w in sentence if w >= self.known) == self.unknown
            and all(r.met(sentence) for r in self.requirements)
        )

    @property
    def wanted(self) -> frozenset[int]:
        """Words that some requirement counts: only their coming and going frees or binds other words."""
        return frozenset(w for r in self.requirements for w in r.words)

    def free(self, sentence: Sequence[int]) -> list[bool]:
        """Which words of a sentence of the support may change: neither required nor outside the vocabulary."""
        parts = [r.free(sentence) for r in self.requirements]
        return [word < self.known and all(p[i] for p in parts) for i, word in enumerate(sentence)]


class Similarity:
    """Soft similarity to a source sentence; see the module's formula."""

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


@dataclass(frozen=True)
class Target:
    """The terms, their weights, and the support. A term of weight zero is left out."""

    support: Support
    fluency: float = 1.0
    similarity: float = 0.0
    length: float = 0.0
    goal: int = 10
    matcher: Similarity | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the terms, in the order of every array of terms."""
        return tuple(n for n in ("fluency", "similarity", "length") if getattr(self, n) > 0)

    def terms(self, log_prob: Array, lengths: Ids, best: Array | None, words: Ids | None = None) -> Array:
        """Weighted terms of sentences, [..., terms].

        Args:
            log_prob: [B] or [B, J], log p(x) of each.
            lengths: broadcastable to it, in words.
            best: [B, S] matches of the source (of the words beside `words`, where these are given).
            words: [B, J], the word that each sentence holds besides.
        """
        parts: list[Array] = []
        if self.fluency > 0:
            parts.append(self.fluency * log_prob)
        if self.similarity > 0:
            assert self.matcher is not None
            assert best is not None
            score = self.matcher.log_score(best) if words is None else self.matcher.with_word(best, words)
            parts.append(self.similarity * score)
        if self.length > 0:
            off: Array = np.broadcast_to(lengths - self.goal, log_prob.shape).astype(np.float64)
            parts.append(-0.5 * self.length * off**2)
        return np.stack(parts, -1) if parts else np.zeros((*log_prob.shape, 0))
