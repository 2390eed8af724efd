"""The sampler panel on a real engine with a tiny model pair."""

from __future__ import annotations

import json

import msgspec
import pytest
from PySide6.QtCore import QCoreApplication, QEvent

from app.panels.sampler import SamplerPanel, exports
from app.panels.sampler.parameters import Parameters
from engine.messages import Sample

REQUEST = Sample(model="tiny", keywords="dog park", chains=2, steps=30, candidates=8, seed=2)


@pytest.fixture
def panel(services):
    panel = SamplerPanel(services)
    panel.resize(1100, 720)
    yield panel
    panel.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def run(panel, request=REQUEST, **kw):
    panel.set_parameters(Parameters(sample=request, **kw))
    panel.start()
    assert panel.bridge.wait_for(lambda: panel.job is None and not panel._frame.isActive(), 20)
    return panel.run


def test_a_run_arrives_whole_and_can_be_scrubbed(panel):
    record = run(panel)
    assert len(record) == 30
    assert panel.playhead.end == 30
    assert panel.history.table.rows.rowCount() == 31
    panel.playhead.seek(30)
    assert [w.text.lower() for w in panel.hero.strip.words] == [w.lower() for w in record.standing(30, 0).words]
    assert record.diagnostics[-1].step == 30
    assert all({"dog", "park"} <= set(record.standing(30, c).words) for c in range(2))


def test_the_same_seed_gives_the_same_file_and_another_seed_does_not(panel):
    first = exports.json_lines(run(panel))
    assert exports.json_lines(run(panel)) == first
    assert exports.json_lines(run(panel, msgspec.structs.replace(REQUEST, seed=3))) != first


def test_the_file_can_be_recomputed(panel):
    record = run(panel)
    for line in exports.json_lines(record).splitlines()[1:]:
        row = json.loads(line)
        change = sum(after - before for before, after in row["terms"].values())
        wanted = min(0.0, change / row["temperature"] + row["log_g_backward"] - row["log_g_forward"])
        if not row["reason"]:
            assert row["log_alpha"] == pytest.approx(wanted, abs=1e-9)


def test_every_step_can_be_shown(panel):
    record = run(panel, msgspec.structs.replace(REQUEST, steps=40))
    panel.show()
    seen = set()
    for step in range(41):
        panel.playhead.seek(step)
        panel.grab()
        if step:
            proposal = record.proposal(step, panel.chain)
            seen.add((proposal.move, proposal.accepted, bool(proposal.reason)))
    assert len(seen) >= 5


def test_unknown_keywords_are_kept_and_marked(panel):
    record = run(panel, msgspec.structs.replace(REQUEST, keywords="dog Frobnic"))
    panel.playhead.seek(30)
    assert record.started.unknown == ("Frobnic",)
    assert [w.text for w in panel.hero.strip.words if w.unknown] == ["Frobnic"]


def test_a_branch_goes_on_from_its_sentence(panel):
    record = run(panel)
    panel.playhead.seek(20)
    standing = record.standing(20, 0)
    panel.branch()
    assert panel.bridge.wait_for(lambda: panel.job is None and not panel._frame.isActive(), 20)
    assert panel.run is not record
    assert panel.run.started.words == standing.words
    assert panel.run.started.locked == standing.locked


def test_a_ladder_runs_one_chain_a_temperature(panel):
    record = run(panel, msgspec.structs.replace(REQUEST, ladder=(1.0, 1.5, 3.0)))
    assert record.chains == 3
    assert any(s.accepted for step in record for s in step.swaps)
    for chain in range(3):
        values = record.traces()[0][chain]
        for step in range(1, 31):
            before = sum(pair[0] for pair in record.proposal(step, chain).terms.values())
            if before > -1e8:
                assert before == pytest.approx(values[step - 1], abs=1e-9)


def test_a_failure_is_said_and_the_old_run_stays(panel, services):
    record = run(panel)
    panel.set_parameters(Parameters(sample=msgspec.structs.replace(REQUEST, locked=(9,))))
    panel.start()
    panel.bridge.wait_for(lambda: panel.job is None, 10)
    assert services.notices.history[-1].kind == "error"
    assert "locked position" in services.notices.history[-1].text
    assert panel.run is record
