from __future__ import annotations

import csv
import dataclasses
import gc
import io
import json
import math
import weakref

import msgspec
import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QGuiApplication

from app.panels.sampler import SamplerPanel, exports
from app.panels.sampler.parameters import Parameters, parse_ladder
from app.panels.sampler.run import Run
from app.panels.sampler.words import bars_of, slot_text, terms_of, verdict, words_of
from app.widgets.playhead import LIVE, SPEEDS
from engine.messages import (
    Finished,
    Fluency,
    Length,
    MoveWeights,
    Sample,
    Similarity,
    command_line,
    decode_event,
    decode_request,
    encode,
)
from tests.app.panels.made_up import NotedBridge, started, steps

REQUEST = Sample(model="tiny", keywords="juice natural brand", chains=2, steps=60, seed=3)


@pytest.fixture
def bridge(qapp):
    return NotedBridge()


@pytest.fixture
def panel(services, bridge):
    panel = SamplerPanel(dataclasses.replace(services, bridge=bridge))
    panel.resize(1200, 760)
    yield panel
    panel.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def running(panel, bridge):
    """A panel with 40 of 60 steps in."""
    panel.set_parameters(Parameters(sample=REQUEST))
    panel.start()
    bridge.send(1, started(panel.parameters.request()), *steps(REQUEST, 40))
    panel._on_frame()
    return panel


def sentence(panel):
    return [w.text for w in panel.hero.strip.words]


def made(swaps=False, count=60, request=REQUEST):
    run = Run(started(request))
    for step in steps(request, count, swaps=swaps):
        run.append(step)
    return run


# --- the run ---


def test_a_run_is_gone_when_nobody_holds_it_any_more():
    """At once, without the collector, which may take its time."""
    run = made(count=1200)
    run.proposal(3, 0)  # opens a packed block
    steps_of = weakref.ref(run._steps)
    gc.disable()
    try:
        del run
        assert steps_of() is None
    finally:
        gc.enable()


def test_a_run_says_where_each_chain_stands():
    run = made()
    for number in range(1, len(run) + 1):
        for chain in range(2):
            proposal = run.proposal(number, chain)
            before, after = run.standing(number - 1, chain), run.standing(number, chain)
            assert after.words == proposal.words
            assert (before.words == after.words) or proposal.accepted
            assert after.log_target == pytest.approx(sum(t[proposal.accepted] for t in proposal.terms.values()))
    assert run.traces()[0][1][-1] == run.standing(60, 1).log_target
    assert run.traces()[1][0][-1] == len(run.standing(60, 0).words)


def test_swaps_exchange_what_the_chains_hold():
    run = made(swaps=True, request=msgspec.structs.replace(REQUEST, ladder=(1.0, 2.0)))
    assert run.standing(7, 0).words == run.proposal(7, 1).words
    assert run.standing(7, 1).words == run.proposal(7, 0).words
    followed = [run.standing(k, 0).words for k in range(61)]
    for number in range(1, 61):
        if not run.proposal(number, 0).accepted:
            assert run.proposal(number, 0).words == followed[number - 1]


def test_old_steps_are_packed_and_read_back_unchanged():
    request = msgspec.structs.replace(REQUEST, chains=1, steps=1500)
    given = steps(request, 1500)
    run = Run(started(request))
    for step in given:
        run.append(step)
    assert len(run._steps._packed) > 1
    assert [encode(s) for s in run] == [encode(s) for s in given]


def test_acceptance_counts_all_chains_up_to_a_step():
    run = made()
    wanted = {m: [0, 0, 0] for m in ("replace", "insert", "delete")}
    for number in range(1, 31):
        for proposal in run.step(number).proposals:
            wanted[proposal.move][0] += proposal.accepted and proposal.old != proposal.new
            wanted[proposal.move][1] += proposal.accepted
            wanted[proposal.move][2] += 1
    assert run.acceptance(30) == {m: tuple(v) for m, v in wanted.items()}
    assert run.acceptance(0) == dict.fromkeys(wanted, (0, 0, 0))


def test_a_packed_run_is_the_same_run():
    run = made()
    again = Run.unpack(run.pack())
    assert [encode(s) for s in again] == [encode(s) for s in run]
    with pytest.raises(ValueError, match="not a run"):
        Run.unpack("AAAA")


# --- words ---


def test_the_terms_add_up_to_the_ratio():
    run = made()
    for number in range(1, 61):
        proposal = run.proposal(number, 0)
        last = terms_of(proposal)[-1]
        assert last.name == "log ratio"
        assert min(0.0, last.difference) == pytest.approx(proposal.log_alpha)


