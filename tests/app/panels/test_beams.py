from __future__ import annotations

import csv
import io
import json
import math
import shlex

import msgspec
import pytest
import torch
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QGuiApplication, QUndoStack
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit, QPlainTextEdit

from app.bridge import Bridge
from app.commands import CommandRegistry
from app.notices import Notices
from app.panels.beams import BeamsPanel, exports
from app.panels.beams.batch import read_pairs
from app.panels.beams.decoders import Decoder, Setup, asked, six, title
from app.panels.beams.examples import PAIRS
from app.panels.beams.fields import FIELDS
from app.panels.beams.growth import Growth, ids_of
from app.panels.beams.run import Run, ranking, rescored
from app.panels.beams.verdict import judge
from app.services import Services
from app.settings import Settings
from app.theme import Theme
from app.widgets.tree_layout import ROOT
from engine.checkpoint import Document, save
from engine.library import Library
from engine.messages import (
    PRESETS,
    Branch,
    Hypothesis,
    Search,
    SearchDone,
    SearchOptions,
    SearchStep,
    Token,
    command_line,
)
from engine.models.transformer_lm import TransformerLm, TransformerLmConfig
from engine.models.transformer_translator import Translator, TranslatorConfig
from engine.text import Tokenizer
from engine.worker import Engine
from tests.engine.search.all_at_once import registered

