"""Sources longer than a translator has learnt."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.messages import ModelCard, ModelInfo
from engine.search.sources import learnt_length, parts, require_learnt


def words(text: str) -> int:
    return len(text.split())


def info(trained: dict[str, object]) -> ModelInfo:
    return ModelInfo("mt", "", "transformer-translator", ("Seq2Seq",), 1, 0.1, 40, {}, ModelCard(), trained=trained)


def test_short_texts_and_unknown_limits_leave_a_text_whole() -> None:
    assert parts("Eins zwei. Drei.", words, 3) == ["Eins zwei. Drei."]
    assert parts("Eins zwei. Drei vier fünf.", words, 0) == ["Eins zwei. Drei vier fünf."]
    assert parts("", words, 2) == [""]


def test_a_text_is_cut_at_sentence_ends_into_as_few_parts_as_fit() -> None:
    text = 'Ich gehe. Du kommst! "Wer ist da?" Niemand antwortet mir heute.'
    assert parts(text, words, 7) == ['Ich gehe. Du kommst! "Wer ist da?"', "Niemand antwortet mir heute."]
    assert parts(text, words, 4) == ["Ich gehe. Du kommst!", '"Wer ist da?"', "Niemand antwortet mir heute."]


def test_abbreviations_and_ordinals_end_no_sentence() -> None:
    text = "Am 3. Oktober kommt Dr. Weber. Er bringt z. B. Kuchen mit."
    assert parts(text, words, 6) == ["Am 3. Oktober kommt Dr. Weber.", "Er bringt z. B. Kuchen mit."]


def test_small_letters_are_cut_where_nothing_else_helps() -> None:
    assert parts("ich gehe jetzt. du kommst nie.", words, 3) == ["ich gehe jetzt.", "du kommst nie."]


def test_a_single_sentence_that_is_too_long_is_named() -> None:
    with pytest.raises(ValueError, match=r'"Dieser Satz hat zu viele \.\.\." has 6 pieces .* at most 5'):
        parts("Ja. Dieser Satz hat zu viele Wörter.", words, 5)


@settings(max_examples=50, derandomize=True)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=12), st.integers(6, 20))
def test_no_part_is_too_long_and_nothing_is_lost(lengths: list[int], longest: int) -> None:
    text = " ".join(" ".join(["Wort"] * n) + "." for n in lengths)
    divided = parts(text, words, longest)
    assert " ".join(divided) == text
    assert all(words(part) <= longest for part in divided)
    assert all(words(f"{a} {b.split('.')[0]}") > longest for a, b in pairwise(divided))


def test_the_learnt_length_is_in_the_training_record() -> None:
    assert learnt_length(info({"max_tokens": 110})) == 110
    assert learnt_length(info({})) == learnt_length(info({"max_tokens": "many"})) == 0
    require_learnt(110, info({"max_tokens": 110}))
    require_learnt(500, info({}))
    with pytest.raises(ValueError, match="the source has 111 pieces and mt has learnt at most 110"):
        require_learnt(111, info({"max_tokens": 110}))
