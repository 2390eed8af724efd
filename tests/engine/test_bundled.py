"""The models that come with the program: they open, they are what their cards say, and they beat their baseline."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engine.assets import CHECKPOINTS
from engine.checkpoint import load_model, read_header
from engine.models.lstm import LstmLm
from engine.text import EOS, UNK

FILES = sorted(CHECKPOINTS.glob("*.safetensors"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_bundled_model_opens_and_says_what_it_is(path: Path) -> None:
    info = read_header(path).info
    assert info.name == info.inner == path.stem
    assert info.size_mb <= 12
    assert info.card.licence
    assert info.card.data
    assert info.card.metrics
    assert all(m.count > 0 and m.estimator for m in info.card.metrics.values())
    assert info.capabilities
    load_model(path)


def test_all_together_are_small_enough_to_bundle() -> None:
    assert sum(p.stat().st_size for p in FILES) <= 60e6


@pytest.fixture(scope="module")
def pair() -> tuple[LstmLm, LstmLm]:
    models = [load_model(CHECKPOINTS / f"everyday-{way}.safetensors")[0] for way in ("forward", "backward")]
    assert all(isinstance(m, LstmLm) for m in models)
    return models[0], models[1]  # type: ignore[return-value]


@pytest.mark.parametrize("way", ["forward", "backward"])
def test_the_language_models_beat_the_five_gram_by_a_clear_margin(way: str) -> None:
    metrics = read_header(CHECKPOINTS / f"everyday-{way}.safetensors").info.card.metrics
    assert metrics["perplexity"].value < 0.7 * metrics["perplexity_kneser_ney_5"].value
    assert metrics["perplexity"].count == metrics["perplexity_kneser_ney_5"].count


def test_the_pair_shares_one_vocabulary(pair: tuple[LstmLm, LstmLm]) -> None:
    assert pair[0].tokenizer.model == pair[1].tokenizer.model
    assert 8_000 <= pair[0].tokenizer.size <= 12_000


def log_prob(model: LstmLm, sentence: str) -> float:
    ids = model.tokenizer.encode(sentence)
    assert UNK not in ids
    ids = ids[::-1] if model.direction == "backward" else ids
    tokens = torch.tensor([[*ids, EOS]])
    return float(model.score(model.begin(1), tokens, torch.tensor([tokens.shape[1]])).sum())


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("I want to drink a cup of tea.", "I want to drink a tea of cup."),
        ("The children are playing in the park.", "The children is playing in the park."),
        ("She has been waiting for you.", "She has been for waiting you."),
    ],
)
def test_both_directions_prefer_english(pair: tuple[LstmLm, LstmLm], good: str, bad: str) -> None:
    for model in pair:
        assert log_prob(model, good) > log_prob(model, bad)
