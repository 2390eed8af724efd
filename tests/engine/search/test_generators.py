"""Decoders are declared once and registered in a line: what is declared is what is done, and a new kind fits in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from typer.testing import CliRunner

from engine.__main__ import app
from engine.library import Library
from engine.messages import (
    STRATEGIES,
    Search,
    SearchDone,
    SearchOptions,
    SearchStep,
    StrategyInfo,
    decode_request,
    encode,
    setting_of,
)
from engine.search.autoregressive import Autoregressive
from engine.search.batch import translate
from engine.search.decoders import generate
from engine.search.generates import register
from engine.worker import Engine
from tests.engine.search.all_at_once import INFO, AllAtOnce, registered, wanted
from tests.engine.search.test_job import TEXT, events
from tests.engine.search.test_job import folder as folder

OTHER: dict[str, Any] = {
    "beam": 3,
    "n_best": 2,
    "max_length": 4,
    "min_length": 2,
    "normalisation": "gnmt",
    "length_penalty": -1.0,
    "coverage_penalty": 0.8,
    "patience": 2.0,
    "stop": "patience",
    "no_repeat_ngram": 1,
    "repetition_penalty": 3.0,
    "prefix": "The",
    "prefix_ids": (5,),
    "constraints": ("dog",),
    "groups": 1,
    "diversity": 8.0,
    "temperature": 0.2,
    "top_k": 2,
    "top_p": 0.3,
    "min_p": 0.5,
    "typical": 0.3,
    "eta": 0.2,
    "samples": 3,
    "utility": "bleu",
    "penalty_alpha": 0.1,
    "seed": 77,
}


@pytest.fixture
def trial() -> Iterator[StrategyInfo]:
    with registered() as info:
        yield info


def test_declarations_are_whole_and_travel_as_messages() -> None:
    fields = set(SearchOptions.__struct_fields__)
    assert set(OTHER) == fields - {"strategy", "prefix_pieces"}
    for info in STRATEGIES.values():
        assert set(info.uses) <= fields
        assert len(set(info.uses)) == len(info.uses)
        assert info.label
        assert info.tip
        assert info.formula
        assert info.help
        assert info.title.format(o=SearchOptions(strategy=info.name))
        assert msgspec.json.decode(encode(info), type=StrategyInfo) == info


def written(folder: Path, options: SearchOptions) -> Any:
    _, done = events(folder, Search(model="mt", text=TEXT[0], options=options, trace=True))
    return [(h.text, h.log_prob, h.score) for h in done.hypotheses], done.steps


@pytest.mark.parametrize("name", list(STRATEGIES))
def test_a_decoder_reads_what_it_declares_and_nothing_else(folder: Path, name: str) -> None:
    plain = {"strategy": name, "max_length": 6, "constraints": ("cat",), "beam": 4, "samples": 5, "n_best": 4}
    info, base = STRATEGIES[name], SearchOptions(**plain)
    first = written(folder, base)
    for field, value in OTHER.items():
        changed = msgspec.structs.replace(base, **{field: value})
        if field not in info.uses and field not in ("normalisation", "length_penalty"):
            assert written(folder, changed) == first, field
            assert getattr(changed.used(), field) == getattr(SearchOptions(), field)
        else:
            assert getattr(changed.used(), field) == value or not changed.reads(field)


def test_the_shell_says_which_settings_a_decoder_does_not_read(folder: Path) -> None:
    asked = ["beam", "--model", "mt", "--text", TEXT[0], "--set", "strategy=greedy", "--set", "max_length=3"]
    assert "does not read" not in CliRunner().invoke(app, asked).stderr
    more = CliRunner().invoke(app, [*asked, "--set", "beam=7", "--set", 'constraints=["dog"]'])
    assert "greedy does not read beam, constraints" in more.stderr
    many = ["translate", "--model", "mt", "--sentence", TEXT[0], "--strategy", "greedy", "--max-length", "3"]
    assert CliRunner().invoke(app, [*many, "--beam", "7"]).stderr.startswith("greedy does not read beam\n")
    assert "does not read" not in CliRunner().invoke(app, many).stderr
    assert SearchOptions(strategy="sample", beam=7, top_k=3).unread() == ("beam",)


def test_translating_nothing_is_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="nothing to translate: give --sentence or --input"):
        CliRunner().invoke(app, ["translate", "--model", "mt"], catch_exceptions=False)


def test_translating_a_file_says_how_many_outputs_are_unfinished(folder: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "in.txt", tmp_path / "out.txt"
    source.write_text(f"{TEXT[0]}\n\n{TEXT[1]}\n", encoding="utf-8")
    command = ["translate", "--model", "mt", "--input", str(source), "--output", str(target)]
    told = CliRunner().invoke(app, [*command, "--set", "max_length=2", "--set", "beam=1"])
    assert told.exit_code == 0, told.output
    assert "2 of 3 outputs are unfinished" in told.stderr


def test_an_unknown_decoder_is_one_sentence_everywhere(folder: Path) -> None:
    with pytest.raises(ValueError, match="there is no decoder 'best'; there are greedy, beam"):
        SearchOptions(strategy="best")
    line = encode(Search(model="mt")).replace(b'"beam"', b'"best"', 1)
    with pytest.raises(ValueError, match="no decoder 'best'"):
        decode_request(line.decode())
    result = CliRunner().invoke(app, ["beam", "--model", "mt", "--text", "x", "--set", "strategy=best"])
    assert "no decoder 'best'" in str(result.exception)


def test_two_decoders_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="a decoder named 'beam' already"):
        register(msgspec.structs.replace(STRATEGIES["beam"], label="another"), Autoregressive)


def test_the_shell_lists_them_with_the_settings_they_read() -> None:
    listed = CliRunner().invoke(app, ["decoders"]).stdout
    assert all(info.name in listed for info in STRATEGIES.values())
    one = CliRunner().invoke(app, ["decoders", "contrastive", "--json"])
    assert json.loads(one.stdout)["uses"][0] == STRATEGIES["contrastive"].uses[0]
    table = " ".join(CliRunner().invoke(app, ["decoders", "diverse"]).stdout.split())
    assert "groups" in table
    assert "temperature" not in table
    assert "no decoder 'best'" in str(CliRunner().invoke(app, ["decoders", "best"]).exception)


# --- a decoder that is no search ---


def test_a_decoder_that_writes_all_words_at_once_answers_a_search(folder: Path, trial: StrategyInfo) -> None:
    options = SearchOptions(strategy=trial.name, max_length=5, beam=99, repetition_penalty=4.0)
    model = Library(torch.device("cpu"), [folder]).get("mt")[0]
    engine = Engine("cpu", inline=True, library=Library(torch.device("cpu"), [folder]))
    request = Search(model="mt", text=TEXT[0], options=options, trace=True, reference=TEXT[2])
    found = list(engine.run(decode_request(encode(request).decode())))
    engine.close()
    done = found[-1]
    assert isinstance(done, SearchDone)
    assert [t.id for t in done.hypotheses[0].tokens] == wanted(model, TEXT[0], 5)
    assert done.steps == 1
    assert done.reference is None
    assert done.hypotheses[0].quality["chrf"] >= 0
    (step,) = [e for e in found if isinstance(e, SearchStep)]
    assert [b.id for b in step.branches] == wanted(model, TEXT[0], 5)
    assert isinstance(generate(model, TEXT[:1], options), AllAtOnce)


def test_the_shell_and_batches_know_it_too(folder: Path, trial: StrategyInfo) -> None:
    arguments = ["--set", "strategy=at once", "--set", "max_length=4"]
    result = CliRunner().invoke(app, ["beam", "--model", "mt", "--text", TEXT[0], *arguments, "--json"])
    model = Library(torch.device("cpu"), [folder]).get("mt")[0]
    want = model.tokenizer.decode(wanted(model, TEXT[0], 4))
    assert json.loads(result.stdout)["hypotheses"][0]["text"] == want
    options = SearchOptions(strategy=trial.name, max_length=4)
    assert [h.text for h in translate(model, [TEXT[0], ""], options)] == [want, ""]


def test_what_is_declared_later_is_a_choice_of_the_setting() -> None:
    setting = setting_of(SearchOptions, "strategy")
    assert INFO.name not in setting.choices
    with registered():
        assert setting.choices[INFO.name] == INFO.label
        assert setting.tips[INFO.name] == INFO.tip
    assert setting.problem(INFO.name).startswith("Strategy must be one of greedy, beam, diverse")
