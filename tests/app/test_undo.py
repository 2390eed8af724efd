from __future__ import annotations

import gc

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence, QUndoStack
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QSpinBox, QVBoxLayout, QWidget

from app.undo import MOST_TYPED, PAUSE, Edit, FieldsUndo, edit
from tests.app.conftest import flush

CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def stack(qapp):
    stack = QUndoStack()
    yield stack
    stack.clear()
    stack.deleteLater()
    flush()


def drag(stack, values, key="panel.x"):
    """Set a parameter to one value after another; what it was set to last, and how often listeners were told."""
    state, told = [values[0]], []
    stack.indexChanged.connect(told.append)
    for value in values[1:]:
        edit(stack, key, "change x", state[0], value, lambda v: state.__setitem__(0, v))
    stack.indexChanged.disconnect(told.append)
    return state, told


def test_a_drag_is_one_step_and_everyone_hears_of_each_of_its_values(stack):
    state, told = drag(stack, range(6))
    assert stack.count() == 1
    assert len(told) == 5
    stack.undo()
    assert state == [0]
    stack.redo()
    assert state == [5]


def test_a_drag_leaves_no_steps_behind_in_memory(stack):
    def kept():
        gc.collect()
        return sum(type(o) is Edit for o in gc.get_objects())

    before = kept()
    for _ in range(20):
        drag(stack, range(20))
    assert kept() - before <= stack.count() <= 20


def test_a_drag_back_to_where_it_was_is_no_step(stack):
    state, _ = drag(stack, [0, 1, 2, 0])
    assert (stack.count(), state) == (0, [0])


def test_a_pause_another_control_and_an_undone_step_each_begin_a_new_one(stack, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    drag(stack, [0, 1])
    drag(stack, [0, 1], key="panel.y")
    assert stack.count() == 2
    now[0] = PAUSE + 0.1
    drag(stack, [1, 2], key="panel.y")
    assert stack.count() == 3
    drag(stack, [2, 3], key="panel.y")
    assert stack.count() == 3
    stack.undo()
    state, _ = drag(stack, [1, 9], key="panel.y")
    assert (stack.count(), stack.canRedo(), state) == (3, False, [9])
    stack.undo()
    assert stack.index() == 2


@pytest.fixture
def form(qapp):
    """Two of each kind of field, in a window whose Undo counts how often it was asked for."""
    window = QWidget()
    layout = QVBoxLayout(window)
    window.lines, window.texts, window.numbers = [], [], []
    for kind, fields in ((QLineEdit, window.lines), (QPlainTextEdit, window.texts), (QSpinBox, window.numbers)):
        for _ in range(2):
            fields.append(kind())
            layout.addWidget(fields[-1])
    window.undone = 0

    def undo():
        window.undone += 1

    action = QAction(window, shortcut=QKeySequence("Ctrl+Z"))
    action.triggered.connect(undo)
    window.addAction(action)
    fields = FieldsUndo(window)
    window.show()
    window.activateWindow()
    QTest.qWaitForWindowActive(window)
    window.numbers[1].setFocus()
    yield window
    del fields
    window.deleteLater()
    flush()


def ask(field):
    field.setFocus()
    QTest.keyClick(field, Qt.Key.Key_Z, CTRL)


@pytest.mark.parametrize("kind", ["lines", "texts"])
def test_a_text_field_takes_undo_only_while_something_typed_can_be_taken_back(form, kind):
    field = getattr(form, kind)[0]
    ask(field)
    assert form.undone == 1
    QTest.keyClicks(field, "word")
    ask(field)
    assert form.undone == 1
    assert (field.text() if kind == "lines" else field.toPlainText()) == ""
    ask(field)
    assert form.undone == 1  # what was taken back can still be done again


def test_a_number_takes_undo_only_while_it_is_typed(form):
    field = form.numbers[0]
    field.setKeyboardTracking(False)
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "12")
    ask(field)
    assert form.undone == 0
    QTest.keyClick(field, Qt.Key.Key_Return)
    ask(field)
    assert form.undone == 1


def test_a_line_that_is_left_keeps_its_text_and_place_and_nothing_it_replaced(form):
    line, other = form.lines
    line.setFocus()
    QTest.keyClicks(line, "a word")
    line.setCursorPosition(2)
    told = []
    line.textChanged.connect(told.append)
    other.setFocus()
    line.setFocus(Qt.FocusReason.OtherFocusReason)
    assert (line.text(), line.cursorPosition(), told) == ("a word", 2, [])
    assert not line.isUndoAvailable()


@pytest.mark.parametrize("lines", [MOST_TYPED // 2, MOST_TYPED // 2 + 1])
def test_a_text_that_is_left_keeps_so_many_steps_of_typing(form, lines):
    text, other = form.texts
    text.setFocus()
    for i in range(lines):
        text.insertPlainText(f"{i}\n")  # two steps
    assert text.document().availableUndoSteps() == 2 * lines
    other.setFocus()
    assert text.document().isUndoAvailable() == (2 * lines == MOST_TYPED)
    assert text.toPlainText().count("\n") == lines
    text.insertPlainText("more")
    assert text.document().isUndoAvailable()
