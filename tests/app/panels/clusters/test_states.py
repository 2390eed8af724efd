"""What the panel holds while things change under it: selections, names being typed, undo, models trained anew."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QPoint, Qt
from PySide6.QtWidgets import QLineEdit

from app.panels.clusters import ClustersPanel
from app.panels.clusters.choices import LIVE, Lesson
from app.panels.clusters.explain import Explain
from engine.messages import ClusterPoints, Decoded, DecodedSentence, EncodeClusters, Message, Train, TrainingTrace
from engine.training.recipe import find_recipe, read_recipe
from engine.training.state import fingerprint
from tests.app.panels.clusters.conftest import TEXTS, free_spot, settle

LEFT, CONTROL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def alone(shown, monkeypatch):
    """The panel with one model on show; no two edits become one step."""
    monkeypatch.setattr("app.undo.PAUSE", -1.0)
    shown.choose("beside", "")
    settle(shown)
    return shown


@pytest.fixture
def lines(tmp_path):
    """Makes files of labelled sentences."""

    def write(name, count, order=1):
        path = tmp_path / name
        path.write_text("\n".join(f"a\t{TEXTS[i * order % 8]} {i}" for i in range(count)), "utf-8")
        return path

    return write


# --- training the same name again ---


def test_a_run_goes_on_only_with_its_own_choices_on_the_content_of_its_own_text(tmp_path):
    for folder in ("one/errands", "two/one/errands"):
        for split in ("train", "valid", "test"):
            path = tmp_path / folder / f"{split}.tsv"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"label\t{folder} {split}")
    first = Lesson(data=str(tmp_path / "one"))
    namesake = first.with_fields(data=str(tmp_path / "two" / "one"))  # another text in a folder of the same name
    lessons = [first, namesake, *(first.with_fields(**c) for c in ({"seed": 2}, {"passes": 5}, {"beta": 0.5}))]
    requests = [lesson.request(tmp_path) for lesson in lessons]
    assert {request.run for request in requests} == {str(tmp_path)}
    assert len({asked_for(request) for request in requests}) == len(requests)
    assert asked_for(first.with_fields().request(tmp_path)) == asked_for(requests[0])
    assert requests[0].output == requests[1].output
    assert requests[1].existing == "keep-both"


def asked_for(request: Train) -> str:
    """What a training's state is known by."""
    recipe = read_recipe(find_recipe(request.recipe), request.overrides)
    return fingerprint(recipe, Path(request.data), request.frames)


def test_a_model_that_is_trained_anew_is_read_anew_where_it_is_on_show(shown):
    reports = [shown.main.report, shown.beside.report]
    shown.studio.trainer.saved.emit("tiny-bare")
    settle(shown)
    assert [shown.main.report, shown.beside.report] == reports
    shown.studio.trainer.saved.emit("tiny-dgmvae")
    settle(shown)
    assert shown.main.report is reports[0]
    assert shown.beside.report is not reports[1]
    assert shown.beside.film is not None
    assert len(shown.beside.sample) > 0


def test_a_model_that_goes_takes_its_progress_with_it(alone, lines, hold):
    asked = hold(alone.bridge, EncodeClusters)
    alone.open_file(lines("mine.tsv", 600))
    asked.newest.answer(ClusterPoints)
    assert not alone.inputs.busy.isHidden()
    alone.store.set(alone.store.choices.with_fields(model=LIVE))
    assert alone.inputs.busy.isHidden()


# --- undo ---


def test_undo_of_the_first_reading_goes_back_to_where_reading_began(alone, qtbot):
    stage, main = alone.stages[0], alone.main
    before = main.here.copy()
    qtbot.mouseClick(stage.map, LEFT, pos=free_spot(stage))
    settle(alone)
    assert not np.allclose(main.here, before)
    alone.services.undo.undo()
    settle(alone)
    np.testing.assert_allclose(main.here, before)
    np.testing.assert_allclose(main.last.points[0], before, atol=1e-6)


# --- the selection ---


@pytest.mark.parametrize("count", [200, 64, 5])
def test_a_selection_goes_with_its_sentences(alone, lines, count):
    alone.open_file(lines("mine.tsv", 64))
    settle(alone)
    alone.views.select(np.arange(5))
    alone.open_file(lines("other.tsv", count, order=3))
    settle(alone)
    assert alone.views.selection is None
    assert alone.stages[0].map.selected() is None
    assert alone.sentences.said.text() == f"{count} sentences"


