from __future__ import annotations

import time

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPixmap

from app.theme import Theme
from app.widgets.search_tree import SearchTree
from app.widgets.tree_layout import ROOT, TreeNode, arrange


def node(name, parent, born, label, reason="kept", total=-1.0, last=0, finished=0, margin=0.0):
    return TreeNode(name, parent, born, label, name, -0.5, total, total, reason, margin, 0, last, finished)


def tree(*nodes):
    found = {ROOT: node(ROOT, ROOT, 0, "", last=99)}
    for n in nodes:
        found[n.id] = n
        found[n.parent].children.append(n.id)
    return found


@pytest.fixture
def small():
    """a lives, b died at step 2 when its children were pruned, c never lived."""
    return tree(
        node(1, ROOT, 1, "a", total=-1.0, last=3, finished=3),
        node(2, ROOT, 1, "b", total=-2.0, last=1),
        node(-2, ROOT, 1, "c", "rank", total=-3.0, margin=0.5),
        node(3, 1, 2, "d", total=-1.5, last=3, finished=3),
        node(-3, 2, 2, "e", "rank", total=-4.0, margin=1.0),
        node(4, 3, 3, "f", total=-2.5, last=3),
        node(5, 3, 3, "g", "finished", total=-2.0, finished=3),
    )


def shown(nodes, step, **how):
    return set(arrange(nodes, step, lambda n: 20.0, **how).places) - {ROOT}


def test_later_steps_do_not_exist_yet(small):
    assert shown(small, 0) == set()
    assert shown(small, 1) == {1, 2, -2}
    assert shown(small, 1, fold="folded") == {1, 2}


def test_what_fell_stays_for_its_step_only(small):
    assert shown(small, 2) == {1, 2, 3, -3}  # c fell a step ago; b falls now with e
    assert shown(small, 3) == {1, 3, 4, 5}
    assert shown(small, 3, fold="all") == set(small) - {ROOT}


def test_folds_are_counted_and_open_one_by_one(small):
    sheet = arrange(small, 3, lambda n: 20.0)
    assert sheet.places[ROOT].hidden == 2
    assert shown(small, 3, unfolded={ROOT}) == {1, 2, -2, 3, 4, 5}


def test_first_children_are_level_and_no_two_nodes_overlap(small):
    sheet = arrange(small, 3, lambda n: 20.0, fold="all", final={1, 3, 5})
    places = sheet.places
    assert places[1].y == places[3].y == places[5].y == places[ROOT].y
    spots = [(p.x, p.y) for p in places.values()]
    assert len(set(spots)) == len(spots)
    assert all(places[n.id].x > places[n.parent].x for n in small.values() if n.id != ROOT)
    assert max(p.y for p in places.values()) < sheet.height


@pytest.fixture
def widget(qtbot, small):
    w = SearchTree(theme=Theme())
    w.resize(700, 300)
    qtbot.addWidget(w)
    w.show()
    w.show_tree(small, 3, final=[1, 3, 5])
    return w


def test_clicking_chooses_and_double_clicking_goes_on(widget, qtbot):
    spot = widget.node_rect(3).center().toPoint()
    with qtbot.waitSignal(widget.node_chosen) as chosen:
        qtbot.mouseClick(widget.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert chosen.args == [3]
    with qtbot.waitSignal(widget.node_activated) as activated:
        qtbot.mouseDClick(widget.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert activated.args == [3]


def test_arrows_walk_and_return_goes_on(widget, qtbot):
    widget.choose(3)
    qtbot.keyClick(widget, Qt.Key.Key_Right)
    assert widget.chosen == 5  # the marked child is the first
    qtbot.keyClick(widget, Qt.Key.Key_Down)
    assert widget.chosen == 4
    qtbot.keyClick(widget, Qt.Key.Key_Left)
    assert widget.chosen == 3
    with qtbot.waitSignal(widget.node_activated) as activated:
        qtbot.keyClick(widget, Qt.Key.Key_Return)
    assert activated.args == [3]


def test_a_fold_opens_by_its_number(widget, qtbot):
    assert -2 not in widget.sheet.places
    widget.toggle(ROOT)
    assert -2 in widget.sheet.places


def test_zoom_keeps_the_point_under_the_pointer(widget):
    widget.resize(160, 60)
    widget.set_zoom(1.5)
    widget.horizontalScrollBar().setValue(40)
    before = widget.to_sheet(QPointF(80, 30))
    widget.set_zoom(2.0, QPointF(80, 30))
    after = widget.to_sheet(QPointF(80, 30))
    assert after.x() == pytest.approx(before.x(), abs=1)
    widget.fit()
    assert widget.zoom < 1.0


def test_two_thousand_nodes_paint_within_a_frame_or_two(widget):
    nodes = [node(i, ROOT if i < 8 else i - 8, 1 + i // 8, f"w{i % 40}", last=250) for i in range(2000)]
    widget.show_tree(tree(*nodes), 250)
    picture = QPixmap(widget.viewport().size())
    times = []
    for _ in range(5):
        began = time.process_time()
        widget.viewport().render(picture)
        times.append(time.process_time() - began)
    assert len(widget.sheet.places) == 2001
    assert min(times) < 0.05
