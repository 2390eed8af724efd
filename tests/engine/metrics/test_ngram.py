"""Interpolated Kneser-Ney against hand-worked counts and the axioms of probability."""

from __future__ import annotations

import itertools
import math

import pytest

from engine.metrics.ngram import KneserNey
from engine.text import BOS, EOS
from tests.engine.words import Words

A, B, C = 4, 5, 6
CORPUS = [[A, B], [A, B, C], [A, C], [B, A, B]]


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_every_context_sums_to_one(order: int) -> None:
    model = KneserNey(order, CORPUS, vocabulary=Words(7))
    for context in itertools.product((BOS, A, B, C), repeat=order - 1):
        assert sum(model.probability(context, w) for w in range(7)) == pytest.approx(1.0)


def test_bigram_by_hand() -> None:
    model = KneserNey(2, CORPUS, vocabulary=Words(7))
    # bigrams: BOS A 3, BOS B 1, A B 3, A C 1, B EOS 2, B C 1, C EOS 2, B A 1: four ones, two twos
    d2 = 4 / (4 + 2 * 2)
    # a word counts once for each distinct word before it: A 2, B 2, C 2, EOS 2: no ones, so half a count is taken
    unigram = (2 - 0.5) / 8 + 0.5 * 4 / 8 / 7
    expected = (3 - d2) / 4 + d2 * 2 / 4 * unigram
    assert model.probability((A,), B) == pytest.approx(expected)


def test_sentence_log_prob_is_the_sum_of_its_words() -> None:
    model = KneserNey(2, CORPUS, vocabulary=Words(7))
    by_hand = math.log(model.probability((BOS,), A)) + math.log(model.probability((A,), EOS))
    assert model.log_prob([A]) == pytest.approx(by_hand)


def test_seen_sentences_are_likelier_than_shuffled_ones() -> None:
    model = KneserNey(3, CORPUS * 3, vocabulary=Words(7))
    assert model.log_prob([A, B, C]) > model.log_prob([C, B, A])
