from __future__ import annotations

import pytest

from engine.metrics.repetition import repeated_ngram_share, repeats_characters, repeats_ngram


def test_three_words_twice_are_a_repetition() -> None:
    assert repeats_ngram("I went to the sea and I went to bed.")
    assert not repeats_ngram("I went to the sea and you went to bed.")
    assert repeats_ngram("No, no, no, no.")
    assert not repeats_ngram("No, no, no.")
    assert not repeats_ngram("")
    assert repeats_ngram("a b a b", order=2)
    assert not repeats_ngram("don't do it, don't try", order=2)


def test_the_share_of_texts_that_repeat() -> None:
    assert repeated_ngram_share(["a b c a b c", "a b c", "a b", "x"]) == 0.25
    with pytest.raises(ValueError, match="no texts"):
        repeated_ngram_share([])


@pytest.mark.parametrize("text", ["at 9:00 p.m.m.m.m.", "aaaargh", "hahahaha", "xyzxyzxyzxyz", "so,so,so,so,so"])
def test_runs_of_characters(text: str) -> None:
    assert repeats_characters(text)


@pytest.mark.parametrize(
    "text", ["10000000 euros", "Well....", "----", "Mississippi", "p.m.", "no no no no", "1,111,111"]
)
def test_what_is_no_run(text: str) -> None:
    assert not repeats_characters(text)
