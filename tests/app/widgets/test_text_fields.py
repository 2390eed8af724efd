"""Fields that take a sentence, but no book."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from app.widgets.controls import DoubleSpinBox, SpinBox
from app.widgets.text_fields import LineField, TextField, too_long

MOST = 20


@pytest.fixture(params=[LineField, TextField])
def field(request, qtbot):
    made = request.param(most=MOST)
    qtbot.addWidget(made)
    made.said = []
    made.refused.connect(made.said.append)
    return made


def text(field):
    return field.text() if isinstance(field, LineField) else field.toPlainText()


def paste(field, what):
    QGuiApplication.clipboard().setText(what)
    field.paste()


def test_what_fits_is_taken(field):
    paste(field, "x" * MOST)
    assert text(field) == "x" * MOST
    assert field.said == []


@pytest.mark.parametrize("length", [MOST + 1, MOST + 2, 2_000_000])
def test_what_does_not_fit_is_refused_whole(field, length):
    paste(field, "ab")
    paste(field, "x" * (length - 2))
    assert text(field) == "ab"
    assert field.said == [too_long(MOST)]
    assert "\n" not in too_long(MOST)


def test_a_selection_makes_room(field):
    paste(field, "x" * MOST)
    field.selectAll()
    paste(field, "y" * MOST)
    assert text(field) == "y" * MOST
    assert field.said == []


def test_a_full_field_takes_no_key_but_can_be_emptied(field):
    paste(field, "x" * MOST)
    QTest.keyClicks(field, "z")
    assert text(field) == "x" * MOST
    assert field.said == [too_long(MOST)]
    QTest.keyClick(field, Qt.Key.Key_Backspace)
    QTest.keyClicks(field, "z")
    assert text(field) == "x" * (MOST - 1) + "z"
    field.selectAll()
    QTest.keyClicks(field, "q")
    assert text(field) == "q"


@pytest.mark.parametrize("kind", [SpinBox, DoubleSpinBox])
def test_a_number_field_takes_a_number_from_a_book_at_most(kind, qtbot):
    box = kind(minimum=0, maximum=9)
    qtbot.addWidget(box)
    box.setValue(3)
    box.selectAll()
    paste(box.lineEdit(), "1.5 " * 500_000)
    assert len(box.text()) <= 60
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert box.value() == 3
