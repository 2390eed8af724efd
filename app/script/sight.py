"""What a person can see of the window: parts by their name, and the words that stand on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPoint, QRect, Qt
from PySide6.QtGui import Qt as GuiQt
from PySide6.QtGui import QTextDocumentFragment
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QListView,
    QMenu,
    QPlainTextEdit,
    QTabBar,
    QTextEdit,
    QWidget,
)

from app.script.step import ScriptError

MOST_ROWS = 60  # of a list, from the first in sight


@dataclass(frozen=True)
class Part:
    """Something on the screen with a name: a widget, or a tab, a row or a menu entry in one."""

    widget: QWidget
    rect: QRect  # in the widget's coordinates

    def at(self, x: float, y: float) -> QPoint:
        """The place at these shares of width and height, in the coordinates of the widget's window."""
        here = self.rect.topLeft() + QPoint(round(x * (self.rect.width() - 1)), round(y * (self.rect.height() - 1)))
        return self.widget.mapTo(self.widget.window(), here)


def front(window: QWidget) -> QWidget:
    """What takes the input now: a menu, a dialog or the window."""
    return QApplication.activePopupWidget() or QApplication.activeModalWidget() or window


def in_sight(widget: QWidget) -> bool:
    """Whether any of a widget is inside everything it lies in."""
    if not widget.isVisible():
        return False
    rect, here = widget.rect(), widget
    while not here.isWindow():
        rect = rect.translated(here.pos()) & here.parentWidget().rect()
        here = here.parentWidget()
    return not rect.isEmpty()


def name_of(widget: QWidget) -> str:
    """What a screen reader calls a widget."""
    text = widget.text().replace("&", "") if isinstance(widget, QAbstractButton) else ""
    return widget.accessibleName() or text or widget.objectName()


def find(root: QWidget, name: str) -> Part:
    """The first part in sight with this name, in the order of reading; raises ScriptError."""
    widgets = [w for w in [root, *root.findChildren(QWidget)] if in_sight(w)]
    found = [Part(w, w.rect()) for w in widgets if name in (name_of(w), w.objectName())]
    found = found or [part for w in widgets for text, part in _entries(w) if text == name]
    if not found:
        hidden = any(name in (name_of(w), w.objectName()) for w in root.findChildren(QWidget))
        raise ScriptError(f"{name!r} is there but not in sight" if hidden else f"there is no {name!r} in sight")
    places = [(p.at(0, 0).y(), p.at(0, 0).x(), i) for i, p in enumerate(found)]
    return found[min(places)[2]]


def _entries(widget: QWidget) -> Iterator[tuple[str, Part]]:
    """Tabs, rows and menu entries by their text."""
    if isinstance(widget, QTabBar):
        for place in range(widget.count()):
            yield widget.tabText(place).replace("&", ""), Part(widget, widget.tabRect(place))
    elif isinstance(widget, QMenu):
        for action in widget.actions():
            yield action.text().partition("\t")[0].replace("&", ""), Part(widget, widget.actionGeometry(action))
    elif isinstance(widget, QAbstractItemView):
        for index in _cells(widget):
            yield str(index.data() or ""), Part(widget.viewport(), widget.visualRect(index))


def _cells(view: QAbstractItemView) -> Iterator[QModelIndex]:
    """The cells of a list in sight, row by row."""
    model, inside = view.model(), view.viewport().rect()
    if model is None:
        return
    top = view.indexAt(inside.topLeft() + QPoint(2, 2)).row()
    columns = 1 if isinstance(view, QListView) else model.columnCount()
    for row in range(max(top, 0), min(max(top, 0) + MOST_ROWS, model.rowCount())):
        for column in range(columns):
            index = model.index(row, column)
            if view.visualRect(index).intersects(inside):
                yield index


def words(root: QWidget) -> list[str]:
    """Everything that can be read on a widget and in it, a line for each thing; of pictures, what they say of it."""
    lines = [line for w in [root, *root.findChildren(QWidget)] if in_sight(w) for line in _lines(w)]
    return [line for line in lines if line]


def _lines(widget: QWidget) -> Iterator[str]:
    if isinstance(widget, QLabel):
        yield _said(widget)
    elif isinstance(widget, QAbstractButton):
        yield widget.text().replace("&", "")
    elif isinstance(widget, QComboBox):
        yield widget.currentText()
    elif isinstance(widget, QLineEdit):
        if not isinstance(widget.parent(), QAbstractSpinBox | QComboBox):
            yield widget.text() or widget.placeholderText()
    elif isinstance(widget, QAbstractSpinBox):
        yield widget.text()
    elif isinstance(widget, QPlainTextEdit | QTextEdit):
        yield widget.toPlainText() or widget.placeholderText()
    elif isinstance(widget, QTabBar | QMenu):
        yield " | ".join(text for text, _ in _entries(widget))
    elif isinstance(widget, QAbstractItemView):
        rows: dict[int, list[str]] = {}
        for index in _cells(widget):
            rows.setdefault(index.row(), []).append(str(index.data() or ""))
        yield from (" | ".join(row) for row in rows.values())
    else:
        yield widget.accessibleDescription()


def _said(label: QLabel) -> str:
    """What a label shows: markup where it takes its text for plain."""
    kind, text = label.textFormat(), label.text()
    rich = kind == Qt.TextFormat.RichText or (kind == Qt.TextFormat.AutoText and GuiQt.mightBeRichText(text))
    return QTextDocumentFragment.fromHtml(text).toPlainText() if rich else text