def test_the_verdict_names_draw_and_ratio():
    run = made()
    proposals = [run.proposal(k, 0) for k in range(1, 61)]
    yes = next(p for p in proposals if p.accepted and p.log_alpha < 0)
    no = next(p for p in proposals if not p.accepted)
    assert verdict(yes).startswith("Accepted: the draw 0.")
    assert "below the ratio 0." in verdict(yes)
    assert verdict(no).startswith("Rejected: the draw 0.")
    assert "above the ratio 0." in verdict(no)
    close = msgspec.structs.replace(no, log_alpha=math.log(0.8100001), log_u=math.log(0.8100009))
    assert verdict(close) == "Rejected: the draw 0.810001 fell above the ratio 0.810000."
    blocked = msgspec.structs.replace(no, reason="this word must stay", candidates=())
    assert verdict(blocked) == "Not possible: this word must stay. The sentence stays."


def test_the_slots_number_drives_both_moves():
    run = made()
    proposal = next(p for k in range(1, 61) if (p := run.proposal(k, 0)).move == "insert")
    text = slot_text(msgspec.structs.replace(proposal, log_slot=math.log(0.25)), MoveWeights(insert=1, delete=2))
    assert "<b>0.500</b>" in text  # 2 * 0.25
    assert "<b>1.00</b>" in text
    replace = next(p for k in range(1, 61) if (p := run.proposal(k, 0)).move == "replace")
    assert slot_text(replace, MoveWeights()) == ""


def test_bars_keep_the_drawn_and_present_word():
    run = made()
    proposal = next(p for k in range(1, 61) if (p := run.proposal(k, 0)).move == "replace" and p.new == "good")
    bars = bars_of(proposal, most=4)
    assert len(bars) == 4
    assert [b.value for b in bars] == sorted((b.value for b in bars), reverse=True)
    assert {b.label for b in bars if b.mark} == {proposal.old, proposal.new}


def test_unknown_words_are_marked():
    run = made(count=60)
    shown = [w for k in range(61) for w in words_of(run, k, 0)]
    assert {w.text for w in shown if w.unknown} <= {"Frobnic"}
    assert all(w.locked == (w.text.lower() in ("juice", "natural", "brand")) for w in shown)


# --- parameters ---


@pytest.mark.parametrize(
    ("field", "value", "wrong", "part"),
    [
        ("keywords", "  ", "text", "must be in the sentence"),
        ("max_length", 2, "text", "3 words"),
        ("model", "", "model", "Load a forward"),
        ("moves.delete", 0.0, "moves", "Insert needs delete"),
        ("min_length", 30, "max_length", "at least"),
        ("terms.fluency.weight", 0.0, "terms.fluency.weight", "at least one term"),
    ],
)
def test_what_is_wrong_is_said_in_words(field, value, wrong, part):
    good = Parameters(sample=REQUEST)
    assert good.errors() == {}
    assert part in good.with_field(field, value).errors()[wrong]


def test_the_request_holds_only_the_chosen_modes_text():
    p = Parameters(sample=msgspec.structs.replace(REQUEST, source="it is good", start="x"))
    assert (p.request().keywords, p.request().source, p.request().start) == ("juice natural brand", "", "")
    p = p.with_field("terms.length.goal", 7).with_field("terms.similarity.weight", 12.0)
    assert p.request().terms == (Fluency(),)
    p = p.with_field("mode", "paraphrase")
    assert p.request().terms == (Fluency(), Similarity(weight=12.0))
    assert p.with_field("terms.length.weight", 0.5).request().terms[2] == Length(weight=0.5, goal=7)
    assert (p.request().keywords, p.request().source) == ("", "it is good")
    assert p.with_field("ladder", (1.0, 2.0, 4.0)).request().chains == 3


def test_ladder_text():
    assert parse_ladder("1, 1.5;2") == (1.0, 1.5, 2.0)
    assert parse_ladder(" ") == ()
    for text in ("a, b", "1, -2", "1"):
        with pytest.raises(ValueError, match=r"such as|above zero"):
            parse_ladder(text)


def test_command_line_leaves_defaults_out():
    line = command_line(msgspec.structs.replace(REQUEST, moves=MoveWeights(insert=0.5)))
    assert line == (
        "python -m engine mh --model tiny --keywords 'juice natural brand' --steps 60 --chains 2 --insert 0.5 --seed 3"
    )


