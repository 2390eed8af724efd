"""What the sampler panel takes over and puts back: run files, first sentences, locks, sessions, figures."""

from __future__ import annotations

import base64
import dataclasses
import json
import zlib

import msgspec
import numpy as np
import pytest
import torch
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QSpinBox

from app.panels.sampler import SamplerPanel
from app.panels.sampler.history import _r_hat_words
from app.panels.sampler.parameters import Parameters
from app.panels.sampler.runner import KEPT_RUNS
from engine.jobs import Context, start
from engine.library import Library
from engine.messages import (
    Cancelled,
    Diagnostics,
    Finished,
    Fluency,
    LadderSuggested,
    Length,
    Sample,
    Similarity,
    Visited,
    encode,
)
from engine.reading import split_words
from tests.app.panels.made_up import NotedBridge, started, steps

REQUEST = Sample(model="tiny", keywords="juice natural brand", chains=2, steps=60, seed=3)
HELD = (Fluency(), Similarity(weight=10.0))
FIGURES = Diagnostics(
    step=25,
    acceptance={"replace": 0.5},
    r_hat=1.01,
    ess=30.0,
    autocorrelation=np.array([1.0, 0.5]),
    most_visited=(Visited("a fresh brand", 3, -4.0),),
    proposals_per_second=90.0,
    draws=26,
)


@pytest.fixture
def noted(qapp):
    return NotedBridge()


@pytest.fixture
def make_panel(services):
    """Makes panels on a bridge that only notes, or on the services' own engine."""
    made = []

    def make(bridge=None):
        panel = SamplerPanel(dataclasses.replace(services, bridge=bridge) if bridge else services)
        panel.resize(1200, 760)
        made.append(panel)
        return panel

    yield make
    for panel in made:
        panel.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def panel(make_panel, noted):
    return make_panel(noted)


@pytest.fixture
def running(panel, noted):
    """A panel with 40 of 60 steps in, and figures by step 25."""
    panel.set_parameters(Parameters(sample=REQUEST))
    panel.start()
    noted.send(1, started(panel.parameters.request()), *steps(REQUEST, 40), FIGURES)
    panel._on_frame()
    return panel


def opened(panel, tmp_path, **changes):
    """The request of a run file that was opened."""
    request = msgspec.structs.replace(REQUEST, **changes)
    path = tmp_path / "run.jsonl"
    path.write_bytes(encode(request) + b"\n")
    assert panel.open_file(path)
    return request


def named(panel, kind, name):
    (found,) = [w for w in panel.form.findChildren(kind) if w.accessibleName() == name]
    return found


def preview(panel):
    return [(w.text, w.locked) for w in panel.hero.strip.words]


# --- run files ---


@pytest.mark.parametrize(
    ("field", "name", "most", "beyond"),
    [
        ("seed", "Seed", 2**31 - 1, 2**40),
        ("steps", "Steps", 10**9, 10**9),
        ("candidates", "Candidates K, words", 10**5, 10**5),
    ],
)
def test_a_number_beyond_its_field_is_shown_as_the_fields_end_and_any_other_as_it_is(
    panel, noted, tmp_path, field, name, most, beyond
):
    request = opened(panel, tmp_path, **{field: beyond})
    assert noted.requests == [request]
    assert named(panel, QSpinBox, name).value() == most
    panel.edit("chains", 3)
    assert getattr(panel.parameters.request(), field) == beyond


def test_a_run_of_an_unknown_model_shows_no_other_model(panel, noted, tmp_path):
    opened(panel, tmp_path, model="gone")
    assert noted.requests[-1].model == "gone"
    assert panel.form.model.currentIndex() == -1
    assert panel.form.model.currentText() == ""
    panel.edit("model", "tiny")
    assert panel.form.model.currentData() == "tiny"


@pytest.mark.parametrize(
    "changes",
    [
        {"start": "the juice fresh natural brand", "locked": (2,)},
        {"keywords": "", "source": "the man is here", "terms": HELD, "locked": (1,)},
        {"keywords": "", "source": "the man is here", "terms": HELD, "start": "the man was here", "locked": (2,)},
        {"keywords": "", "start": "the man was here", "locked": (3,)},
    ],
)
def test_a_run_file_run_again_has_its_start_and_its_locks(panel, noted, tmp_path, changes):
    request = opened(panel, tmp_path, **changes)
    words = split_words(request.start or request.source)
    assert preview(panel) == [(w, i in request.locked) for i, w in enumerate(words)]
    panel.start()
    assert noted.requests == [request, request]


# --- the first sentence ---


