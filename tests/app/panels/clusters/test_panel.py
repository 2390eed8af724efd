"""The panel driven as a person does, on two tiny random mixtures with a made-up training each."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from app.panels.clusters import ClustersPanel
from app.panels.clusters.choices import Choices, shown_words
from app.panels.clusters.scene import block_of
from engine.metrics.agreement import agreement
from tests.app.panels.clusters.conftest import LABELS, TEXTS, K, M, N, free_spot, settle


def spot(stage, x, y):
    """The pixel of a place of the map."""
    px, py = stage.map.view.to_pixels(np.array([[x, y]]))[0]
    return QPoint(round(px), round(py))


def words(stage):
    return stage.strip.words


# --- beginning and demonstration ---


def test_it_begins_with_one_sentence_and_one_button(panel):
    assert panel.hero.currentWidget() is panel.empty
    assert panel.empty.button.isVisible()
    assert panel.state()["choices"]["model"] == ""


def test_the_button_shows_both_trainings_side_by_side_on_the_same_axes(panel, qtbot):
    qtbot.mouseClick(panel.empty.button, Qt.MouseButton.LeftButton)
    assert panel.bridge.wait_for(panel.ready, 20)
    settle(panel)
    left, right = panel.stages
    assert (panel.main.model, panel.beside.model) == ("tiny-gmvae", "tiny-dgmvae")
    np.testing.assert_allclose(left.map.view.window, right.map.view.window, rtol=0.01)  # a pixel apart at odd widths
    np.testing.assert_allclose(panel.main.film.charts[0].axes, panel.beside.film.charts[0].axes, atol=1e-6)
    assert len(left.scene.texts) == N
    assert panel.main.sample.figures.count == N


def test_scrubbing_moves_the_means_together_in_one_model_and_apart_in_the_other(shown):
    def spread(stage):
        return np.var(stage.scene.means, axis=0).sum()

    shown.cinema.playhead.seek(0)
    early = [spread(stage) for stage in shown.stages]
    shown.cinema.playhead.seek(shown.cinema.playhead.end)
    late = [spread(stage) for stage in shown.stages]
    assert early[0] == pytest.approx(early[1], rel=1e-2)
    assert late[0] < 0.01 * early[0]
    assert late[1] > 2 * early[1]
    assert "#2,500" in shown.stages[0].caption.text()


def test_the_cursor_of_the_terms_goes_with_the_frames_and_a_click_on_them_seeks(shown):
    shown.cinema.playhead.seek(2)
    assert shown.terms.loss._step == 400
    shown.terms.step_picked.emit(1600)
    assert shown.cinema.step == 1600
    assert shown.stages[1].frame == 4


def test_the_collapsed_model_says_so_with_its_figures_and_the_other_does_not(shown):
    left, right = shown.stages
    assert "The code has collapsed" in left.banner.text
    assert left.banner.isVisible()
    assert not right.banner.isVisible()
    assert left.map.height() == right.map.height()
    assert abs(left.map.width() - right.map.width()) <= 1
    assert "The code has collapsed" in shown.clusters.verdict.text()
    assert "chance" in shown.clusters.figures["homogeneity"].accessibleDescription()
    for key in ("homogeneity", "mutual_information", "variance_of_means", "occupied_codes"):
        assert shown.clusters.figures[key].isVisibleTo(shown.clusters)
    assert shown.clusters.count.isVisibleTo(shown.clusters)


def test_before_the_end_homogeneity_is_not_shown_as_it_was_not_measured(shown):
    shown.cinema.playhead.seek(1)
    shown.views.show_tables()
    assert not shown.clusters.figures["homogeneity"].isVisibleTo(shown.clusters)
    assert shown.clusters.figures["mutual_information"].isVisibleTo(shown.clusters)


# --- reading ---


def test_a_click_on_empty_ground_reads_that_place_and_leaves_the_other_variables(shown, qtbot):
    stage, main = shown.stages[0], shown.main
    before = main.here.copy()
    at = free_spot(stage)
    qtbot.mouseClick(stage.map, Qt.MouseButton.LeftButton, pos=at)
    settle(shown)
    x, y = stage.map.view.to_plane(QPointF(at))
    block = main.chart(0).lift(np.array([x, y]))
    np.testing.assert_allclose(block_of(main.here, main.report, 0), block, atol=1e-5)
    np.testing.assert_array_equal(block_of(main.here, main.report, 1), block_of(before, main.report, 1))
    assert words(stage) == shown_words(main.last.sentences[0])
    other = shown.beside.chart(0).project(block_of(shown.beside.here, shown.beside.report, 0))
    np.testing.assert_allclose(other, [x, y], atol=1e-4)


def test_a_click_on_a_mean_reads_exactly_that_component(shown, qtbot):
    stage, beside = shown.stages[1], shown.beside
    stage.map.component_picked.emit(3)
    settle(shown)
    np.testing.assert_allclose(block_of(beside.here, beside.report, 0), beside.report.means[0, 3], atol=1e-6)
    assert "component 4" in shown.explain.happened.text() or "Component 4" in shown.explain.happened.text()


def test_a_digit_on_the_map_reads_a_component(shown, qtbot):
    shown.stages[0].map.setFocus()
    qtbot.keyClick(shown.stages[0].map, Qt.Key.Key_2)
    settle(shown)
    np.testing.assert_allclose(
        block_of(shown.main.here, shown.main.report, 0), shown.main.report.means[0, 1], atol=1e-6
    )


def test_dragging_a_mean_reads_on_the_way_and_the_mean_goes_back(shown, qtbot):
    shown.choose("model", "tiny-dgmvae")
    shown.choose("beside", "")
    settle(shown)
    stage = shown.stages[0]
    mean = stage.scene.means[4].copy()
    stage.map.component_dragged.emit(4, float(mean[0]), float(mean[1]))
    settle(shown)
    assert shown.main.last.preview
    np.testing.assert_allclose(
        block_of(shown.main.here, shown.main.report, 0), shown.main.report.means[0, 4], atol=1e-4
    )
    steps = shown.services.undo.index()
    for share in (0.2, 0.6, 1.0):
        stage.map.component_dragged.emit(4, float(mean[0]) + share, float(mean[1]))
    stage.map.component_released.emit(4, float(mean[0]) + 1.0, float(mean[1]))
    settle(shown)
    assert not shown.main.last.preview
    assert shown.services.undo.index() == steps + 1
    place = shown.main.chart(0).project(block_of(shown.main.here, shown.main.report, 0))
    np.testing.assert_allclose(place, mean + np.array([1.0, 0.0]), atol=1e-4)
    np.testing.assert_allclose(stage.map._components.means[4], mean, atol=1e-9)
    assert "keeps its mean" in shown.explain.happened.text()


def test_a_click_on_a_sentence_reads_its_whole_point(shown):
    shown.stages[0].map.point_picked.emit(5)
    settle(shown)
    np.testing.assert_allclose(shown.main.here, shown.main.sample.points[5], atol=1e-6)


def test_undo_goes_back_to_the_place_before(shown):
    before = shown.main.here.copy()
    shown.stages[0].map.component_picked.emit(2)
    settle(shown)
    assert not np.allclose(shown.main.here, before)
    shown.services.undo.undo()
    settle(shown)
    first = shown.store.choices.point
    assert first == () or np.allclose(first, before)


# --- choosing ---


def test_another_variable_another_map(shown):
    shown.choose("mixture", 2)
    settle(shown)
    np.testing.assert_allclose(shown.stages[0].scene.means, shown.main.chart(2).project(shown.main.film.means(5, 2)))
    shown.services.undo.undo()
    assert shown.store.choices.mixture == 0


def test_a_variable_that_the_model_lacks_is_its_last(shown):
    stage = shown.stages[0]
    shown.choose("mixture", M + 6)
    settle(shown)
    np.testing.assert_allclose(stage.scene.means, shown.main.chart(M - 1).project(shown.main.film.means(5, M - 1)))
    stage.map.component_picked.emit(1)
    settle(shown)
    np.testing.assert_allclose(block_of(shown.main.here, shown.main.report, M - 1), shown.main.report.means[M - 1, 1])
    stage.map.component_dragged.emit(1, 0.5, 0.5)
    stage.map.component_released.emit(1, 0.5, 0.5)
    settle(shown)
    assert len(shown.views.tally.clusters) == K


def test_tsne_comes_in_stages_and_has_no_places_to_read(shown):
    shown.choose("layout", "tsne")
    settle(shown)
    layout = shown.main.layouts[0]
    assert layout.iteration == layout.iterations > 0
    assert shown.stages[0].scene.chart is None
    asked = shown.main.asked
    shown.stages[0].map.picked.emit(0.0, 0.0)
    assert shown.main.asked == asked
    assert "t-SNE" in shown.explain.happened.text()
    shown.cinema.playhead.seek(0)
    assert shown.stages[0].scene.chart is not None  # the frames of a training stay on the plane


def test_colours_by_label_go_to_the_maps_and_out_of_the_list(shown):
    shown.choose("colour_by", "label")
    shown.views.show_tables()
    assert shown.stages[0].map._colour_by == "label"
    assert shown.clusters.list.item(0, 0).icon().isNull()


# --- linked views ---


def test_a_cluster_of_the_list_is_selected_on_both_maps_and_its_sentences_listed(shown, qtbot):
    shown.clusters.list.cellClicked.emit(2, 0)
    members = np.flatnonzero(shown.stages[0].scene.codes == 2)
    for stage in shown.stages:
        np.testing.assert_array_equal(stage.map.selected(), members)
    assert shown.sentences.table.rows.rowCount() == len(members)
    shown.clusters.list.cellClicked.emit(2, 0)
    assert shown.stages[0].map.selected() is None
    assert shown.sentences.table.rows.rowCount() == N


def test_a_cell_of_the_heat_map_selects_its_sentences(shown):
    counts = shown.views.tally.counts
    row, column = np.argwhere(counts > 0)[0]
    shown.clusters.heat.cell_picked.emit(int(row), int(column))
    assert len(shown.views.selection) == counts[row, column]
    label = shown.views.tally.labels[column]
    assert {shown.stages[0].scene.labels[i] for i in shown.views.selection} == {label}


def test_the_lasso_of_one_map_greys_both(shown):
    shown.stages[1].map._select(np.array([3, 8, 9]))
    assert shown.views.front is shown.stages[1]
    np.testing.assert_array_equal(shown.stages[0].map.selected(), [3, 8, 9])
    assert shown.sentences.table.rows.rowCount() == 3


def test_the_table_of_whole_codes_is_the_engines(shown):
    shown.choose("rows", "code")
    settle(shown)
    figures, tally = shown.main.sample.figures, shown.views.tally
    assert sorted(len(c.members) for c in tally.clusters) == sorted(int(n) for n in figures.sizes)
    assert agreement(tally.counts).homogeneity == pytest.approx(figures.metrics["homogeneity"].value)
    assert tally.labels == figures.label_names


def test_search_selects(shown):
    shown.sentences.search.setText("music kitchen")
    assert len(shown.views.selection) == N // len(TEXTS)
    shown.sentences.clear.click()
    assert shown.views.selection is None


# --- names ---


def test_a_name_is_typed_in_place_shown_on_the_map_undone_and_exported(shown, tmp_path, monkeypatch):
    shown.choose("beside", "")
    settle(shown)
    shown.clusters.list.item(1, 1).setText("music")
    settle(shown)
    assert shown.store.choices.names == {"tiny-gmvae": {"1.2": "music"}}
    assert shown.stages[0].map._components.names[1] == "music"
    for suffix in ("json", "tsv"):
        path = tmp_path / f"names.{suffix}"
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_a, p=path: (str(p), ""))
        shown.studio.export_names()
    found = json.loads((tmp_path / "names.json").read_text())
    rows = {row["code"]: row for row in found["clusters"]}
    assert found["model"] == "tiny-gmvae"
    assert rows["1.2"]["name"] == "music"
    assert len(rows) == M * K
    codes = shown.main.sample.codes
    assert rows["1.2"]["sentences"] == int((codes[:, 0] == 1).sum())
    lines = (tmp_path / "names.tsv").read_text().splitlines()
    assert lines[2].split("\t")[:2] == ["1.2", "music"]
    shown.services.undo.undo()
    assert shown.store.choices.names == {}


# --- sentences of one's own ---


def test_a_labelled_file_takes_the_place_of_the_points(shown, tmp_path):
    path = tmp_path / "mine.tsv"
    path.write_text("\n".join(f"{label}\t{text}" for label, text in zip(LABELS, TEXTS, strict=True)), "utf-8")
    assert shown.open_file(path)
    settle(shown)
    assert list(shown.stages[0].scene.texts) == TEXTS
    assert list(shown.stages[0].scene.labels) == LABELS
    assert "mine.tsv" in shown.inputs.source.text()
    shown.inputs.back.click()
    settle(shown)
    assert len(shown.stages[0].scene.texts) == N


def test_labels_behind_the_sentences_and_a_line_of_names(shown, tmp_path):
    path = tmp_path / "mine.tsv"
    rows = [("text", "kind", "label"), *((text, "x", label) for label, text in zip(LABELS, TEXTS, strict=True))]
    path.write_text("".join("\t".join(row) + "\n" for row in rows), "utf-8")
    assert shown.open_file(path)
    settle(shown)
    assert list(shown.stages[0].scene.texts) == TEXTS
    assert list(shown.stages[0].scene.labels) == LABELS
    said = shown.services.notices.history[-1].text
    assert said.startswith("mine.tsv: sentences from text, labels from label")
    columns = shown.inputs.columns
    assert (columns.text.currentText(), columns.label.currentText()) == ("text", "label")
    columns.label.setCurrentText("kind")
    columns.label.activated.emit(columns.label.currentIndex())
    settle(shown)
    assert set(shown.stages[0].scene.labels) == {"x"}
    columns.label.setCurrentText("No labels")
    columns.label.activated.emit(columns.label.currentIndex())
    settle(shown)
    assert shown.stages[0].map._ghost_texts == tuple(TEXTS)
    shown.services.undo.undo()  # both choices at once: they were one edit
    settle(shown)
    assert list(shown.stages[0].scene.labels) == LABELS
    assert columns.label.currentText() == "label"
    shown.inputs.back.click()
    assert columns.isHidden()


def test_a_large_file_is_read_beside_the_window(shown, tmp_path, monkeypatch, qtbot):
    monkeypatch.setattr("app.texts.SOON", 10)
    path = tmp_path / "mine.tsv"
    path.write_text("\n".join(f"{label}\t{text}" for label, text in zip(LABELS, TEXTS, strict=True)), "utf-8")
    assert shown.open_file(path)
    assert shown.inputs.source.text() == "reading mine.tsv…"
    qtbot.waitUntil(lambda: shown.store.choices.file == str(path))
    settle(shown)
    assert list(shown.stages[0].scene.labels) == LABELS
    shown.inputs.columns.chosen.emit(1, -1)
    qtbot.waitUntil(lambda: shown.stages[0].map._ghost_texts == tuple(TEXTS))
    settle(shown)


def test_two_texts_side_by_side_are_no_labels(shown, tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text("Ich habe Zeit.\tI have time.\nEs regnet heute.\tIt rains today.\n", "utf-8")
    assert shown.open_file(path)
    settle(shown)
    assert shown.stages[0].map._ghost_texts == ("Ich habe Zeit.", "Es regnet heute.")
    assert "no column that looks like labels" in shown.services.notices.history[-1].text


def test_sentences_without_labels_stand_over_the_others(shown, tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("play music\nhow is the weather", "utf-8")
    assert shown.open_file(path)
    settle(shown)
    assert len(shown.stages[0].scene.texts) == N
    assert shown.stages[0].map._ghost_texts == ("play music", "how is the weather")
    shown.cinema.playhead.seek(0)
    assert len(shown.stages[0].map._ghosts) == 0  # they were not there while it trained


def test_a_file_that_is_none_and_one_that_is_empty(shown, tmp_path):
    assert not shown.open_file(tmp_path / "picture.png")
    (tmp_path / "empty.txt").write_text("\n\n", "utf-8")
    assert shown.open_file(tmp_path / "empty.txt")
    assert "no sentences" in shown.services.notices.history[-1].text
    assert shown.store.choices.file == ""


def test_a_model_without_a_recorded_training_shows_the_examples(panel):
    panel.choose("model", "tiny-bare")
    settle(panel)
    assert panel.main.film is None
    assert not panel.player.isVisible()
    assert len(panel.stages[0].scene.texts) == 180
    assert "errands" in panel.inputs.source.text()


# --- figure ---


def test_the_figure_shows_each_objective_early_and_late(shown):
    shown.gallery.show()
    assert shown.bridge.wait_for(lambda: shown.hero.currentWidget() is shown.figure, 10)
    image = shown.figure.picture.image
    assert image.width() > 2 * 400
    assert image.height() > 2 * 350
    shown.gallery.copy()
    assert QGuiApplication.clipboard().image().size() == image.size()
    shown.figure.back.click()
    assert shown.hero.currentIndex() == 1


# --- session and commands ---


def test_the_state_is_json_and_comes_back_the_same(shown, cluster_services, qtbot):
    shown.choose("mixture", 1)
    shown.stages[0].map.component_picked.emit(0)
    shown.name_cluster("2.1", "first")
    settle(shown)
    state = json.loads(json.dumps(shown.state()))
    other = ClustersPanel(cluster_services)
    qtbot.addWidget(other)
    other.restore(state)
    settle(other)
    assert other.store.choices == shown.store.choices
    assert words(other.stages[0]) == words(shown.stages[0])
    other.restore({})
    assert other.store.choices == Choices()
    other.restore({"choices": {"mixture": "many"}, "tab": "x"})
    assert other.store.choices == Choices()
    other.stop()


def test_commands_fit_together_and_do_what_they_say(shown):
    shown.services.commands.add_all(shown.commands())
    run = {c.id.partition(".")[2]: c for c in shown.commands()}
    run["start"].run()
    assert shown.cinema.playhead.position == 0
    run["end"].run()
    assert shown.cinema.playhead.at_edge
    run["variable"].run()
    assert shown.store.choices.mixture == 1
    run["colour"].run()
    assert shown.store.choices.colour_by == "label"
    run["next"].run()
    first = shown.views.selection
    run["next"].run()
    assert not np.array_equal(first, shown.views.selection)
    run["clear"].run()
    assert shown.views.selection is None
    run["copy"].run()
    assert json.loads(QGuiApplication.clipboard().text()) == pytest.approx(shown.main.here.tolist(), abs=1e-5)
