"""The command palette: everything the window can do, found by a few letters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QAbstractListModel, QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QGraphicsDropShadowEffect,
    QLabel,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.commands import Command, CommandRegistry
from app.theme import Theme
from app.widgets.text_fields import LineField

WIDTH, ROW, ROWS = 600, 36, 10
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Match:
    """A command that fits what was typed."""

    command: Command
    score: float
    letters: frozenset[int]  # positions in the title that matched
    enabled: bool


def fit(query: str, text: str) -> tuple[float, frozenset[int]] | None:
    """How well the letters of `query` occur in order in `text`; None when they do not.

    Letters at the start of words and in a row count most, so "ltn" finds "Latent" before "Listen again".
    """
    low, wanted = text.lower(), [c for c in query.lower() if not c.isspace()]
    best: tuple[float, frozenset[int]] | None = None
    for start in [i for i, c in enumerate(low) if wanted and c == wanted[0]]:
        at, score, found = start - 1, 0.0, []
        for letter in wanted:
            word = next((i for i in range(at + 1, len(low)) if low[i] == letter and _begins(low, i)), -1)
            near = low.find(letter, at + 1)
            if near < 0:
                break
            place = near if near == at + 1 or word < 0 else word
            score += 3 if place == at + 1 and found else 2 if _begins(low, place) else 0.5
            found.append(place)
            at = place
        if len(found) == len(wanted):
            score -= 0.02 * len(low)
            if best is None or score > best[0]:
                best = score, frozenset(found)
    return best


def _begins(text: str, place: int) -> bool:
    return place == 0 or not text[place - 1].isalnum()


def search(query: str, commands: list[Command], used: dict[str, int]) -> list[Match]:
    """Commands that fit, best first: those used often rise, those not possible now sink but stay in sight."""
    matches = []
    for command in commands:
        title = fit(query, command.title) if query.strip() else (0.0, frozenset[int]())
        others = [f for a in (*command.aliases, command.category) if query.strip() and (f := fit(query, a))]
        score = max([*([title[0]] if title else []), *(f[0] - 1 for f in others)], default=None)
        if score is not None:
            bonus = min(used.get(command.id, 0), 10) * 0.2
            matches.append(Match(command, score + bonus, title[1] if title else frozenset(), command.enabled()))
    return sorted(matches, key=lambda m: (not m.enabled, -m.score))


class _Model(QAbstractListModel):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.matches: list[Match] = []

    def show(self, matches: list[Match]) -> None:
        self.beginResetModel()
        self.matches = matches
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return len(self.matches)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.DisplayRole:
            return self.matches[index.row()].command.title
        if role == Qt.ItemDataRole.UserRole:
            return self.matches[index.row()]
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        both = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return both if self.matches[index.row()].enabled else Qt.ItemFlag.ItemIsSelectable


class _Painter(QStyledItemDelegate):
    """A row: category, title with the matched letters in the accent, and the keys at the right."""

    def __init__(self, parent: QObject, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(100, self._theme.px(ROW))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme, c, match = self._theme, self._theme.colors, index.data(Qt.ItemDataRole.UserRole)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = option.rect.adjusted(8, 1, -8, -1)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.tint(c.accent, 0.14))
            painter.drawRoundedRect(rect, 6, 6)
        plain, bold, small = theme.ui_font(13), theme.ui_font(13, 600), theme.ui_font(11)
        text = c.ink if match.enabled else theme.tint(c.muted, 0.7)
        x = rect.left() + 12
        for place, letter in enumerate(match.command.title):
            hit = place in match.letters
            font = bold if hit else plain
            painter.setFont(font)
            painter.setPen(theme.text(c.accent) if hit and match.enabled else text)
            width = QFontMetrics(font).horizontalAdvance(letter)
            painter.drawText(QRect(x, rect.top(), width + 4, rect.height()), Qt.AlignmentFlag.AlignVCenter, letter)
            x += width
        painter.setFont(small)
        painter.setPen(c.muted)
        keys = QKeySequence(match.command.keys).toString(QKeySequence.SequenceFormat.NativeText)
        side = "   ".join(part for part in (match.command.category, keys) if part)
        if not match.enabled:
            side = f"not now   {side}"
        painter.drawText(rect.adjusted(0, 0, -12, 0), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, side)
        painter.restore()


class CommandPalette(QFrame):
    """A floating list over the window."""

    def __init__(
        self,
        window: QWidget,
        commands: CommandRegistry,
        used: dict[str, int],
        *,
        theme: Theme,
        choose: Callable[[], list[Command]] | None = None,
    ) -> None:
        """`choose` gives the commands to search, all by default; `used` is updated in place."""
        super().__init__(window, objectName="card")
        self._commands, self._used, self._theme = commands, used, theme
        self._choose = choose or commands.all
        self.setAccessibleName("Command palette")
        self.field = LineField(most=200, placeholderText="What would you like to do?", objectName="palette")
        self.field.setAccessibleName("Search commands")
        self.field.setFrame(False)
        self.list = QListView(focusPolicy=Qt.FocusPolicy.NoFocus)
        self.list.setAccessibleName("Commands")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._model = _Model(self)
        self.list.setModel(self._model)
        self.list.setItemDelegate(_Painter(self, theme))
        self._nothing = QLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._nothing.setProperty("role", "muted")
        line = QFrame(objectName="hairline")
        line.setFixedHeight(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 8, 1, 8)
        layout.setSpacing(8)
        layout.addWidget(self.field)
        layout.addWidget(line)
        layout.addWidget(self.list)
        layout.addWidget(self._nothing)
        self._shadow = QGraphicsDropShadowEffect(self, blurRadius=40, offset=0)
        self.setGraphicsEffect(self._shadow)
        self.field.textChanged.connect(self._on_text)
        self.field.installEventFilter(self)
        self.list.clicked.connect(self._on_clicked)
        self.hide()

    def open(self) -> None:
        """Show it over the window, empty, with the focus in the field."""
        window = self.parentWidget()
        width = min(self._theme.px(WIDTH), window.width() - 48)
        self.field.clear()
        self._on_text("")
        self.field.setFont(self._theme.ui_font(15))
        shadow = QColor("black")
        shadow.setAlpha(200 if self._theme.dark else 60)
        self._shadow.setColor(shadow)
        self.setFixedWidth(width)
        self.list.setFixedHeight(min(ROWS * self._theme.px(ROW), window.height() - 200))
        self.adjustSize()
        self.move((window.width() - width) // 2, 64)
        self.show()
        self.raise_()
        self.field.setFocus()

    def close_(self) -> None:
        """Hide it and give the focus back to the window."""
        self.hide()
        self.parentWidget().setFocus()

    def matches(self) -> list[Match]:
        """What the list shows."""
        return self._model.matches

    def _on_text(self, text: str) -> None:
        found = search(text, self._choose(), self._used)
        self._model.show(found)
        self.list.setVisible(bool(found))
        self._nothing.setVisible(not found)
        self._nothing.setText(f"No command has the letters “{text}” in its name, menu or other names.")
        if found:
            self.list.setCurrentIndex(self._model.index(0))

    def _on_clicked(self, index: QModelIndex) -> None:
        self._run(index.row())

    def _run(self, row: int) -> None:
        if not 0 <= row < len(self._model.matches) or not self._model.matches[row].enabled:
            return
        name = self._model.matches[row].command.id
        self.hide()
        self._used[name] = self._used.get(name, 0) + 1
        self._commands.run(name)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrow keys move in the list while the field keeps the focus; leaving the field closes the palette."""
        if event.type() == QEvent.Type.FocusOut:
            self.hide()
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            rows, row = len(self._model.matches), self.list.currentIndex().row()
            moves = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: ROWS, Qt.Key.Key_PageUp: -ROWS}
            if event.key() in moves and rows:
                wanted = row + moves[Qt.Key(event.key())]
                wanted = wanted % rows if abs(moves[Qt.Key(event.key())]) == 1 else min(max(wanted, 0), rows - 1)
                self.list.setCurrentIndex(self._model.index(wanted))
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._run(row)
                return True
            if event.key() == Qt.Key.Key_Escape:
                self.close_()
                return True
        return super().eventFilter(watched, event)
