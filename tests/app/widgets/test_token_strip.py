from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtTest import QTest

from app.widgets.edit_marks import Edit
from app.widgets.token_layout import flow
from app.widgets.token_strip import SIZES, TokenStrip, Word

TEXT = ["the", "juice", "is", "made", "by", "a", "natural", "brand", "in", "the", "north", "of", "the", "country", "."]


@pytest.fixture
def strip(theme, qtbot):
    strip = TokenStrip(theme=theme)
    qtbot.addWidget(strip)
    strip.resize(600, 240)
    return strip


def words(text=TEXT):
    return [Word(w) for w in text]


@pytest.mark.parametrize("width", [160, 300, 600, 1200])
@pytest.mark.parametrize("slot", [None, 0, 4, len(TEXT)])
def test_words_wrap_and_are_never_cut(theme, width, slot):
    laid = flow(TEXT, QFontMetricsF(theme.sentence_font(26)), width, 2000, slot=slot)
    assert len(laid.words) == len(TEXT)
    assert all(r.left() >= 0 and r.right() <= width for r in laid.words)
    rows = [*laid.words, laid.slot] if laid.slot else list(laid.words)
    assert not any(a.intersects(b) for i, a in enumerate(rows) for b in rows[i + 1 :])
    assert (laid.slot is None) == (slot is None)


def test_words_stand_a_third_of_an_em_apart_and_full_stops_close(theme):
    metrics = QFontMetricsF(theme.sentence_font(28))
    laid = flow(["a", "cat", "."], metrics, 600, 200)
    gap = laid.words[1].left() - laid.words[0].right()
    assert gap == pytest.approx(metrics.height() * 0.75 * 0.35)
    assert laid.words[2].left() == pytest.approx(laid.words[1].right())


def test_type_shrinks_until_the_sentence_fits_and_stays_small_until_reset(strip):
    strip.show_sentence(words(TEXT * 3))
    assert strip._size < SIZES[0]
    assert strip._layout().fits
    small = strip._size
    strip.show_sentence(words(TEXT[:3]))
    assert strip._size == small
    strip.reset_size()
    assert strip._size == SIZES[0]


@pytest.mark.parametrize(
    ("edit", "ghost", "slot"),
    [
        (Edit("replace", 1, "water", "juice", True), "water", False),
        (Edit("replace", 1, "juice", "water", False), "water", False),
        (Edit("insert", 1, "", "juice", True), "", False),
        (Edit("insert", 1, "", "very", False), "very", True),
        (Edit("delete", 1, "cold", "", True), "cold", True),
        (Edit("delete", 1, "juice", "", False), "", False),
    ],
)
def test_the_word_that_is_not_there_is_the_ghost(strip, edit, ghost, slot):
    assert (edit.ghost, edit.opens_slot) == (ghost, slot)
    strip.show_sentence(words(), edit)
    assert (strip._layout().slot is not None) == slot
    strip.grab()


@pytest.mark.parametrize(
    ("edit", "moves"),
    [
        (Edit("insert", 2, "", "x", True), {0: 0, 1: 1, 2: 3, 3: 4}),
        (Edit("delete", 2, "x", "", True), {0: 0, 1: 1, 2: None, 3: 2}),
        (Edit("replace", 2, "x", "y", True), {1: 1, 2: None, 3: 3}),
        (Edit("insert", 2, "", "x", False), {2: 2, 3: 3}),
    ],
)
def test_where_words_go(edit, moves):
    assert {k: edit.index_after(k) for k in moves} == moves


def test_it_moves_only_when_motion_is_on(strip, theme, qtbot):
    strip.show()
    edit = Edit("insert", 1, "", "fresh", True)
    after = [*TEXT[:1], "fresh", *TEXT[1:]]
    strip.show_sentence(words(after), edit, before=words(), animate=True)
    assert not strip.moving
    theme.motion = True
    strip.show_sentence(words(after), edit, before=words(), animate=True)
    assert strip.moving
    strip.grab()
    strip._motion.setCurrentTime(90)
    picture = strip.grab().toImage()
    qtbot.waitUntil(lambda: not strip.moving, timeout=2000)
    assert strip.grab().toImage() != picture


def test_clicks_and_keys_choose_words(strip, qtbot):
    strip.show_sentence(words())
    with qtbot.waitSignal(strip.word_clicked) as caught:
        QTest.mouseClick(strip, Qt.MouseButton.LeftButton, pos=strip.word_rect(4).center().toPoint())
    assert caught.args == [4]
    strip._focus = 0
    QTest.keyClick(strip, Qt.Key.Key_Right)
    with qtbot.waitSignal(strip.word_clicked) as caught:
        QTest.keyClick(strip, Qt.Key.Key_Space)
    assert caught.args == [1]
    with qtbot.assertNotEmitted(strip.word_clicked):
        QTest.mouseClick(strip, Qt.MouseButton.LeftButton, pos=QPoint(1, 1))
        strip.clickable = False
        QTest.mouseClick(strip, Qt.MouseButton.LeftButton, pos=strip.word_rect(4).center().toPoint())


def test_marks_change_the_picture(strip):
    strip.show_sentence(words())
    plain = strip.grab().toImage()
    pictures = [plain]
    for change in ({"locked": True}, {"unknown": True}):
        strip.show_sentence([Word("the"), Word("juice", **change), *words(TEXT[2:])])
        pictures.append(strip.grab().toImage())
    assert all(a != b for i, a in enumerate(pictures) for b in pictures[i + 1 :])
