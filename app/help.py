"""The sheet of shortcuts (`?`) and the panel's own help (F1)."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QTextBlockFormat, QTextCursor, QTextDocument
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from app.commands import WINDOW_SCOPES, Command, scope_of
from app.theme import Theme


def native(keys: str) -> str:
    """A key sequence as this system writes it."""
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)


class ShortcutSheet(QDialog):
    """Every command that has keys, the panel's own first, then by menu, in two columns."""

    def __init__(self, commands: list[Command], parent: QWidget, *, theme: Theme) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Shortcuts")
        self.resize(theme.px(760), theme.px(560))
        groups: dict[str, list[Command]] = {}
        for command in sorted(commands, key=lambda c: scope_of(c) in WINDOW_SCOPES):
            if command.keys:
                groups.setdefault(command.category or "Other", []).append(command)
        columns = QHBoxLayout()
        columns.setSpacing(48)
        sides = [QVBoxLayout(), QVBoxLayout()]
        lengths = [0, 0]
        for category, members in groups.items():
            side = lengths.index(min(lengths))
            lengths[side] += len(members) + 2
            sides[side].addLayout(_group(category, members, theme))
        for side_layout in sides:
            side_layout.setSpacing(20)
            side_layout.addStretch(1)
            columns.addLayout(side_layout, 1)
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(24, 20, 24, 20)
        layout.setSpacing(16)
        title = QLabel("Shortcuts")
        title.setProperty("role", "title")
        layout.addWidget(title)
        layout.addLayout(columns)
        layout.addStretch(1)
        scroll = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        scroll.setWidget(body)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)


def _group(category: str, members: list[Command], theme: Theme) -> QGridLayout:
    grid = QGridLayout()
    grid.setVerticalSpacing(6)
    grid.setColumnStretch(0, 1)
    head = QLabel(category)
    head.setProperty("role", "overline")
    grid.addWidget(head, 0, 0)
    for row, command in enumerate(members, 1):
        keys = QLabel(native(command.keys))
        keys.setFont(theme.number_font(12))
        keys.setProperty("role", "muted")
        grid.addWidget(QLabel(command.title), row, 0)
        grid.addWidget(keys, row, 1, Qt.AlignmentFlag.AlignRight)
    return grid


class PanelHelp(QDialog):
    """What a panel shows, in the lecture's own terms."""

    def __init__(self, title: str, text: str, parent: QWidget, *, theme: Theme) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.resize(theme.px(640), theme.px(560))
        view = QTextBrowser(openExternalLinks=True)
        view.setProperty("flat", "true")
        view.document().setDocumentMargin(theme.px(20))
        view.setMarkdown(text)
        _space_out(view.document(), theme.px(8))
        view.setAccessibleName(f"Help: {title}")
        heading = QLabel(title)
        heading.setProperty("role", "title")
        heading.setContentsMargins(theme.px(20), theme.px(16), 0, 0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 0, 8)
        layout.setSpacing(0)
        layout.addWidget(heading)
        layout.addWidget(view)


def _space_out(document: QTextDocument, gap: int) -> None:
    """Paragraphs apart, lines a little airier than Markdown gives them."""
    cursor = QTextCursor(document)
    cursor.select(QTextCursor.SelectionType.Document)
    apart = QTextBlockFormat()
    apart.setBottomMargin(gap)
    apart.setLineHeight(135, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
    cursor.mergeBlockFormat(apart)
