"""The latent commands: JSON Lines out, one sentence for what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from engine.__main__ import app
from engine.client import JobFailed

A, B = "the dog runs in the park .", "a cat sleeps on the bed ."


@pytest.fixture(autouse=True)
def _models(latent_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXTSCAPE_MODELS", str(latent_folder))


def lines(*arguments: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0
    return [json.loads(line) for line in result.stdout.splitlines()]


def refused(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert isinstance(result.exception, ValueError | JobFailed)
    return str(result.exception)


def test_encode_takes_sentences_and_a_file(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text(f"{B}\n\n{A}\n")
    found = lines("encode", "--model", "vae", "--text", A, "--input", str(tmp_path / "text.txt"))
    assert [f["text"] for f in found] == [A, B, A]
    assert found[0].keys() == {"text", "mean", "log_var"}
    np.testing.assert_allclose(found[0]["mean"], found[2]["mean"], atol=1e-6)


def test_decode_reads_one_point_or_several() -> None:
    (one,) = lines("decode", "--model", "vae", "--z", "[1, 0, -1]")
    assert one.keys() == {"z", "text", "log_prob", "finished"}
    assert one["z"] == [1.0, 0.0, -1.0]
    several = lines("decode", "--model", "vae", "--z", "[[1, 0, -1], [0, 0, 0]]", "--set", "strategy=beam")
    assert len(several) == 2


def test_interpolate_goes_from_one_to_the_other() -> None:
    found = lines("interpolate", "--model", "vae", "--from", A, "--to", B, "--steps", "5")
    assert [f["t"] for f in found] == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert found[0].keys() == {"t", "z", "text", "log_prob", "finished"}
    (start,) = lines("encode", "--model", "vae", "--text", A)
    np.testing.assert_allclose(found[0]["z"], start["mean"], atol=1e-5)


def test_sample_prior_repeats_under_its_seed() -> None:
    first, again = (lines("sample-prior", "--model", "vae", "--n", "3", "--seed", "7") for _ in range(2))
    assert first == again
    assert len(first) == 3
    assert lines("sample-prior", "--model", "vae", "--n", "3", "--seed", "8") != first


@pytest.mark.parametrize(
    "arguments",
    [
        ("decode", "--z", "[[1, 0, -1], [0, 0, 0]]"),
        ("sample-prior", "--n", "2"),
        ("interpolate", "--from", A, "--to", B, "--steps", "2"),
    ],
)
def test_every_sentence_says_whether_it_came_to_an_end(arguments: tuple[str, ...]) -> None:
    """With more room a sentence that had ended stays as it is, and one that was cut goes on."""
    for strategy in ("greedy", "sample"):
        asked = (*arguments, "--model", "vae", "--strategy", strategy)
        short, long = (lines(*asked, "--max-length", str(most)) for most in (1, 3))
        assert not all(f["finished"] for f in short)
        for before, after in zip(short, long, strict=True):
            assert after["text"].startswith(before["text"])
            assert (after["log_prob"] == pytest.approx(before["log_prob"], abs=1e-5)) == before["finished"]


def test_eval_measures_a_latent_space(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text(f"{A}\n{B}\n")
    (found,) = lines("eval", "--model", "vae", "--text", str(tmp_path / "text.txt"), "--json")
    assert found["metrics"]["perplexity"]["count"] == 16
    assert found["metrics"]["kl"]["value"] > 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["decode", "--z", "[1, 0, -1]", "--beam", "7"], "greedy does not read beam\n"),
        (
            ["decode", "--z", "[1, 0, -1]", "--preview", "--strategy", "beam", "--max-length", "5"],
            "does not read strategy\n",
        ),
        (["decode", "--z", "[1, 0, -1]", "--strategy", "beam", "--n-best", "3"], ""),
        (["sample-prior", "--top-k", "3"], "greedy does not read top_k\n"),
        (["sample-prior", "--strategy", "beam", "--n-best", "3"], "given for each: n_best is not read\n"),
        (["interpolate", "--from", A, "--to", B, "--temperature", "2"], "greedy does not read temperature\n"),
        (["interpolate", "--from", A, "--to", B, "--max-length", "5"], ""),
        (["eval", "--sentence", A, "--samples", "1"], "eval without references does not read samples\n"),
        (["eval", "--sentence", A], ""),
    ],
)
def test_what_is_not_read_is_told(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(app, [*arguments, "--model", "vae"], catch_exceptions=False)
    assert result.exit_code == 0
    assert result.stderr.endswith(said) if said else not result.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["encode", "--model", "vae"], "nothing to encode"),
        (["encode", "--model", "vae", "--text", A, "--text", ""], "a sentence is empty"),
        (["encode", "--model", "vae", "--text", "\u200b"], "a sentence is empty"),
        (["interpolate", "--model", "vae", "--from", A, "--to", ""], "a sentence is empty"),
        (["interpolate", "--model", "vae", "--from", A, "--to", "\u200b"], "a sentence is empty"),
        (["interpolate", "--model", "vae", "--from", A], "at least two anchors"),
        (["decode", "--model", "vae", "--z", "1 2"], "JSON list"),
        (["decode", "--model", "vae", "--z", "[]"], "JSON list"),
        (["decode", "--model", "vae", "--z", '["a"]'], "JSON list"),
        (["decode", "--model", "vae", "--z", "[1]"], "3 numbers"),
        (["decode", "--model", "lm", "--z", "[1]"], "no latent space"),
        (["decode", "--model", "none", "--z", "[1]"], "no model named"),
        (
            ["interpolate", "--model", "vae", "--from", A, "--to", B, "--path", "curly"],
            "Path must be one of linear, spherical",
        ),
        (["sample-prior", "--model", "vae", "--set", "beam"], "NAME=VALUE"),
        (["sample-prior", "--model", "ae", "--n", "2"], "ae is an autoencoder: it has no prior to draw from"),
    ],
)
def test_what_is_wrong_is_said(arguments: list[str], sentence: str) -> None:
    assert sentence in refused(*arguments)
