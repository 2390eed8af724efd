"""Minimum-Bayes-risk re-ranking (Kumar and Byrne 2004; Eikema and Aziz 2020).

Of a sample of sentences takes the one most like the others: its mean utility against the sample estimates its
expected utility under the model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

Utility = Callable[[str, str], float]


def expected_utilities(texts: Sequence[str], utility: Utility) -> Iterator[tuple[str, float]]:
    """Each distinct text and its mean utility against all drawn ones (itself among them), in order of first drawing.

    `utility(hypothesis, reference)`. Yields as it goes, for the work grows with the square of the sample.
    """
    counts = Counter(texts)
    for text in counts:
        yield text, sum(n * utility(text, other) for other, n in counts.items()) / len(texts)