# --- exports ---


def test_json_lines_begin_with_the_request_and_hold_every_proposal():
    run = made()
    lines = exports.json_lines(run).splitlines()
    assert decode_request(lines[0]) == REQUEST
    assert exports.read_request(exports.json_lines(run)) == REQUEST
    rows = [json.loads(line) for line in lines[1:]]
    assert len(rows) == 120
    for row in rows:
        change = sum(after - before for before, after in row["terms"].values())
        assert row["log_alpha"] == pytest.approx(min(0, change + row["log_g_backward"] - row["log_g_forward"]))
        assert row["accepted"] == (row["log_u"] < row["log_alpha"])
    with pytest.raises(ValueError, match="not a request"):
        exports.read_request(b"{}")


def test_the_table_round_trips_through_csv():
    run = made()
    rows = list(csv.DictReader(io.StringIO(exports.table(run).decode())))
    assert len(rows) == 120
    for row in rows:
        proposal = run.proposal(int(row["step"]), int(row["chain"]))
        assert row["sentence"] == proposal.sentence
        assert float(row["log_alpha"]) == proposal.log_alpha
        assert float(row["log_target"]) == run.standing(proposal.step, proposal.chain).log_target


def test_events_survive_json():
    for step in steps(REQUEST, 5):
        assert encode(decode_event(encode(step))) == encode(step)


# --- the panel ---


def test_it_begins_with_an_invitation_that_starts_a_run(panel, bridge):
    assert not panel.hero.strip.words
    panel.hero._empty.button.click()
    assert bridge.requests[-1].keywords == "juice natural brand"
    assert bridge.requests[-1].model == "tiny"


def test_only_forward_models_are_offered(panel):
    assert [panel.form.model.itemData(i) for i in range(panel.form.model.count())] == ["tiny"]


def test_playing_moves_through_the_record(running):
    head = running.playhead
    assert head.playing
    assert head.position == 0
    assert head.end == 40
    head.set_speed(SPEEDS.index(10.0))
    head.advance(0.55)
    assert head.position == 5
    assert sentence(running)[0].lower() == running.run.standing(5, 0).words[0].lower()


def test_scrubbing_reads_the_record_and_asks_nothing(running, bridge):
    running.playhead.pause()
    for step in (40, 17, 0, 23):
        running.playhead.seek(step)
        shown = [w.lower() for w in sentence(running)]
        assert shown == [w.lower() for w in running.run.standing(step, 0).words]
        assert running.history.table.currentIndex().row() == step
    assert len(bridge.requests) == 1
    assert {name for name, _ in bridge.asked} <= {"pause", "resume"}


def test_the_table_and_traces_scrub(running):
    running.history.table.row_chosen.emit(12)
    assert running.playhead.position == 12
    running.history.timeline.step_chosen.emit(31)
    assert running.playhead.position == 31
    running.history.timeline.step_chosen.emit(999)
    assert running.playhead.position == 40


def test_following_stays_on_the_live_edge(running, bridge):
    running.playhead.follow()
    assert running.playhead.speed == LIVE
    assert running.playhead.position == 40
    bridge.send(1, *steps(REQUEST, 60)[40:50])
    running._on_frame()
    assert running.playhead.position == 50
    assert running.history.table.currentIndex().row() == 50
    running.playhead.seek(10)
    assert not running.playhead.following
    bridge.send(1, *steps(REQUEST, 60)[50:55])
    running._on_frame()
    assert running.playhead.position == 10


def test_pausing_at_the_live_edge_holds_the_engine_and_a_step_makes_one_more(running, bridge):
    running.playhead.seek(20)
    running.playhead.pause()
    assert ("pause", 1) not in bridge.asked  # the engine runs ahead
    running.playhead.seek(40)
    assert bridge.asked[-1] == ("pause", 1)
    running.playhead.step(1)
    assert bridge.asked[-1] == ("step", 1)
    bridge.send(1, steps(REQUEST, 60)[40])
    running._on_frame()
    assert running.playhead.position == 41
    assert bridge.asked[-1] == ("step", 1)  # still held
    running.playhead.play()
    assert bridge.asked[-1] == ("resume", 1)


def test_an_endless_run_waits_when_it_is_far_ahead(panel, bridge):
    endless = msgspec.structs.replace(REQUEST, steps=0, chains=1)
    panel.set_parameters(Parameters(sample=endless))
    panel.start()
    bridge.send(1, started(endless), *steps(endless, 4100))
    panel._on_frame()
    panel._on_frame()  # one frame may go to the traces
    assert bridge.asked[-1] == ("pause", 1)
    panel.playhead.seek(3000)
    assert bridge.asked[-1] == ("resume", 1)


