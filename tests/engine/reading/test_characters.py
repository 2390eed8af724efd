"""Composed forms, invisible marks, and signs of several characters."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.reading import clean, graphemes, normalise, require_text

INVISIBLE = (
    "\u00ad\u200b\u200e\u200f\u2060\ufeff\u202a\u2066\u180b\u115f\u1160\u3164\uffa0\ufe00\ufe0f\U000e0041\U000e0100"
)
FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
SIGNS = (
    FAMILY,
    "\U0001f1e9\U0001f1ea",  # a flag
    "\U0001f44d\U0001f3fd",  # a thumb with a tone of skin
    "\u2764\ufe0f\u200d\U0001f525",
    "1\ufe0f\u20e3",  # a keycap
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # the flag of England
    "न्दी",
    "தி",
    "m\u0320\u0303",
)
WORDS = st.text("abcxyzäößéñ", min_size=1, max_size=8)


@pytest.mark.parametrize("sign", SIGNS)
def test_a_sign_of_several_characters_is_one_and_stays_as_it_is(sign: str) -> None:
    assert clean(sign) == sign
    assert graphemes(f"a{sign}b" if not unicodedata.combining(sign[0]) else sign) == ["a", sign, "b"]


@given(WORDS, WORDS, st.text(INVISIBLE, min_size=1, max_size=3))
@settings(max_examples=50, derandomize=True)
def test_marks_that_nobody_sees_are_no_part_of_a_word(first: str, last: str, marks: str) -> None:
    assert clean(f"{marks}{first}{marks}{last}{marks}") == first + last


@given(st.text((*INVISIBLE, *"1a\u0301\u20e3\u2764\u200d\U0001f3f4\U000e0067\U000e007f\U0001f3fd"), max_size=8))
@settings(max_examples=300, derandomize=True)
def test_marks_around_emoji_are_cleaned_at_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)


def test_a_line_of_marks_alone_is_empty() -> None:
    assert normalise(f" {INVISIBLE} ") == ""


@given(st.text(max_size=40))
@settings(max_examples=100, derandomize=True)
def test_composed_and_decomposed_text_is_the_same(text: str) -> None:
    forms = {clean(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")}
    assert forms == {clean(text)}


@given(st.text(max_size=40))
@settings(max_examples=100, derandomize=True)
def test_clean_text_is_clean(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    assert "".join(graphemes(text)) == text


def test_joiners_stay_where_a_script_needs_them() -> None:
    for word in ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "क\u094d\u200dष", FAMILY):
        assert clean(word) == word
    assert clean("cof\u200dfee Auf\u200clage \u200d\u200c") == "coffee Auflage "


@pytest.mark.parametrize("mark", "\v\f\x1c\x1e\x85\u2028\u2029")
def test_what_ends_a_line_elsewhere_is_a_space(mark: str) -> None:
    assert clean(f"a{mark}b") == "a b"


def test_bytes_that_are_no_text_are_one_sentence() -> None:
    assert require_text("schön 😀") == "schön 😀"
    with pytest.raises(ValueError, match="the text holds bytes that are not UTF-8"):
        require_text(b"Ich \xff habe".decode("utf-8", "surrogateescape"))
