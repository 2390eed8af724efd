"""The whole way: a checkpoint, a request or a command, and what comes back."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from engine.__main__ import app
from engine.checkpoint import Document, save
from engine.jobs import Context
from engine.jobs.search import search
from engine.library import Library
from engine.messages import Hypothesis, Search, SearchDone, SearchOptions, SearchStep
from engine.models.transformer_lm import TransformerLm, TransformerLmConfig
from engine.models.transformer_translator import Translator, TranslatorConfig
from engine.reading import END_MARK
from engine.text import Tokenizer

TEXT = ["Der Hund schläft im Park.", "Die Katze trinkt Milch.", "The dog sleeps in the park.", "The cat drinks milk."]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library with an untrained translator and an untrained language model."""
    torch.manual_seed(0)
    tokenizer = Tokenizer.train("unigram", TEXT * 5, 40)
    small = {"vocabulary": tokenizer.size, "width": 16, "heads": 2, "feed_forward": 16}
    translator = Translator(TranslatorConfig(**small, encoder_layers=1, decoder_layers=1), tokenizer)
    lm = TransformerLm(TransformerLmConfig(**small, layers=1), tokenizer)
    where = tmp_path / "library"
    for name, model in (("mt", translator), ("lm", lm)):
        config = msgspec.to_builtins(model.config)
        save(where / f"{name}.safetensors", model, Document(name=name, config=config, tokenizer="unigram"), half=False)
    monkeypatch.setenv("TEXTSCAPE_MODELS", str(where))
    return where


def events(folder: Path, request: Search) -> tuple[list[SearchStep], SearchDone]:
    device = torch.device("cpu")
    with torch.inference_mode():
        found = list(search(request, Context(Library(device, [folder]), device)))
    done = found[-1]
    assert isinstance(done, SearchDone)
    return [e for e in found if isinstance(e, SearchStep)], done


def test_a_search_answers_steps_hypotheses_and_the_reference(folder: Path) -> None:
    options = SearchOptions(beam=3, n_best=2, max_length=6)
    request = Search(model="mt", text=TEXT[0], options=options, trace=True, reference=TEXT[2])
    steps, done = events(folder, request)
    assert [s.step for s in steps] == list(range(done.steps))
    assert len(done.hypotheses) == 2
    assert done.hypotheses[0].score >= done.hypotheses[1].score
    for hypothesis in done.hypotheses:
        assert sum(t.log_prob for t in hypothesis.tokens) == pytest.approx(hypothesis.log_prob, abs=1e-4)
        assert all(t.alternatives[t.rank - 1][0] == t.piece for t in hypothesis.tokens if t.rank <= 5)
        assert hypothesis.attention is not None
        assert hypothesis.attention.shape == (len(hypothesis.tokens), len(done.source) + 1)
        assert np.allclose(hypothesis.attention.sum(1), 1, atol=1e-4)
    reference = done.reference
    assert reference is not None
    assert reference.text == TEXT[2]
    assert reference.score == pytest.approx(reference.log_prob / len(reference.tokens))


def test_a_reference_may_hold_the_prompt_or_continue_it(folder: Path) -> None:
    def scored(prompt: str, text: str) -> Hypothesis:
        options = SearchOptions(strategy="greedy", n_best=1, max_length=3)
        _, done = events(folder, Search(model="lm", text=prompt, options=options, reference=text))
        assert done.reference is not None
        return done.reference

    whole, rest = scored("The dog", TEXT[2]), scored("The dog", "sleeps in the park.")
    assert (whole.tokens, whole.log_prob) == (rest.tokens, rest.log_prob)
    opening = scored("", "The dog").tokens[:-1]
    every = sum(t.log_prob for t in opening) + whole.log_prob
    assert scored("", TEXT[2]).log_prob == pytest.approx(every, abs=1e-4)
    assert [t.piece for t in scored("The dog", "The dog").tokens] == [END_MARK]


def test_a_reference_without_words_is_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="the reference holds no words"):
        events(folder, Search(model="mt", text=TEXT[0], reference="\u200b"))


def test_the_same_request_gives_the_same_answer_and_a_trace_changes_nothing(folder: Path) -> None:
    for strategy in ("sample", "stochastic", "mbr", "contrastive", "beam"):
        options = SearchOptions(strategy=strategy, beam=3, samples=4, max_length=5, seed=9)  # type: ignore[arg-type]
        answers = [
            events(folder, Search(model="mt", text=TEXT[1], options=options, trace=trace))[1] for trace in (False, True)
        ]
        assert [h.text for h in answers[0].hypotheses] == [h.text for h in answers[1].hypotheses]
        assert [h.log_prob for h in answers[0].hypotheses] == [h.log_prob for h in answers[1].hypotheses]


def test_a_language_model_continues_its_prompt(folder: Path) -> None:
    _, done = events(folder, Search(model="lm", text="The cat", options=SearchOptions(beam=2, max_length=4)))
    assert all(h.text.startswith("The cat") for h in done.hypotheses)
    assert all(len(h.tokens) <= 5 for h in done.hypotheses)
    assert done.hypotheses[0].attention is None


