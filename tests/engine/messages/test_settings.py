"""Settings: every request states them on its fields, and a value out of range is one sentence on every way in."""

import math
import re
from typing import Annotated, Any

import msgspec
import pytest

from engine.jobs import Context, start
from engine.jobs import all as _jobs  # noqa: F401 - registers the jobs
from engine.messages import (
    Decode,
    EncodeClusters,
    ExactToy,
    Failed,
    Fluency,
    Interpolate,
    MoveWeights,
    Request,
    Sample,
    SamplePrior,
    Search,
    SearchOptions,
    Setting,
    Settings,
    TargetTerm,
    decode_request,
    encode,
    problems,
    setting,
    setting_of,
    settings_of,
    validated,
)
from engine.worker import Engine

NUMERIC = ("number", "count", "numbers", "counts")


def kinds(base: type[Any] = Request) -> list[type[Any]]:
    return [leaf for sub in base.__subclasses__() for leaf in (kinds(sub) or [sub])]


SHIPPED = [kind for kind in kinds() if kind.__module__.startswith("engine.messages")]


def numbers(kind: type[Any]) -> list[Setting]:
    return [known for known in settings_of(kind) if known.kind in NUMERIC]


def holding(kind: type[Any], name: str, value: Any) -> Any:
    """A request with one setting of some value, and its other settings as they are by default."""
    filling = {"number": 0.0, "count": 1, "text": "x", "texts": ("x",), "numbers": (0.0,), "other": ()}
    fields = {s.name: filling.get(s.kind, ()) for s in settings_of(kind) if s.required and "." not in s.name}
    for field in msgspec.structs.fields(kind):
        if field.required and field.name not in fields:
            fields[field.name] = None
    default = {f.name: f.default for f in msgspec.structs.fields(kind)}
    group, _, inner = name.partition(".")
    return kind(**(fields | {group: within(default[group], inner, value) if inner else value}))


def within(holder: Any, name: str, value: Any) -> Any:
    """A part of a request by default, with one setting of some value."""
    group, _, inner = name.partition(".")
    if isinstance(holder, tuple):  # one of a list of tagged groups
        (member,) = (k for k in TargetTerm.__subclasses__() if k.__struct_config__.tag == group)
        return (member(**{inner: value}),)
    return msgspec.structs.replace(holder, **{group: within(getattr(holder, group), inner, value) if inner else value})


@pytest.mark.parametrize("kind", SHIPPED)
def test_every_number_has_finite_bounds_a_title_and_says_what_it_does(kind: type[Any]) -> None:
    for known in numbers(kind):
        assert known.low is not None, known
        assert known.high is not None, known
        assert known.low < known.high < math.inf, known
        assert known.effect, known
        assert known.title, known


@pytest.mark.parametrize("kind", SHIPPED)
def test_a_number_out_of_its_range_is_one_sentence_that_names_it(kind: type[Any]) -> None:
    for known in numbers(kind):
        assert known.high is not None
        assert known.low is not None
        for wrong in (math.nan, math.inf, -math.inf, 10**400, known.high * 2 + 1, known.low - 1):
            value = (wrong,) if known.kind in ("numbers", "counts") else wrong
            said = problems(holding(kind, known.name, value))[known.name]
            assert said.startswith(known.title)
            assert said.endswith("was given.")
            assert "\n" not in said


