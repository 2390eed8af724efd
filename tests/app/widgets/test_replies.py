"""Where the pointer rests a widget says what is there; keys it lives by it keeps from the window's shortcuts."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QHelpEvent, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip, QWidget
from pytestqt.qtbot import QtBot

from app.theme import Theme
from app.widgets.heat_map import HeatMap
from app.widgets.replies import OwnKeys, Tips
from app.widgets.score_curve import ScoreCurve, Scored


def rest(widget: QWidget, x: int, y: int) -> str:
    """What is said when the pointer rests there."""
    place = QPoint(x, y)
    QApplication.sendEvent(widget, QHelpEvent(QEvent.Type.ToolTip, place, widget.mapToGlobal(place)))
    said = QToolTip.text()
    QToolTip.hideText()
    QTest.qWait(350)  # a tip goes a little later
    return said


@pytest.fixture
def plane(qtbot: QtBot, theme: Theme) -> QWidget:
    """An empty widget on screen."""
    widget = QWidget()
    widget.resize(200, 100)
    qtbot.addWidget(widget)
    widget.show()
    return widget


def test_a_tip_is_of_the_place_and_plain(plane: QWidget) -> None:
    asked: list[QPointF] = []

    def tip_at(place: QPointF) -> str:
        asked.append(place)
        return "<b>left</b>" if place.x() < 100 else ""

    Tips(plane, tip_at)
    assert rest(plane, 20, 30) == "<\u2060b>left<\u2060/b>"
    assert rest(plane, 150, 30) == ""
    assert asked == [QPointF(20, 30), QPointF(150, 30)]


def test_it_claims_its_own_keys_and_no_other(plane: QWidget) -> None:
    OwnKeys(plane, lambda event: event.key() == Qt.Key.Key_A)
    for key in (Qt.Key.Key_A, Qt.Key.Key_B):
        asking = QKeyEvent(QEvent.Type.ShortcutOverride, key, Qt.KeyboardModifier.NoModifier, chr(key))
        asking.ignore()
        QApplication.sendEvent(plane, asking)
        assert asking.isAccepted() == (key == Qt.Key.Key_A)


def test_a_dot_and_a_cell_say_what_they_are(qtbot: QtBot, theme: Theme) -> None:
    curve, table = ScoreCurve(theme=theme), HeatMap(theme=theme)
    for widget in (curve, table):
        widget.resize(400, 300)
        qtbot.addWidget(widget)
    curve.show_scores([Scored("<i>one</i>", 3, -1.5)], [], 1.0)
    table.set_table(["<b>"], ["left", "right"], [[3, 1]])
    curve.show()
    table.show()
    dot = curve._spot(curve._scored[0]).toPoint()
    assert rest(curve, dot.x(), dot.y()) == "<\u2060i>one<\u2060/i>\n3 tokens, score −1.50"
    assert rest(curve, dot.x() + 30, dot.y()) == ""
    cell = table.cell_rect(0, 1).center().toPoint()
    assert rest(table.viewport(), cell.x(), cell.y()).startswith("<\u2060b> × right: 1 sentences, 25 % of")
