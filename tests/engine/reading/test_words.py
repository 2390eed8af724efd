"""Words of any script: none is cut inside a sign, and what was divided can be joined again."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.reading import clean, graphemes, join_words, normalise, read_lines, split_words
from tests.engine.reading.test_characters import SIGNS

PERSIAN = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
ARABIC = "\u0627\u0644\u0639\u064e\u0631\u064e\u0628\u0650\u064a\u064e\u0651\u0629"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("हिन्दी coffee", ["हिन्दी", "coffee"]),
        ("বাংলা, தமிழ் ไทย", ["বাংলা", ",", "தமிழ்", "ไทย"]),
        (f"שָׁלוֹם {ARABIC}", ["שָׁלוֹם", ARABIC]),
        (PERSIAN, [PERSIAN]),
        ("m\u0303am\u0303a's", ["m\u0303am\u0303a", "'s"]),
        ("cof\u200bfee cof\u00adfee cof\u2060fee", ["coffee"] * 3),
        ("\ufeffIch \x85 du", ["Ich", "du"]),
        ("Tom's isn't I'm 3.5 x\u0320y", ["Tom", "'s", "isn't", "I", "'m", "3.5", "x\u0320y"]),
        (" ".join(SIGNS), list(SIGNS)),
        ("ok\U0001f44d\U0001f3fd\U0001f44d\U0001f3fd", ["ok", "\U0001f44d\U0001f3fd", "\U0001f44d\U0001f3fd"]),
    ],
)
def test_words_stay_whole(text: str, words: list[str]) -> None:
    assert split_words(text) == words


@pytest.mark.parametrize("sign", "'\u2018\u2019`\u00b4\u02bc\u2032\uff07")
def test_an_apostrophe_is_known_however_it_is_typed(sign: str) -> None:
    assert split_words(f"I don{sign}t, it{sign}s Tom") == ["I", "don't", ",", "it", "'s", "Tom"]


def test_signs_that_look_alike_are_the_same() -> None:
    assert split_words("well\u2010known well\u2011known, so\u2026") == ["well-known", "well-known", ",", "so", "..."]
    assert split_words("5\u2032 `tea") == ["5", "\u2032", "`", "tea"], "no apostrophe where no word goes on"


PARTS = (
    *("Tom", "don't", "well-known", "3.5", "10:30", "it", "'s", "...", '"', "(", ")", ",", "!", "é", "ß"),
    *("हिन्दी", PERSIAN, *SIGNS[:6], "a\u0301\u0320b"),
)


@given(st.lists(st.sampled_from(PARTS), max_size=8), st.sampled_from([" ", ""]))
@settings(max_examples=200, derandomize=True)
def test_no_word_is_cut_inside_a_sign(parts: list[str], between: str) -> None:
    text = between.join(parts)
    words = split_words(text)
    assert "".join(words) == normalise(text).replace(" ", "")
    for word in words:
        assert word
        assert not re.search(r"\s", word)
    ends = {0}
    for sign in graphemes(normalise(text).replace(" ", "")):
        ends.add(max(ends) + len(sign))
    place = 0
    for word in words:
        place += len(word)
        assert place in ends


VERBATIM = st.lists(st.sampled_from(("हिन्दी", PERSIAN, *SIGNS, "tea", "coffee", ",", "!", "'s")), max_size=8)


@given(VERBATIM)
@settings(max_examples=100, derandomize=True)
def test_what_is_kept_verbatim_comes_back_from_join(words: list[str]) -> None:
    plain = [w for w, before in zip(words, ["", *words], strict=False) if w != "'s" or before.isalpha()]
    assert [w.lower() for w in split_words(join_words(plain))] == [w.lower() for w in split_words(" ".join(plain))]


@given(st.text(max_size=60))
@settings(max_examples=100, derandomize=True)
def test_forms_of_the_same_text_have_the_same_words(text: str) -> None:
    assert split_words(unicodedata.normalize("NFD", text)) == split_words(text) == split_words(clean(text))


def test_a_first_letter_without_a_single_capital_stays() -> None:
    assert join_words(["ßa", "b"]) == "ßa b"


EXAMPLES = Path(__file__).parents[3] / "assets" / "examples"


@pytest.mark.parametrize("name", ["everyday.txt", "errands/test.tsv"])
def test_ordinary_text_is_divided_the_same_beside_signs_of_several_characters(name: str) -> None:
    for line in read_lines(EXAMPLES / name):
        assert split_words(f"{line} {PERSIAN}") == [*split_words(line), PERSIAN]
