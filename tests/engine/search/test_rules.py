from __future__ import annotations

import pytest
import torch

from engine.messages import SearchOptions
from engine.search.capitals import Capitals
from engine.search.decode import Decoding
from engine.search.rules import NoRepeatNgram
from engine.text import EOS, UNK, Tokenizer
from tests.engine.search.tiny import TinyModel, Tokens, brute_force, found, run, sentences

WIDE = {"beam": 110, "max_length": 3, "stop": "exhaust"}


def test_rules_block_what_they_say() -> None:
    assert set(NoRepeatNgram(2).blocked((4, 5, 4))) == {5}
    assert set(NoRepeatNgram(2).blocked((4, 4))) == {4}
    assert set(NoRepeatNgram(1).blocked((4, 6))) == {4, 6}
    assert set(NoRepeatNgram(3).blocked((4, 5, 6, 4, 5))) == {6}
    assert not NoRepeatNgram(3).blocked((4, 5))


@pytest.mark.parametrize("seed", range(3))
def test_the_best_sentence_that_keeps_the_rules_is_found(seed: int) -> None:
    model = TinyModel(seed)
    options = SearchOptions(**WIDE, no_repeat_ngram=1, min_length=2)  # type: ignore[arg-type]
    got = found(run(model, options))
    want = [pair for pair in brute_force(model, options) if len(set(pair[0])) == len(pair[0])]
    finished = [pair for pair in got if pair[0][-1] == EOS]
    assert [s for s, _ in finished] == [s for s, _ in want]
    assert [v for _, v in finished] == pytest.approx([v for _, v in want], abs=1e-10)


@pytest.mark.parametrize("forced", [(6,), (5, 4), (5, 5, EOS)])
def test_a_forced_beginning_is_kept_and_the_best_end_found(forced: Tokens) -> None:
    model = TinyModel(9)
    options = SearchOptions(**WIDE)  # type: ignore[arg-type]
    got = found(run(model, options, forced=forced))
    want = [(s, v) for s, v in brute_force(model, options) if s[: len(forced)] == forced]
    finished = [pair for pair in got if pair[0][-1] == EOS]
    assert [s for s, _ in finished] == [s for s, _ in want]
    assert finished[0][1] == pytest.approx(want[0][1], abs=1e-10)


def test_the_repetition_penalty_multiplies_what_was_said() -> None:
    model = TinyModel(2)
    options = SearchOptions(**WIDE, repetition_penalty=2.0, normalisation="off")  # type: ignore[arg-type]
    got = dict(found(run(model, options)))
    for sentence in ((4, 4, EOS), (4, 5, 4, EOS), (6, EOS)):
        want = 0.0
        for t, token in enumerate(sentence):
            value = float(model.row(0, sentence[:t])[token])
            want += value * (2.0 if token in sentence[:t] else 1.0)
        assert got[sentence] == pytest.approx(want, abs=1e-10)


def after(model: TinyModel, options: SearchOptions, prompt: Tokens) -> list[tuple[Tokens, float]]:
    """What a search writes after a prompt, that it has read."""
    state = model.begin(1)
    for token in prompt:
        state = model.advance(state, torch.tensor([token]))
    search = Decoding(model, state, options, prompts=[prompt])
    return [pair for pair in found(search) if pair[0][-1] == EOS]


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("prompt", [(4, 5, 4), (6, 6), (5,)])
def test_no_ngram_stands_twice_in_prompt_and_output_together(size: int, prompt: Tokens) -> None:
    def repeats(sentence: Tokens) -> bool:
        text = (*prompt, *sentence)
        grams = [text[i : i + size] for i in range(len(text) - size + 1)]
        return len(set(grams[len(prompt) :])) < len(grams[len(prompt) :]) or any(
            gram in grams[:i] for i, gram in enumerate(grams) if i + size > len(prompt)
        )

    model = TinyModel(4)
    got = after(model, SearchOptions(**WIDE, no_repeat_ngram=size), prompt)  # type: ignore[arg-type]
    assert [s for s, _ in got if repeats(s)] == []
    allowed = [s for s in sentences(3) if not repeats(s)]
    assert sorted(s for s, _ in got) == sorted(allowed)


def test_the_repetition_penalty_counts_the_prompt() -> None:
    model, prompt = TinyModel(3), (4, 5)
    options = SearchOptions(**WIDE, repetition_penalty=1.5, normalisation="off")  # type: ignore[arg-type]
    got = dict(after(model, options, prompt))
    for sentence in ((4, EOS), (6, 6, EOS), (5, 6, EOS)):
        want = 0.0
        for t, token in enumerate(sentence):
            text = (*prompt, *sentence[:t])
            want += float(model.row(0, text)[token]) * (1.5 if token in text else 1.0)
        assert got[sentence] == pytest.approx(want, abs=1e-10)


def test_a_word_with_and_without_a_capital_is_one_and_pieces_are_as_they_are() -> None:
    text = ["The dog and the cat.", "I see what I see and i say it.", "see Tom, a tom."] * 9
    words = Tokenizer.train("word", text, 60)
    capitals = Capitals(words)
    for lower, upper in (("i", "I"), ("the", "The"), ("tom", "Tom")):
        pair = {words._exact(lower), words._exact(upper)} - {UNK}
        assert set(capitals.forms(min(pair))) == pair
        assert len({capitals.fold(token) for token in pair}) == 1
    pieces = Tokenizer.train("unigram", text, 28)
    assert all(Capitals(pieces).forms(token) == (token,) for token in range(3, pieces.size))


@pytest.mark.parametrize("settings", [{"no_repeat_ngram": 2}, {"repetition_penalty": 1e6}])
def test_what_was_said_with_a_capital_is_not_said_again_without(settings: dict[str, float]) -> None:
    class Pairs:
        """Tokens 4 and 5 are one word."""

        forms = staticmethod(lambda token: (4, 5) if token in (4, 5) else (token,))
        fold = staticmethod(lambda token: 4 if token == 5 else token)

    model, prompt = TinyModel(5), (5, 6)
    state = model.advance(model.advance(model.begin(1), torch.tensor([5])), torch.tensor([6]))
    options = SearchOptions(**WIDE, **settings)  # type: ignore[arg-type]
    search = Decoding(model, state, options, prompts=[prompt], capitals=Pairs())  # type: ignore[arg-type]
    texts = [[Pairs.fold(t) for t in (*prompt, *s)] for s, _ in found(search) if s[-1] == EOS]
    if "no_repeat_ngram" in settings:
        assert all([4, 6] not in (text[i : i + 2] for i in range(1, len(text))) for text in texts)
        assert any(4 in text[2:] for text in texts)
    else:
        assert texts[0][2:] == [EOS]  # every word was said: nothing is likelier than the end
