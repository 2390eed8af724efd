"""Which sentences have any probability at all: lengths, required words, words outside the vocabulary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


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
