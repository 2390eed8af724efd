"""The translator's training text: every pass drawn anew, held-out sentences in none of them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engine.messages import SearchOptions
from engine.training import translation_quality
from engine.training.recipe import read_recipe
from engine.training.translation import TranslationTask
from engine.training.translation_quality import joined

RECIPE = """
name = "toy"
task = "translation"
max_tokens = 40
[model]
kind = "transformer-translator"
width = 8
encoder_layers = 1
decoder_layers = 1
heads = 2
feed_forward = 8
[tokenizer]
kind = "unigram"
size = 340
spelling = true
[[data]]
path = "{split}.tsv"
columns = [0, 1]
[[data]]
path = "more-{split}.tsv"
columns = [0, 1]
splits = ["train"]
[options.augmentation]
swapped = 1.0
templates = 0.5
joined = 0.5
words = 12
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    verbs = {"sieht": "sees", "mag": "likes", "sucht": "wants", "hat": "has", "kennt": "knows"}
    things = {"den Hund": "the dog", "das Haus": "the house", "einen Ball": "a ball", "die Stadt": "the town"}
    lines = [f"Tom {v} {t}.\tTom {verbs[v]} {things[t]}." for v in verbs for t in things]
    (tmp_path / "train.tsv").write_text("\n".join(lines[:18]))
    (tmp_path / "more-train.tsv").write_text("\n".join([*lines[18:], "Tom sieht es.\tTom sees it."]))
    (tmp_path / "valid.tsv").write_text(lines[0])
    (tmp_path / "test.tsv").write_text(
        "Tom geht weg.\tTom sees it.\n" + "\n".join(f"Satz {i} hier.\tOne." for i in range(9))
    )
    (tmp_path / "toy.toml").write_text(RECIPE)
    return tmp_path


def text(task: TranslationTask) -> list[tuple[str, str]]:
    return [(task.tokenizer.decode(s), task.tokenizer.decode(t)) for s, t in task.train_pairs]


def test_passes_are_drawn_anew_and_come_back_the_same(folder: Path) -> None:
    task = TranslationTask(read_recipe(folder / "toy.toml"), folder)
    first = text(task)
    task.begin(1)
    second = text(task)
    assert first != second
    assert len(task.lengths) == len(task.train_pairs)
    task.begin(0)
    assert text(task) == first
    assert any("Hund" in source and not source.startswith("Tom") for source, _ in first)


def test_no_side_of_a_held_out_pair_is_trained_on(folder: Path) -> None:
    task = TranslationTask(read_recipe(folder / "toy.toml", {"options.augmentation": {"swapped": 0.0}}), folder)
    for number in range(3):
        task.begin(number)
        sides = {side.lower() for pair in text(task) for side in pair}
        assert not sides & {"tom sieht den hund.", "tom sees the dog.", "tom geht weg.", "tom sees it."}


def test_without_augmentation_the_text_is_read_as_it_is(folder: Path) -> None:
    recipe = read_recipe(folder / "toy.toml", {"options": {}, "tokenizer.size": 285})
    task = TranslationTask(recipe, folder)
    assert len(text(task)) == 19
    assert ("Tom kennt die Stadt.", "Tom knows the town.") in text(task)


def test_the_test_measures_words_slots_and_circles(folder: Path) -> None:
    recipe = read_recipe(folder / "toy.toml", {"options.slots": "slots-german-english.tsv"})
    task = TranslationTask(recipe, folder)
    task.model.eval()
    with pytest.MonkeyPatch.context() as patch, torch.inference_mode():
        patch.setattr(translation_quality, "OPTIONS", SearchOptions(strategy="beam", beam=2, n_best=1, max_length=4))
        metrics = task.test()
    assert {name: metric.count for name, metric in metrics.items() if name != "nll_per_token"} == {
        "bleu": 10,
        "chrf": 10,
        "repeated_3grams": 1,
        "slots": 345,
    }
    assert metrics["slots"].value < 0.5
    assert "references 1.000" in metrics["repeated_3grams"].of


def test_long_sources_are_neighbours_joined_past_twenty_words() -> None:
    pairs = [(f"wort {i} " * n, f"word {i}") for i, n in enumerate([3, 9, 11, 2, 2])]
    long = joined([(source.strip(), target) for source, target in pairs])
    assert [target for _, target in long] == ["word 0 word 1", "word 2"]
    assert all(len(source.split()) > 20 for source, _ in long)
    assert len(joined([("eins " * 21, "one")] * 300)) == 200