@pytest.mark.parametrize(
    ("mode", "field", "text"), [("keywords", "keywords", "dog"), ("paraphrase", "source", "a cat")]
)
def test_the_first_sentence_is_where_the_chains_start(panel, noted, services, mode, field, text):
    panel.edit("mode", mode)
    panel.edit(field, text)
    line = named(panel, QLineEdit, "First sentence")
    assert line.isEnabled()
    QTest.keyClicks(line, "the dog runs")
    assert [word for word, _ in preview(panel)] == ["the", "dog", "runs"]
    panel.start()
    assert (noted.requests[-1].start, getattr(noted.requests[-1], field)) == ("the dog runs", text)
    services.undo.undo()
    assert line.text() == ""
    assert panel.parameters.request().start == ""


def test_a_sentence_is_its_own_start_whatever_was_the_first_before(panel, noted):
    panel.edit("first", "the dog runs")
    panel.edit("mode", "sentence")
    panel.edit("start", "a cat sleeps")
    assert not named(panel, QLineEdit, "First sentence").isEnabled()
    assert [word for word, _ in preview(panel)] == ["a", "cat", "sleeps"]
    panel.start()
    assert noted.requests[-1].start == "a cat sleeps"


def test_locks_go_with_the_first_sentence_they_were_places_in(panel, noted):
    panel.edit("mode", "paraphrase")
    panel.edit("source", "the man is here")
    panel.edit("first", "a man was here")
    panel.hero.strip.word_clicked.emit(2)
    assert preview(panel)[2] == ("was", True)
    panel.start()
    assert noted.requests[-1].locked == (2,)
    panel.edit("first", "here was a man")
    assert panel.parameters.request().locked == ()


# --- words ---


TYPED = (
    "it\u2019s a good movie today",
    "\u201cTom\u2019s\u201d dog\u2014the big one",
    "cafe\u0301 au lait",
    "cof\u200bfee and \U0001f469\u200d\U0001f469\u200d\U0001f467 with हिन्दी",
    "a\u00a0b  c_d x1y2",
)


@pytest.mark.parametrize("text", TYPED)
def test_a_text_is_divided_as_the_tokenizer_divides_it(panel, text):
    panel.edit("mode", "sentence")
    panel.edit("start", text)
    assert [word for word, _ in preview(panel)] == split_words(text)


def test_a_lock_after_typographic_marks_stays_on_its_word(make_panel):
    panel = make_panel()
    panel.edit("mode", "sentence")
    panel.edit("start", "the dog\u2019s \u201cbed\u201d is small \u2014 a cafe\u0301 cat sleeps")
    panel.edit("steps", 1)
    place = [word for word, _ in preview(panel)].index("cat")
    panel.hero.strip.word_clicked.emit(place)
    panel.start()
    assert panel.bridge.wait_for(lambda: panel.job is None and panel.run is not None)
    standing = panel.run.standing(0, 0)
    assert panel.run.request.locked == (place,)
    assert (standing.words[place], standing.locked[place]) == ("cat", True)


# --- sessions ---


def test_a_state_without_a_run_leaves_none(panel, noted):
    fresh = panel.state()
    panel.set_parameters(Parameters(sample=REQUEST))
    panel.start()
    noted.send(1, started(panel.parameters.request()), *steps(REQUEST, 40))
    panel._on_frame()
    panel.choose_chain(1)
    panel.show_all(True)
    panel.restore(fresh)
    assert (panel.run, panel.job, panel.chain, panel.overview) == (None, None, 0, False)
    assert noted.asked[-1] == ("forget", 1)
    assert (panel.playhead.position, panel.playhead.end, panel.playhead.playing) == (0, 0, False)
    assert panel.history.table.rows.rowCount() == 0
    assert not panel.hero.strip.words
    assert panel.form.run.text() == "Run"
    noted.send(1, *steps(REQUEST, 41)[40:])
    panel._on_frame()
    assert panel.run is None
    assert panel.state() == fresh


def test_a_kept_run_comes_back_with_its_figures(running, make_panel, noted):
    running.playhead.pause()
    running.playhead.seek(30)
    shown = running.history.figures.text()
    assert "last 26" in shown
    other = make_panel(noted)
    other.restore(json.loads(json.dumps(running.state())))
    assert other.playhead.position == 30
    assert other.history.figures.text() == shown
    assert other.history.visited.rows.rowCount() == 1
    assert encode(other.run.diagnostics[0]) == encode(FIGURES)


def test_figures_that_come_after_the_last_save_are_in_the_next(running, noted):
    running.state()
    later = msgspec.structs.replace(FIGURES, step=38, ess=12.0)
    noted.send(1, later)
    kept = running.state()
    running.restore(kept)
    assert [known.step for known in running.run.diagnostics] == [25, 38]


