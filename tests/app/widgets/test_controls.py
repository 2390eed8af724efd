import ast
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QLocale, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.widgets.controls import ComboBox, DoubleSpinBox, Slider, SpinBox
from engine.reading import read_numbers

APP = Path(__file__).parents[3] / "app"


@pytest.fixture(params=["de_DE", "en_US", "fr_CH"])
def _locale(request):
    before = QLocale()
    QLocale.setDefault(QLocale(request.param))
    yield
    QLocale.setDefault(before)


def typed(qtbot, box, text):
    """The value of a field that showed 7, once something else is typed and Return pressed."""
    qtbot.addWidget(box)
    box.setKeyboardTracking(False)
    box.show()
    box.setValue(7)
    box.lineEdit().selectAll()
    for letter in text:
        box.lineEdit().insert(letter)  # a key of another alphabet is none to Qt's test library
    QTest.keyClick(box.lineEdit(), Qt.Key.Key_Return)
    assert float(box.text()) == box.value()
    return box.value()


@pytest.mark.usefixtures("_locale")
@pytest.mark.parametrize(
    ("text", "value"),
    [("1.5", 1.5), ("1,5", 1.5), (",5", 0.5), ("1500", 1500), ("1,500", 7), ("1,5,5", 7), ("1.5,5", 7)],
)
def test_a_decimal_is_read_with_either_mark_and_thousands_with_none(qtbot, text, value):
    assert typed(qtbot, DoubleSpinBox(minimum=0, maximum=10_000, decimals=2), text) == value


@pytest.mark.parametrize("make", [SpinBox, lambda **p: DoubleSpinBox(decimals=2, **p)])
@pytest.mark.parametrize("text", ["1e3", "1e-3", "0x10", "1/2", "1 5", "1-5", "1_0", "1\u066b5", "99999", "five"])
def test_no_key_is_swallowed_so_that_another_number_is_left(qtbot, make, text):
    assert typed(qtbot, make(minimum=0, maximum=10_000), text) == 7


@pytest.mark.usefixtures("_locale")
@pytest.mark.parametrize("make", [SpinBox, lambda **p: DoubleSpinBox(decimals=0, **p)])
@pytest.mark.parametrize(("text", "value"), [("15", 15), ("1.5", 7), ("1,5", 7), ("1,500", 7), ("1.000", 7)])
def test_a_whole_number_has_no_marks(qtbot, make, text, value):
    assert typed(qtbot, make(minimum=0, maximum=10_000), text) == value


NUMBERS = st.lists(st.integers(0, 9999).map(lambda n: n / 100), min_size=2, max_size=5)


@given(
    NUMBERS, st.sampled_from([(".", ","), (".", ", "), (".", " "), (",", "; "), (",", ", "), (",", " "), (",", ",")])
)
@settings(max_examples=80)
def test_lists_of_numbers_are_read_or_refused_never_misread(numbers, style):
    mark, between = style
    text = between.join(f"{n:.2f}".replace(".", mark) for n in numbers)
    if mark == between:
        with pytest.raises(ValueError, match="could be a decimal"):
            read_numbers(text)
    else:
        assert read_numbers(text) == tuple(numbers)


@pytest.mark.parametrize("text", ["a", "1; b", "nan, 1.0", "1e400; 2", "1,5"])
def test_what_is_no_list_of_numbers_is_said(text):
    with pytest.raises(ValueError, match="rite"):
        read_numbers(text)


def wheel(widget):
    where = QPointF(widget.rect().center())
    far = widget.mapToGlobal(QPoint(0, 0)).toPointF() + where
    event = QWheelEvent(
        *(where, far, QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier),
        *(Qt.ScrollPhase.NoScrollPhase, False),
    )
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


@pytest.mark.parametrize("make", [SpinBox, DoubleSpinBox, Slider, ComboBox])
def test_the_wheel_leaves_a_control_without_focus_alone(qtbot, make):
    control = make()
    qtbot.addWidget(control)
    if isinstance(control, ComboBox):
        control.addItems(["one", "two", "three"])
        control.setCurrentIndex(1)
    else:
        control.setValue(5)
    control.show()
    before = control.currentIndex() if isinstance(control, ComboBox) else control.value()
    assert not wheel(control)
    assert (control.currentIndex() if isinstance(control, ComboBox) else control.value()) == before
    assert control.focusPolicy() == Qt.FocusPolicy.StrongFocus


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_a_list_is_as_wide_as_its_longest_entry(qtbot):
    box = ComboBox()
    qtbot.addWidget(box)
    box.addItems(["short", "an entry that is far longer than the closed box is wide, and then some"])
    box.setFixedWidth(80)
    box.show()
    box.showPopup()
    assert box.view().viewport().width() >= box.view().sizeHintForColumn(0)
    box.hidePopup()


def test_no_control_is_made_past_these():
    raw = {"QSpinBox", "QDoubleSpinBox", "QComboBox", "QSlider"}
    made = {
        f"{path.relative_to(APP)}: {call.func.id}"
        for path in APP.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in raw
    }
    assert not made
