"""Menus and shortcuts made from the command registry."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QMenu,
    QTabBar,
    QWidget,
)

from app.commands import WINDOW_SCOPES, Command, CommandRegistry, scope_of

ORDER = ("File", "Edit", "View", "Panel", "Engine", "Scenes", "Help")
_ARROWS = frozenset(
    {
        Qt.Key.Key_Left,
        Qt.Key.Key_Right,
        Qt.Key.Key_Up,
        Qt.Key.Key_Down,
        Qt.Key.Key_Home,
        Qt.Key.Key_End,
        Qt.Key.Key_PageUp,
        Qt.Key.Key_PageDown,
    }
)
_OWN_KEYS: tuple[tuple[type[QWidget], frozenset[Qt.Key]], ...] = (
    (QAbstractButton, frozenset({Qt.Key.Key_Space})),
    (QAbstractSlider, _ARROWS),
    (QAbstractSpinBox, frozenset({Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown})),
    (QComboBox, frozenset({Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Space})),
    (QAbstractItemView, _ARROWS | {Qt.Key.Key_Space}),
    (QTabBar, frozenset({Qt.Key.Key_Left, Qt.Key.Key_Right})),
)


def belongs_to_focus(event: QEvent) -> bool:
    """Whether a bare key is one that the focused control needs itself, so that no shortcut may take it."""
    if not isinstance(event, QKeyEvent) or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
        return False
    focus = QApplication.focusWidget()
    return any(isinstance(focus, kind) and event.key() in keys for kind, keys in _OWN_KEYS)


class Actions(QObject):
    """Keeps one shortcut for each command that has keys; a panel's are alive only while the panel is in front."""

    def __init__(self, window: QWidget, commands: CommandRegistry) -> None:
        super().__init__(window)
        self._window, self._commands, self._panel = window, commands, ""
        self._actions: dict[str, QAction] = {}
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self.rebuild)
        commands.changed.connect(self._soon.start)
        self.menu = QMenu(window)
        self.menu.aboutToShow.connect(self._fill)

    def set_panel(self, key: str) -> None:
        """Another panel is in front."""
        self._panel = key
        for name, action in self._actions.items():
            command = self._commands.get(name)
            action.setEnabled(command is not None and self._alive(command))

    def rebuild(self) -> None:
        """Make the shortcuts anew."""
        for action in self._actions.values():
            self._window.removeAction(action)
            action.deleteLater()
        self._actions = {}
        for command in self._commands.all():
            if command.keys:
                action = QAction(command.title, self)
                action.setShortcut(QKeySequence(command.keys))
                action.setEnabled(self._alive(command))
                action.triggered.connect(lambda _=False, name=command.id: self._run(name))
                self._window.addAction(action)
                self._actions[command.id] = action

    def _run(self, name: str) -> None:
        """What is being typed counts: a field tells of it only when it is left, and a shortcut does not leave it."""
        field = QApplication.focusWidget()
        if isinstance(field, QAbstractSpinBox):
            field.interpretText()
        elif isinstance(field, QLineEdit):
            field.editingFinished.emit()
        self._commands.run(name)

    def active(self) -> list[Command]:
        """The window's commands and those of the panel in front."""
        return [c for c in self._commands.all() if self._alive(c)]

    def _alive(self, command: Command) -> bool:
        scope = scope_of(command)
        return scope in WINDOW_SCOPES or scope == self._panel

    def _fill(self) -> None:
        self.menu.clear()
        for old in self.menu.findChildren(QMenu):  # clearing leaves them
            old.deleteLater()
        groups: dict[str, list[Command]] = {}
        for command in self.active():
            own = scope_of(command) in WINDOW_SCOPES
            groups.setdefault(command.category if own and command.category in ORDER else "Panel", []).append(command)
        for category in ORDER:
            if category not in groups:
                continue
            # not by `addMenu(title)`: PySide keeps its hold on what Qt makes when Qt lets go of it
            menu = QMenu(category, self.menu)
            self.menu.addMenu(menu)
            for command in groups[category]:
                action = QAction(command.title, menu)
                menu.addAction(action)
                action.setEnabled(command.enabled())
                if command.keys:  # shown only: the shortcut itself is the window's
                    keys = QKeySequence(command.keys).toString(QKeySequence.SequenceFormat.NativeText)
                    action.setText(f"{command.title}\t{keys}")
                if command.checked:
                    action.setCheckable(True)
                    action.setChecked(command.checked())
                action.triggered.connect(lambda _=False, name=command.id: self._run(name))