def test_sentences_that_have_just_come_in_are_not_searched_before_they_are_shown(alone, lines, hold):
    asked = hold(alone.bridge, EncodeClusters)
    alone.open_file(lines("mine.tsv", 600))
    sample = next(r for r in asked.requests if r.request.texts)
    sample.answer(ClusterPoints)
    alone.stages[0].show_scene()
    alone.views.show_tables()
    sample.answer(ClusterPoints)
    assert (len(alone.stages[0].scene.positions), len(alone.main.sample)) == (256, 512)
    alone.sentences.search.setText("table")
    assert alone.views.selection.max() < 256
    assert alone.sentences.table.rows.rowCount() == 32


def test_a_row_of_sentences_that_the_map_does_not_show_yet_selects_those_it_shows(alone, lines, hold):
    asked = hold(alone.bridge, EncodeClusters)
    alone.open_file(lines("mine.tsv", 600))
    sample = next(r for r in asked.requests if r.request.texts)
    sample.answer(ClusterPoints)
    alone.stages[0].show_scene()
    sample.answer(ClusterPoints)
    alone.views.show_tables()
    for row, cluster in enumerate(alone.views.tally.clusters):
        alone.views.select_row(row)
        shown = np.sort(cluster.members[cluster.members < 256])
        np.testing.assert_array_equal(alone.views.selection, shown)
        selected = alone.stages[0].map.selected()
        np.testing.assert_array_equal(shown if selected is None else selected, shown)


@pytest.mark.parametrize("count", [0, 3, 63])
def test_rows_chosen_before_the_tables_know_of_fewer_sentences_select_none_that_are_gone(shown, lines, hold, count):
    path = lines("mine.tsv", 600)
    shown.open_file(path)
    settle(shown)
    shown.views.select_row(0)
    asked = hold(shown.bridge, EncodeClusters)
    path.write_text("\n".join(f"a\t{TEXTS[i % 8]}" for i in range(count or 1)), "utf-8")
    shown.open_file(path)
    for held in asked.requests:
        held.answer() if count else None
    for late in (shown.stages, shown.stages[:1], ()):  # which maps have heard of it
        for stage in shown.stages:
            if stage not in late:
                stage.show_scene()
        for row in (0, 0, 1, 2, 1):
            shown.views.select_row(row)
            for stage in shown.stages:
                chosen = stage.map.selected()
                assert chosen is None or chosen.max(initial=-1) < len(stage.map._positions)


# --- hands and keys ---


def test_a_name_stays_while_it_is_typed_whatever_comes_in(alone, qtbot):
    alone.tabs.show_page(alone.clusters)
    clusters = alone.clusters.list
    clusters.setCurrentCell(1, 1)
    clusters.editItem(clusters.item(1, 1))
    editor = clusters.findChild(QLineEdit)
    qtbot.keyClicks(editor, "weath")
    alone.views.show_tables()
    QCoreApplication.processEvents()
    assert clusters.findChild(QLineEdit) is editor
    qtbot.keyClicks(editor, "er")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    settle(alone)
    assert alone.store.choices.names == {alone.main.model: {"1.2": "weather"}}
    assert clusters.item(1, 1).text() == "weather"


def test_what_came_in_while_a_name_was_typed_is_shown_when_it_is_given_up(alone, qtbot):
    alone.tabs.show_page(alone.clusters)
    clusters = alone.clusters.list
    clusters.setCurrentCell(0, 1)
    clusters.editItem(clusters.item(0, 1))
    editor = clusters.findChild(QLineEdit)
    qtbot.keyClicks(editor, "weath")
    alone.choose("mixture", 1)
    settle(alone)
    qtbot.keyClick(editor, Qt.Key.Key_Escape)
    assert [row.key for row in clusters._rows] == [c.key for c in alone.views.tally.clusters]
    assert clusters._rows[0].key == "2.1"
    assert alone.store.choices.names == {}


def test_an_arrow_after_a_mean_was_moved_by_keys_only_pans(alone, qtbot):
    stage = alone.stages[0]
    stage.map.setFocus()
    qtbot.keyClick(stage.map, Qt.Key.Key_1)
    qtbot.keyClick(stage.map, Qt.Key.Key_Right, CONTROL)
    settle(alone)
    assert "moved by hand" in alone.explain.happened.text()
    qtbot.mouseClick(stage.map, LEFT, pos=free_spot(stage))
    settle(alone)
    here = alone.main.here.copy()
    qtbot.keyClick(stage.map, Qt.Key.Key_Left)
    settle(alone)
    np.testing.assert_array_equal(alone.main.here, here)
    assert "moved by hand" not in alone.explain.happened.text()


