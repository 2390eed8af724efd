"""The command line as a person uses it: real processes for the ways in, the app object for the rest."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from engine.__main__ import app
from engine.checkpoint import load_model, read_header, save
from engine.client import JobFailed


@pytest.fixture
def run(library_folder: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("TEXTSCAPE_MODELS", str(library_folder))
    return CliRunner()


def test_inspect_and_models_print_json(run: CliRunner, library_folder: Path) -> None:
    one = run.invoke(app, ["inspect", str(library_folder / "tiny.safetensors"), "--json"])
    info = json.loads(one.stdout)
    assert info["name"] == "tiny"
    assert info["capabilities"] == ["NextToken", "Scores"]
    lines = run.invoke(app, ["models", "--json"]).stdout.splitlines()
    assert {"tiny", "tiny-back"} <= {json.loads(line)["name"] for line in lines}
    assert {"name", "path", "kind", "capabilities", "card"} <= json.loads(lines[0]).keys()
    assert "tiny" in run.invoke(app, ["models"]).stdout


@pytest.mark.parametrize(
    "command",
    [["beam", "--text", "the dog"], ["translate", "--input", "in.txt"], ["mh", "--keywords", "dog", "--auto-ladder"]],
)
def test_an_output_that_cannot_be_is_refused_before_the_work(
    run: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in.txt").write_text("the dog\n")
    model = ["--model", "there is none"]  # would be missed first, were it looked for
    found = run.invoke(app, [*command, *model, "--output", "in.txt/x"])
    assert "in.txt is a file, not a folder" in str(found.exception)
    assert "Errno" not in str(found.exception)


def test_inspect_takes_names_and_refuses_what_loading_refuses(run: CliRunner, library_folder: Path) -> None:
    assert json.loads(run.invoke(app, ["inspect", "tiny", "--json"]).stdout)["name"] == "tiny"
    path = library_folder / "tiny.safetensors"
    model, _ = load_model(path)
    with torch.no_grad():
        model.project.bias[0] = float("nan")  # type: ignore[union-attr,operator,index]
    save(library_folder / "nan.safetensors", model, read_header(path).document)
    with pytest.raises(JobFailed, match="not numbers"):
        run.invoke(app, ["inspect", "nan"], catch_exceptions=False)


def test_eval_counts_end_marks_and_unknown_words(run: CliRunner, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("the dog runs .\nthe zyzzyva sleeps .\n")
    result = run.invoke(app, ["eval", "--model", "tiny", "--text", str(text), "--json"])
    figures = json.loads(result.stdout)
    assert figures["words"] == 10
    assert figures["words_include_end_marks"] is True
    assert figures["unknown_words"] == 1
    assert figures["perplexity"] == pytest.approx(2.718281828 ** figures["nll_per_word"])


def test_a_direction_matters_to_eval(run: CliRunner, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("the dog runs in the park .\n")
    forward, backward = (
        json.loads(run.invoke(app, ["eval", "--model", m, "--text", str(text), "--json"]).stdout)["perplexity"]
        for m in ("tiny", "tiny-back")
    )
    assert forward != backward


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["inspect", "absent.safetensors"], "cannot be opened"),
        (["eval", "--model", "nobody", "--sentence", "x"], "there is no model named 'nobody'"),
        (["train", "nothing", "--data", "."], "there is no recipe 'nothing'"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(arguments: list[str], words: str) -> None:
    done = subprocess.run([sys.executable, "-m", "engine", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not done.stdout
