"""Training: it learns, it repeats exactly, and a killed run ends where an uninterrupted one does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from engine.checkpoint import load_model
from engine.jobs import Context
from engine.jobs.training import train_model
from engine.library import Library
from engine.messages import Event, ModelSaved, Train, TrainingPoint
from engine.training.data import Source, batches, read_source
from engine.training.language_model import LanguageModelTask
from engine.training.recipe import Optimisation, Recipe, read_recipe
from engine.training.schedule import learning_rate
from engine.training.trainer import Trainer

RECIPE = """
name = "toy"
task = "language-model"
[model]
kind = "lstm-lm"
embedding = 8
hidden = 12
output = { kind = "adaptive-softmax", head = 8, clusters = 1 }
dropout = 0.1
[tokenizer]
size = 40
[[data]]
path = "toy/{split}.txt"
[training]
passes = 6
batch_tokens = 60
learning_rate = 0.02
warmup_steps = 2
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    people, verbs, things = ("Tom", "Mary", "the dog"), ("likes", "sees", "wants"), ("tea", "a ball", "the sun")
    lines = [f"{p} {v} {t} ." for p in people for v in verbs for t in things]
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "train.txt").write_text("\n".join(lines[:21]))
    (tmp_path / "toy" / "valid.txt").write_text("\n".join(lines[21:24]))
    (tmp_path / "toy" / "test.txt").write_text("\n".join(lines[24:]))
    (tmp_path / "toy.toml").write_text(RECIPE)
    return tmp_path


def request(folder: Path, run: str) -> Train:
    path = str(folder / "toy.toml")
    output = str(folder / run / "toy.safetensors")
    return Train(recipe=path, data=str(folder), run=str(folder / run), output=output, threads=1)


@pytest.fixture
def context() -> Context:
    device = torch.device("cpu")
    return Context(Library(device, []), device)


def test_it_learns_and_writes_a_card(folder: Path, context: Context) -> None:
    events = list(train_model(request(folder, "a"), context))
    valid = [e.terms["perplexity"] for e in events if isinstance(e, TrainingPoint) and e.split == "valid"]
    assert valid[-1] < 0.7 * valid[0]
    assert isinstance(events[-1], ModelSaved)
    metrics = events[-1].info.card.metrics
    assert metrics["perplexity"].count == metrics["nll_per_word"].count > 0
    assert "end marks included" in metrics["perplexity"].of
    model, _ = load_model(folder / "a" / "toy.safetensors")
    assert model.tokenizer.size == model.config.vocabulary


def test_the_same_seed_gives_the_same_bytes_and_a_stopped_run_too(folder: Path, context: Context) -> None:
    list(train_model(request(folder, "a"), context))
    stopped: Iterator[Event] = train_model(request(folder, "b"), context)
    seen = 0
    for event in stopped:  # stop in the middle of the third pass; the last saved state is older
        seen += isinstance(event, TrainingPoint) and event.split == "valid"
        if seen == 2:
            break
    for _ in range(3):
        next(stopped)
    stopped.close()
    torch.manual_seed(12345)
    list(train_model(request(folder, "b"), context))
    a, b = ((folder / r / "toy.safetensors").read_bytes() for r in "ab")
    assert a == b


def test_a_leftover_of_a_kill_while_saving_does_no_harm(folder: Path, context: Context) -> None:
    list(train_model(request(folder, "a"), context))
    (state,) = (folder / "a").glob("*.state")
    left, fresh = (state.with_name(f".{state.name}.{n}.part") for n in ("left", "fresh"))
    for part in (left, fresh):
        part.write_bytes(b"half a state")
    os.utime(left, (0, 0))
    Path(request(folder, "a").output).unlink()  # else there is nothing left to train
    assert isinstance(list(train_model(request(folder, "a"), context))[-1], ModelSaved)
    assert (left.exists(), fresh.exists()) == (False, True), "a fresh one may be another process's"


def test_early_stopping_keeps_the_best_weights(folder: Path) -> None:
    recipe = read_recipe(folder / "toy.toml")
    task = LanguageModelTask(recipe, folder)
    figures = iter([3.0, 2.0, 2.5, 2.6, 2.7, 2.8])
    kept: list[dict[str, torch.Tensor]] = []

    def validate() -> tuple[float, dict[str, float]]:
        kept.append({k: v.clone() for k, v in task.model.state_dict().items()})
        return next(figures), {}

    task.validate = validate  # type: ignore[method-assign]
    events = list(Trainer(recipe, task).run(folder / "toy.state", folder / "out.safetensors"))
    assert len(kept) == 5, "three validations without gain end it"
    assert isinstance(events[-1], ModelSaved)
    for name, value in task.model.state_dict().items():
        assert torch.equal(value, kept[1][name].half().float()), name


def test_held_out_sentences_are_never_trained_on(folder: Path) -> None:
    test = (folder / "toy" / "test.txt").read_text().splitlines()
    with (folder / "toy" / "train.txt").open("a") as file:
        file.write("\n" + test[0])
    task = LanguageModelTask(read_recipe(folder / "toy.toml"), folder)
    assert len(task.train_sentences) == 21


def test_batches_cover_everything_once_under_the_size() -> None:
    lengths = [1 + (i * 7) % 13 for i in range(500)]
    cut = batches(lengths, 64, seed=3, epoch=1)
    assert sorted(i for b in cut for i in b) == list(range(500))
    assert all(max(lengths[i] for i in b) * len(b) <= 64 for b in cut)
    assert cut == batches(lengths, 64, seed=3, epoch=1) != batches(lengths, 64, seed=3, epoch=2)
    padded = sum(max(lengths[i] for i in b) * len(b) for b in cut)
    assert padded < 1.1 * sum(lengths)


def test_learning_rate_warms_up_and_decays() -> None:
    settings = Optimisation(learning_rate=1.0, warmup_steps=10)
    rates = [learning_rate(1.0, s, 110, settings) for s in (0, 9, 10, 60, 110)]
    assert rates == pytest.approx([0.1, 1.0, 1.0, 0.55, 0.1])


def test_a_trapezoid_stays_at_its_peak_until_it_falls_to_nothing() -> None:
    settings = Optimisation(warmup_steps=10, schedule="trapezoid", decay=0.2)
    rates = [learning_rate(2.0, s, 100, settings) for s in (0, 9, 10, 79, 80, 90, 99, 100)]
    assert rates == pytest.approx([0.2, 2.0, 2.0, 2.0, 2.0, 1.0, 0.1, 0.0])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("passes = 6", "passes = 0"), "passes"),
        (("[model]", "[model"), "not a usable recipe"),
        (('name = "toy"', ""), "name"),
    ],
)
def test_a_broken_recipe_is_one_sentence(folder: Path, change: tuple[str, str], words: str) -> None:
    path = folder / "broken.toml"
    path.write_text(RECIPE.replace(*change))
    with pytest.raises(ValueError, match=r"broken\.toml is not a usable recipe") as caught:
        read_recipe(path)
    assert words in str(caught.value)


def test_missing_text_is_named(folder: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no absent/train"):
        read_source(Source("absent/{split}.txt"), folder, "train")


def test_the_bundled_recipes_can_be_read() -> None:
    import engine.training

    found = sorted((Path(engine.training.__file__).parent / "recipes").glob("*.toml"))
    assert found
    for path in found:
        recipe: Recipe = read_recipe(path)
        assert recipe.name == path.stem
        assert recipe.card.licence, path.name