def test_branching_starts_at_the_sentence_shown(running, bridge):
    running.playhead.pause()
    running.playhead.seek(30)
    standing = running.run.standing(30, 0)
    running.branch()
    request = bridge.requests[-1]
    assert request.start == " ".join(standing.words)
    assert request.keywords == "juice natural brand"
    assert request.locked == ()  # the keywords are kept by the constraint
    assert ("forget", 1) in bridge.asked


def test_locking_words_goes_into_the_branch(running, bridge):
    running.playhead.pause()
    running.playhead.seek(40)
    words = running.run.standing(40, 0).words
    free = next(i for i, w in enumerate(words) if w not in ("juice", "natural", "brand"))
    running.hero.strip.word_clicked.emit(free)
    assert running.hero.strip.words[free].locked
    running.hero.locks_applied.emit()
    assert free in bridge.requests[-1].locked


def test_locking_the_first_sentence_can_be_undone(panel, services):
    panel.edit("mode", "sentence")
    panel.edit("start", "the man is here")
    panel.hero.strip.word_clicked.emit(1)
    assert panel.parameters.request().locked == (1,)
    assert [w.locked for w in panel.hero.strip.words] == [False, True, False, False]
    services.undo.undo()
    assert panel.parameters.request().locked == ()
    panel.hero.strip.word_clicked.emit(1)
    panel.edit("start", "another text")
    assert panel.parameters.sample.locked == ()


def test_parameters_are_undone_and_redone(panel, services):
    panel.edit("temperature", 0.7)
    panel.edit("candidates", 20)
    services.undo.undo()
    assert panel.parameters.sample.candidates == 50
    assert panel.parameters.sample.temperature == 0.7
    services.undo.undo()
    assert panel.parameters.sample.temperature == 1.0
    services.undo.redo()
    assert panel.parameters.sample.temperature == 0.7


def test_fields_edit_parameters(panel):
    panel.form.text.setPlainText("cat dog")
    panel.form._fields["chains"].setValue(3)
    assert (panel.parameters.sample.keywords, panel.parameters.sample.chains) == ("cat dog", 3)
    panel.form.ladder.setText("1, 2")
    panel.form.ladder.editingFinished.emit()
    assert panel.parameters.request().ladder == (1.0, 2.0)
    assert panel.parameters.errors() == {}


def test_a_wrong_value_behind_more_is_brought_into_sight(panel):
    assert not panel.form.more.isChecked()
    panel.form.show_errors({"max_length": "too short"})
    assert panel.form.more.isChecked()


def test_a_wrong_field_says_so_and_nothing_runs(panel, bridge):
    panel.set_parameters(Parameters(sample=REQUEST).with_field("moves.delete", 0.0))
    panel.start()
    assert bridge.requests == []
    assert "Insert needs delete" in panel.form._wrong["moves"].text()
    assert not panel.form.run.isEnabled()


def test_events_of_an_older_job_are_dropped(running, bridge):
    running.again()
    late = steps(REQUEST, 60)[40]
    running.runner.hear(type("M", (), {"job": 1, "event": late})())
    assert len(running.run) == 40
    bridge.send(2, started(REQUEST), *steps(REQUEST, 3))
    running._on_frame()
    assert len(running.run) == 3


def test_the_old_run_stays_until_the_new_one_begins(running, bridge):
    running.again()
    assert len(running.run) == 40
    assert bridge.requests[0] == bridge.requests[1]


def test_a_new_seed_is_another_request(running, bridge):
    running.new_seed()
    assert bridge.requests[-1] != bridge.requests[0]
    assert msgspec.structs.replace(bridge.requests[-1], seed=3) == bridge.requests[0]


def test_an_open_seed_is_drawn_at_each_run(panel, bridge):
    panel.set_parameters(Parameters(sample=REQUEST, seed_fixed=False))
    panel.start()
    panel.start()
    assert bridge.requests[0].seed != bridge.requests[1].seed


def test_chains_and_overview(running):
    running.choose_chain(1)
    running.playhead.seek(25)
    assert [w.lower() for w in sentence(running)] == [w.lower() for w in running.run.standing(25, 1).words]
    running.show_all(True)
    assert [r.sentence for r in running.hero.chains.rows] == [running.run.standing(25, c).sentence for c in range(2)]
    running.hero.chains.chosen.emit(0)
    assert running.chain == 0