TEXT = ["Der Hund schläft im Park.", "Die Katze trinkt Milch.", "The dog sleeps in the park.", "The cat drinks milk."]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An untrained translator and an untrained language model."""
    torch.manual_seed(0)
    tokenizer = Tokenizer.train("unigram", TEXT * 5, 40)
    small = {"vocabulary": tokenizer.size, "width": 16, "heads": 2, "feed_forward": 16}
    translator = Translator(TranslatorConfig(**small, encoder_layers=1, decoder_layers=1), tokenizer)
    lm = TransformerLm(TransformerLmConfig(**small, layers=1), tokenizer)
    where = tmp_path_factory.mktemp("library")
    for name, model in (("mt", translator), ("lm", lm)):
        config = msgspec.to_builtins(model.config)
        save(where / f"{name}.safetensors", model, Document(name=name, config=config, tokenizer="unigram"), half=False)
    return where


@pytest.fixture
def panel(qapp, folder):
    engine = Engine(device="cpu", inline=True, library=Library(torch.device("cpu"), [folder]))
    bridge = Bridge(engine)
    services = Services(bridge, CommandRegistry(), Theme(), QUndoStack(), Notices(), Settings())
    bridge.refresh_models()
    assert bridge.wait_for(lambda: bool(bridge.models))
    panel = BeamsPanel(services)
    panel.resize(1200, 760)
    yield panel
    bridge.close()
    panel.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def short(decoder):
    return msgspec.structs.replace(decoder, options=msgspec.structs.replace(decoder.options, max_length=8))


def ask(panel, setup=None):
    """Run a setup (six short decoders by default) to its end."""
    if setup is None:
        setup = Setup("Der Hund schläft.", "The dog sleeps.", tuple(short(d) for d in six("mt")), chosen=2)
    panel.asking.set(setup)
    panel.start()
    assert panel.bridge.wait_for(lambda: not panel.searches.running)
    panel.refresh()
    return panel


# --- a search by hand ------------------------------------------------------------------------------------------------

OPTIONS = SearchOptions(beam=2, normalisation="off")


def branch(parent, node, piece, total, reason, margin=0.0, log_prob=-1.0):
    return Branch(parent, node, f"▁{piece}", ord(piece), log_prob, total, total, reason, margin)


STEPS = (
    SearchStep(step=0, branches=(branch(-1, 0, "a", -1.0, "kept"), branch(-1, 1, "b", -1.5, "kept"),
                                 branch(-1, -1, "c", -1.6, "rank", 0.1)), seconds=0.01),
    SearchStep(step=1, branches=(branch(1, 2, "d", -2.0, "kept"), branch(0, 3, "e", -2.5, "kept"),
                                 branch(0, -1, "f", -2.6, "rank", 0.1)), seconds=0.01),
    SearchStep(step=2, branches=(branch(2, 4, ".", -2.9, "finished"), branch(3, 5, ".", -3.0, "finished")),
               seconds=0.02),
)  # fmt: skip


def hypothesis(word, log_prob, score=None, **more):
    tokens = tuple(Token(f"▁{p}", ord(p), log_prob / len(word), 1) for p in word)
    return Hypothesis(word, tokens, log_prob, log_prob if score is None else score, **more)


def made(options=OPTIONS, found=(("bd.", -2.9), ("ae.", -3.0)), reference=None, model="mt"):
    run = Run(Search(model=model, text="x", options=options, trace=True))
    for step in STEPS:
        run.add(step)
    hypotheses = tuple(hypothesis(w, v, v / options.divisor(len(w))) for w, v in found)
    run.done = SearchDone(hypotheses=hypotheses, source=("x",), steps=3, seconds=0.05, reference=reference)
    return run


def test_the_tree_knows_what_lived_and_until_when():
    growth = made().growth
    assert growth.steps == 3
    statuses = {growth.nodes[n].label: growth.nodes[n].status(2) for n in (0, 1, 2, 3)}
    assert statuses == {"a": "live", "b": "live", "d": "live", "e": "live"}
    assert growth.nodes[0].status(3) == "finished"
    fallen = [n for n in growth.nodes.values() if n.pruned]
    assert {(n.label, n.parent, n.born, n.margin) for n in fallen} == {("c", ROOT, 1, 0.1), ("f", 0, 2, 0.1)}
    assert [n.label for n in growth.path(4)] == ["b", "d", "."]


def test_the_closest_call_is_the_smallest_lead_over_the_best_that_fell():
    call = made().growth.closest_call(ids_of(hypothesis("ae.", -3.0)))
    assert (call.step, call.rank, call.kept) == (2, 2, 2)
    assert call.margin == pytest.approx(0.1)


def test_samplers_equal_prefixes_are_one_node():
    growth = Growth()
    twice = (branch(-1, 0, "a", -1.0, "kept"), branch(-1, 1, "a", -1.0, "kept"))
    growth.add(SearchStep(step=0, branches=twice, seconds=0.0))
    after = (branch(0, 2, "b", -2.0, "kept"), branch(1, 3, "c", -2.0, "finished"))
    growth.add(SearchStep(step=1, branches=after, seconds=0.0))
    assert growth.nodes[0].count == 2
    assert [growth.nodes[c].label for c in growth.nodes[0].children] == ["b", "c"]


def test_a_finished_sentence_pushed_out_later_is_dead_from_then_on():
    growth = Growth()
    growth.add(SearchStep(step=0, branches=(branch(-1, 0, "a", -1.0, "finished"),), seconds=0.0))
    growth.add(SearchStep(step=1, branches=(branch(-1, 0, "a", -1.0, "rank", 0.5),), seconds=0.0))
    assert growth.nodes[0].status(1) == "finished"
    assert growth.nodes[0].status(2) == "dead"


def test_ranking_anew_divides_by_the_length():
    run = made(found=(("bd.", -2.9), ("abcdef", -3.6)))
    decoder = Decoder(1, "mt", OPTIONS)
    assert [h.text for h, _ in ranking(run, decoder)] == ["bd.", "abcdef"]
    longer = msgspec.structs.replace(decoder, penalty=1.0)
    assert [(h.text, s) for h, s in ranking(run, longer)] == [
        ("abcdef", pytest.approx(-0.6)),
        ("bd.", pytest.approx(-2.9 / 3)),
    ]


def test_ranking_anew_keeps_the_coverage():
    options = SearchOptions(normalisation="gnmt", length_penalty=0.2, coverage_penalty=0.2)
    found = hypothesis("abcd", -4.0, -4.0 / options.divisor(4) - 0.3)
    other = msgspec.structs.replace(options, length_penalty=1.0)
    assert rescored(found, options, other) == pytest.approx(-4.0 / (9 / 6) - 0.3)


# --- verdicts --------------------------------------------------------------------------------------------------------


def test_a_likelier_sentence_of_another_decoder_is_a_search_error():
    own, other = made(), made(SearchOptions(beam=8), found=(("cz.", -2.0),))
    decoder, rival = Decoder(1, "mt", OPTIONS), Decoder(2, "mt", SearchOptions(beam=8))
    verdict = judge(decoder, own, {decoder: own, rival: other})
    assert verdict.kind == "search error"
    assert verdict.gap == pytest.approx(0.9)
    assert "“c” was pruned at step 1 (rank, 0.100 short)" in verdict.sentence
    assert "beam 8" in verdict.sentence


def test_another_model_or_input_says_nothing():
    own, other = made(), made(found=(("cz.", -2.0),), model="lm")
    decoder, rival = Decoder(1, "mt", OPTIONS), Decoder(2, "lm", OPTIONS)
    assert judge(decoder, own, {decoder: own, rival: other}).kind == "open"


def test_a_reference_below_what_was_found_is_a_model_error():
    run = made(reference=hypothesis("good", -9.0))
    decoder = Decoder(1, "mt", OPTIONS)
    verdict = judge(decoder, run, {decoder: run})
    assert (verdict.kind, verdict.gap) == ("model error", pytest.approx(-6.1))
    above = made(reference=hypothesis("good", -1.0))
    assert judge(decoder, above, {decoder: above}).kind == "search error"
    met = made(reference=hypothesis("bd.", -2.9))
    assert judge(decoder, met, {decoder: met}).kind == "agrees"


def test_sampling_is_not_judged_as_a_search():
    run = made(options=SearchOptions(strategy="sample"))
    decoder = Decoder(1, "mt", SearchOptions(strategy="sample"))
    assert judge(decoder, run, {decoder: run}).kind == "drawn"


# --- what is asked ---------------------------------------------------------------------------------------------------


def test_every_setting_has_a_field_and_every_field_a_setting():
    shown = {f.name for f in FIELDS} | {"strategy", "prefix_ids", "prefix_pieces"}
    assert shown == set(SearchOptions.__struct_fields__)
    assert all(f.setting.effect and f.label for f in FIELDS)


def test_the_command_line_asks_for_the_same_search():
    options = SearchOptions(strategy="constrained", beam=8, constraints=("New York",), prefix_ids=(5, 6))
    request = asked(Setup("it's", "ok"), Decoder(1, "mt", options))
    assert request == Search(model="mt", text="it's", reference="ok", options=options)
    words = shlex.split(command_line(request))
    assert words[:4] == ["python", "-m", "engine", "beam"]
    assert words[words.index("--text") + 1] == "it's"
    assert words[words.index("--constraint") + 1] == "New York"


def test_titles_name_what_is_different():
    names = [title(d) for d in six("mt")]
    assert len(set(names)) == 6
    assert names[2] == "beam 8, no length norm."


def test_errors_say_what_would_be_right():
    setup = Setup("x", decoders=(Decoder(1, "mt", SearchOptions(strategy="diverse", beam=6, groups=4)),), chosen=1)
    assert "2 or 3 or 6" in setup.errors()["groups"]
    assert Setup("").errors()["text"].startswith("Type a sentence")


def test_pairs_are_read_from_lines(tmp_path):
    file = tmp_path / "some.tsv"
    file.write_text("Hallo.\tHello.\n\nJa.\n", encoding="utf-8")
    pairs, said = read_pairs(file)
    assert [(p.source, p.reference) for p in pairs] == [("Hallo.", "Hello."), ("Ja.", "")]
    assert said == "some.tsv: sentences from column 0, references from column 1."
    file.write_bytes(b"\xff\x00")
    with pytest.raises(ValueError, match="UTF-8"):
        read_pairs(file)


def test_labels_are_no_references(tmp_path):
    file = tmp_path / "some.csv"
    file.write_text("label;text\nweather;Es regnet.\nfood;Ich mag Tee.\n", encoding="utf-8")
    pairs, said = read_pairs(file)
    assert [(p.source, p.reference) for p in pairs] == [("Es regnet.", ""), ("Ich mag Tee.", "")]
    assert said == "some.csv: sentences from text, no references."


def test_a_byte_order_mark_and_other_line_ends_are_no_text(tmp_path):
    file = tmp_path / "some.txt"
    file.write_bytes("\ufeffJa.\nEins \u2028 zwei\x85drei\x0cvier.\r\n".encode())
    assert [p.source for p in read_pairs(file)[0]] == ["Ja.", "Eins   zwei drei vier."]


# --- the panel -------------------------------------------------------------------------------------------------------


def test_the_demonstration_runs_six_decoders(panel):
    panel.demo()
    assert panel.bridge.wait_for(panel.ready, 20)
    assert len(panel.results()) == 6
    assert panel.setup.decoder.model == "mt"


def test_lanes_show_what_the_engine_found(panel):
    ask(panel)
    lanes = panel.hero.lanes.lanes
    assert len(lanes) == 6
    for lane, (_, _, run) in zip(lanes, panel.results(), strict=True):
        best = run.done.hypotheses[0]
        assert list(lane.pieces) == [t.piece for t in best.tokens if t.piece != "</s>"]
        assert best.quality["chrf"] >= 0
    assert panel.history.table.rows.rowCount() == len(panel.run.done.hypotheses)


def test_the_player_walks_the_search_without_the_engine(panel):
    ask(panel)
    head, tree = panel.playhead, panel.views.tree
    assert head.position == head.end == len(panel.run.steps)
    jobs = dict(panel.bridge.jobs)
    head.seek(1)
    assert {p.node.born for p in tree.sheet.places.values()} == {0, 1}
    head.step(1)
    assert max(p.node.born for p in tree.sheet.places.values()) == 2
    assert panel.bridge.jobs == jobs


def test_every_hypothesis_is_a_path_of_the_tree(panel):
    ask(panel)
    for _, _, run in panel.results():
        for found in run.done.hypotheses:
            path = run.growth.follow(ids_of(found))
            assert [n.token for n in path] == list(ids_of(found))
            assert path[-1].total == pytest.approx(found.log_prob, abs=1e-4)


def test_forcing_a_node_searches_on_from_there_and_can_be_undone(panel):
    ask(panel)
    pruned = next(n for n in panel.run.growth.nodes.values() if n.reason == "rank" and n.born == 2)
    want = tuple(n.token for n in panel.run.growth.path(pruned.id))
    before = {d.id: panel.searches.runs[d.id] for d in panel.setup.decoders}
    panel.views.tree.node_activated.emit(pruned.id)
    assert panel.bridge.wait_for(lambda: not panel.searches.running)
    assert all(ids_of(h)[:2] == want for h in panel.run.done.hypotheses)
    assert [d.id for d in panel.setup.decoders if panel.searches.runs[d.id] is not before[d.id]] == [2]
    panel.services.undo.undo()
    assert panel.setup.decoder.options.prefix_ids == ()
    assert panel.hero.lanes.lanes[1].stale


def test_forcing_an_alternative_puts_it_in_place(panel):
    ask(panel)
    best = panel.hypothesis
    other = next(i for i, t in enumerate(best.tokens[1].alternative_ids) if t not in (best.tokens[1].id, 3))
    panel.force_other(1, other)
    assert panel.bridge.wait_for(lambda: not panel.searches.running)
    want = (best.tokens[0].id, best.tokens[1].alternative_ids[other])
    assert all(ids_of(h)[:2] == want for h in panel.run.done.hypotheses)


def test_the_penalty_ranks_anew_without_a_search(panel):
    ask(panel)
    run, jobs = panel.run, dict(panel.bridge.jobs)
    for penalty in (-1.0, 3.0):
        panel.set_penalty(penalty)
        best = max(run.done.hypotheses, key=lambda h: (h.finished, h.log_prob / len(h.tokens) ** penalty))
        assert panel.hypothesis.text == best.text
        assert panel.history.table.rows.row(0)[-1].startswith(best.text)
    assert panel.run is run
    assert panel.bridge.jobs == jobs
    panel.search_with_penalty()
    assert panel.setup.decoder.options.length_penalty == 3.0
    assert panel.bridge.wait_for(lambda: not panel.searches.running)


def test_choosing_a_token_shows_its_alternatives_everywhere(panel):
    ask(panel)
    panel.hero.lanes.token_chosen.emit(2, 1)
    token = panel.hypothesis.tokens[1]
    bars = panel.explain.bars.bars
    assert [b.value for b in bars if b.mark] == [pytest.approx(math.exp(token.log_prob), rel=1e-4)]
    assert panel.views.tree.chosen == panel.run.growth.follow(ids_of(panel.hypothesis))[1].id
    panel.show_view("attention")
    assert panel.views.attention.weights.shape[0] == len(panel.hypothesis.tokens)


def test_edits_of_decoders_can_be_undone(panel):
    before = panel.setup
    panel.asking.add()
    panel.asking.edit("beam", 3)
    panel.asking.edit("beam", 9)
    panel.asking.remove()
    assert len(panel.setup.decoders) == 2
    panel.services.undo.undo()
    assert panel.setup.decoder.options.beam == 9
    panel.services.undo.undo()
    panel.services.undo.undo()
    assert panel.setup == before


@pytest.mark.parametrize("name", list(PRESETS))
def test_presets_set_what_they_say(panel, name):
    panel.asking.use_preset(name)
    for field, value in PRESETS[name].settings.items():
        assert getattr(panel.setup.decoder.options, field) == value


def test_a_failed_search_says_why_in_its_lane(panel):
    options = SearchOptions(strategy="contrastive", prefix_ids=(10_000,))
    ask(panel, Setup("Hund", decoders=(Decoder(1, "mt", options),), chosen=1))
    assert "prefix_ids" in panel.hero.lanes.lanes[0].note
    assert panel.hero.lanes.lanes[0].wrong


def test_a_language_model_continues_a_prompt(panel):
    ask(panel, Setup("The dog", decoders=(short(Decoder(1, "lm")),), chosen=1))
    assert panel.hypothesis.text.startswith("The dog")
    panel.show_view("attention")
    assert panel.views.attention.weights.size == 0


def test_the_session_brings_back_results_and_place(panel, qapp):
    ask(panel)
    panel.show_view("tokens")
    panel.playhead.seek(3)
    panel.choose_token(2)
    kept = json.loads(json.dumps(panel.state()))
    other = BeamsPanel(panel.services)
    other.restore(kept)
    assert other.setup == panel.setup
    assert [r.done.hypotheses[0].text for _, _, r in other.results()] == [
        r.done.hypotheses[0].text for _, _, r in panel.results()
    ]
    assert (other.playhead.position, other.token, other.views.view) == (3, 2, "tokens")
    assert len(other.run.growth.nodes) == len(panel.run.growth.nodes)
    other.restore({"setup": {"decoders": 3}, "runs": {"1": "rubbish"}})
    assert other.results() == []
    other.deleteLater()


def test_a_batch_gives_each_decoder_its_figures(panel, tmp_path):
    panel.asking.set(Setup("x", decoders=tuple(short(d) for d in six("mt")[:2]), chosen=1))
    file = tmp_path / "pairs.tsv"
    file.write_text("Der Hund schläft.\tThe dog sleeps.\nDie Katze.\tThe cat.\n", encoding="utf-8")
    assert panel.open_file(file)
    assert panel.bridge.wait_for(lambda: not panel.batch.running)
    assert [len(s.outputs) for s in panel.batch.series] == [2, 2]
    assert all(s.bleu.count == 2 and 0 <= s.chrf.value <= 100 and s.speed > 0 for s in panel.batch.series)
    assert len(panel.views.batch.plot.dots) == 2
    assert not panel.open_file(tmp_path / "picture.png")


def test_exports_hold_every_hypothesis(panel):
    ask(panel)
    table = list(csv.DictReader(io.StringIO(exports.table(panel.results()).decode())))
    assert len(table) == sum(len(r.done.hypotheses) for _, _, r in panel.results())
    assert float(table[0]["log_prob"]) == panel.results()[0][2].done.hypotheses[0].log_prob
    trace = json.loads(exports.trace(panel.run))
    assert len(trace["steps"]) == len(panel.run.steps)
    exports.copy_command(panel)
    assert QGuiApplication.clipboard().text().startswith("python -m engine beam --model mt")


def test_commands_have_distinct_ids_and_keys(panel):
    registry = CommandRegistry()
    registry.add_all(panel.commands())
    ask(panel)
    for name in ("beams.closest", "beams.fold", "beams.focus", "beams.view_length", "beams.next", "beams.fit"):
        assert registry.run(name)


def test_every_control_says_what_it_does(panel):
    for kind in (QAbstractButton, QComboBox, QLineEdit, QPlainTextEdit):
        for widget in panel.form.findChildren(kind):
            if widget.objectName() != "qt_spinbox_lineedit":
                assert widget.toolTip(), widget


def test_shots_walk_the_states_worth_a_picture(panel, monkeypatch):
    monkeypatch.setattr("app.panels.beams.panel.PAIRS", PAIRS[:1])
    panel.show()
    panel.demo()
    names = []
    for name in panel.shots():
        names.append(name)
        assert not panel.grab().isNull()
    assert names == ["six-decoders", "nearly-pruned", "tokens", "attention", "length-penalty", "batch"]


def test_a_decoder_declared_elsewhere_is_a_lane_like_any_other(panel):
    """It is no search: it writes all words at once, and no file of this panel knows its name."""
    with registered() as info:
        other = BeamsPanel(panel.services)
        assert other.form.strategy.findData(info.name) >= 0
        options = SearchOptions(strategy=info.name, max_length=5)
        ask(other, Setup("Der Hund schläft.", "The dog.", (Decoder(1, "mt", options), Decoder(2, "mt")), chosen=1))
        lane = other.hero.lanes.lanes[0]
        assert lane.title == "1  5 words at once"
        assert len(lane.pieces) == 5
        assert not lane.wrong
        assert "none knowing of the others" in other.explain.text()
        assert info.formula.split("<")[0] in other.explain._objective.text()
        assert len(other.run.growth.nodes) == 6
        for name in ("tokens", "attention", "length"):
            other.show_view(name)
        shown = {name for name, (holder, _) in other.form._fields.items() if not holder.isHidden()}
        assert shown == {"max_length"}
        other.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
