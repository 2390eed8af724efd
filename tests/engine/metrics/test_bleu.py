from __future__ import annotations

import math

import pytest

from engine.metrics.bleu import corpus_bleu, corpus_chrf, sentence_bleu, sentence_chrf


def test_bleu_by_hand() -> None:
    # 5 of 6 words, 3 of 5 pairs, 2 of 4 triples, 1 of 3 fours; as long as the reference
    out, reference = "the cat sat on a mat", "the cat sat on the mat"
    want = 100 * (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25
    found = corpus_bleu([out], [reference])
    assert found.score == pytest.approx(want, abs=0.01)
    assert "tok:13a" in found.signature
    short = corpus_bleu(["the cat sat on the"], [reference])
    assert short.score == pytest.approx(100 * math.exp(1 - 6 / 5), abs=0.01)


def test_equal_texts_are_perfect_and_foreign_ones_are_not() -> None:
    assert corpus_chrf(["abc def"], ["abc def"]).score == pytest.approx(100)
    assert sentence_chrf("abc", "xyz") == pytest.approx(0)
    assert sentence_bleu("a b", "a b") == pytest.approx(100)
    assert 0 < sentence_chrf("abcd", "abce") < 100


def test_numbers_must_match() -> None:
    with pytest.raises(ValueError, match="2 outputs do not match 1 references"):
        corpus_bleu(["a", "b"], ["a"])
