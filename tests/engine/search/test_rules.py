from __future__ import annotations

import pytest

from engine.messages import SearchOptions
from engine.search.node import Node, root
from engine.search.rules import NoRepeatNgram
from engine.text import EOS
from tests.engine.search.tiny import TinyModel, Tokens, brute_force, found, run

WIDE = {"beam": 110, "max_length": 3, "stop": "exhaust"}


def chain(tokens: Tokens) -> Node:
    node = root()
    for i, token in enumerate(tokens):
        node = Node(i, node, token, 0.0, 0.0, 0.0, i + 1)
    return node


def test_rules_block_what_they_say() -> None:
    assert set(NoRepeatNgram(2).blocked(chain((4, 5, 4)))) == {5}
    assert set(NoRepeatNgram(2).blocked(chain((4, 4)))) == {4}
    assert set(NoRepeatNgram(1).blocked(chain((4, 6)))) == {4, 6}
    assert set(NoRepeatNgram(3).blocked(chain((4, 5, 6, 4, 5)))) == {6}
    assert not NoRepeatNgram(3).blocked(chain((4, 5)))


@pytest.mark.parametrize("seed", range(3))
def test_the_best_sentence_that_keeps_the_rules_is_found(seed: int) -> None:
    model = TinyModel(seed)
    options = SearchOptions(**WIDE, no_repeat_ngram=1, min_length=2)  # type: ignore[arg-type]
    got = found(run(model, options))
    want = [pair for pair in brute_force(model, options) if len(set(pair[0])) == len(pair[0])]
    finished = [pair for pair in got if pair[0][-1] == EOS]
    assert [s for s, _ in finished] == [s for s, _ in want]
    assert [v for _, v in finished] == pytest.approx([v for _, v in want], abs=1e-5)


@pytest.mark.parametrize("forced", [(6,), (5, 4), (5, 5, EOS)])
def test_a_forced_beginning_is_kept_and_the_best_end_found(forced: Tokens) -> None:
    model = TinyModel(9)
    options = SearchOptions(**WIDE)  # type: ignore[arg-type]
    got = found(run(model, options, forced=forced))
    want = [(s, v) for s, v in brute_force(model, options) if s[: len(forced)] == forced]
    finished = [pair for pair in got if pair[0][-1] == EOS]
    assert [s for s, _ in finished] == [s for s, _ in want]
    assert finished[0][1] == pytest.approx(want[0][1], abs=1e-5)


def test_the_repetition_penalty_multiplies_what_was_said() -> None:
    model = TinyModel(2)
    options = SearchOptions(**WIDE, repetition_penalty=2.0, normalisation="off")  # type: ignore[arg-type]
    got = dict(found(run(model, options)))
    for sentence in ((4, 4, EOS), (4, 5, 4, EOS), (6, EOS)):
        want = 0.0
        for t, token in enumerate(sentence):
            value = float(model.row(0, sentence[:t])[token])
            want += value * (2.0 if token in sentence[:t] else 1.0)
        assert got[sentence] == pytest.approx(want, abs=1e-5)
