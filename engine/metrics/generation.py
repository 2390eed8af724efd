"""How good generated text is, from token ids alone: unigram divergence and reverse perplexity."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from engine.metrics.ngram import KneserNey
from engine.vocabulary import Vocabulary


def unigram_kl(generated: Sequence[Sequence[int]], training: Sequence[Sequence[int]]) -> float:
    """KL(unigrams of the generated text || unigrams of the training text), nats.

    Generated words that the training text does not hold are skipped, as in Shi et al. 2020 (their wKL).
    """
    ours = Counter(w for s in generated for w in s)
    theirs = Counter(w for s in training for w in s)
    ours = Counter({w: n for w, n in ours.items() if w in theirs})
    total, base = sum(ours.values()), sum(theirs.values())
    if not total:
        return math.inf
    return sum(n / total * math.log(n / total / (theirs[w] / base)) for w, n in ours.items())


def reverse_perplexity(
    generated: Sequence[Sequence[int]], real: Sequence[Sequence[int]], vocabulary: Vocabulary, *, order: int = 3
) -> float:
    """Perplexity on real text of an n-gram model trained on generated text (Zhao et al. 2018 use a neural one).

    Low only when the samples are both fluent and diverse. End marks count as words.
    """
    model = KneserNey(order, generated, vocabulary)
    count = sum(len(s) + 1 for s in real)
    return math.exp(-sum(model.log_prob(s) for s in real) / count)
