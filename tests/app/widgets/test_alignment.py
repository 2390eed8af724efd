from __future__ import annotations

from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from app.widgets.alignment import Word, align, split

SENTENCES = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=6)


def words(texts):
    return [Word(t, i, i + 1) for i, t in enumerate(texts)]


def marks(base, other):
    return [c.mark for c in align(words(base), [words(other)])[1] if c.mark != "alone"]


def test_pieces_join_to_words_and_punctuation_stands_alone():
    found = split(["▁He", "▁is", "▁un", "speak", "able", ".", '"'])
    assert [(w.text, w.start, w.stop, w.glued) for w in found] == [
        ("He", 0, 1, False),
        ("is", 1, 2, False),
        ("unspeakable", 2, 5, False),
        (".", 5, 6, True),
        ('"', 6, 7, True),
    ]


def test_whole_words_are_not_joined():
    assert [(w.text, w.glued) for w in split(["he", "'s", "late", "."])] == [
        ("he", False),
        ("'s", True),
        ("late", False),
        (".", True),
    ]


def test_differences_are_named():
    assert marks("abcd", "abcd") == ["same"] * 4
    assert marks("abcd", "abxd") == ["same", "same", "replaced", "same"]
    assert marks("abcd", "abd") == ["same", "same", "missing", "same"]
    assert marks("abd", "abcd") == ["same", "same", "inserted", "same"]


def test_rows_share_the_columns_of_the_first():
    rows = align(words("abd"), [words("abcd"), words("abccd"), words("bd")])
    assert {len(row) for row in rows} == {5}
    assert [c.word.text if c.word else "" for c in rows[0]] == ["a", "b", "", "", "d"]
    assert [c.word.text if c.word else "" for c in rows[2]] == ["a", "b", "c", "c", "d"]
    assert rows[3][0].mark == "missing"


@given(SENTENCES, SENTENCES)
def test_every_word_stands_once_and_edits_are_fewest(base, other):
    rows = align(words(base), [words(other)])
    assert [c.word.text for c in rows[0] if c.word] == base
    assert [c.word.text for c in rows[1] if c.word] == other
    assert sum(c.mark not in ("same", "alone") for c in rows[1]) == distance(tuple(base), tuple(other))


@cache
def distance(a, b):
    if not a or not b:
        return len(a) + len(b)
    change = distance(a[1:], b[1:]) + (a[0] != b[0])
    return min(change, distance(a[1:], b) + 1, distance(a, b[1:]) + 1)