def test_a_double_click_on_a_row_leaves_it_chosen_and_return_chooses_it_back(shown, qtbot):
    shown.tabs.show_page(shown.clusters)
    clusters = shown.clusters.list
    qtbot.wait_until(lambda: clusters.visualItemRect(clusters.item(0, 0)).width() > 0)
    at = clusters.visualItemRect(clusters.item(0, 0)).center()
    qtbot.mouseClick(clusters.viewport(), LEFT, pos=at)
    chosen = shown.views.selection
    assert chosen is not None
    qtbot.mouseDClick(clusters.viewport(), LEFT, pos=at)
    np.testing.assert_array_equal(shown.views.selection, chosen)
    qtbot.keyClick(clusters, Qt.Key.Key_Return)
    assert shown.views.selection is None


def test_return_in_the_list_of_sentences_reads_one(shown, qtbot):
    shown.tabs.show_page(shown.sentences)
    table = shown.sentences.table
    table.setCurrentIndex(table.rows.index(2, 0))
    qtbot.keyClick(table, Qt.Key.Key_Return)
    settle(shown)
    np.testing.assert_allclose(shown.main.here, shown.main.sample.points[2], atol=1e-6)


@pytest.mark.parametrize("ends", ["drawn", "escape"])
def test_a_lasso_on_one_map_is_one_less_to_draw_on_the_other(shown, qtbot, ends):
    shown.lasso()
    maps = [stage.map for stage in shown.stages]
    assert all(one._lassoing for one in maps)
    if ends == "drawn":
        qtbot.mousePress(maps[0], LEFT, pos=QPoint(20, 60))
        for at in (QPoint(200, 60), QPoint(200, 200), QPoint(20, 200)):
            qtbot.mouseMove(maps[0], at)
        qtbot.mouseRelease(maps[0], LEFT, pos=QPoint(20, 200))
    else:
        qtbot.keyClick(maps[0], Qt.Key.Key_Escape)
    assert not any(one._lassoing for one in maps)


def test_escape_goes_back_from_the_figure_to_the_maps(shown):
    shown.gallery.show()
    assert shown.bridge.wait_for(lambda: shown.hero.currentWidget() is shown.figure, 10)
    shown.stop()
    assert shown.hero.currentWidget() is shown.maps


# --- in words ---


@pytest.mark.parametrize("finished", [True, False])
def test_the_mean_of_a_word_is_over_what_was_decoded(theme, qtbot, finished):
    explain = Explain(theme=theme)
    qtbot.addWidget(explain)
    sure = np.full(3 if finished else 2, 0.5)
    found = DecodedSentence("a b", ("a", "b"), sure, float(np.log(sure).sum()), finished)
    explain.show_decoded(Decoded(points=np.zeros((1, 2)), sentences=(found,), seconds=0.01, preview=False))
    said = explain.happened.text()
    assert "0.50 a word" in said
    assert ("the end mark: " in said) == finished
    assert ("cut before an end mark" in said) != finished


def test_a_file_that_is_gone_is_said_once_and_counted_nowhere(shown, tmp_path, qtbot):
    path = tmp_path / "mine.txt"
    path.write_text("play some music .", "utf-8")
    shown.open_file(path)
    settle(shown)
    state = json.loads(json.dumps(shown.state()))
    path.unlink()
    other = ClustersPanel(shown.services)
    qtbot.addWidget(other)
    before = len(shown.services.notices.history)
    other.restore(state)
    settle(other)
    for field, value in (("beside", ""), ("model", "tiny-dgmvae"), ("model", "tiny-bare")):
        other.choose(field, value)
        settle(other)
        said = other.inputs.source.text()
        assert "mine.txt could not be read" in said
        assert "diamonds" not in said
    errors = [n.text for n in shown.services.notices.history[before:] if n.kind == "error"]
    assert len(errors) == 1
    assert "mine.txt" in errors[0]
    path.write_text("play some music .\nis it going to rain ?", "utf-8")
    assert other.open_file(path)
    settle(other)
    assert "2 of mine.txt over them as diamonds" in other.inputs.source.text()
    other.stop()


def test_films_that_are_asked_for_no_more_say_nothing(shown):
    """A model without a film takes the place of one whose film is still on its way."""
    cinema = shown.cinema
    cinema._job, cinema._asked = 10_000, ("tiny-dgmvae",)
    for explorer in (shown.main, shown.beside):
        explorer.report = msgspec.structs.replace(explorer.report, frames=0)
    cinema.ask()
    none = np.zeros(0)
    trace = TrainingTrace(
        **dict.fromkeys(TrainingTrace.__struct_fields__, none)
        | {"model": "tiny-dgmvae", "texts": (), "labels": (), "terms": {}}
    )
    cinema._on_message(Message(10_000, trace))
    assert cinema._job is None
