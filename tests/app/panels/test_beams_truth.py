"""What the beams panel says of results: only what was searched for, only what was found, only what was typed."""

from __future__ import annotations

import base64
import json
import tracemalloc
import zlib
from html import escape

import msgspec
import pytest
import torch
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractSpinBox, QLineEdit

from app.bridge import Bridge
from app.panels.beams import BeamsPanel, exports, present
from app.panels.beams import run as beams_run
from app.panels.beams.batch import Pair
from app.panels.beams.decoders import Decoder, Setup, six
from app.panels.beams.explain import BeamsExplain
from app.panels.beams.run import Run, ranking
from app.panels.beams.verdict import judge
from engine.checkpoint import Document, save
from engine.library import Library
from engine.messages import SearchOptions, encode
from engine.models.transformer_translator import Translator, TranslatorConfig
from engine.text import Tokenizer
from engine.worker import Engine
from tests.app.panels.test_beams import OPTIONS, TEXT, ask, hypothesis, made, short

PAIRS = [Pair("Der Hund.", "The dog."), Pair("Die Katze.", "The cat.")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An untrained translator."""
    torch.manual_seed(0)
    tokenizer = Tokenizer.train("unigram", TEXT * 5, 40)
    small = {"vocabulary": tokenizer.size, "width": 16, "heads": 2, "feed_forward": 16}
    config = TranslatorConfig(**small, encoder_layers=1, decoder_layers=1)
    document = Document(name="mt", config=msgspec.to_builtins(config), tokenizer="unigram")
    where = tmp_path_factory.mktemp("translator")
    save(where / "mt.safetensors", Translator(config, tokenizer), document, half=False)
    return where


@pytest.fixture
def bridge(qapp, folder):
    bridge = Bridge(Engine("cpu", inline=True, library=Library(torch.device("cpu"), [folder])))
    bridge.refresh_models()
    assert bridge.wait_for(lambda: bool(bridge.models))
    yield bridge
    bridge.close()
    bridge.deleteLater()


@pytest.fixture
def panel(services):
    panel = BeamsPanel(services)
    panel.resize(1200, 760)
    yield panel
    panel.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def typing(panel):
    """The panel in front, with results and its rare fields open."""
    ask(panel)
    panel.show()
    panel.activateWindow()
    assert QTest.qWaitForWindowActive(panel)
    panel.form.more.setChecked(True)
    return panel


def test_a_wrong_value_behind_more_is_brought_into_sight(panel):
    ask(panel)
    assert not panel.form.more.isChecked()
    panel.form.show_errors({"min_length": "too long"})
    assert panel.form.more.isChecked()


def changed(decoder, **options):
    return msgspec.structs.replace(decoder, options=msgspec.structs.replace(decoder.options, **options))


def line_of(panel, name):
    (line,) = [w for w in panel.form.findChildren(QLineEdit) if w.accessibleName() == name]
    line.setFocus()
    assert line.hasFocus()
    return line


# --- verdicts ---


@pytest.mark.parametrize(
    "kept_from_it", [{"prefix_ids": (ord("b"),)}, {"prefix": "b"}, {"min_length": 2}, {"no_repeat_ngram": 2}]
)
def test_a_reference_that_scores_higher_is_never_called_a_model_error(theme, kept_from_it):
    options = msgspec.structs.replace(OPTIONS, **kept_from_it)
    decoder, run = Decoder(1, "mt", options), made(options, reference=hypothesis("xy.", -1.0))
    verdict = judge(decoder, run, {decoder: run})
    assert verdict.kind == "incomparable"
    assert "“xy.” scores −1.00, more than the −2.90" in verdict.sentence
    assert "neither a search error nor a model error" in verdict.sentence
    assert present.lane(0, decoder, run, {decoder: run}, False).badge == ""
    explain = BeamsExplain(theme=theme)
    explain.show_verdict("here", verdict, decoder, *ranking(run, decoder)[0], "")
    assert "Nothing better known" not in explain.text()
    explain.deleteLater()


def test_a_reference_that_scores_lower_is_a_model_error_under_a_forced_beginning_too():
    options = msgspec.structs.replace(OPTIONS, prefix_ids=(ord("b"),))
    decoder, run = Decoder(1, "mt", options), made(options, reference=hypothesis("xy.", -9.0))
    assert judge(decoder, run, {decoder: run}).kind == "model error"


# --- what was edited since ---


@pytest.mark.parametrize(
    "since",
    [{"normalisation": "power"}, {"strategy": "sample"}, {"strategy": "mbr"}, {"beam": 9}, {"prefix_ids": (5,)}],
)
@pytest.mark.parametrize("penalty", [None, 0.5])
def test_settings_edited_since_say_nothing_about_what_was_found(since, penalty):
    run = made(found=(("bd.", -2.9), ("ae.", -3.0)), reference=hypothesis("abcdef.", -6.0))
    before = Decoder(1, "mt", OPTIONS, penalty)
    after = msgspec.structs.replace(changed(before, **since), model="another")
    assert judge(after, run, {after: run}) == judge(before, run, {before: run})
    assert ranking(run, after) == ranking(run, before)
    assert present.scored(run, after) == present.scored(run, before)
    assert present.sweep(run, after) == present.sweep(run, before)
    assert exports.rows([(0, after, run)]) == exports.rows([(0, before, run)])
    assert exports.records([(0, after, run)]) == exports.records([(0, before, run)])


def test_a_better_sentence_is_told_with_the_settings_that_found_it():
    wide = SearchOptions(beam=8)
    own, other = made(), made(wide, found=(("cz.", -2.0),))
    decoder, rival = Decoder(1, "mt", OPTIONS), Decoder(2, "mt", wide)
    edited = changed(rival, strategy="greedy")
    verdict = judge(decoder, own, {decoder: own, edited: other})
    assert "(found by beam 8)" in verdict.sentence
    assert verdict == judge(decoder, own, {decoder: own, rival: other})


def test_the_explanation_and_the_exports_stay_with_what_was_searched(panel):
    ask(panel)
    said, table = panel.explain.text(), exports.table(panel.results())
    records = exports.records(panel.results())
    panel.asking.edit("strategy", "contrastive")
    panel.asking.edit("model", "lm")
    panel.asking.edit("normalisation", "gnmt")
    panel.refresh()
    assert panel.explain.text() == said
    assert exports.table(panel.results()) == table
    assert exports.records(panel.results()) == records
    assert panel.hero.lanes.lanes[1].stale


# --- fields ---


def test_tab_through_the_forced_beginning_keeps_the_forced_tokens(typing):
    typing.asking.force((5, 6))
    line = line_of(typing, "Forced beginning")
    QTest.keyClick(line, Qt.Key.Key_Tab)
    assert not line.hasFocus()
    assert typing.setup.decoder.options.prefix_ids == (5, 6)
    line = line_of(typing, "Forced beginning")
    QTest.keyClicks(line, "The")
    QTest.keyClick(line, Qt.Key.Key_Tab)
    assert (typing.setup.decoder.options.prefix, typing.setup.decoder.options.prefix_ids) == ("The", ())


def test_a_text_being_typed_outlives_news_of_the_models(typing):
    line = line_of(typing, "Forced beginning")
    QTest.keyClicks(line, "The dog")
    typing.bridge.models_changed.emit()
    assert line.text() == "The dog"
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert typing.setup.decoder.options.prefix == "The dog"
    typing.services.undo.undo()
    assert (line.text(), typing.setup.decoder.options.prefix) == ("", "")


def test_a_number_being_typed_outlives_news_of_the_models(typing):
    spin = typing.form._fields["beam"][0].findChild(QAbstractSpinBox)
    spin.setFocus()
    spin.selectAll()
    QTest.keyClicks(spin, "7")
    typing.bridge.models_changed.emit()
    assert spin.text() == "7"
    QTest.keyClick(spin, Qt.Key.Key_Return)
    assert typing.setup.decoder.options.beam == 7
    typing.services.undo.undo()
    assert spin.value() == typing.setup.decoder.options.beam != 7


# --- what is read back and what failed ---


def packed(text):
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def test_a_run_that_unfolds_to_too_much_is_refused_without_unfolding_it(monkeypatch):
    monkeypatch.setattr("app.panels.beams.run.MOST", 1 << 20, raising=False)
    text = packed('["", [' + " " * (48 << 20) + '], ""]')
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="not a "):
            Run.unpack(text)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("unreadable", [5, None, packed("5"), packed("[5, [], 0]"), packed('["", 3, ""]'), "rubbish"])
def test_a_run_that_cannot_be_read_is_left_out_and_the_others_come_back(panel, unreadable):
    ask(panel)
    kept = json.loads(json.dumps(panel.state()))
    kept["runs"]["1"] = unreadable
    panel.restore(kept)
    assert sorted(panel.searches.runs) == [2, 3, 4, 5, 6]


def test_why_a_search_failed_is_shown_as_text(panel):
    ask(panel)
    panel.asking.edit("model", "<img src=x.png>")
    panel.start_one()
    assert panel.bridge.wait_for(lambda: not panel.searches.running)
    panel.refresh()
    assert "<img" in panel.run.wrong
    assert panel.explain._verdict.text() == escape(panel.run.wrong)


# --- batches ---


def test_a_batch_whose_job_is_cancelled_elsewhere_stops_and_says_after_how_much(panel):
    panel.asking.set(Setup("x", decoders=tuple(short(d) for d in six("mt")[:2]), chosen=1))
    panel.start_batch(PAIRS * 3, "some.txt")
    assert panel.bridge.wait_for(lambda: panel.batch.progress[0] == 3)
    panel.bridge.cancel(panel.batch._job)
    assert panel.bridge.wait_for(lambda: not panel.bridge.jobs)
    assert not panel.batch.running
    assert panel.views.batch.note.text() == "some.txt: stopped after 3 of 12 searches"
    assert not panel.views.batch.stop.isVisibleTo(panel.views.batch)
    panel.start_batch(PAIRS, "again.txt")
    assert panel.bridge.wait_for(lambda: not panel.batch.running)
    assert panel.views.batch.note.text() == "again.txt: 2 sentences, 2 decoders"


def test_a_batch_whose_figures_are_cancelled_elsewhere_keeps_its_outputs(panel):
    panel.asking.set(Setup("x", decoders=(short(six("mt")[0]),), chosen=1))
    panel.start_batch(PAIRS, "some.txt")
    assert panel.bridge.wait_for(lambda: bool(panel.batch._scoring))
    panel.bridge.cancel(panel.batch._job)
    assert panel.bridge.wait_for(lambda: not panel.bridge.jobs)
    assert not panel.batch.running
    assert len(panel.batch.series[0].outputs) == 2
    assert panel.batch.series[0].bleu is None
    assert panel.views.batch.note.text() == "some.txt: 2 sentences, 1 decoders"


def test_a_batch_says_what_it_applies_and_how_many_outputs_are_unfinished(panel):
    asked = [changed(d, max_length=2) for d in six("mt")[:2]]
    asked = [changed(asked[0], prefix_ids=(5, 6)), changed(asked[1], prefix="The")]
    panel.asking.set(Setup("x", decoders=tuple(asked), chosen=1))
    panel.start_batch(PAIRS, "some.txt")
    assert panel.bridge.wait_for(lambda: not panel.batch.running)
    assert panel.views.batch.note.text().endswith(
        " · decoder 2 begins with “The”; without the tokens forced on one sentence (decoder 1)"
    )
    assert panel.batch.series[0].decoder.options.prefix_ids == ()
    assert panel.batch.series[0].unfinished == 2
    assert not panel.views.batch.table.isColumnHidden(5)


# --- what was asked for and not found ---


def lacking(options=OPTIONS, **more):
    run = made(options)
    run.done = msgspec.structs.replace(run.done, hypotheses=(hypothesis("bd.", -2.9, finished=False, **more),))
    return run


def test_a_phrase_that_no_sentence_holds_is_said_everywhere(theme):
    options = msgspec.structs.replace(OPTIONS, strategy="constrained", constraints=("no time",))
    decoder, run = Decoder(1, "mt", options), lacking(options, unmet=("no time",))
    verdict = judge(decoder, run, {decoder: run})
    assert verdict.kind == "unmet"
    assert "lacks “no time”" in verdict.sentence
    lane = present.lane(0, decoder, run, {decoder: run}, False)
    assert lane.bad
    assert lane.badge == "without “no time”, unfinished"
    explain = BeamsExplain(theme=theme)
    explain.show_verdict("here", verdict, decoder, *ranking(run, decoder)[0], "")
    assert "Not every phrase was met" in explain.text()
    assert "Nothing better known" not in explain.text()
    explain.deleteLater()
    (row,) = exports.rows([(0, decoder, run)])
    assert dict(zip(exports.HEADINGS, row, strict=True))["unmet"] == "no time"


@pytest.mark.parametrize(("known", "kind"), [("no d!", "search error"), ("bda", "open"), ("abd", "open")])
def test_a_phrase_is_held_by_words_of_its_own(known, kind):
    options = msgspec.structs.replace(OPTIONS, strategy="constrained", constraints=("d",))
    own, other = made(options), made(found=((known, -2.0),))
    decoder, rival = Decoder(1, "mt", options), Decoder(2, "mt", OPTIONS)
    assert judge(decoder, own, {decoder: own, rival: other}).kind == kind


@pytest.mark.parametrize("penalty", [None, 0.5])
@pytest.mark.parametrize("strategy", ["beam", "greedy", "sample", "mbr", "stochastic", "contrastive"])
def test_an_unfinished_sentence_is_never_shown_as_a_whole_one(strategy, penalty):
    options = msgspec.structs.replace(OPTIONS, strategy=strategy, max_length=3)
    decoder, run = Decoder(1, "mt", options, penalty), lacking(options)
    verdict = judge(decoder, run, {decoder: run})
    assert verdict.kind in ("unfinished", "drawn")
    assert "unfinished" in verdict.sentence or "No sentence was finished" in verdict.sentence
    assert "unfinished" in present.lane(0, decoder, run, {decoder: run}, False).badge


def test_the_table_has_a_column_for_what_is_lacking(panel):
    ask(panel, Setup("Der Hund.", decoders=(changed(Decoder(1, "mt"), max_length=1),), chosen=1))
    table = panel.history.table
    assert not table.isColumnHidden(7)
    assert {table.rows.row(i)[7] for i in range(table.rows.rowCount())} == {"unfinished"}
    ask(panel, Setup("Der Hund.", decoders=(changed(Decoder(1, "mt"), max_length=40),), chosen=1))
    assert table.isColumnHidden(7) == all(h.finished for h in panel.run.done.hypotheses)


# --- forced tokens belong to one sentence and one vocabulary ---


@pytest.mark.parametrize(("field", "value"), [("text", "Die Katze."), ("model", "another")])
def test_forced_tokens_are_let_go_with_their_sentence_or_model_and_it_is_said(panel, field, value):
    ask(panel)
    panel.asking.force((5, 6))
    panel.asking.edit("prefix_ids", (5, 6))
    panel.asking.edit(field, value)
    assert panel.setup.decoder.options.prefix_ids == ()
    (notice,) = [n.text for n in panel.services.notices.history if "forced beginning" in n.text]
    assert notice.startswith("Decoder 2: the forced beginning belonged to")
    panel.services.undo.undo()
    assert panel.setup.decoder.options.prefix_ids == (5, 6)


def test_another_example_lets_go_of_forced_tokens_too(panel):
    ask(panel)
    panel.asking.force((5, 6))
    panel.asking.next_example()
    assert panel.setup.decoder.options.prefix_ids == ()
    panel.asking.force((5,))
    panel.asking.edit("reference", "Something else.")
    panel.asking.edit("beam", 3)
    assert panel.setup.decoder.options.prefix_ids == (5,)


# --- scenes saved while a search was on ---


def test_a_scene_saved_while_it_searched_comes_back_with_its_results(panel, services):
    ask(panel)
    wanted = [r.done.hypotheses[0].text for _, _, r in panel.results()]
    for run in panel.searches.runs.values():  # as they are in the middle
        run.done = None
        del run.steps[2:]
    kept = json.loads(json.dumps(panel.state()))
    other = BeamsPanel(services)
    other.restore(kept)
    assert other.bridge.wait_for(lambda: not other.searches.running)
    assert [r.done.hypotheses[0].text for _, _, r in other.results()] == wanted
    other.deleteLater()


def test_a_stopped_search_comes_back_as_far_as_it_was(panel, services):
    ask(panel)
    run = panel.run
    run.done, run.wrong = None, "Stopped."
    del run.steps[2:]
    other = BeamsPanel(services)
    other.restore(json.loads(json.dumps(panel.state())))
    back = other.searches.runs[panel.setup.chosen]
    assert (back.wrong, len(back.steps), back.done) == ("Stopped.", 2, None)
    other.deleteLater()


def test_a_running_search_is_packed_step_by_step(panel, monkeypatch):
    """A session is saved every few seconds while it searches."""
    ask(panel)
    whole, encoded = panel.run, []
    monkeypatch.setattr(beams_run, "encode", lambda event: encoded.append(event) or encode(event))
    run = Run(whole.request)
    for step in whole.steps:
        run.add(step)
        assert run.pack() is run.pack()
        assert len(Run.unpack(run.pack()).steps) == len(run.steps)
    assert [e for e in encoded if e is not run.request] == whole.steps
    run.done = whole.done
    assert Run.unpack(run.pack()).done.hypotheses[0].text == whole.done.hypotheses[0].text
