"""What is done once a search is over: weighing what was drawn, and scoring a reference like what was found."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch

from engine.checkpoint import Document, save
from engine.jobs import Context
from engine.jobs.search import search
from engine.library import Library
from engine.messages import Event, Progress, Search, SearchDone, SearchOptions
from engine.models.rnn_translator import RnnTranslator, RnnTranslatorConfig
from engine.models.transformer_translator import Translator, TranslatorConfig
from engine.search.autoregressive import decoding
from engine.search.generates import at_once
from engine.search.node import Node
from engine.search.outcome import hypotheses, judged, reference
from engine.search.prepare import Reading
from engine.search.stochastic import weights
from engine.text import Tokenizer

TEXT = ["Der Hund schläft im Park.", "Die Katze trinkt Milch.", "The dog sleeps in the park.", "The cat drinks milk."]


@pytest.fixture(scope="module")
def pieces() -> Tokenizer:
    return Tokenizer.train("unigram", TEXT * 5, 40)


@pytest.fixture(scope="module")
def translator(pieces: Tokenizer) -> Translator:
    torch.manual_seed(0)
    small = {"vocabulary": pieces.size, "width": 16, "heads": 2, "feed_forward": 16}
    model = Translator(TranslatorConfig(**small, encoder_layers=1, decoder_layers=1), pieces)
    return model.eval().requires_grad_(False)


def events(model: Translator, folder: Path, request: Search) -> list[Event]:
    config = msgspec.to_builtins(model.config)
    save(folder / "mt.safetensors", model, Document(name="mt", config=config, tokenizer="unigram"), half=False)
    device = torch.device("cpu")
    with torch.inference_mode():
        return list(search(request, Context(Library(device, [folder]), device)))


def test_weighing_the_sentences_drawn_can_be_interrupted_after_each(translator: Translator, tmp_path: Path) -> None:
    options = SearchOptions(strategy="mbr", samples=9, max_length=6, n_best=9, seed=3)
    found = events(translator, tmp_path, Search(model="mt", text=TEXT[0], options=options))
    weighing = [e for e in found if isinstance(e, Progress) and e.note == "weighing the sentences drawn"]
    done = found[-1]
    assert isinstance(done, SearchDone)
    assert [e.done for e in weighing] == list(range(1, len(done.hypotheses) + 1))
    assert len(weighing) > 3
    assert {e.total for e in weighing} == {9}
    assert [h.score for h in done.hypotheses] == sorted((h.score for h in done.hypotheses), reverse=True)


@pytest.mark.parametrize("strategy", ["mbr", "beam", "stochastic"])
def test_in_parts_and_at_once_the_same_is_found(translator: Translator, strategy: Any) -> None:
    options = SearchOptions(strategy=strategy, samples=6, beam=3, n_best=6, max_length=5, seed=1)
    start = at_once(Reading(translator, [TEXT[1]], options).parts())
    run = decoding(start, options)
    for _ in run:
        pass
    work, rests = judged(start, run, 0), 0
    while True:
        try:
            next(work)
        except StopIteration as end:
            found = end.value
            break
        rests += 1
    assert found == hypotheses(start, run, 0)
    assert (rests > 0) == (strategy == "mbr")


class Given:
    """A tokenizer that reads every text as the same tokens: what a search wrote need not come back from its text."""

    def __init__(self, tokenizer: Tokenizer, ids: list[int]) -> None:
        self._tokenizer, self._ids = tokenizer, ids

    def encode(self, _text: str) -> list[int]:
        return self._ids

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)


def rnn(pieces: Tokenizer) -> RnnTranslator:
    torch.manual_seed(1)
    config = RnnTranslatorConfig(vocabulary=pieces.size, embedding=8, hidden=8)
    return RnnTranslator(config, pieces).eval().requires_grad_(False)


@pytest.mark.parametrize("kind", ["transformer", "rnn"])
@pytest.mark.parametrize("penalty", [0.0, 0.4])
def test_a_reference_is_scored_as_the_hypothesis_of_the_same_tokens(
    translator: Translator, pieces: Tokenizer, kind: str, penalty: float
) -> None:
    model = translator if kind == "transformer" else rnn(pieces)
    for written in ((), (9,), (7, 12), (5, 6, 7)):
        options = SearchOptions(beam=45, max_length=5, coverage_penalty=penalty, stop="exhaust", prefix_ids=written)
        start = at_once(Reading(model, [TEXT[0]], options).parts())
        run = decoding(start, options)
        for _ in run:
            pass
        hypothesis = hypotheses(start, run, 0)[0]
        assert hypothesis.finished
        ids = [t.id for t in hypothesis.tokens[:-1]]
        assert ids[: len(written)] == list(written)
        given: Any = replace(start, tokenizer=Given(start.tokenizer, ids))  # type: ignore[arg-type]
        scored = reference(given, 0, "", options)
        assert [t.id for t in scored.tokens] == [t.id for t in hypothesis.tokens]
        assert scored.log_prob == pytest.approx(hypothesis.log_prob, abs=1e-5)
        assert scored.score == pytest.approx(hypothesis.score, abs=1e-5)


def node(number: int, merit: float, perturbed: float) -> Node:
    return Node(number, None, 5, merit, merit, merit, 1, extra=perturbed)


def test_a_sentence_that_hardly_could_be_drawn_has_a_weight() -> None:
    """Its chance 1 - exp(-exp(merit - kappa)) is no number any more; merit - kappa is its logarithm."""
    pairs = weights([node(0, -900.0, 3.0), node(1, -50.0, 2.0), node(2, -1.0, 1.5)], 2)
    assert [n.id for n, _ in pairs] == [0, 1]
    assert [w for _, w in pairs] == pytest.approx([math.exp(1.5), math.exp(1.5)])


@pytest.mark.parametrize("above", [-29.9, -30.1, -5.0, 0.0, 4.0])
def test_weights_are_p_over_the_chance_of_being_drawn(above: float) -> None:
    ((_, weight),) = weights([node(0, above, 1.0), node(1, -3.0, 0.0)], 1)
    assert weight == pytest.approx(math.exp(above) / -math.expm1(-math.exp(above)), rel=1e-9)
