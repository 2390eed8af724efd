"""Texts that go round in circles: repeated n-grams of words, and runs of the same few characters."""

from __future__ import annotations

import re
from collections.abc import Sequence

_RUN = re.compile(r"(?P<unit>[^\s\d.…_*=-]|\S*[^\W\d]\S*?)(?P=unit){3,}")


def repeats_ngram(text: str, order: int = 3) -> bool:
    """Whether the same `order` words follow each other twice, capitals aside."""
    words = re.findall(r"\w+(?:['\u2019]\w+)*", text.lower())
    grams = list(zip(*(words[i:] for i in range(order)), strict=False))
    return len(set(grams)) < len(grams)


def repeated_ngram_share(texts: Sequence[str], order: int = 3) -> float:
    """The share of texts with an n-gram of words that occurs twice; raises ValueError when there is no text."""
    if not texts:
        raise ValueError("there are no texts to look for repetition in")
    return sum(repeats_ngram(text, order) for text in texts) / len(texts)


def repeats_characters(text: str) -> bool:
    """Whether a few characters with a letter among them stand four times in a row: "m.m.m.m." or "aaaa"."""
    return _RUN.search(text) is not None
