"""Runs that are held: what their figures leave out, where their chains stand at the end, and the toy's rests."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from engine.__main__ import app
from engine.jobs import Context
from engine.jobs.sampling import exact_toy
from engine.library import Library
from engine.mcmc import exact
from engine.mcmc.gaps import GapReader
from engine.mcmc.kernel import BATCH, Kernel
from engine.mcmc.run import Run
from engine.mcmc.toy import Toy
from engine.messages import Diagnostics, Event, ExactToy, Progress, Sample, ToySpace, ToyStep, encode
from engine.worker import Engine

LARGE = ExactToy(vocabulary=5, max_length=4, steps=2, every=1, chains=4)


def test_proposals_a_second_leave_out_the_time_a_run_was_held(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quarter of a second a step, and a hundred at every yield."""
    now = [0.0]
    step = Run.step

    def slow(run: Run) -> Any:
        now[0] += 0.25
        return step(run)

    engine = Engine("cpu", inline=True, library=library)
    list(engine.run(Sample(model="tiny", steps=1, candidates=4)))  # loads the models
    monkeypatch.setattr(Run, "step", slow)
    monkeypatch.setattr("engine.jobs.sampling.time", SimpleNamespace(perf_counter=lambda: now[0]))
    rates = []
    for event in engine.run(Sample(model="tiny", steps=60, chains=3, candidates=4)):
        if isinstance(event, Diagnostics):
            rates.append(event.proposals_per_second)
        now[0] += 100
    assert len(rates) > 1
    assert rates == pytest.approx([3 / 0.25] * len(rates))


def test_the_chains_of_a_ladder_stand_where_the_last_exchange_put_them(
    library_folder: Path, pair: tuple[Any, Any], kernel_of: Callable[..., Kernel], monkeypatch: pytest.MonkeyPatch
) -> None:
    ladder = (1.0, 1.3, 1.7)
    kernel = kernel_of(keywords="dog park", ladder=ladder, chains=3)
    run, steps, swapped = Run(kernel, 4, ladder=True), 0, False
    while not swapped:
        run.step()
        before = [kernel.lexicon.text(kernel.sentence(c)) for c in range(3)]
        run.exchange()
        after = [kernel.lexicon.text(kernel.sentence(c)) for c in range(3)]
        steps, swapped = steps + 1, before != after
        assert steps < 200
    library = {"tiny": pair[0], "tiny-back": pair[1]}
    monkeypatch.setattr(Library, "load", lambda self, name: iter(()))
    info = SimpleNamespace(name="tiny", partner="tiny-back")
    monkeypatch.setattr(Library, "get", lambda self, name: (library[name], info))
    arguments = ["--model", "tiny", "--keywords", "dog park", "--ladder", "1,1.3,1.7", "--chains", "3", "--seed", "4"]
    arguments += ["--candidates", "6", "--max-length", "9", "--steps", str(steps), "--json"]
    result = CliRunner().invoke(app, ["mh", *arguments])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["last"] == after


def run_toy(request: ExactToy) -> Iterator[Event]:
    device = torch.device("cpu")
    return exact_toy(request, Context(Library(device, []), device))


def test_the_toy_reads_the_models_for_a_few_sentences_between_two_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh: list[int] = []
    read = GapReader._read

    def noted(reader: GapReader, chains: Any, left: Any, right: Any) -> Any:
        fresh[-1] += len(chains)
        return read(reader, chains, left, right)

    monkeypatch.setattr(GapReader, "_read", noted)
    work = run_toy(LARGE)
    while True:
        fresh.append(0)
        if isinstance(next(work), ToySpace):
            break
    assert sum(fresh) > 500
    assert max(fresh) <= BATCH


@pytest.mark.parametrize("defects", [(), ("scan",)])
def test_the_toy_rests_after_each_squaring_and_on_the_pointers_way(
    monkeypatch: pytest.MonkeyPatch, defects: tuple[str, ...]
) -> None:
    rests = {"parts": 0, "settling": 0, "pointer_settling": 0}

    def noted(name: str) -> Callable[..., Iterator[Any]]:
        made = getattr(exact, name)

        def work(*arguments: Any) -> Any:
            parts = made(*arguments)
            while True:
                try:
                    part = next(parts)
                except StopIteration as done:
                    return done.value
                rests[name] += 1
                yield part

        return work

    for name in rests:
        monkeypatch.setattr(exact, name, noted(name))
    request = ExactToy(steps=1, every=1, chains=2, defects=defects)
    found = list(run_toy(request))
    before = next(i for i, e in enumerate(found) if isinstance(e, ToySpace))
    assert all(isinstance(e, Progress) for e in found[:before])
    assert before == sum(rests.values())
    assert rests["settling"] > 5
    assert (rests["pointer_settling"] > 0) == bool(defects)


def test_a_toy_that_is_cancelled_while_it_lists_its_space_ends_there(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(exact, "matrix", lambda *_: done.append("matrix"))
    work: Any = run_toy(LARGE)
    assert isinstance(next(work), Progress)
    work.close()
    assert list(work) == done == []


@pytest.mark.parametrize("space", [{}, {"keyword": True, "similarity": 1.5}, {"defects": ("scan", "replace")}], ids=str)
def test_in_parts_the_toy_finds_bit_for_bit_what_it_finds_at_once(space: dict[str, Any]) -> None:
    request = ExactToy(steps=40, every=20, chains=3, **space)
    toy = Toy(request)
    kernel = toy.kernel(toy.sentences)
    every = np.arange(kernel.chains)
    for place in range(request.max_length):  # all gaps at once, as without rests
        there = every[place < kernel.lengths]
        kernel._gaps.read(there, np.full(len(there), place), np.full(len(there), place + 1))
    beforehand = Toy(request)
    beforehand.kernel = lambda first: kernel  # type: ignore[method-assign,assignment]
    whole = exact.joined([part for part in exact.parts(beforehand) if len(part[0])])
    changes = exact.transitions(toy)
    for name in ("source", "goal", "move", "place", "proposed", "accepted"):
        assert getattr(whole, name).tobytes() == getattr(changes, name).tobytes()
    if "scan" in request.defects:
        changes = exact.with_pointer(toy, changes, exact.pointer_law(toy, changes))
    law = squared(exact.matrix(toy, changes))
    found = list(run_toy(request))
    (said,) = [e for e in found if isinstance(e, ToySpace)]
    assert said.stationary.tobytes() == law.tobytes()
    assert [encode(e) for e in found] == [encode(e) for e in run_toy(request)]
    assert [e.step for e in found if isinstance(e, ToyStep)] == [20, 40]


def squared(dense: Any) -> Any:
    """The stationary law, all in one piece."""
    law, power = np.full(len(dense), 1 / len(dense)), dense
    for _ in range(60):
        after = law @ power
        if np.abs(after - law).max() < 1e-16:
            break
        law, power = after, power @ power
        power /= power.sum(1, keepdims=True)
    return law / law.sum()
