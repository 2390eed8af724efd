"""A run as text in a session, which is saved every half minute."""

from __future__ import annotations

import pytest

from app.panels.sampler import run as module
from app.panels.sampler.run import Run
from engine.messages import Sample, encode
from tests.app.panels.made_up import started, steps

REQUEST = Sample(model="tiny", keywords="juice natural brand", chains=2, steps=60, seed=3)


@pytest.fixture
def written(monkeypatch):
    """How often steps were written out."""
    count = []
    pack = module._pack
    monkeypatch.setattr(module, "_pack", lambda data: count.append(1) or pack(data))
    return count


def test_a_run_keeps_its_text_until_it_grows(written):
    run, given = Run(started(REQUEST)), steps(REQUEST, 30)
    for step in given[:20]:
        run.append(step)
    first = run.pack()
    assert [run.pack() for _ in range(3)] == [first] * 3
    assert len(written) == 1
    run.append(given[20])
    assert run.pack() != first
    assert len(written) == 2
    assert [encode(s) for s in Run.unpack(run.pack())] == [encode(s) for s in given[:21]]


def test_a_run_without_steps_has_a_text_too(written):
    run = Run(started(REQUEST))
    assert len(Run.unpack(run.pack())) == 0
    assert run.pack() == run.pack()
    assert len(written) == 1