@pytest.mark.parametrize("kind", SHIPPED)
def test_the_defaults_of_every_setting_are_within_its_range(kind: type[Any]) -> None:
    for known in settings_of(kind):
        if not known.required and known.kind in (*NUMERIC, "switch", "choice", "choices"):
            values = known.default if isinstance(known.default, tuple) else (known.default,)
            assert [known.problem(v) for v in values if v is not None] == [""] * len(
                [v for v in values if v is not None]
            )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"temperature": 1e-40}, "Temperature must lie between 0.01 and 100; 1e-40 was given."),
        ({"temperature": math.inf}, "Temperature must lie between 0.01 and 100; inf was given."),
        ({"length_penalty": 400.0}, "Length penalty a must lie between -5 and 5; 400 was given."),
        ({"length_penalty": math.nan}, "Length penalty a must lie between -5 and 5; nan was given."),
        ({"eta": 1.0}, "Eta must lie at or above 0 and below 1; 1 was given."),
        ({"beam": 2.5}, "Beam must be a whole number; 2.5 was given."),
        (
            {"seed": 2**64},
            "Seed must lie between 0 and 18,446,744,073,709,551,615; 18,446,744,073,709,551,616 was given.",
        ),
        ({"min_length": 50, "max_length": 10}, "The shortest must not exceed the longest, 10 tokens."),
        ({"strategy": "diverse", "beam": 5, "groups": 2}, "A beam of 5 does not divide into 2 groups; take 5."),
        ({"strategy": "constrained"}, "Type the phrases that must occur, separated by semicolons."),
        (
            {"strategy": "constrained", "constraints": ("no time no time",), "no_repeat_ngram": 2},
            "The phrase 'no time no time' holds a run of 2 tokens twice, which is forbidden.",
        ),
        ({"prefix": "\udcff"}, "Forced beginning holds bytes that are no UTF-8 text."),
    ],
)
def test_the_same_sentence_on_every_way_in(options: dict[str, Any], sentence: str) -> None:
    request = Search(model="x", text="x", options=SearchOptions(**options))
    with pytest.raises(ValueError, match="^" + re.escape(sentence) + "$"):
        validated(request)
    engine = Engine("cpu", inline=True)
    engine.submit(request)
    assert [m.event.sentence for m in engine.poll() if isinstance(m.event, Failed)] == [sentence]
    with pytest.raises(ValueError, match="^" + re.escape(sentence) + "$"):
        start(request, Context(engine._context.library, engine.device))


def test_choices_are_listed_in_the_order_they_are_declared() -> None:
    known = setting_of(SearchOptions, "stop")
    assert list(known.choices) == ["patience", "heuristic", "bound", "exhaust"]
    assert known.problem("never") == "Stop must be one of patience, heuristic, bound, exhaust; 'never' was given."
    assert setting_of(ExactToy, "defects").choices["front"] == "No insertion at the front"


def test_settings_of_nested_structs_are_found_by_their_dotted_name() -> None:
    names = [s.name for s in settings_of(Sample)]
    assert "moves.insert" in names
    assert "terms.length.goal" in names
    assert [s.name for s in settings_of(MoveWeights)] == ["replace", "insert", "delete"]
    assert {s.name.removeprefix("options.") for s in settings_of(Search)} >= {
        s.name for s in settings_of(SearchOptions)
    }


def test_a_conflict_stands_at_the_setting_it_belongs_to() -> None:
    none = Sample(model="x", moves=MoveWeights(0, 0, 0), terms=(Fluency(weight=0.0),), min_length=9, max_length=3)
    assert set(problems(none)) == {"moves", "terms.fluency.weight", "max_length"}
    assert set(problems(Sample(model="x", moves=MoveWeights(1, 1, 0)))) == {"moves"}
    assert set(problems(EncodeClusters(model="x", texts=("a", "b"), labels=("c",)))) == {"labels"}


def test_lists_are_held_to_the_range_of_their_elements() -> None:
    assert problems(Sample(model="x", ladder=(1.0, math.nan)))["ladder"].startswith("Tempering ladder: each must lie")
    assert set(problems(Decode(model="x", points=((0.0, 1e9),)))) == {"points"}
    assert not problems(Decode(model="x", points=((0.0, 1.0),)))
    assert set(problems(Interpolate(model="x", texts=("a", "\udcff")))) == {"texts"}
    assert set(problems(ExactToy(defects=("nonsense",)))) == {"defects"}  # type: ignore[arg-type]


def test_a_path_may_hold_bytes_that_are_no_text() -> None:
    assert not problems(SamplePrior(model="\udcff.safetensors"))


def test_a_further_setting_takes_one_line() -> None:
    class Trial(Settings, frozen=True):
        heat: Annotated[float, setting("Heat", gt=0, le=9, unit="degrees", effect="Turning it up warms.")] = 1.0

    known = setting_of(Trial, "heat")
    assert (known.title, known.range, known.unit, known.default) == ("Heat", "above 0 to 9", "degrees", 1.0)
    assert problems(Trial(heat=0.0)) == {"heat": "Heat must lie above 0 and at or below 9 degrees; 0 was given."}


def test_a_refused_value_in_a_file_is_named_by_its_title() -> None:
    line = encode(Sample(model="x")).replace(b'"chains":1', b'"chains":1000')
    with pytest.raises(ValueError, match=r"Chains must lie between 1 and 256; 1,000 was given\."):
        decode_request(line)