# --- figures ---


@pytest.mark.parametrize("ladder", [(), (1.0, 1.5, 3.0)])
def test_the_figures_say_of_how_many_draws_they_are(tiny_library, monkeypatch, ladder):
    """With a ladder, of the coldest chain's alone."""
    from engine.jobs import sampling

    seen = []
    known = sampling.bulk_ess
    monkeypatch.setattr(sampling, "bulk_ess", lambda draws: seen.append(draws.shape) or known(draws))
    request = Sample(model="tiny", keywords="dog", chains=3, steps=41, candidates=8, ladder=ladder, seed=2)
    context = Context(Library(torch.device("cpu"), [tiny_library]), torch.device("cpu"))
    figures = [event for event in start(request, context) if isinstance(event, Diagnostics)]
    assert [known.draws for known in figures] == [chains * draws for chains, draws in seen]
    assert seen[-1] == (1 if ladder else 3, 21)


def test_one_chain_is_not_said_to_differ_from_others():
    assert _r_hat_words(1.3, 4) == "the chains still differ"
    assert _r_hat_words(1.0, 4) == "the chains agree"
    assert _r_hat_words(1.3, 1) == "one chain, whose halves still differ"
    assert _r_hat_words(float("nan"), 1) == "needs more steps"


FORMER = {  # as the version before wrote it: weights in a table, the goal beside them
    "request": "Sample",
    "model": "tiny",
    "source": "the man is here",
    "terms": {"fluency": 0.5, "similarity": 10.0, "length": 0.25},
    "length_goal": 7,
    "seed": 4,
}


def test_a_session_of_the_version_before_comes_back(panel, running):
    run = dict(running.state())
    kept = msgspec.msgpack.decode(zlib.decompress(base64.b64decode(run["run"])))
    kept[0]["request"] = {**kept[0]["request"], **FORMER, "chains": 2, "steps": 60}
    del kept[0]["request"]["places"]
    former = base64.b64encode(zlib.compress(msgspec.msgpack.encode(kept))).decode()
    panel.restore({**run, "run": former, "parameters": {"mode": "paraphrase", "sample": FORMER}})
    wanted = (Fluency(weight=0.5), Similarity(weight=10.0, keep=False), Length(weight=0.25, goal=7))
    for sample in (panel.parameters.sample, panel.parameters.request(), panel.run.request):
        assert sample.terms == wanted
        assert sample.places == "every"  # so that it replays as it was made
    assert len(panel.run) == 40


def test_a_run_file_of_the_version_before_is_taken_over(panel, noted, tmp_path):
    path = tmp_path / "old.jsonl"
    path.write_bytes(encode(FORMER) + b"\n")
    assert panel.open_file(path)
    terms = (Fluency(weight=0.5), Similarity(weight=10.0, keep=False), Length(weight=0.25, goal=7))
    assert noted.requests[-1].terms == terms
    assert noted.requests[-1].places == "every"
    assert panel.parameters.field("terms.length.goal") == 7


# --- far too much ---


def test_a_book_in_the_clipboard_is_refused_under_the_field_and_nothing_is_lost(panel, noted):
    panel.edit("mode", "sentence")
    panel.edit("start", "the dog runs")
    QGuiApplication.clipboard().setText("word " * 40_000)
    field = named(panel, QPlainTextEdit, "Words or sentence")
    field.selectAll()
    field.paste()
    assert field.toPlainText() == "the dog runs"
    assert panel.form._wrong["text"].text().startswith("The field takes 5,000 characters")
    assert [word for word, _ in preview(panel)] == ["the", "dog", "runs"]
    panel.start()
    assert noted.requests[-1].start == "the dog runs"


def test_a_book_from_elsewhere_is_one_sentence():
    many = Parameters(mode="sentence", sample=Sample(model="m", start="word " * 400_000))
    assert many.errors() == {"text": "A sentence has at most 5,000 characters here, and this is longer."}


# --- runs ---


def fed(noted, request, count, done=0):
    """The engine's answer to the latest request: its start and so many steps."""
    noted.send(len(noted.requests), started(request), *steps(request, count)[done:])