def test_a_clicked_prefix_is_kept_token_by_token(folder: Path) -> None:
    _, free = events(folder, Search(model="mt", text=TEXT[0], options=SearchOptions(beam=3, max_length=6)))
    prefix = tuple(t.id for t in free.hypotheses[-1].tokens[:3])
    options = SearchOptions(beam=3, max_length=6, prefix_ids=prefix, prefix="ignored")
    _, forced = events(folder, Search(model="mt", text=TEXT[0], options=options))
    assert all(tuple(t.id for t in h.tokens[:3]) == prefix for h in forced.hypotheses)


def test_bad_requests_are_one_sentence(folder: Path) -> None:
    with pytest.raises(ValueError, match="the source is empty"):
        events(folder, Search(model="mt", text="  "))
    with pytest.raises(ValueError, match="no attention to a source, which a coverage penalty needs"):
        events(folder, Search(model="lm", text="The", options=SearchOptions(coverage_penalty=0.2)))
    with pytest.raises(ValueError, match="must lie between 0 and"):
        events(folder, Search(model="mt", text=TEXT[0], options=SearchOptions(prefix_ids=(99_999,))))


def test_the_beam_command_prints_hypotheses_and_writes_the_trace(folder: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace.json"
    settings = ["--set", "beam=2", "--set", "n_best=2", "--set", "max_length=4", "--preset", "as fairseq"]
    command = ["beam", "--model", "mt", "--text", TEXT[0], "--trace", "--output", str(trace), *settings]
    result = CliRunner().invoke(app, [*command, "--json"])
    done = json.loads(result.stdout)
    assert len(done["hypotheses"]) == 2
    assert {"text", "tokens", "log_prob", "score"} <= done["hypotheses"][0].keys()
    written = json.loads(trace.read_text())
    assert written["request"]["options"]["stop"] == "patience"
    assert len(written["steps"]) == done["steps"]
    assert "log p" in CliRunner().invoke(app, command).stdout


def test_translate_writes_a_line_for_a_line(folder: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "in.txt", tmp_path / "out.txt"
    source.write_text("\n".join([TEXT[0], "", TEXT[1], "Hund", TEXT[0]]) + "\n")
    command = ["translate", "--model", "mt", "--input", str(source), "--output", str(target), "--set", "max_length=5"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    lines = target.read_text().splitlines()
    assert len(lines) == 5
    assert lines[1] == ""
    assert lines[0] == lines[4]
    _, alone = events(folder, Search(model="mt", text=TEXT[1], options=SearchOptions(max_length=5)))
    assert lines[2] == alone.hypotheses[0].text


def test_a_source_longer_than_learnt_is_refused_alone_and_cut_in_a_file(folder: Path, tmp_path: Path) -> None:
    model, info = Library(torch.device("cpu"), [folder]).get("mt")
    size = len(model.tokenizer.encode(TEXT[0]))
    trained = {"max_tokens": size + 2}
    document = Document(name="short", config=info.config, tokenizer="unigram", trained=trained)
    save(folder / "short.safetensors", model, document, half=False)
    with pytest.raises(ValueError, match=rf"has \d+ pieces and short has learnt at most {size + 2}"):
        events(folder, Search(model="short", text=f"{TEXT[0]} {TEXT[0]}"))
    source, target = tmp_path / "in.txt", tmp_path / "out.txt"
    source.write_text(f"{TEXT[0]}\n{TEXT[0]} {TEXT[0]}\n")
    command = ["translate", "--model", "short", "--input", str(source), "--output", str(target)]
    assert CliRunner().invoke(app, command).exit_code == 0
    once, twice = target.read_text().splitlines()
    assert twice == f"{once} {once}"
    source.write_text(TEXT[0].replace(".", " ") * 3)
    target.unlink()
    refused = CliRunner().invoke(app, command)
    assert "has learnt at most" in str(refused.exception)
    assert not target.exists()


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("beam", "NAME=VALUE"),
        ("beams=3", "There is no setting 'beams'; the settings are strategy, beam, n_best"),
        ("beam=0", "Beam must lie between 1 and 256 hypotheses; 0 was given."),
        ("beam=many", "Beam must be a whole number; 'many' was given."),
        ("temperature=1,5", "Temperature must be a number such as 0.5; '1,5' was given."),
        ("constraints=[12,null]", "Must contain: each must be text; 12 was given."),
        ('constraints=["a",null]', "Must contain: each must be text; null was given."),
        ("temperature=1e-40", "Temperature must lie between 0.01 and 100; 1e-40 was given."),
        ("length_penalty=nan", "Length penalty a must lie between -5 and 5; nan was given."),
    ],
)
def test_settings_that_make_no_sense_are_named(folder: Path, setting: str, words: str) -> None:
    result = CliRunner().invoke(app, ["beam", "--model", "mt", "--text", TEXT[0], "--set", setting])
    assert isinstance(result.exception, ValueError)
    assert words in str(result.exception)


def test_a_forced_beginning_that_nobody_sees_is_named(folder: Path) -> None:
    result = CliRunner().invoke(app, ["beam", "--model", "mt", "--text", TEXT[0], "--prefix", "\u200b"])
    assert re.search("^the forced beginning .* is empty: it holds nothing that can be written$", str(result.exception))
