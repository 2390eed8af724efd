"""Held-out sentences recorded without their text, beside the few that a film follows."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from app.panels.clusters.film import Film
from app.panels.clusters.sample import Sample
from app.panels.clusters.stage import UNREAD
from app.widgets.cluster_legend import Entry, lay_out
from engine.messages import ClusterFigures, ClusterPoints, TrainingTrace
from tests.app.panels.clusters.conftest import settle

F, N, K, OFFSET = 3, 40, 4, 1
ROWS = np.array([31, 4, 17])  # where the followed ones stand among the recorded
LABELS = tuple("small_talk" if i % 2 else "banking" for i in range(N))


def points(texts, means, shares, labels):
    return ClusterPoints(
        0, len(texts), tuple(texts), labels, means, means, shares, shares.argmax(-1), np.zeros(len(texts), int)
    )


@pytest.fixture
def three():
    """The followed sentences, all recorded ones, and the film; D = 1 + 2."""
    random = np.random.default_rng(0)
    means, shares = 3 * random.standard_normal((N, 3)), random.dirichlet(np.ones(K), (N, 1))
    followed, recorded = Sample("held-out sample"), Sample()
    labels = tuple(LABELS[r] for r in ROWS)
    followed.add(points(["a", "b", "c"], means[ROWS], shares[ROWS], labels))
    recorded.add(points([""] * N, means + 0.01 * random.standard_normal((N, 3)), shares, LABELS))
    flat = np.zeros((1, 1, K, 2))
    trace = TrainingTrace(
        "m", np.array([5]), flat, flat, flat[..., 0], means[None, ROWS, None, 1:], shares[None, ROWS],
        ("a", "b", "c"), labels, {}, np.zeros(1), np.zeros(1), (None,),
    )  # fmt: skip
    return followed, recorded, Film(trace)


def test_each_held_out_sentence_is_there_once_the_followed_ones_first_with_their_text(three):
    followed, recorded, film = three
    whole = followed.with_rest(recorded, film, OFFSET)
    assert len(whole) == N
    assert whole.texts == ["a", "b", "c"] + [""] * (N - F)
    np.testing.assert_array_equal(whole.points[:F], followed.points)
    rest = np.setdiff1d(np.arange(N), ROWS)
    np.testing.assert_array_equal(whole.points[F:], recorded.points[rest])
    np.testing.assert_array_equal(whole.codes[F:], recorded.codes[rest])
    assert whole.labels[F:] == [LABELS[r] for r in rest]
    np.testing.assert_array_equal(whole.ids, [0, 1, 2, *(F + rest)])
    assert (np.diff(whole.ids) > 0).all()


def test_a_sentence_that_was_not_recorded_takes_no_one_out(three):
    followed, recorded, film = three
    (trace,) = film._traces
    far = Film(msgspec.structs.replace(trace, points=trace.points + 50.0))
    assert len(followed.with_rest(recorded, far, OFFSET)) == F + N


@pytest.fixture
def recorded_with_labels(shown):
    """The panel as if labels had been recorded with a model's held-out sentences, of which there are more."""
    for explorer in (shown.main, shown.beside):
        sample = explorer.sample
        more = points(
            [""] * (2 * len(sample)),
            np.concatenate([sample.points, sample.points + 2.0]),
            np.concatenate([sample.responsibilities] * 2),
            tuple(sample.labels * 2),
        )
        explorer.recorded = Sample()
        explorer.recorded.add(more)
        figures = sample.figures
        explorer.recorded.figures = ClusterFigures(
            2 * len(sample), figures.codes, 2 * figures.sizes, figures.label_names, 2 * figures.table,
            2 * figures.by_variable, figures.metrics, figures.verdict,
        )  # fmt: skip
    settle(shown)
    return shown


def test_the_finished_model_shows_all_and_its_film_only_the_followed(recorded_with_labels):
    panel = recorded_with_labels
    few = len(panel.main.film.texts)
    for stage in panel.stages:
        assert len(stage.scene.texts) == 2 * few
    assert int(panel.views.tally.sizes.sum()) == 2 * few
    assert all(row.example for row in panel.clusters.list._rows if row.size)
    panel.cinema.playhead.seek(1)
    assert len(panel.stages[0].scene.texts) == few


def test_a_sentence_without_text_says_so_and_is_read_in_both_models(recorded_with_labels):
    panel = recorded_with_labels
    stage, last = panel.stages[0], len(panel.main.whole) - 1
    stage._on_hovered(last)
    assert UNREAD in stage.line.text()
    stage._on_hovered(0)
    assert panel.main.film.texts[0] in stage.line.text()
    panel.reading.go_to_sentence(stage, last)
    settle(panel)
    np.testing.assert_allclose(panel.main.here, panel.main.whole.points[last], atol=1e-5)
    np.testing.assert_allclose(panel.beside.here, panel.beside.whole.points[last], atol=1e-5)
    assert "not recorded" in panel.explain.happened.text()


def test_the_list_of_sentences_holds_those_with_a_text_and_says_so(recorded_with_labels):
    panel = recorded_with_labels
    few = len(panel.main.film.texts)
    assert panel.sentences.table.rows.rowCount() == few
    assert f"{2 * few:,} sentences" in panel.sentences.said.text()
    assert f"{few:,} whose text was recorded" in panel.sentences.said.text()


def test_a_selection_of_sentences_that_the_film_does_not_follow_ends_with_the_last_frame(recorded_with_labels):
    panel = recorded_with_labels
    panel.views.select(np.array([0, len(panel.main.whole) - 1]))
    panel.cinema.playhead.seek(1)
    panel.views.show_tables()
    assert panel.views.selection is None
    assert all(stage.map.selected() is None for stage in panel.stages)


def test_a_legend_of_one_line_counts_what_has_no_room(theme):
    entries = [Entry(k, f"{k}", 9, theme.category(k)) for k in range(60)]
    layout = lay_out(entries, "sentences by component", 400, theme, 1)
    assert 0 < len(layout.boxes) == 60 - layout.left_out
    assert len({box.top() for box in layout.boxes}) == 1
    assert layout.boxes[-1].right() < 400
