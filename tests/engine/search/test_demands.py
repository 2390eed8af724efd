"""What is asked of every output: refused where no output can meet it, and said where one does not."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from engine.__main__ import app
from engine.messages import Hypothesis, Search, SearchOptions
from engine.search.demands import demands, missing, shortest
from engine.search.outcome import hypotheses
from engine.search.prepare import Start
from engine.text import EOS, Tokenizer
from tests.engine.search.test_job import TEXT, events
from tests.engine.search.test_job import folder as folder
from tests.engine.search.tiny import TinyModel, run
from tests.engine.words import Words

PHRASES = st.lists(st.lists(st.sampled_from([4, 5, 6]), min_size=1, max_size=3), min_size=1, max_size=3)


@pytest.fixture(scope="module")
def pieces() -> Tokenizer:
    return Tokenizer.train("unigram", TEXT * 5, 40)


@pytest.fixture(scope="module")
def words() -> Tokenizer:
    return Tokenizer.train("word", TEXT * 5, 40)


def holds(text: tuple[int, ...], phrase: list[int]) -> bool:
    return any(list(text[i : i + len(phrase)]) == phrase for i in range(len(text)))


@given(PHRASES, st.lists(st.sampled_from([4, 5, 6]), max_size=2))
@settings(max_examples=40)
def test_the_shortest_text_with_all_phrases_is_what_trying_all_texts_finds(
    phrases: list[list[int]], forced: list[int]
) -> None:
    want = shortest(forced, phrases)
    for length in range(want + 1):
        texts = itertools.product((4, 5, 6), repeat=length)
        found = any(list(t[: len(forced)]) == forced and all(holds(t, p) for p in phrases) for t in texts)
        assert found == (length == want), (length, want)
        if length >= 7:
            break


UNMEETABLE: list[tuple[dict[str, Any], str]] = [
    ({"strategy": "constrained", "constraints": ("😀 日本",)}, "“😀 日本” cannot be written by this model"),
    ({"strategy": "constrained", "constraints": ("dog", "日")}, "its vocabulary lacks 日"),
    ({"strategy": "constrained", "constraints": ("dog", " ")}, "is empty"),
    ({"strategy": "constrained", "constraints": (" ",)}, "Type the phrases"),
    ({"strategy": "constrained", "constraints": (TEXT[2],), "max_length": 3}, "more than max_length, 3"),
    ({"strategy": "constrained", "constraints": ("dog", "cat", "milk"), "max_length": 2}, "can hold all phrases"),
    ({"strategy": "constrained", "constraints": ("the the",), "no_repeat_ngram": 1}, "holds a run of 1 tokens twice"),
    ({"strategy": "constrained", "constraints": ("dog cat dog cat",), "no_repeat_ngram": 2}, "run of 2 tokens twice"),
    ({"min_length": 9, "max_length": 5}, "must not exceed the longest, 5"),
    ({"strategy": "sample", "min_length": 9, "max_length": 5}, "must not exceed the longest, 5"),
    ({"prefix": "日 dog"}, "the forced beginning “日 dog” cannot be written"),
    ({"prefix_ids": (1, 5)}, "holds a mark"),
    ({"prefix_ids": (5, EOS, 5)}, "holds a mark"),
]


@pytest.mark.parametrize(("asked", "words_of"), UNMEETABLE, ids=str)
@pytest.mark.parametrize("kind", ["pieces", "words"])
def test_what_no_output_can_meet_is_refused_in_one_sentence(
    request: pytest.FixtureRequest, kind: str, asked: dict[str, Any], words_of: str
) -> None:
    options = SearchOptions(**({"max_length": 40} | asked))
    with pytest.raises(ValueError, match=words_of) as refused:
        demands(options, request.getfixturevalue(kind))
    assert "\n" not in str(refused.value)


def spelt(ids: Sequence[int]) -> str:
    return " ".join(f"w{i}" for i in ids)


@given(PHRASES, *(st.lists(st.sampled_from([4, 5, 6]), max_size=n) for n in (2, 3)), st.sampled_from([1, 2]))
@settings(max_examples=60, derandomize=True, deadline=None)
def test_what_is_refused_under_the_block_is_what_no_text_can_be(
    phrases: list[list[int]], forced: list[int], prompt: list[int], size: int
) -> None:
    def allowed(text: tuple[int, ...]) -> bool:
        grams = [text[i : i + size] for i in range(len(text) - size + 1)]
        return all(grams[i] not in grams[:i] for i in range(max(0, len(prompt) - size + 1), len(grams)))

    options = SearchOptions(
        strategy="constrained",
        constraints=tuple(map(spelt, phrases)),
        prefix_ids=tuple(forced),
        no_repeat_ngram=size,
        max_length=20,
    )
    texts = ((*prompt, *forced, *t) for n in range(6) for t in itertools.product((4, 5, 6), repeat=n))
    found = any(allowed(t) and all(holds(t, p) for p in phrases) for t in texts)
    try:
        demands(options, Words(7), [prompt])
    except ValueError:
        assert not found or any(spelt(p) in repr(options.conflicts()) for p in phrases)


BLOCKED: list[tuple[list[int], list[int], list[str], str]] = [
    ([], [4, 4], [], "no output can begin with “w4 w4”: it repeats 1 token, which no_repeat_ngram = 1 forbids"),
    ([4], [5, 4], [], "no output can begin with “w5 w4” after this prompt"),
    ([4], [], ["w5 w4"], "no output can hold the phrase “w5 w4” after what it begins with"),
    ([], [4], ["w5 w4"], "no output can hold the phrase “w5 w4” after what it begins with"),
    ([], [], ["w4 w5", "w4 w6"], "no output can hold both “w4 w5” and “w4 w6”: that repeats 1 token"),
]


@pytest.mark.parametrize(("prompt", "forced", "phrases", "sentence"), BLOCKED, ids=str)
def test_what_the_block_forbids_for_certain_is_refused(
    prompt: list[int], forced: list[int], phrases: list[str], sentence: str
) -> None:
    kind = "constrained" if phrases else "beam"
    options = SearchOptions(strategy=kind, constraints=tuple(phrases), prefix_ids=tuple(forced), no_repeat_ngram=1)
    with pytest.raises(ValueError, match=sentence):
        demands(options, Words(7), [prompt])
    assert demands(msgspec.structs.replace(options, no_repeat_ngram=0), Words(7), [prompt]).forced == tuple(forced)
    if prompt:  # others can meet it
        assert demands(options, Words(7), [prompt, []]).forced == tuple(forced)


def test_phrases_may_overlap_each_other_and_what_is_there() -> None:
    options = SearchOptions(strategy="constrained", constraints=("w4 w5", "w5 w6"), no_repeat_ngram=1)
    for prompt in ([], [4], [4, 5], [4, 5, 6]):
        assert demands(options, Words(7), [prompt]).phrases == ((4, 5), (5, 6))


def test_a_forced_beginning_does_not_go_on_where_the_block_forbids_it() -> None:
    tiny = TinyModel(seed=1)
    options = SearchOptions(strategy="greedy", no_repeat_ngram=1, max_length=5)
    search = run(tiny, options, forced=(4, 5, 4))
    (found,) = hypotheses(Start(tiny, tiny.begin(1), Letters(7), ((),), True), search, 0)
    assert ([t.id for t in found.tokens], found.lacks) == ([4, 5], "unfinished")


def test_a_phrase_of_the_prompt_is_met(folder: Path) -> None:
    options = SearchOptions(strategy="constrained", constraints=("cat",), no_repeat_ngram=1, max_length=4, beam=2)
    _, done = events(folder, Search(model="lm", text="cat", options=options))
    assert done.hypotheses
    assert all("cat" in h.text and not h.unmet for h in done.hypotheses)


def test_pieces_repeat_where_no_word_does(pieces: Tokenizer) -> None:
    options = SearchOptions(strategy="constrained", constraints=("dododo",), no_repeat_ngram=2)
    assert len(pieces.encode("dododo")) >= 4
    with pytest.raises(ValueError, match="it repeats 2 tokens, which no_repeat_ngram = 2 forbids"):
        demands(options, pieces)


def test_forced_tokens_of_another_vocabulary_are_refused(pieces: Tokenizer, words: Tokenizer) -> None:
    ids = tuple(pieces.encode("The dog"))
    options = SearchOptions(prefix_ids=ids, prefix_pieces=tuple(pieces.pieces(ids)))
    assert demands(options, pieces).forced == ids
    with pytest.raises(ValueError, match="was read in another vocabulary"):
        demands(SearchOptions(prefix_ids=ids[:1], prefix_pieces=("▁cat",)), pieces)
    known = tuple(words.encode("the dog"))
    with pytest.raises(ValueError, match="was read in another vocabulary"):
        demands(SearchOptions(prefix_ids=known, prefix_pieces=tuple(pieces.pieces(known))), words)


@pytest.mark.parametrize("asked", [a for a, _ in UNMEETABLE[:9]], ids=str)
def test_every_way_in_refuses_it(folder: Path, tmp_path: Path, asked: dict[str, Any]) -> None:
    options = SearchOptions(**asked)
    with pytest.raises(ValueError, match=r"no output|cannot be written|is empty|Type the|run of|exceed"):
        events(folder, Search(model="mt", text=TEXT[0], options=options))
    source = tmp_path / "in.txt"
    source.write_text(TEXT[0] + "\n", encoding="utf-8")
    plain = SearchOptions()
    given_settings = [
        f"{name}={list(value)!r}".replace("'", '"') if isinstance(value, tuple) else f"{name}={value}"
        for name, value in asked.items()
        if value != getattr(plain, name)
    ]
    arguments = [word for setting in given_settings for word in ("--set", setting)]
    for command in (
        ["beam", "--model", "mt", "--text", TEXT[0]],
        ["translate", "--model", "mt", "--input", str(source), "--output", str(tmp_path / "out.txt")],
    ):
        result = CliRunner().invoke(app, [*command, *arguments])
        assert result.exit_code
        assert "\n" not in str(result.exception)
    assert not (tmp_path / "out.txt").exists()


class Letters(Words):
    def pieces(self, ids: Iterable[int]) -> list[str]:
        return ["_ubEabc"[i] for i in ids]

    def join(self, pieces: Sequence[str]) -> str:
        return "".join(pieces)


def written(options: SearchOptions, constraints: list[list[int]], **model: Any) -> list[Hypothesis]:
    tiny = TinyModel(**model)
    search = run(tiny, options, constraints=constraints)
    start = Start(tiny, tiny.begin(1), Letters(7), ((),), True)
    return hypotheses(start, search, 0)


@pytest.mark.parametrize("seed", range(6))
def test_an_output_says_which_phrases_it_does_not_hold(seed: int) -> None:
    """Two words that may each stand once, and phrases that need one of them twice."""
    phrases = [[4, 5], [6, 4]]
    options = SearchOptions(
        strategy="constrained", constraints=("ab", "ca"), beam=6, n_best=20, max_length=4, no_repeat_ngram=seed % 2 + 1
    )
    found = written(options, phrases, seed=seed)
    assert found
    for hypothesis in found:
        ids = tuple(t.id for t in hypothesis.tokens)
        want = tuple(text for text, phrase in zip(("ab", "ca"), phrases, strict=True) if not holds(ids, phrase))
        assert hypothesis.unmet == want
        assert not (hypothesis.finished and want)
        assert hypothesis.lacks == ", ".join(
            [*(f"without “{p}”" for p in want), *([] if hypothesis.finished else ["unfinished"])]
        )
    lacking = [len(h.unmet) for h in found]
    assert lacking == sorted(lacking)


@pytest.mark.parametrize("strategy", ["beam", "greedy", "sample", "constrained"])
def test_what_is_stuck_is_told_as_unfinished(strategy: Any) -> None:
    """Three words, none twice, and no end before the fifth token."""
    constraints = [[4]] if strategy == "constrained" else []
    options = SearchOptions(
        strategy=strategy, constraints=("a",) if constraints else (), no_repeat_ngram=1, min_length=5, max_length=9
    )
    found = written(options, constraints, seed=2)
    assert found
    assert all(not h.finished and len(h.tokens) == 3 and h.lacks.endswith("unfinished") for h in found)


def test_phrases_count_for_constrained_search_alone() -> None:
    assert missing(SearchOptions(constraints=("a",)), (), (5, 6)) == ()
    assert missing(SearchOptions(constraints=("ab", "c")), ((4, 5), (6,)), (4, 6)) == ("ab",)


def test_the_table_marks_what_is_unfinished(folder: Path) -> None:
    command = ["beam", "--model", "mt", "--text", TEXT[0], "--set", "max_length=2", "--set", "beam=2"]
    assert "(unfinished)" in CliRunner().invoke(app, command).stdout
    behind = ["--set", "strategy=constrained", "--set", "no_repeat_ngram=1", "--set", "max_length=40"]
    again = [*command, *behind, "--set", 'constraints=["the cat", "cat dog", "dog the"]']  # any two of them fit
    assert re.search("(without “.+”, unfinished)", " ".join(CliRunner().invoke(app, again).stdout.split()))
