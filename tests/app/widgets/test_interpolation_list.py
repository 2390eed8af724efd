from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt

from app.theme import Theme
from app.widgets.interpolation_list import InterpolationList, Step, WalkSlider, fold


def steps(*texts):
    made = []
    for index, text in enumerate(texts):
        words = tuple(text.split())
        repeated = bool(made) and made[-1].words == words
        made.append(Step(index / (len(texts) - 1), words, (False,) * len(words), repeated))
    return made


def test_fold_joins_equal_neighbours_only():
    folds = fold(steps("a", "a", "b", "a", "a", "a"))
    assert [(f.first, f.last, f.count) for f in folds] == [(0, 1, 2), (2, 2, 1), (3, 5, 3)]
    assert (folds[2].t0, folds[2].t1) == pytest.approx((0.6, 1.0))


def test_a_cut_sentence_says_so_apart_from_the_same_words_at_an_end(qtbot):
    whole, cut = (Step(t, ("a",), (False,), t > 0, t == 0) for t in (0.0, 1.0))
    view = InterpolationList(theme=Theme())
    qtbot.addWidget(view)
    view.show_steps([whole, cut])
    assert [f.said for f in view.folds] == ["a", "a (cut)"]
    assert view.accessibleDescription() == "a; a (cut)"
    shown = view.grab().toImage()
    view.show_steps([whole, Step(1.0, ("a",), (False,), False)])
    assert view.grab().toImage() != shown


def test_rows_choose_their_middle_step_and_anchors_themselves(qtbot):
    view = InterpolationList(theme=Theme())
    qtbot.addWidget(view)
    view.resize(400, 200)
    view.show_steps(steps("a", "a", "a", "b", "b", "b"), {0: ("A", 0), 5: ("B", 1)})
    chosen = []
    view.chosen.connect(chosen.append)
    view.grab()
    qtbot.mousePress(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(60, 10))
    view.mark(0)
    qtbot.keyClick(view, Qt.Key.Key_Down)
    assert chosen == [0, 5]
    view.show_steps(steps("a", "b", "b", "b", "c"))
    view.mark(0)
    qtbot.keyClick(view, Qt.Key.Key_Down)
    assert chosen[-1] == 2


def test_the_slider_goes_from_end_to_end(qtbot):
    slider = WalkSlider(theme=Theme())
    qtbot.addWidget(slider)
    slider.resize(236, 30)
    slider.show_steps(steps("a", "b", "c"), {})
    moved = []
    slider.moved.connect(moved.append)
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=QPoint(118, 15))
    qtbot.mouseMove(slider, QPoint(300, 15))
    qtbot.keyClick(slider, Qt.Key.Key_Left)
    qtbot.keyClick(slider, Qt.Key.Key_Home)
    assert moved == pytest.approx([0.5, 1.0, 0.99, 0.0])
    assert slider.t == 0.0