def test_a_branch_leaves_the_run_it_came_from_within_reach(running, noted):
    first = running.run
    running.playhead.seek(10)
    running.branch()
    fed(noted, noted.requests[-1], 5)
    running._on_frame()
    assert running.run is not first
    assert running.run.note == "branched off step 10 of run 1"
    assert first.finished
    titles = [running.history.runs.itemText(i) for i in range(2)]
    assert titles == [first.title, running.run.title]
    assert running.history.runs.isVisibleTo(running.history)
    running.history.run_chosen.emit(0)
    assert running.run is first
    assert running.playhead.position == 10
    assert len(first) == 40
    assert encode(first.step(40)) == encode(steps(REQUEST, 40)[39])


def test_a_session_keeps_the_runs_beside_the_one_shown(make_panel, running, noted):
    running.branch()
    fed(noted, noted.requests[-1], 5)
    running._on_frame()
    other = make_panel(NotedBridge())
    other.restore(json.loads(json.dumps(running.state())))
    assert [r.title for r in other.runner.runs] == [r.title for r in running.runner.runs]
    assert other.run.number == 2
    other.choose_run(0)
    assert len(other.run) == 40


def test_runs_that_are_kept_are_bounded(running, noted):
    for _ in range(12):
        running.again()
        fed(noted, noted.requests[-1], 3)
        running._on_frame()
    assert len(running.runner.runs) == KEPT_RUNS
    assert running.run is running.runner.runs[-1]
    assert running.run.number == 13


def test_a_stopped_run_goes_on_where_it_stood(running, noted):
    noted.send(1, Cancelled())
    assert running.run.finished
    assert running.job is None
    run, before = running.run, [encode(s) for s in running.run]
    running.go_on()
    asked = noted.requests[-1]
    assert (asked.done, asked.steps) == (40, 60)
    assert asked.standing == tuple(run.standing(40, c).words for c in range(2))
    fed(noted, REQUEST, 45, done=40)
    running._on_frame()
    assert running.run is run
    assert len(run) == 45
    assert [encode(s) for s in run][:40] == before
    assert not run.finished
    running.stop()
    noted.send(2, Cancelled())
    running.runner.run.request = msgspec.structs.replace(run.request, steps=45)
    running.go_on()  # it had all it was asked for: as many again
    assert noted.requests[-1].steps == 90


def test_the_player_can_stop_at_changes_only(running):
    run = running.run
    changed = [s for s in range(1, 41) if run.standing(s, 0).words != run.standing(s - 1, 0).words]
    assert 5 < len(changed) < 40
    running.history.changes.setChecked(True)
    running.playhead.seek(0)
    seen = []
    for _ in range(5):
        running.playhead.step(1)
        seen.append(running.playhead.position)
    assert seen == changed[:5]
    running.playhead.step(-1)
    assert running.playhead.position == changed[3]
    running.history.changes.setChecked(False)
    running.playhead.step(-1)
    assert running.playhead.position == changed[3] - 1


def test_a_suggested_ladder_is_filled_in(panel, noted):
    panel.set_parameters(Parameters(sample=REQUEST))
    panel.suggest_ladder()
    asked = noted.requests[-1]
    assert asked.sample == panel.parameters.request()
    assert not panel.form._suggest.isEnabled()
    noted.send(1, LadderSuggested(ladder=(1.0, 1.2, 1.5), swaps=(0.3, 0.35)), Finished(seconds=1.0))
    assert panel.parameters.sample.ladder == (1.0, 1.2, 1.5)
    assert panel.form.ladder.text() == "1, 1.2, 1.5"
    assert panel.form._suggest.isEnabled()


def test_exchanges_on_a_ladder_are_shown_with_their_temperatures(panel, noted):
    request = msgspec.structs.replace(REQUEST, ladder=(1.0, 1.5))
    panel.set_parameters(Parameters(sample=request))
    panel.start()
    noted.send(1, started(request), *steps(request, 30), msgspec.structs.replace(FIGURES, step=20))
    panel._on_frame()
    swaps = [s for step in steps(request, 30) for s in step.swaps]
    assert panel.run.exchanges(30) == [(sum(s.accepted for s in swaps), len(swaps))]
    panel.playhead.seek(30)
    assert "T 1\u20131.5" in panel.history.figures.text()


def test_unknown_words_are_said_in_the_score(running):
    run = running.run
    run.started = msgspec.structs.replace(run.started, unknown=("juice", "brand"))
    assert run.unknown_at(0, 0) == 2
    step = next(s for s in range(1, 41) if run.unknown_at(s, 0) and run.proposal(s, 0).candidates)
    running.playhead.seek(step)
    running._refresh()
    (line,) = [t for t in running.explain.terms.terms if t.name == "fluency"]
    assert "charged as the unknown mark" in line.note
    running.playhead.seek(0)
    running._refresh()
    assert "2 unknown words, charged as the unknown mark" in running.hero._said.text()
