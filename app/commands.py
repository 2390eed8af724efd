"""One registry of everything a person can tell the window to do; it feeds menus, shortcuts, the palette and help."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QKeySequence


@dataclass(frozen=True)
class Command:
    """One thing to do."""

    id: str  # "sampler.play": the part before the dot is the panel's key, or the window's own "file", "view", …
    title: str  # "Play or pause"
    run: Callable[[], object]
    keys: str = ""  # "Ctrl+S", "Space"; empty: no shortcut
    category: str = ""  # the menu it stands in; a panel's commands stand in the panel's menu
    enabled: Callable[[], bool] = lambda: True
    aliases: tuple[str, ...] = ()  # other words people look for
    checked: Callable[[], bool] | None = None  # for switches: whether it is on


class CommandRegistry(QObject):
    """All commands by id."""

    changed = Signal()
    ran = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._commands: dict[str, Command] = {}

    def add(self, command: Command) -> None:
        """Make a command known; raises ValueError when its id or its keys are taken where they would collide."""
        if command.id in self._commands:
            raise ValueError(f"there are two commands with the id {command.id!r}")
        taken = self.conflict(command)
        if taken:
            raise ValueError(f"{command.keys} is taken by {taken.title!r}, so {command.title!r} cannot have it")
        self._commands[command.id] = command
        self.changed.emit()

    def add_all(self, commands: Iterable[Command]) -> None:
        """Make several commands known."""
        for command in commands:
            self.add(command)

    def remove(self, scope: str) -> None:
        """Forget all commands of a scope (a panel's key)."""
        self._commands = {k: c for k, c in self._commands.items() if scope_of(c) != scope}
        self.changed.emit()

    def all(self) -> list[Command]:
        """Every command, in the order added."""
        return list(self._commands.values())

    def get(self, name: str) -> Command | None:
        """The command with this id."""
        return self._commands.get(name)

    def run(self, name: str) -> bool:
        """Do it, if it is enabled now; False when it is not. Raises KeyError for an unknown id."""
        command = self._commands[name]
        if not command.enabled():
            return False
        self.ran.emit(name)
        command.run()
        return True

    def conflict(self, command: Command) -> Command | None:
        """A command that would answer the same keys at the same time: in the same scope, or one of the window's."""
        if not command.keys:
            return None
        keys = QKeySequence(command.keys)
        for other in self._commands.values():
            if other.keys and QKeySequence(other.keys) == keys:
                scopes = {scope_of(command), scope_of(other)}
                if len(scopes) == 1 or scopes & WINDOW_SCOPES:
                    return other
        return None


WINDOW_SCOPES = frozenset({"file", "edit", "view", "engine", "scene", "help", "go"})


def scope_of(command: Command) -> str:
    """A panel's key, or one of the window's own scopes."""
    return command.id.partition(".")[0]
