"""Many components: small marks at their places, the largest first, and figures over all recorded sentences."""

from __future__ import annotations

import numpy as np

from app.panels.clusters.tally import MANY, by_component, counted_over, largest_first
from app.widgets.cluster_marks import keep_apart
from app.widgets.cluster_paint import Components, place_marks
from app.widgets.pad_view import View


def test_badges_taken_in_order_keep_off_each_other():
    places = np.array([[0.0, 0.0], [5.0, 0.0], [40.0, 0.0], [41.0, 0.0], [90.0, 0.0]])
    assert keep_apart(places, [3, 2, 1, 0, 4], 20.0, 9).tolist() == [False, True, False, True, True]
    assert keep_apart(places, [3, 2, 1, 0, 4], 20.0, 1).tolist() == [False, False, False, True, False]


def test_of_many_components_the_heaviest_are_numbered_and_none_leaves_its_place(theme):
    random = np.random.default_rng(0)
    means = random.uniform(-3, 3, (60, 2))
    weights = random.dirichlet(np.ones(60))
    view = View().resized(600, 500).fitted((-4, 4, -4, 4), 0.0)
    marks = place_marks(Components(means, np.tile(np.eye(2), (60, 1, 1)), weights, ("",) * 60), view, theme)
    np.testing.assert_allclose(marks.badges, view.to_pixels(means))
    assert 0 < marks.numbered.sum() <= 12
    assert marks.numbered[weights.argmax()]
    few = place_marks(Components(means[:5], np.empty((0, 2, 2)), weights[:5], ("",) * 5), view, theme)
    assert few.numbered.all()


def test_many_clusters_are_sorted_by_the_sentences_counted_and_empty_ones_left_out():
    codes = np.array([0, 1, 1, 2])
    labels = ["a", "b", "a", "b"]
    tally = by_component(codes, np.ones(4), labels, 0, MANY + 4)
    counts = np.zeros((MANY + 4, 2), dtype=np.int64)
    counts[3], counts[1] = (30, 5), (10, 0)
    found = largest_first(counted_over(tally, ["a", "b"], counts))
    assert [c.id for c in found.clusters] == ["4", "2"]
    assert found.sizes.tolist() == [35, 10]
    assert found.of_cell(1, 0, labels).tolist() == [2]
    small = by_component(codes, np.ones(4), labels, 0, 4)
    assert largest_first(small) is small


def test_the_finished_model_is_judged_by_all_it_recorded(shown):
    explorer = shown.stages[0].explorer
    assert explorer.held_out is not None
    assert not explorer.held_out.label_names
    assert explorer.figures is explorer.sample.figures  # labels are known of these alone
    explorer.sample.labels.clear()
    assert explorer.figures is explorer.held_out
