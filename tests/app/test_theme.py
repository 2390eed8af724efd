from __future__ import annotations

import itertools
import re

import pyqtgraph as pg
import pytest
from PySide6.QtGui import QColor, QFontInfo

from app.icons import icon
from app.style import style_sheet
from app.theme import CATEGORIES, Theme, contrast, mix
from engine.assets import ICONS

MEANINGS = ("accepted", "rejected", "inserted", "deleted", "replaced")


@pytest.fixture(params=[False, True], ids=["light", "dark"])
def shade(request, theme):
    theme.set(dark=request.param)
    yield theme
    theme.set(dark=False)


def test_contrast_is_the_known_one():
    assert contrast(QColor("white"), QColor("black")) == pytest.approx(21)
    assert contrast(QColor("#777777"), QColor("white")) == pytest.approx(4.48, abs=0.01)


def test_every_text_can_be_read(shade):
    c = shade.colors
    texts = [c.ink, c.muted, c.accent, *(shade.text(getattr(c, m)) for m in MEANINGS)]
    texts += [shade.text(shade.category(i)) for i in range(20)]
    for text, ground in itertools.product(texts, (c.paper, c.surface)):
        assert contrast(text, ground) >= 4.5, (text.name(), ground.name())
    assert contrast(c.on_accent, c.accent) >= 4.5
    wash = shade.tint(c.accent, 0.10)
    assert contrast(c.ink, wash) >= 4.5


def test_shapes_stand_out(shade):
    for meaning in MEANINGS:
        assert contrast(getattr(shade.colors, meaning), shade.colors.surface) >= 2.2, meaning


def test_palette_and_sheet_hold_no_other_colours(shade):
    sheet = style_sheet(shade)
    assert "$" not in sheet
    used = {QColor(name).name() for name in re.findall(r"#[0-9a-f]{6}\b", sheet)}
    c = shade.colors
    assert {c.paper.name(), c.ink.name(), c.accent.name()} <= used
    assert shade.palette().window().color() == c.paper
    assert shade.palette().highlight().color() == c.accent


def test_one_order_of_categories(shade):
    first = [shade.category(i).name() for i in range(len(CATEGORIES))]
    assert len(set(first)) == len(CATEGORIES)
    assert shade.category(len(CATEGORIES)).name() not in first
    again = Theme(dark=shade.dark)
    assert [again.category(i).name() for i in range(len(CATEGORIES))] == first


def test_maps(shade):
    assert shade.sequential(0).name() == "#440154"
    assert shade.sequential(1).name() == "#fde725"
    assert shade.sequential(7) == shade.sequential(1)
    low, middle, high = (shade.diverging(v) for v in (-1, 0, 1))
    assert low.blueF() > low.redF()
    assert high.redF() > high.blueF()
    assert contrast(middle, shade.colors.paper) < contrast(low, shade.colors.paper)


def test_fonts_are_the_bundled_ones(theme):
    assert QFontInfo(theme.ui_font(13)).family() == "Inter"
    assert QFontInfo(theme.sentence_font()).family() == "Noto Serif"
    number = theme.number_font(13)
    from PySide6.QtGui import QFontMetricsF

    metrics = QFontMetricsF(number)
    assert metrics.horizontalAdvance("1111") == metrics.horizontalAdvance("8888")


def test_scale_enlarges_type_and_is_told(theme, qtbot):
    with qtbot.waitSignal(theme.changed):
        theme.set(scale=1.6)
    assert theme.ui_font(13).pixelSize() == round(13 * 1.6)
    theme.set(scale=1.0)


def test_every_icon_is_drawn_in_the_colour_asked_for(theme):
    for path in ICONS.glob("*.svg"):
        if path.stem.endswith(("-light", "-dark")):
            continue
        image = icon(path.stem, theme, QColor("#ff0000")).pixmap(24, 24).toImage()
        reds = [image.pixelColor(x, y) for x in range(24) for y in range(24) if image.pixelColor(x, y).alpha() > 200]
        assert reds, path.stem
        assert all(c.red() > 200 and c.green() < 60 for c in reds), path.stem


def test_mix_ends():
    assert mix(QColor("black"), QColor("white"), 0) == QColor("black")
    assert mix(QColor("black"), QColor("white"), 1) == QColor("white")


def test_plots_take_the_colours(shade, qtbot):
    plot = pg.PlotWidget()
    qtbot.addWidget(plot)
    shade.color_plot(plot)
    assert plot.backgroundBrush().color() == shade.colors.surface
    assert plot.getAxis("left").textPen().color() == shade.colors.muted
