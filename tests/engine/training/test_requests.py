"""A training is what was asked for: settings and text tell it from any other, and nothing is replaced unasked."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import tempfile
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
import torch
from typer.testing import CliRunner, Result

from engine.__main__ import app
from engine.checkpoint import load_model, read_header
from engine.client import JobFailed
from engine.files import is_there
from engine.jobs import Context
from engine.jobs.training import train_model
from engine.library import Library
from engine.messages import (
    DropTraining,
    Event,
    InspectTraining,
    ModelSaved,
    Progress,
    TrainingBegan,
    TrainingKept,
    TrainingPoint,
)
from engine.training.language_model import LanguageModelTask
from engine.training.recipe import read_recipe
from engine.training.state import fingerprint
from engine.worker import Engine
from tests.engine.training.toys import CPU, asked, sentences, trained, write_text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_text(tmp_path)


def steps(events: list[Event]) -> int:
    return sum(isinstance(e, Progress) and e.done > 0 for e in events)


def began(events: list[Event]) -> TrainingBegan:
    return next(e for e in events if isinstance(e, TrainingBegan))


def saved(events: list[Event]) -> Path:
    last = events[-1]
    assert isinstance(last, ModelSaved)
    return Path(last.info.path)


def weights(path: Path) -> torch.Tensor:
    return torch.cat([p.flatten() for p in load_model(path)[0].parameters()])


@pytest.mark.parametrize("change", [{"seed": 2}, {"training.learning_rate": 0.03}, {"training.passes": 7}])
def test_another_setting_in_the_same_run_folder_is_another_training(folder: Path, change: dict[str, Any]) -> None:
    trained(asked(folder))
    events = trained(asked(folder, output="other", overrides=change))
    assert began(events).step == 0
    assert steps(events) > 0
    fresh = trained(asked(folder, run="fresh", output="fresh", overrides=change))
    assert saved(events).read_bytes() == saved(fresh).read_bytes()
    assert not torch.equal(weights(saved(events)), weights(folder / "toy.safetensors"))


def test_another_text_of_the_same_names_is_another_training(tmp_path: Path) -> None:
    here = write_text(tmp_path / "here")
    there = write_text(tmp_path / "there", [s.replace("Tom", "Bob").replace("tea", "pie") for s in sentences()])
    trained(asked(here, run="../runs"))
    events = trained(asked(there, run="../runs"))
    assert steps(events) > 0
    model, _ = load_model(saved(events))
    assert "bob" in model.tokenizer.pieces(range(model.tokenizer.size))  # type: ignore[union-attr]
    again = trained(asked(there, run="../runs"))
    assert (steps(again), began(again).finished) == (0, True), "the same request is not done twice"


def test_a_changed_line_of_the_text_is_another_training(folder: Path) -> None:
    recipe = read_recipe(folder / "toy.toml")
    before = fingerprint(recipe, folder)
    assert fingerprint(recipe, folder) == before
    for split in ("train", "valid", "test"):
        path = folder / "toy" / f"{split}.txt"
        path.write_text(path.read_text() + "\nMary sees Mary .")
        now = fingerprint(recipe, folder)
        assert now != before
        before = now
    assert fingerprint(recipe, folder, frames=3) != before
    named = read_recipe(folder / "toy.toml", {"name": "else", "role": "forward", "card.title": "Another"})
    assert fingerprint(named, folder) == before, "what a model is called does not change its weights"


def test_a_model_of_another_request_is_replaced_only_when_that_is_asked_for(folder: Path) -> None:
    first = saved(trained(asked(folder)))
    kept = first.read_bytes()
    other = {"overrides": {"seed": 2}}
    with pytest.raises(ValueError, match="holds another model"):
        trained(asked(folder, **other))
    assert first.read_bytes() == kept
    beside = saved(trained(asked(folder, existing="keep-both", **other)))
    assert beside.name == "toy-2.safetensors"
    assert saved(trained(asked(folder, existing="keep-both", **other))) == beside, "its own place is found again"
    assert first.read_bytes() == kept
    assert saved(trained(asked(folder))).read_bytes() == kept, "what the same request made is made again"
    assert saved(trained(asked(folder, existing="replace", **other))) == first
    assert first.read_bytes() == beside.read_bytes()
    assert read_header(first).info.trained["seed"] == 2


def test_what_is_made_already_is_not_trained_again_though_its_state_is_gone(folder: Path) -> None:
    events = trained(asked(folder))
    Path(began(events).state).unlink()
    before = saved(events).stat().st_mtime_ns
    again = trained(asked(folder))
    assert (steps(again), began(again).finished) == (0, True)
    assert saved(again).stat().st_mtime_ns == before
    other = trained(asked(folder, overrides={"card.title": "Another"}))  # a new header needs the weights again
    assert steps(other) == 18
    assert read_header(saved(other)).info.card.title == "Another"


def test_a_table_shows_no_figures_of_another_text(tmp_path: Path) -> None:
    here = write_text(tmp_path / "here")
    there = write_text(tmp_path / "there", [s.replace("Tom", "Bob") for s in sentences()])
    row = f'[[rows]]\nname = "Toy"\nrecipe = "{here / "toy.toml"}"\n'
    (tmp_path / "t.toml").write_text(f'title = "T"\nsource = ""\n[columns]\nPPL = "perplexity"\n{row}')
    places = ["--output", str(tmp_path / "models"), "--run", str(tmp_path / "runs"), "--threads", "1"]

    def table(data: Path) -> Result:
        return CliRunner().invoke(app, ["table", str(tmp_path / "t.toml"), "--data", str(data), *places, "--json"])

    first = table(here)
    assert first.exit_code == 0, first.output
    assert table(here).stdout == first.stdout
    refused_ = table(there)
    assert refused_.exit_code != 0
    assert "holds another model" in str(refused_.exception)


def test_a_table_shows_no_figures_of_a_row_before_it_was_changed(tmp_path: Path) -> None:
    data = write_text(tmp_path / "here")
    places = ["--output", str(tmp_path / "models"), "--run", str(tmp_path / "runs"), "--threads", "1"]

    def table(seed: int, *only: str) -> dict[str, Any]:
        rows = [f'[[rows]]\nname = "{n}"\nrecipe = "{data / "toy.toml"}"\nset.seed = {seed}\n' for n in ("A", "B")]
        head = 'title = "T"\nsource = ""\n[columns]\nPPL = "perplexity"\n'
        (tmp_path / "t.toml").write_text(head + "".join(rows))
        command = ["table", str(tmp_path / "t.toml"), "--data", str(data), *places, *only, "--json"]
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 0, result.output
        return cast(dict[str, Any], json.loads(result.stdout))

    first = table(1, "--only", "A")
    assert first["A"]["PPL"][0] > 1
    assert first["B"] is None
    assert table(1, "--only", "B")["A"] == first["A"]
    (tmp_path / "models" / "t-b.safetensors").unlink()
    changed = table(2, "--only", "B")
    assert changed["A"] is None
    assert changed["B"]["PPL"][0] > 1


def test_a_file_that_is_no_model_is_not_replaced_either(folder: Path) -> None:
    (folder / "toy.safetensors").write_text("notes")
    with pytest.raises(ValueError, match="holds another model"):
        trained(asked(folder))
    assert (folder / "toy.safetensors").read_text() == "notes"


# --- said before anything is trained ----------------------------------------------------------------------------------


def refused(request: Any) -> str:
    """The sentence, and that not one step was done for it."""
    seen: list[Event] = []
    with pytest.raises((ValueError, OSError)) as caught:
        seen.extend(train_model(request, Context(Library(CPU, []), CPU)))
    assert steps(seen) == 0
    assert not is_there(Path(request.output))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("split", ["train", "valid", "test"])
@pytest.mark.parametrize("text", ["", "\n \n", "\t\n"])
def test_an_empty_split_is_named(folder: Path, split: str, text: str) -> None:
    (folder / "toy" / f"{split}.txt").write_text(text)
    assert f"the {split} split is empty: no line of toy/{split}.txt has text" in refused(asked(folder))


@pytest.mark.parametrize("tokenizer", [{"tokenizer.min_count": 99}, {"tokenizer.size": 4}])
def test_a_vocabulary_without_words_is_said(folder: Path, tokenizer: dict[str, int]) -> None:
    assert "no word is left for a tokenizer" in refused(asked(folder, overrides=tokenizer))


def test_rows_without_the_columns_are_an_empty_split(folder: Path) -> None:
    (folder / "toy.toml").write_text((folder / "toy.toml").read_text().replace("[[data]]", "[[data]]\ncolumns = [2]"))
    assert "at least 3 tab-separated columns" in refused(asked(folder))


def test_sentences_that_are_all_too_long_are_nothing_to_train_on(folder: Path) -> None:
    said = refused(asked(folder, overrides={"max_tokens": 3}))
    assert "there is nothing to train on" in said
    assert "longer than 3 tokens" in said


def test_sentences_that_are_all_held_out_are_nothing_to_train_on(folder: Path) -> None:
    (folder / "toy" / "train.txt").write_text((folder / "toy" / "test.txt").read_text())
    assert "nothing to train on" in refused(asked(folder))


@pytest.mark.parametrize("task", ["vae", "translation"])
def test_other_tasks_refuse_as_well(folder: Path, task: str) -> None:
    kinds = {"vae": {"kind": "text-vae"}, "translation": {"kind": "transformer-translator"}}
    columns = [0, 0] if task == "translation" else [0]
    data = [{"path": "toy/{split}.txt", "columns": columns}]
    objective = {"terms": {"reconstruction": {}}} if task == "vae" else {}
    settings = {"task": task, "model": kinds[task], "data": data, "options": objective, "max_tokens": 1}
    if task == "translation":
        settings["tokenizer"] = {"kind": "unigram", "size": 28}
    assert "nothing to train on" in refused(asked(folder, overrides=settings))
    (folder / "toy" / "valid.txt").write_text("")
    assert "the valid split is empty" in refused(asked(folder, overrides=settings))


def test_an_output_that_cannot_be_written_is_said_first(folder: Path) -> None:
    (folder / "file").write_text("")
    assert "it is a file, not a folder" in refused(asked(folder, output="file/toy"))
    assert "it is a file, not a folder" in refused(asked(folder, run="file"))
    assert "nothing can be written into" in refused(asked(folder, run="file/below"))
    assert "File name too long" in refused(asked(folder, output="x" * 300))
    assert "null byte" in refused(asked(folder, output="x\0y"))
    (folder / "toy.safetensors").mkdir()
    assert "is a folder" in refused(asked(folder))


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="has no /dev/null")
def test_a_device_keeps_no_model(folder: Path) -> None:
    request = asked(folder)
    assert "it is a device or a pipe" in refused(msgspec.structs.replace(request, output="/dev/null"))


def test_a_link_to_a_file_that_is_not_there_yet_is_followed(folder: Path) -> None:
    link = folder / "toy.safetensors"
    link.symlink_to(folder / "below" / "real.safetensors")
    assert saved(trained(asked(folder))) == link
    assert (folder / "below" / "real.safetensors").is_file()
    assert link.is_symlink()


def test_a_folder_without_the_right_to_write_is_said_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(**_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(tempfile, "TemporaryFile", denied)
    assert "nothing can be written into" in refused(asked(folder, output="shut/toy"))


# --- training that fails ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [1e38, 1e12, 1e4])
def test_a_training_that_diverges_stops_at_once_and_leaves_no_model(folder: Path, rate: float) -> None:
    request = asked(folder, overrides={"training.learning_rate": rate, "training.warmup_steps": 0})
    with pytest.raises(ValueError, match="the training diverged at step") as caught:
        trained(request)
    assert "try a smaller learning rate" in str(caught.value)
    assert not Path(request.output).exists()


def test_the_last_good_state_is_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = LanguageModelTask.step

    def poisoned(self: Any, batch: Any) -> Any:
        for loss in plain(self, batch):
            yield type(loss)(loss.total * float("nan"), loss.count) if batch.step == 7 else loss

    monkeypatch.setattr(LanguageModelTask, "step", poisoned)
    with pytest.raises(ValueError, match=r"diverged at step 7: the loss is nan; .* \(the state of step 6 is kept\)"):
        trained(asked(folder))
    monkeypatch.setattr(LanguageModelTask, "step", plain)
    events = trained(asked(folder))
    assert began(events).step == 6
    assert saved(events).read_bytes() == saved(trained(asked(folder, run="whole", output="whole"))).read_bytes()


# --- stopping ---------------------------------------------------------------------------------------------------------


def stopped_after(folder: Path, step: int) -> TrainingBegan:
    """Train, close the job after a step, as cancelling does, and return how it had begun."""
    work = train_model(asked(folder), Context(Library(CPU, []), CPU))
    events: list[Event] = []
    for event in work:
        events.append(event)
        if isinstance(event, Progress) and event.done == step:
            break
    work.close()
    return began(events)


def test_a_cancelled_training_keeps_the_step_it_was_at_and_says_so(folder: Path) -> None:
    engine = Engine("cpu", inline=True, library=Library(CPU, []))
    state = stopped_after(folder, 5).state
    (left,) = (e for e in engine.run(InspectTraining(state=state)) if isinstance(e, TrainingKept))
    assert (left.step, left.size_mb > 0) == (5, True)
    events = trained(asked(folder))
    assert (began(events).step, began(events).total) == (5, left.total)
    whole = saved(trained(asked(folder, run="whole", output="whole")))
    assert saved(events).read_bytes() == whole.read_bytes()
    (left,) = (e for e in engine.run(DropTraining(state=state)) if isinstance(e, TrainingKept))
    assert (left.step, Path(state).exists()) == (0, False)
    assert began(trained(asked(folder))).step == 0


def test_stopping_at_any_event_loses_and_repeats_nothing(folder: Path) -> None:
    """Whatever was being said when it was closed: the validation of a pass is neither skipped nor done twice."""
    whole = trained(asked(folder, run="whole", output="whole"))
    points = [e for e in whole if isinstance(e, TrainingPoint)]
    parts: list[Event] = []
    for _ in range(len(whole)):
        work = train_model(asked(folder), Context(Library(CPU, []), CPU))
        for event in work:
            parts.append(event)
            if isinstance(event, Progress) and event.done > 0:
                break  # one step at a time
        work.close()
        if isinstance(parts[-1], ModelSaved):
            break
    assert saved(parts).read_bytes() == saved(whole).read_bytes()
    assert len(points) == 6


def test_an_interrupted_command_says_what_is_kept_and_the_same_request_goes_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = LanguageModelTask.step

    def pressed(self: Any, batch: Any) -> Any:
        if batch.step == 4:
            signal.raise_signal(signal.SIGINT)  # Ctrl+C in the middle of a step
        yield from plain(self, batch)

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(LanguageModelTask, "step", pressed)
    places = ["--data", str(folder), "--run", str(folder / "run"), "--output", str(folder / "toy.safetensors")]
    result = CliRunner().invoke(app, ["train", str(folder / "toy.toml"), "--threads", "1", *places])
    monkeypatch.undo()
    assert result.exit_code == 130
    assert re.search(r"the same command goes on after step 5 of 18; delete \S+/run/toy-\w+\.state", result.stderr)
    assert signal.getsignal(signal.SIGINT) is before
    assert not (folder / "toy.safetensors").exists()
    events = trained(asked(folder))  # the same request, by another way
    assert began(events).step == 5
    whole = trained(asked(folder, run="whole", output="whole"))
    assert saved(events).read_bytes() == saved(whole).read_bytes()


def test_only_a_state_is_dropped(folder: Path) -> None:
    engine = Engine("cpu", inline=True, library=Library(CPU, []))
    with pytest.raises(JobFailed, match="is no state of this training"):
        list(engine.run(DropTraining(state=str(folder / "toy.toml"))))
    assert (folder / "toy.toml").exists()
    (left,) = engine.run(DropTraining(state=str(folder / "nothing.state")))
    assert isinstance(left, TrainingKept)
    assert left.step == 0
