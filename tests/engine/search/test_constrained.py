from __future__ import annotations

import pytest

from engine.messages import SearchOptions
from engine.search.constrained import Phrases
from tests.engine.search.tiny import TinyModel, Tokens, brute_force, found, run


def holds(sentence: Tokens, phrase: list[int]) -> bool:
    return any(list(sentence[i : i + len(phrase)]) == phrase for i in range(len(sentence)))


@pytest.mark.parametrize("phrases", [[[4]], [[4, 5]], [[4], [6, 6]], [[5, 5], [5, 6]]])
@pytest.mark.parametrize("seed", range(4))
def test_a_wide_beam_finds_the_best_sentence_that_holds_the_phrases(phrases: list[list[int]], seed: int) -> None:
    model = TinyModel(seed)
    options = SearchOptions(strategy="constrained", beam=250, max_length=3)
    got = found(run(model, options, constraints=phrases))
    want = [(s, v) for s, v in brute_force(model, options) if all(holds(s, p) for p in phrases)]
    assert got[0][0] == want[0][0]
    assert got[0][1] == pytest.approx(want[0][1], abs=1e-10)
    assert {s for s, _ in got if s[-1] == 3} <= {s for s, _ in want}


def test_a_narrow_beam_meets_its_phrases_where_a_plain_one_does_not() -> None:
    phrases = [[6, 4], [5, 5, 6]]
    met = plain = 0
    for seed in range(12):
        model = TinyModel(seed, end=1.0)
        constrained = found(
            run(model, SearchOptions(strategy="constrained", beam=5, max_length=9), constraints=phrases)
        )
        met += all(holds(constrained[0][0], p) for p in phrases)
        plain += all(holds(found(run(model, SearchOptions(beam=5, max_length=9)))[0][0], p) for p in phrases)
    assert met == 12
    assert plain <= 2


def test_phrases_are_followed_as_a_string_search_would() -> None:
    phrases = Phrases([[1, 1, 2], [2, 3]])
    progress = (0, 0)
    for token, want in ((1, (1, 0)), (1, (2, 0)), (1, (2, 0)), (2, (3, 1)), (2, (3, 1)), (3, (3, 2)), (1, (3, 2))):
        progress = phrases.advance(progress, token)  # type: ignore[assignment]
        assert progress == want
    assert phrases.met(progress)
    assert phrases.wanted((2, 0)) == {1, 2}


def test_a_constrained_search_without_phrases_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one phrase"):
        run(TinyModel(), SearchOptions(strategy="constrained"))
