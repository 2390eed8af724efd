"""An input is scored alike alone and among longer ones: under every option that scores, for every kind of model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from engine.messages import PRESETS, Hypothesis, SearchOptions, with_preset
from engine.models.rnn_translator import RnnTranslator, RnnTranslatorConfig
from engine.models.transformer_lm import TransformerLm, TransformerLmConfig
from engine.models.transformer_translator import Translator, TranslatorConfig
from engine.search.autoregressive import decoding
from engine.search.batch import translate_each
from engine.search.generates import at_once
from engine.search.outcome import attended, hypotheses
from engine.search.prepare import Reading
from engine.text import Tokenizer

TEXT = ["Der Hund schläft im Park.", "Die Katze trinkt Milch.", "The dog sleeps in the park.", "The cat drinks milk."]
MIXED = ["Ja.", "Der Hund schläft im Park. Die Katze trinkt Milch.", "Die Katze.", TEXT[1], "Hund im Park im Park."]
WIDE = {"beam": 45, "n_best": 9}  # wider than the vocabulary: sentences end
SCORING: list[dict[str, Any]] = [
    {"normalisation": "off"},
    {"length_penalty": -0.7},
    {"normalisation": "gnmt", "length_penalty": 0.6},
    {"coverage_penalty": 0.5, **WIDE},
    {"coverage_penalty": 0.5, "stop": "heuristic", **WIDE},
    {"coverage_penalty": 2.0, "stop": "patience", **WIDE},
    {"coverage_penalty": 0.3, "strategy": "diverse", "groups": 2, "beam": 90, "n_best": 9},
    {"coverage_penalty": 0.3, "strategy": "constrained", "constraints": ("dog",), **WIDE},
    {"repetition_penalty": 1.6},
    {"repetition_penalty": 1.4, "strategy": "sample", "temperature": 0.7, "top_k": 6, "samples": 4},
    {"no_repeat_ngram": 2, "min_length": 3},
    {"no_repeat_ngram": 1, "strategy": "contrastive", "top_k": 3, "penalty_alpha": 0.5},
    {"strategy": "stochastic", "beam": 3, "top_p": 0.9},
    {"strategy": "mbr", "samples": 6, "min_p": 0.01, "typical": 0.95},
]


@pytest.fixture(scope="module")
def models() -> dict[str, Any]:
    tokenizer = Tokenizer.train("unigram", TEXT * 5, 40)
    torch.manual_seed(0)
    small = {"vocabulary": tokenizer.size, "width": 16, "heads": 2, "feed_forward": 16}
    rnn = {"vocabulary": tokenizer.size, "embedding": 8, "hidden": 8}
    made: dict[str, Any] = {
        "transformer": Translator(TranslatorConfig(**small, encoder_layers=1, decoder_layers=1), tokenizer),
        "luong": RnnTranslator(RnnTranslatorConfig(**rnn), tokenizer),
        "bahdanau": RnnTranslator(RnnTranslatorConfig(**rnn, attention="bahdanau"), tokenizer),
        "language model": TransformerLm(TransformerLmConfig(**small, layers=1), tokenizer),
    }
    return {name: model.double().eval().requires_grad_(False) for name, model in made.items()}


def lists(model: Any, texts: list[str], options: SearchOptions) -> list[list[Hypothesis]]:
    found = dict(translate_each(model, texts, options))
    return [found[i] for i in range(len(texts))]


def assert_alike(model: Any, options: SearchOptions) -> None:
    together = lists(model, MIXED, options)
    for text, among in zip(MIXED, together, strict=True):
        (alone,) = lists(model, [text], options)
        assert [h.text for h in among] == [h.text for h in alone]
        assert [h.score for h in among] == pytest.approx([h.score for h in alone], abs=1e-9)
        assert [h.log_prob for h in among] == pytest.approx([h.log_prob for h in alone], abs=1e-9)


@pytest.mark.parametrize("settings", SCORING, ids=str)
@pytest.mark.parametrize("kind", ["transformer", "luong", "bahdanau", "language model"])
def test_a_score_in_a_batch_is_the_score_alone(models: dict[str, Any], kind: str, settings: dict[str, Any]) -> None:
    if kind == "language model" and "coverage_penalty" in settings:
        settings = {name: value for name, value in settings.items() if name != "coverage_penalty"}
    assert_alike(models[kind], SearchOptions(max_length=6, seed=5, **settings))


@pytest.mark.parametrize("preset", list(PRESETS))
@pytest.mark.parametrize("kind", ["transformer", "luong", "bahdanau"])
def test_presets_score_alike_in_a_batch(models: dict[str, Any], kind: str, preset: str) -> None:
    assert_alike(models[kind], with_preset(SearchOptions(max_length=6, **WIDE), preset))


@pytest.mark.parametrize("kind", ["transformer", "luong", "bahdanau"])
def test_the_coverage_penalty_is_its_formula_over_the_source_alone(models: dict[str, Any], kind: str) -> None:
    options = SearchOptions(**WIDE, max_length=4, coverage_penalty=0.5, normalisation="off", stop="exhaust")  # type: ignore[arg-type]
    start = at_once(Reading(models[kind], MIXED, options).parts())
    search = decoding(start, options)
    for _ in search:
        pass
    for row in range(len(MIXED)):
        finished = [h for h in hypotheses(start, search, row) if h.finished]
        assert finished
        for found in attended(start, finished, row):
            assert found.attention is not None
            penalty = 0.5 * np.log(np.minimum(found.attention.sum(0), 1.0)).sum()
            assert found.score == pytest.approx(found.log_prob + penalty, abs=1e-6)
