from __future__ import annotations

import pytest
from PySide6.QtCore import QRectF

from app.theme import Theme, contrast
from app.widgets.confidence_strip import ConfidenceStrip, changes, joined, runs


def test_changes_marks_the_words_that_were_not_there():
    before = ["she", "is", "reading", "a", "book", "."]
    after = ["he", "is", "reading", "a", "long", "book", "."]
    assert changes(before, after) == (True, False, False, False, True, False, False)
    assert changes(after, after) == (False,) * 7


def test_runs_join_on_a_line_and_break_between_lines():
    boxes = [QRectF(0, 0, 10, 5), QRectF(12, 0, 10, 5), QRectF(0, 9, 10, 5), QRectF(12, 9, 10, 5)]
    assert runs((True, True, True, False), boxes) == [QRectF(0, 0, 22, 5), boxes[2]]
    assert runs((False,) * 4, boxes) == []


def test_joined_keeps_marks_close():
    assert joined(("I", "'ll", "go", ",", "Tom", ".")) == "I'll go, Tom."


@pytest.mark.parametrize("dark", [False, True])
def test_even_an_unlikely_word_can_be_read(qtbot, dark):
    theme = Theme(dark=dark)
    strip = ConfidenceStrip(theme=theme)
    qtbot.addWidget(strip)
    inks = [strip.ink(p) for p in (0.0, 0.1, 0.5, 1.0)]
    for ink in inks:
        assert min(contrast(ink, theme.colors.paper), contrast(ink, theme.colors.surface)) >= 4.5
    assert contrast(inks[-1], theme.colors.surface) > contrast(inks[0], theme.colors.surface)


def test_painted_is_said_once_for_each_sentence(qtbot):
    strip = ConfidenceStrip(theme=Theme())
    qtbot.addWidget(strip)
    strip.resize(400, 120)
    count = []
    strip.painted.connect(lambda: count.append(1))
    strip.show_sentence(("a", "dog"), (0.5, 0.9))
    strip.grab()
    strip.grab()
    assert len(count) == 1
    strip.show_sentence(("a", "cat"), (0.5, 0.9))
    strip.grab()
    assert len(count) == 2
    assert strip.changed == (False, True)
