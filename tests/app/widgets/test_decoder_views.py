"""Lanes, token columns, attention map, score curve, marked cells and the trade-off plot."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt

from app.theme import Theme
from app.widgets.attention_map import AttentionMap
from app.widgets.decoder_lanes import DecoderLanes
from app.widgets.lane_layout import Lane, sentence
from app.widgets.marked_text import MarkedText
from app.widgets.score_curve import ScoreCurve, Scored
from app.widgets.token_columns import Choice, TokenColumns
from app.widgets.trade_off import Dot, TradeOff


@pytest.fixture
def theme(qapp):
    return Theme()


def shown(qtbot, widget, width=800, height=300):
    qtbot.addWidget(widget)
    widget.resize(width, height)
    widget.show()
    return widget


LANES = (
    Lane(1, "greedy", ("▁He", "▁has", "▁left", "."), numbers=("-1", "-2"), dot=-1.0),
    Lane(2, "beam", ("▁He", "▁le", "ft", "▁now", "."), numbers=("-1", "-2"), dot=-2.0, ticks=(-3.0,)),
    Lane(3, "late", note="waiting"),
)


@pytest.fixture
def lanes(qtbot, theme):
    widget = shown(qtbot, DecoderLanes(theme=theme, headings=("log p", "score"), axis="log p"))
    widget.show_lanes(LANES, 1)
    return widget


def test_lanes_mark_what_differs_from_the_first(lanes):
    assert lanes.marks(0) == ["same"] * 4
    assert lanes.marks(1) == ["same", "missing", "same", "inserted", "same"]
    assert sentence(LANES[1]) == "He left now."
    assert "waiting" in lanes.accessibleDescription()


def test_the_pieces_of_a_word_are_hit_one_by_one(lanes, qtbot):
    places = {(lane, token): rect for rect, lane, token in lanes._flow.hits}
    seen = []
    lanes.lane_chosen.connect(lambda lane: seen.append(lane))
    lanes.token_chosen.connect(lambda lane, token: seen.append((lane, token)))
    qtbot.mouseClick(lanes, Qt.MouseButton.LeftButton, pos=places[1, 2].center().toPoint())
    assert seen == [2, (2, 2)]
    with qtbot.waitSignal(lanes.token_activated) as activated:
        qtbot.mouseDClick(lanes, Qt.MouseButton.LeftButton, pos=places[1, 1].center().toPoint())
    assert activated.args == [2, 1]


def test_keys_walk_lanes_and_tokens(lanes, qtbot):
    lanes.setFocus()
    with qtbot.waitSignal(lanes.lane_chosen) as chosen:
        qtbot.keyClick(lanes, Qt.Key.Key_Down)
    assert chosen.args == [2]
    with qtbot.waitSignal(lanes.token_chosen) as token:
        qtbot.keyClick(lanes, Qt.Key.Key_Right)
    assert token.args == [1, 0]
    with qtbot.waitSignal(lanes.token_activated) as activated:
        qtbot.keyClick(lanes, Qt.Key.Key_Return)
    assert activated.args == [1, 0]


def test_words_are_never_cut_however_narrow(lanes):
    for width in (1200, 700, 420):
        lanes.resize(width, 300)
        rects = [rect for rect, _, _ in lanes._flow.hits]
        assert max(r.right() for r in rects) <= width
        assert lanes.minimumHeight() >= max(r.bottom() for r in rects)


def test_alternatives_are_forced_by_a_double_click(qtbot, theme):
    choices = [Choice("He", 0.5, 1, (("He", 0.5), ("She", 0.3))), Choice("left", 0.2, 3, (("is", 0.4), ("was", 0.3)))]
    widget = shown(qtbot, TokenColumns(theme=theme))
    widget.show_choices(choices)
    with qtbot.waitSignal(widget.other_activated) as other:
        qtbot.mouseDClick(widget, Qt.MouseButton.LeftButton, pos=widget._other_rect(1, 1).center().toPoint())
    assert other.args == [1, 1]
    widget.choose(0)
    qtbot.keyClick(widget, Qt.Key.Key_Right)
    qtbot.keyClick(widget, Qt.Key.Key_Down)
    with qtbot.waitSignal(widget.other_activated) as other:
        qtbot.keyClick(widget, Qt.Key.Key_Return)
    assert other.args == [1, 0]
    assert "is 0.400" in widget.accessibleDescription()


def test_attention_rows_are_chosen(qtbot, theme):
    widget = shown(qtbot, AttentionMap(theme=theme), 500, 300)
    widget.show_attention(np.array([[0.9, 0.1], [0.2, 0.8]]), ["he", "sleeps"], ["er", "schläft"])
    left, top, wide, tall = widget._frame()
    with qtbot.waitSignal(widget.row_chosen) as row:
        at = QPointF(left + wide / 2, top + 1.5 * tall).toPoint()
        qtbot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=at)
    assert row.args == [1]
    assert widget.accessibleDescription() == "sleeps read schläft"
    widget.show_attention(np.ones((3, 4)), ["a", "b"], ["x", "y", "z"])
    assert widget.weights.shape == (2, 3)


def test_the_penalty_is_dragged_on_the_curve(qtbot, theme):
    widget = shown(qtbot, ScoreCurve(theme=theme))
    scored = [Scored("b", 9, -0.5), Scored("a", 4, -0.8), Scored("r", 6, -0.9, reference=True)]
    widget.show_scores(scored, [(0.0, 4), (1.0, 9), (2.0, 9)], 1.0)
    _, area = widget._areas()
    with qtbot.waitSignal(widget.penalty_chosen) as penalty:
        at = QPointF(area.left() + area.width() / 4, area.center().y()).toPoint()
        qtbot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=at)
    assert penalty.args[0] == pytest.approx(0.5, abs=0.02)
    with qtbot.waitSignal(widget.sentence_chosen) as chosen:
        qtbot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=widget._spot(scored[1]).toPoint())
    assert chosen.args == [1]
    assert "9 tokens" in widget.accessibleDescription()


def test_cells_compare_with_the_first_row(theme):
    rows = [["▁He", "▁left"], ["▁She", "▁left"]]
    marks = MarkedText(lambda row: (rows[row], rows[0]), theme=theme)
    assert [c.mark for c in marks.cells(0)] == ["same", "same"]
    assert [c.mark for c in marks.cells(1)] == ["replaced", "same"]


def test_the_trade_off_leaves_out_what_was_not_measured(qtbot, theme):
    widget = shown(qtbot, TradeOff(theme=theme))
    widget.show_dots([Dot(0, "1", 10.0, 30.0), Dot(1, "2", 0.0, 35.0), Dot(2, "3", 5.0, float("nan"))], "BLEU")
    assert [d.label for d in widget.dots] == ["1"]


@pytest.mark.parametrize("dark", [False, True])
def test_everything_paints_in_both_themes(qtbot, dark, lanes):
    theme = Theme(dark=dark)
    lanes._theme = theme
    curve = shown(qtbot, ScoreCurve(theme=theme))
    curve.show_scores([Scored("a", 4, -0.8)], [(0.0, 4), (1.0, 5)], 1.0)
    plot = shown(qtbot, TradeOff(theme=theme))
    plot.show_dots([Dot(0, "1", 10.0, 30.0), Dot(1, "2", 3.0, 31.0)], "BLEU")
    for widget in (lanes, curve, plot):
        image = widget.grab().toImage()
        colors = {image.pixel(x, y) for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)}
        assert len(colors) > 5