def test_no_motion_when_it_is_off_or_fast(running, services, monkeypatch):
    monkeypatch.setattr(running.hero.strip, "isVisible", lambda: True)
    running.playhead.seek(5)
    running.playhead.step(1)
    assert not running.hero.strip.moving
    services.theme.motion = True
    running.playhead.step(1)
    assert running.hero.strip.moving
    running.playhead.set_speed(SPEEDS.index(25.0))
    running.playhead.step(1)
    assert not running.hero.strip.moving
    services.theme.motion = False


def test_state_brings_everything_back(running, services, bridge, qtbot):
    running.choose_chain(1)
    running.playhead.pause()
    running.playhead.seek(22)
    state = json.loads(json.dumps(running.state()))
    other = SamplerPanel(dataclasses.replace(services, bridge=bridge))
    qtbot.addWidget(other)
    other.restore(state)
    assert other.parameters == running.parameters
    assert (other.playhead.position, other.chain, len(other.run)) == (22, 1, 40)
    assert sentence(other) == sentence(running)
    other.restore({"parameters": {"mode": "nonsense"}})
    assert other.parameters == running.parameters


def test_a_kept_run_takes_the_place_of_one_that_goes_on(running, bridge):
    """Nothing of the job that was on is added to the run put back, be it of more chains or fewer."""
    kept = running.state()
    four = msgspec.structs.replace(REQUEST, chains=4)
    running.set_parameters(Parameters(sample=four))
    running.start()
    bridge.send(2, started(four), *steps(four, 5))
    running.restore(kept)
    assert bridge.asked[-1] == ("forget", 2)
    bridge.send(2, *steps(four, 6)[5:])
    running._on_frame()
    assert len(running.run) == 40
    assert running.job is None


def test_a_dropped_run_file_is_replayed(panel, bridge, tmp_path):
    path = tmp_path / "run.jsonl"
    path.write_bytes(exports.json_lines(made()))
    assert panel.open_file(path)
    assert bridge.requests[-1] == REQUEST
    assert panel.parameters.request() == REQUEST
    assert not panel.open_file(tmp_path / "model.safetensors")


def test_copies(running):
    running.playhead.seek(9)
    running.copy_sentence()
    assert QGuiApplication.clipboard().text() == running.run.standing(9, 0).sentence
    running.copy_command()
    assert "--keywords 'juice natural brand'" in QGuiApplication.clipboard().text()
    running.copy_image()
    assert not QGuiApplication.clipboard().pixmap().isNull()


def test_keys_are_commands(panel):
    keys = {c.keys: c.id for c in panel.commands() if c.keys}
    for key in ("Space", "Left", "Right", "Shift+Left", "Shift+Right", "Home", "End", "Up", "Down", "R", "N", "B"):
        assert keys[key].startswith("sampler.")


def test_the_finished_run_plays_again_from_the_start(running, bridge):
    bridge.send(1, *steps(REQUEST, 60)[40:], Finished(seconds=1.0))
    running._on_frame()
    running.playhead.seek(60)
    assert running.ready()
    assert running.job is None
    running.playhead.play()
    assert running.playhead.position == 0


def test_every_control_can_be_named(panel):
    from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QLineEdit

    for kind in (QAbstractSpinBox, QComboBox, QAbstractButton):
        for widget in panel.form.findChildren(kind):
            if not isinstance(widget.parent(), QAbstractSpinBox | QComboBox):
                assert widget.accessibleName() or getattr(widget, "text", str)(), widget
                assert widget.toolTip() or isinstance(widget, QLineEdit), widget.accessibleName()


def test_the_copied_command_asks_for_the_same_run():
    import shlex

    import typer
    from typer.testing import CliRunner

    from engine.commands import mh

    request = msgspec.structs.replace(
        REQUEST,
        keywords="",
        source="it is 'good'",
        locked=(0, 2),
        terms=(Fluency(), Similarity(weight=12.5, keep=False), Length(weight=0.1, goal=8)),
        moves=MoveWeights(replace=2, insert=0.5),
        ladder=(1.0, 1.5),
        temperature=0.8,
        min_length=2,
        full_share=0.2,
    )
    asked = []
    app = typer.Typer()
    mh.add_to(app)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mh, "_run", lambda request, device, out: asked.append(request) or 1 / 0)
        CliRunner().invoke(app, shlex.split(command_line(request))[4:])
    assert asked == [request]
