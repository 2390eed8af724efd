"""What the paraphrase command counts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from engine.__main__ import app
from engine.assets import EXAMPLES
from engine.commands.paraphrases import edits, sources, survives


def test_what_must_survive_does_or_does_not() -> None:
    source = ["he", "could", "not", "come", "to", "Boston"]
    assert survives(["he", "couldn't", "come", "to", "Boston"], ["not", "Boston"], source)
    assert survives(["not", "he", ",", "Boston"], ["not", "boston"], source)
    assert not survives(["he", "could", "come", "to", "Boston"], ["not", "Boston"], source)
    assert not survives(["he", "could", "not", "come", "to", "Paris"], ["not", "Boston"], source)
    assert not survives(["he", "could", "not", "never", "come", "to", "Boston"], ["not", "Boston"], source)


def _slow(a: list[str], b: list[str]) -> int:
    if not a or not b:
        return len(a) + len(b)
    return min(_slow(a[1:], b) + 1, _slow(a, b[1:]) + 1, _slow(a[1:], b[1:]) + (a[0] != b[0]))


@given(*[st.lists(st.sampled_from("abc"), max_size=5)] * 2)
def test_edits_are_the_fewest(first: list[str], second: list[str]) -> None:
    assert edits(first, second) == _slow(first, second)


def test_the_set_that_comes_along_holds_its_own_words() -> None:
    rows = sources(EXAMPLES / "paraphrases.tsv")
    assert len(rows) >= 20
    for sentence, wanted in rows:
        words = "".join(c if c.isalnum() or c == "'" else " " for c in sentence).split()
        assert survives(words, wanted, words), sentence


def test_paraphrases_are_measured(library_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXTSCAPE_MODELS", str(library_folder))
    text = tmp_path / "set.tsv"
    text.write_text("the dog runs in the park\tdog park\nthe cat sleeps .\tcat\nthe cat sleeps .\t\n")
    arguments = ["mh-paraphrase", "--model", "tiny", "--text", str(text), "--steps", "20", "--weights", "0, 400"]
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    free, held = json.loads(result.stdout)["results"]
    assert (free["weight"], held["weight"]) == (0, 400)
    assert held["survives"] == 1
    assert free["survives"] < 1
    assert free["changed"] > held["changed"]
    assert np.isfinite([free["nats"], held["nats"]]).all()
    assert [d["source"] for d in held["last"]] == ["the dog runs in the park", "the cat sleeps .", "the cat sleeps ."]
    text.write_text("no tab here\n")
    assert "each line is a sentence, a tab" in str(CliRunner().invoke(app, arguments).exception)
    text.write_text("\n \n\t\n")
    assert str(CliRunner().invoke(app, arguments).exception) == "set.tsv holds no sentences."
    arguments[-1] = "1,5"
    assert "could be a decimal" in str(CliRunner().invoke(app, arguments).exception)
    arguments[-1] = "1e9"
    text.write_text("the dog runs in the park\tdog park\n")
    assert "Similarity weight must lie" in str(CliRunner().invoke(app, arguments).exception)
