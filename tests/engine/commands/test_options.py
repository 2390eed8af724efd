"""Options are the settings of requests: what is written as a command line is read back as the request it was."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from typer.main import get_command
from typer.testing import CliRunner

from engine.__main__ import app
from engine.client import EngineClient
from engine.commands import training
from engine.messages import (
    COMMANDS,
    Encode,
    EncodeClusters,
    Interpolate,
    Request,
    Search,
    SearchOptions,
    Setting,
    Translate,
    command_line,
    problems,
)
from engine.messages.command_line import PROGRAM, built, option_names
from engine.messages.settings import settings_of

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
JSON = st.one_of(st.booleans(), st.integers(-9, 9), TEXT, st.lists(st.integers(0, 3), max_size=3))


class Heard(Exception):
    """The request that reached the engine."""


@pytest.fixture(autouse=True, scope="module")
def heard() -> Iterator[None]:
    """Commands stop where they would begin to work."""
    with pytest.MonkeyPatch.context() as patch:

        def run(self: EngineClient, request: Request, **_: Any) -> Iterator[Any]:
            raise Heard(request)
            yield

        patch.setattr(EngineClient, "run", run)
        patch.setattr(training, "find_recipe", Path)
        yield


def parsed(line: str) -> Request:
    """The request that a command line asks for."""
    words = shlex.split(line)
    assert " ".join(words[:3]) == PROGRAM
    with pytest.raises(Heard) as found:
        get_command(app).main(words[3:], standalone_mode=False)
    request = found.value.args[0]
    assert isinstance(request, Request)
    return request


def value_of(known: Setting) -> st.SearchStrategy[Any]:
    low, high = known.low or 0, known.high or 0
    whole = st.integers(int(low), int(min(high, 2**40)))
    real = st.floats(low, high, exclude_min=known.low_open, exclude_max=known.high_open)
    match known.kind:
        case "number":
            return real
        case "count":
            return whole
        case "numbers":
            return st.lists(real, max_size=3).map(tuple)
        case "counts":
            return st.lists(whole, max_size=3).map(tuple)
        case "switch":
            return st.booleans()
        case "choice":
            return st.sampled_from(list(known.choices))
        case "choices":
            return st.lists(st.sampled_from(list(known.choices)), max_size=3).map(tuple)
        case "text":
            return st.sampled_from(["a", "b c.toml"]) if known.argument else TEXT
        case "texts":
            return st.lists(TEXT, max_size=3).map(tuple)
    if isinstance(known.default, dict):
        return st.dictionaries(st.from_regex(r"[a-z.]{1,9}", fullmatch=True), JSON, max_size=3)
    if known.name == "standing":
        return st.lists(st.lists(TEXT, max_size=2).map(tuple), max_size=2).map(tuple)
    return st.lists(st.lists(st.floats(-9, 9), min_size=2, max_size=3).map(tuple), max_size=2).map(tuple)


@st.composite
def requests(draw: st.DrawFn, kind: type[Request]) -> Request:
    """A request with a few settings away from their defaults."""
    known = settings_of(kind)
    free = [s for s in known if not s.required]
    some = draw(st.lists(st.sampled_from(free), max_size=5, unique_by=lambda s: s.name)) if free else []
    given = {s.name: draw(value_of(s)) for s in (*[s for s in known if s.required], *some)}
    request = built(kind, given)
    assume(not problems(request))
    return request


@pytest.mark.parametrize("kind", list(COMMANDS), ids=lambda kind: COMMANDS[kind])
@settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
@given(data=st.data())
def test_a_command_line_asks_for_the_request_it_was_made_from(kind: type[Request], data: st.DataObject) -> None:
    request = data.draw(requests(kind))
    if isinstance(request, Encode | EncodeClusters | Interpolate | Translate):
        assume(request.texts)  # the command says itself what is missing
    assert parsed(command_line(request)) == request


def test_only_what_is_not_at_its_default_is_written() -> None:
    assert command_line(Search(model="m")) == "python -m engine beam --model m"
    options = SearchOptions(strategy="constrained", constraints=("New York",), length_penalty=-0.5)
    assert command_line(Search(model="my model", text="-x", options=options, trace=True)) == (
        "python -m engine beam --model 'my model' --text=-x --strategy constrained --length-penalty=-0.5 "
        "--constraint 'New York' --trace"
    )


@pytest.mark.parametrize("kind", list(COMMANDS), ids=lambda kind: COMMANDS[kind])
def test_every_setting_has_an_option_of_its_own_and_help(kind: type[Request]) -> None:
    names = option_names(kind)
    assert len(set(names.values())) == len(names)
    said = " ".join(CliRunner().invoke(app, [COMMANDS[kind], "--help"], terminal_width=4000).stdout.split())
    for known in settings_of(kind):
        assert known.argument or f"--{names[known.name]} " in said or f"--{names[known.name]}/" in said, known
        assert known.effect in said
        assert known.range in said


def test_a_setting_may_be_given_by_name_and_under_a_preset() -> None:
    assert parsed("python -m engine beam --model m --set beam=2 --set 'constraints=[\"a\"]'") == Search(
        model="m", options=SearchOptions(beam=2, constraints=("a",))
    )
    told = parsed("python -m engine beam --model m --preset 'as fairseq' --beam 3")
    assert isinstance(told, Search)
    assert (told.options.stop, told.options.beam) == ("patience", 3)


COMMAND_NAMES = sorted(c.name or c.callback.__name__ for c in app.registered_commands if c.name or c.callback)


@pytest.mark.parametrize("name", [n.replace("_", "-") for n in COMMAND_NAMES if n != "decoders"])
def test_every_command_has_a_device_and_json(name: str) -> None:
    said = CliRunner().invoke(app, [name, "--help"]).stdout
    assert "--device" in said
    assert "--json" in said
