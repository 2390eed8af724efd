"""Requests to events, and the run file of the command line."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from engine.__main__ import app
from engine.client import JobFailed
from engine.library import Library
from engine.mcmc.setup import check_pair
from engine.messages import (
    Diagnostics,
    Event,
    ExactToy,
    Failed,
    LadderSuggested,
    Progress,
    Sample,
    SampleStarted,
    SampleStep,
    SuggestLadder,
    ToySpace,
    ToyStep,
    decode_event,
    decode_request,
    encode,
)
from engine.text import EOS, Tokenizer
from engine.worker import Engine
from tests.engine.conftest import tiny_lm

KEYS = ["chain", "step", "move", "position", "old", "new", "terms", "log_g_forward", "log_g_backward"]
KEYS += ["log_alpha", "log_u", "accepted", "sentence"]


@pytest.fixture
def engine(library: Library) -> Engine:
    return Engine("cpu", inline=True, library=library)


def events(engine: Engine, **fields: Any) -> list[Event]:
    return list(engine.run(Sample(**{"model": "tiny", "candidates": 8, **fields})))


@pytest.fixture
def run_file(library_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("TEXTSCAPE_MODELS", str(library_folder))

    def run(name: str, *arguments: str) -> bytes:
        out = tmp_path / name
        result = CliRunner().invoke(app, ["mh", "--model", "tiny", "--out", str(out), *arguments])
        assert result.exit_code == 0, result.output
        return out.read_bytes()

    return run


def test_the_run_file_holds_the_request_and_every_proposal(run_file: Any) -> None:
    arguments = ["--keywords", "dog park", "--steps", "60", "--chains", "3", "--seed", "5", "--length", "0.2"]
    data = run_file("a.jsonl", *arguments, "--temperature", "1.3")
    request = decode_request(data.splitlines()[0])
    assert isinstance(request, Sample)
    assert request.keywords == "dog park"
    lines = [json.loads(line) for line in data.splitlines()[1:]]
    assert len(lines) == 180
    assert [(p["step"], p["chain"]) for p in lines] == [(s, c) for s in range(1, 61) for c in range(3)]
    words = {c: ["dog", "park"] for c in range(3)}
    for p in lines:
        assert list(p)[: len(KEYS)] == KEYS
        difference = sum(after - before for before, after in p["terms"].values())
        ratio = difference / 1.3 + p["log_g_backward"] - p["log_g_forward"]
        assert p["log_alpha"] == pytest.approx(min(0, ratio), rel=1e-9, abs=1e-9)
        assert p["accepted"] == (p["log_u"] < p["log_alpha"])
        old, place = words[p["chain"]], p["position"]
        if p["accepted"]:
            gone = int(p["move"] != "insert")
            assert old[place : place + gone] == [p["old"]] * gone
            words[p["chain"]] = [*old[:place], *([p["new"]] if p["new"] else []), *old[place + gone :]]
        assert p["words"] == words[p["chain"]]
        rest = iter(p["words"])
        assert all(k in rest for k in ("dog", "park"))
    assert {p["move"] for p in lines if p["accepted"]} == {"replace", "insert", "delete"}
    assert any(p["reason"] for p in lines)


def test_the_same_command_writes_the_same_bytes(run_file: Any) -> None:
    arguments = ["--source", "the dog runs in the park", "--steps", "40", "--ladder", "1,2,3"]
    first = run_file("a.jsonl", *arguments)
    assert first == run_file("b.jsonl", *arguments)
    assert first != run_file("c.jsonl", *arguments, "--seed", "1")
    lines = [json.loads(line) for line in first.splitlines()[1:]]
    assert {p["temperature"] for p in lines} == {1.0, 2.0, 3.0}
    assert any(p.get("swap", {}).get("accepted") for p in lines)
    assert all(p["terms"]["similarity"][0] <= 0 for p in lines)


def test_what_a_person_got_wrong_is_one_sentence(run_file: Any, library_folder: Path, tmp_path: Path) -> None:
    del run_file
    for arguments, sentence in (
        (["--model", "nothing"], "no model named 'nothing'"),
        (["--model", "tiny", "--locked", "x"], "Locked places: each must be a whole number; 'x' was given."),
        (["--model", "tiny", "--temperature", "0"], "Temperature must lie between 0.01 and 1,000; 0 was given."),
        (["--model", "tiny", "--order", "odd"], "Keyword order must be one of fixed, any; 'odd' was given."),
    ):
        result = CliRunner().invoke(app, ["mh", *arguments])
        assert isinstance(result.exception, ValueError | JobFailed)
        assert sentence in str(result.exception)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"backward": "tiny"}, "reads the other way"),
        ({"model": "tiny-back", "backward": "tiny"}, "reads the other way"),
        ({"keywords": "dog cat park", "max_length": 2}, "3 words, more than the longest allowed"),
        ({"min_length": 9, "max_length": 8}, "at least the shortest's 9 words"),
        ({"start": "the cat", "keywords": "dog"}, "must hold every keyword in the order given"),
        ({"start": "the cat", "locked": (2,)}, "2 words; a locked position"),
        ({"terms": [{"term": "similarity", "weight": 1.0}]}, "needs a source"),
        ({"moves": {"replace": 0.0, "insert": 0.0, "delete": 0.0}}, "at least one move"),
    ],
)
def test_a_request_that_cannot_be_met_fails_with_one_sentence(
    engine: Engine, fields: dict[str, Any], sentence: str
) -> None:
    request = decode_request(json.dumps({"request": "Sample", "model": "tiny", **fields}))
    engine.submit(request)
    failed = [m.event for m in engine.poll() if isinstance(m.event, Failed)]
    assert len(failed) == 1
    assert sentence in failed[0].sentence


def test_vocabularies_must_agree(engine: Engine, pair: tuple[Any, Any]) -> None:
    other = tiny_lm(Tokenizer.train("word", ["a b c d e f g h"] * 3, 12), "backward")
    with pytest.raises(ValueError, match="same vocabulary"):
        check_pair(pair[0], other)


def test_keywords_in_any_order_locks_and_unknown_words(engine: Engine) -> None:
    found = events(engine, start="Zyx the cat sleeps", keywords="cat the", order="any", locked=(3,), steps=80, seed=2)
    started = next(e for e in found if isinstance(e, SampleStarted))
    assert started.unknown == ("Zyx",)
    assert started.words == ("Zyx", "the", "cat", "sleeps")
    assert started.locked == (True, True, True, True)
    sentences = {p.words for e in found if isinstance(e, SampleStep) for p in e.proposals}
    assert len(sentences) > 10
    assert all({"Zyx", "the", "cat", "sleeps"} <= set(words) for words in sentences)
    assert all(words.count("Zyx") == 1 for words in sentences)


def test_events_of_a_run(engine: Engine) -> None:
    found = events(engine, keywords="dog", steps=30, chains=4)
    started = next(e for e in found if isinstance(e, SampleStarted))
    steps = [e for e in found if isinstance(e, SampleStep)]
    assert [s.step for s in steps] == list(range(1, 31))
    for p in (p for s in steps for p in s.proposals):
        assert len(p.locked) == len(p.words)
        assert p.locked.count(True) >= (p.words.count("dog") == 1)
        if p.reason:
            assert not p.candidates
            assert math.isnan(p.log_slot)
        else:
            assert sum(c.probability for c in p.candidates) <= 1 + 1e-9
            assert sum(c.current for c in p.candidates) == (p.move != "insert")
            assert sum(c.drawn for c in p.candidates) == (p.move != "delete")
            drawn = [c for c in p.candidates if c.drawn]
            total = sum(after for _, after in p.terms.values())
            assert all(c.word == p.new and c.log_target == pytest.approx(total) for c in drawn)
    figures = [e for e in found if isinstance(e, Diagnostics)][-1]
    assert figures.step == 30
    moves = [(p.move, p.accepted, p.accepted and p.old != p.new) for s in steps for p in s.proposals]
    for move, share in figures.acceptance.items():
        assert share == pytest.approx(np.mean([a for m, a, _ in moves if m == move]))
        assert figures.change[move] == pytest.approx(np.mean([c for m, _, c in moves if m == move]))
    assert sum(v.count for v in figures.most_visited) <= 120
    for event in (started, *steps):
        again = decode_event(encode(event))
        assert encode(again) == encode(event)


def test_without_keywords_and_source_the_model_gives_the_first_word(engine: Engine) -> None:
    found = events(engine, steps=3, min_length=3)
    started = next(e for e in found if isinstance(e, SampleStarted))
    assert len(started.words) == 3
    assert not set(started.words) & {"<pad>", "<unk>", "<s>", "</s>"}


def test_the_exact_toy(engine: Engine) -> None:
    found = list(engine.run(ExactToy(steps=60, every=30, chains=8)))
    space = next(e for e in found if isinstance(e, ToySpace))
    assert len(space.sentences) == 340
    assert space.exact.sum() == pytest.approx(1)
    assert space.invariance <= 1e-12
    assert space.detailed_balance <= 1e-12
    assert max(space.balance_by_move.values()) <= 1e-12
    assert space.total_variation <= 1e-12
    last = [e for e in found if isinstance(e, ToyStep)]
    assert [e.step for e in last] == [30, 60]
    assert last[-1].empirical.sum() == pytest.approx(1)
    assert last[-1].expected == pytest.approx(last[0].expected / math.sqrt(2))


def test_concept_sets_are_measured(library_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXTSCAPE_MODELS", str(library_folder))
    (tmp_path / "commongen").mkdir()
    lines = ["dog_N#run_V\tthe dog runs .", "dog_N#run_V\ta dog runs in the park", "cat_N#bed_N\tthe cat sleeps ."]
    with gzip.open(tmp_path / "commongen" / "test.tsv.gz", "wt") as file:
        file.write("\n".join(lines))
    arguments = ["--model", "tiny", "--data", str(tmp_path), "--sets", "1", "--steps", "25", "--json"]
    result = CliRunner().invoke(app, ["mh-eval", *arguments])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["sets"] == found["every_keyword_present"] == 1
    assert found["references"] == 2
    assert found["examples"][0]["keywords"] == ["dog", "run"]
    model = Library(torch.device("cpu"), [library_folder]).get("tiny")[0]
    total, count = 0.0, 0
    for text in ("the dog runs .", "a dog runs in the park"):
        tokens = torch.tensor([[*model.tokenizer.encode(text), EOS]])
        total += float(model.score(model.begin(1), tokens, torch.tensor([tokens.shape[1]])).sum())
        count += tokens.shape[1]
    assert found["log_prob_per_word_references"] == pytest.approx(total / count, abs=1e-5)
    assert found["log_prob_per_word_likeliest"] >= found["log_prob_per_word_last"] - 1e-9


@pytest.mark.parametrize(
    ("text", "option", "words"),
    [("", [], "test split is empty"), ("dog_N#run_V\tthe dog runs .", ["--order", "nonsense"], "must be one of")],
)
def test_concept_sets_that_cannot_be_measured_are_refused(
    library_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    option: list[str],
    words: str,
) -> None:
    monkeypatch.setenv("TEXTSCAPE_MODELS", str(library_folder))
    (tmp_path / "commongen").mkdir()
    with gzip.open(tmp_path / "commongen" / "test.tsv.gz", "wt") as file:
        file.write(text)
    result = CliRunner().invoke(app, ["mh-eval", "--model", "tiny", "--data", str(tmp_path), "--steps", "5", *option])
    assert words in str(result.exception)


def test_a_ladder_is_suggested_and_its_swaps_are_reported(engine: Engine) -> None:
    request = Sample(model="tiny", keywords="dog", candidates=8, seed=3)
    found = list(engine.run(SuggestLadder(sample=request, temperatures=3, steps=20)))
    suggested = next(e for e in found if isinstance(e, LadderSuggested))
    assert 2 <= len(suggested.ladder) <= 3
    assert suggested.ladder[0] == 1
    assert len(suggested.swaps) == len(suggested.ladder) - 1
    pilots = [e.done for e in found if isinstance(e, Progress) and e.note == "pilot runs"]
    assert pilots == list(range(1, len(pilots) + 1))
    run = events(engine, keywords="dog", steps=60, ladder=suggested.ladder)
    swaps = [s for e in run if isinstance(e, SampleStep) for s in e.swaps]
    figures = [e for e in run if isinstance(e, Diagnostics)][-1]
    for low, share in enumerate(figures.swaps):
        assert share == pytest.approx(np.mean([s.accepted for s in swaps if s.low == low]))
    assert len(figures.swaps) == len(suggested.swaps)


def test_a_run_that_goes_on_numbers_its_steps_from_there(engine: Engine) -> None:
    whole = [e for e in events(engine, keywords="dog", chains=2, steps=40) if isinstance(e, SampleStep)]
    standing = tuple(p.words for p in whole[24].proposals)
    rest = events(engine, keywords="dog", chains=2, steps=40, done=25, standing=standing)
    steps = [e for e in rest if isinstance(e, SampleStep)]
    assert [e.step for e in steps] == list(range(26, 41))
    assert [p.words for e in steps for p in e.proposals] == [p.words for e in whole[25:] for p in e.proposals]
    assert [e.step for e in rest if isinstance(e, Diagnostics)] == [40]
    engine.submit(Sample(model="tiny", keywords="dog", chains=2, done=3, standing=(("dog",),)))
    failed = [m.event for m in engine.poll() if isinstance(m.event, Failed)]
    assert "one sentence for each chain" in failed[0].sentence
