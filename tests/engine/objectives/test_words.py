"""The terms and the noise that touch words."""

from __future__ import annotations

import math

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.objectives.bag_of_words import bag_of_words
from engine.objectives.noise import Corruption, corrupt, word_dropout
from engine.text import BOS, EOS, PAD, UNK
from tests.engine.words import Words


def test_bag_of_words_adds_up_each_sentences_words() -> None:
    log_probs = torch.log(torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]]))
    loss = bag_of_words(log_probs, torch.tensor([0, 1, 1, 1]), torch.tensor([1, 2, 0, 2]))
    torch.testing.assert_close(loss, torch.tensor([math.log(4), -2 * math.log(0.8) + math.log(10)]))


def test_a_sentence_without_words_costs_nothing() -> None:
    log_probs = torch.log(torch.full((2, 2), 0.5))
    loss = bag_of_words(log_probs, torch.tensor([1]), torch.tensor([0]))
    torch.testing.assert_close(loss, torch.tensor([0.0, math.log(2)]))


def test_word_dropout_spares_the_marks_and_drops_its_share() -> None:
    torch.manual_seed(0)
    inputs = torch.tensor([[BOS, 7, 8, EOS, PAD]]).repeat(20_000, 1)
    dropped = word_dropout(inputs, 0.3, Words(30))
    assert bool((dropped[:, [0, 3, 4]] == inputs[:, [0, 3, 4]]).all())
    share = float((dropped[:, 1:3] == UNK).float().mean())
    assert abs(share - 0.3) < 0.01
    assert bool((word_dropout(inputs, 0.0, Words(30)) == inputs).all())
    assert bool((word_dropout(inputs, 1.0, Words(30))[:, 1:3] == UNK).all())


@given(st.lists(st.integers(4, 9), max_size=12), st.integers(2, 4), st.integers(0, 1000))
def test_shuffling_moves_no_word_far_and_loses_none(sentence: list[int], width: int, seed: int) -> None:
    tagged = [100 * i + word for i, word in enumerate(sentence)]
    out = corrupt(tagged, Corruption(delete=0.0, shuffle=width), UNK, np.random.default_rng(seed))
    assert sorted(out) == tagged
    assert all(abs(out.index(word) - i) < width for i, word in enumerate(tagged))


def test_corruption_deletes_blanks_and_never_empties() -> None:
    random = np.random.default_rng(0)
    sentence = list(range(4, 1004))
    kept = corrupt(sentence, Corruption(delete=0.2, shuffle=0), UNK, random)
    assert kept == sorted(kept)
    assert abs(len(kept) - 800) < 60
    blanked = corrupt(sentence, Corruption(delete=0.0, blank=0.5, shuffle=0), UNK, random)
    assert abs(blanked.count(UNK) - 500) < 60
    assert corrupt([5], Corruption(delete=1.0), UNK, random) == [5]
    assert corrupt([], Corruption(), UNK, random) == []
