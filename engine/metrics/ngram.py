"""Interpolated Kneser-Ney n-gram model (Kneser and Ney 1995; Chen and Goodman 1998, one discount an order).

The baseline a neural language model must beat on the same sentences.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from engine.vocabulary import Vocabulary

Gram = tuple[int, ...]


class KneserNey:
    """Log-probabilities of sentences of token ids; the order-0 distribution is uniform over the vocabulary."""

    def __init__(self, order: int, sentences: Iterable[Sequence[int]], vocabulary: Vocabulary) -> None:
        self.order = order
        self.vocabulary = vocabulary.size
        self._begin, self._end = (vocabulary.begin,) * (order - 1), (vocabulary.end,)
        counts: list[Counter[Gram]] = [Counter() for _ in range(order + 1)]
        for sentence in sentences:
            padded = self._begin + tuple(sentence) + self._end
            for i in range(order - 1, len(padded)):
                counts[order][padded[i - order + 1 : i + 1]] += 1
        # below the highest order a gram counts once for each distinct word before it
        for n in range(order - 1, 0, -1):
            for gram in counts[n + 1]:
                counts[n][gram[1:]] += 1
        self._counts = counts
        self._totals: list[dict[Gram, int]] = [defaultdict(int) for _ in range(order + 1)]
        self._kinds: list[dict[Gram, int]] = [defaultdict(int) for _ in range(order + 1)]
        self._discounts = [0.0] * (order + 1)
        for n in range(1, order + 1):
            for gram, count in counts[n].items():
                self._totals[n][gram[:-1]] += count
                self._kinds[n][gram[:-1]] += 1
            ones = sum(c == 1 for c in counts[n].values())
            twos = sum(c == 2 for c in counts[n].values())
            # a tiny corpus may lack grams seen once; without a discount nothing would be left for the unseen
            self._discounts[n] = ones / (ones + 2 * twos) if ones else 0.5

    def probability(self, context: Gram, word: int) -> float:
        """p(word | context), the context being the last order - 1 tokens."""
        p = 1.0 / self.vocabulary
        for n in range(1, self.order + 1):
            before = context[len(context) - n + 1 :] if n > 1 else ()
            total = self._totals[n].get(before, 0)
            if not total:
                break
            discount = self._discounts[n]
            own = max(self._counts[n].get((*before, word), 0) - discount, 0.0) / total
            p = own + discount * self._kinds[n][before] / total * p
        return p

    def log_prob(self, sentence: Sequence[int]) -> float:
        """Log-probability of a sentence and its end mark, in nats."""
        padded = self._begin + tuple(sentence) + self._end
        return sum(
            math.log(self.probability(padded[i - self.order + 1 : i], padded[i]))
            for i in range(self.order - 1, len(padded))
        )
