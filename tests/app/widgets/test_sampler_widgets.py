"""The sampler's smaller widgets: numbers, bars, the acceptance test, traces, tables, chains, the law chart."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest

from app.widgets.acceptance import AcceptanceBar, Term, TermTable
from app.widgets.chain_list import ChainList, ChainRow
from app.widgets.law_chart import LawChart
from app.widgets.numbers import number, probability, split_at_point
from app.widgets.probability_bars import Bar, ProbabilityBars
from app.widgets.row_table import Column, RowModel, RowTable
from app.widgets.timeline import BINS, Timeline, decimate


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-32.149, "\u221232.1"), (0.5, "0.500"), (1234.5, "1,234"), (9.996, "10.0"), (0.0123, "0.0123"), (0.0, "0"),
        (-math.inf, "\u2212∞"), (math.nan, "–"), (3e-17, "3.00e\u221217"), (99.95, "100"), (0.99999, "1.00"),
    ],
)  # fmt: skip
def test_three_significant_digits(value, text):
    assert number(value) == text


def test_signs_points_and_probabilities():
    assert number(2.0, signed=True) == "+2.00"
    assert split_at_point("\u221232.1") == ("\u221232", ".1")
    assert (probability(0.8124), probability(0.0), probability(math.nan)) == ("0.812", "0.000", "–")


def test_marked_bars_are_never_left_out(theme, qtbot):
    bars = ProbabilityBars(theme=theme, headings=("word", "g"))
    qtbot.addWidget(bars)
    rows = [Bar(f"w{i}", 0.5 / (i + 1), mark="drawn" if i == 7 else "") for i in range(9)]
    bars.show_bars(rows)
    assert [b.label for b in bars._visible(3)] == ["w0", "w1", "w7"]
    assert "w7 0.062" in bars.accessibleDescription()
    bars.resize(300, 80)
    few = bars.grab().toImage()
    rows[0] = Bar("w0", 0.9)
    bars.show_bars(rows)
    assert bars.grab().toImage() != few


@pytest.mark.parametrize(("ratio", "draw"), [(0.81, 0.62), (0.1, 0.9), (1.0, 0.999), (0.0, 0.0)])
def test_the_tick_lands_where_the_draw_is(theme, qtbot, ratio, draw):
    bar = AcceptanceBar(theme=theme)
    qtbot.addWidget(bar)
    bar.resize(216, 62)
    bar.show_test(ratio, draw)
    image = bar.grab().toImage()
    row = [image.pixelColor(x, 22).lightness() for x in range(216)]
    assert abs(int(np.argmin(row)) - (8 + 200 * draw)) <= 3


def test_terms_align_and_grow(theme, qtbot):
    table = TermTable(theme=theme)
    qtbot.addWidget(table)
    table.show_terms([Term("fluency", -32.1, -30.2, 1.9)])
    low = table.sizeHint().height()
    table.show_terms([Term("fluency", -32.1, -30.2, 1.9), Term("log ratio", None, None, 0.5, total=True, note="sum")])
    assert table.sizeHint().height() > low
    assert "log ratio +0.500" in table.accessibleDescription()
    table.grab()


@pytest.mark.parametrize("count", [5, 2 * BINS, 100_003])
def test_decimation_keeps_every_peak(count):
    values = np.random.default_rng(0).normal(size=count)
    steps, kept = decimate(values)
    assert len(kept) <= 4 * BINS
    assert (kept.min(), kept.max()) == (values.min(), values.max())
    assert np.array_equal(values[steps.astype(int)], kept)
    assert np.all(np.diff(steps) >= 0)
    assert steps[-1] >= count - 1 - count // BINS


def test_the_timeline_draws_chains_and_seeks(theme, qtbot):
    line = Timeline(("log π", "words"), theme=theme)
    qtbot.addWidget(line)
    line.resize(500, 260)
    line.show()
    data = [np.linspace(0, 1, 50_000), np.zeros(50_000)]
    line.show_traces([data, data], 49_999, 50_000)
    assert line.points("log π", 1) <= 4 * BINS
    line.show_cursor(100)
    line.grab()
    with qtbot.waitSignal(line.step_chosen) as caught:
        plot = line._plots[0]
        box = plot.getPlotItem().getViewBox().sceneBoundingRect()
        QTest.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=box.center().toPoint())
    assert caught.args[0] == pytest.approx(25_250, rel=0.02)
    line.show_traces([data[:1], data[:1]], 10, 10, every=5)
    assert len(line._curves[0]) == 1


def test_a_cursor_ahead_of_the_traces_waits_at_their_edge(theme, qtbot):
    line = Timeline(("log π", "words"), theme=theme)
    qtbot.addWidget(line)
    line.resize(500, 260)
    line.show()
    where = lambda: [cursor.value() for cursor in line._cursors]  # noqa: E731
    line.show_traces([[np.zeros(101)], [np.zeros(101)]], 100, 0)
    line.show_cursor(60)
    assert where() == [60, 60]
    line.show_cursor(120)
    assert where() == [100, 100]
    line.show_traces([[np.zeros(151)], [np.zeros(151)]], 150, 0)
    assert where() == [120, 120]


def test_the_table_is_a_sound_model_and_fast_at_a_hundred_thousand_rows(theme, qtbot):
    asked = []

    def fetch(row):
        asked.append(row)
        return (str(row), ("text", theme.colors.accepted), "")

    columns = (Column("step", 60, True), Column("what", 100), Column("rest"))
    table = RowTable(columns, fetch, theme=theme, name="Steps")
    qtbot.addWidget(table)
    table.resize(400, 300)
    table.show()
    began = time.process_time()
    for count in range(1000, 101_000, 1000):
        table.rows.grow(count)
        table.mark(count - 1)
        table.grab()
    assert time.process_time() - began < 5
    assert table.rows.rowCount() == 100_000
    assert len(set(asked)) < 5000  # only what was looked at
    table.rows.grow(5)
    assert table.rows.rowCount() == 100_000
    with qtbot.waitSignal(table.row_chosen):
        table.clicked.emit(table.rows.index(7, 0))


def test_the_model_passes_qts_own_tests(theme):
    model = RowModel((Column("a", 50, True), Column("b")), lambda row: (str(row), "x"), theme=theme)
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.grow(20)
    model.grow(30)
    model.reset(3)
    assert model.data(model.index(2, 0)) == "2"
    assert model.headerData(1, Qt.Orientation.Horizontal) == "b"
    tester.deleteLater()


def test_chains_are_chosen_by_click_and_key(theme, qtbot):
    chains = ChainList(theme=theme)
    qtbot.addWidget(chains)
    chains.show_rows([ChainRow("One.", "+ a", True, "−3"), ChainRow("Two " * 60, "− b", False, "−4")], 0)
    chains.resize(600, 120)
    chains.grab()
    with qtbot.waitSignal(chains.chosen) as caught:
        QTest.mouseClick(chains, Qt.MouseButton.LeftButton, pos=chains.rect().center())
    assert caught.args == [1]
    with qtbot.waitSignal(chains.chosen) as caught:
        QTest.keyClick(chains, Qt.Key.Key_PageDown)
    assert caught.args == [1]


def test_the_law_chart_sorts_both_laws_alike(theme, qtbot):
    chart = LawChart(theme=theme)
    qtbot.addWidget(chart)
    chart.resize(600, 300)
    chart.show_space(("a", "b", "c"), np.array([0.2, 0.5, 0.3]))
    assert chart.sentences == ("b", "c", "a")
    bare = chart.grab().toImage()
    chart.show_observed(np.array([0.25, 0.45, 0.3]))
    assert chart._observed.tolist() == [0.45, 0.3, 0.25]
    assert chart.grab().toImage() != bare
    edges = chart._edges()
    assert len(edges) == 4
    assert edges[-1] <= 600
    QTest.mouseMove(chart, chart.rect().center())
    chart.show_space(tuple(map(str, range(400))), np.full(400, 1 / 400))
    chart.grab()
    assert chart._edges()[-1] == pytest.approx(592)


def test_a_smaller_space_under_the_pointer_is_drawn(theme, qtbot):
    chart = LawChart(theme=theme)
    qtbot.addWidget(chart)
    chart.resize(600, 300)
    with qtbot.waitExposed(chart):
        chart.show()
    chart.show_space(("a", "b", "c", "d"), np.full(4, 0.25))
    QTest.mouseMove(chart, chart.rect().center())
    qtbot.waitUntil(lambda: chart._hover >= 1)
    chart.show_space(("a",), np.ones(1))
    assert chart._hover == -1
    assert not chart.grab().isNull()
