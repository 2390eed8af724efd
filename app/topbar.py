"""The bar at the window's top: name, the panels' tabs, and a few switches."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QSizePolicy, QTabBar, QToolButton

from app.commands import CommandRegistry
from app.help import native
from app.icons import icon, pixmap
from app.theme import Theme

SWITCHES = (
    ("help.palette", "search"),
    ("view.library", "library"),
    ("view.activity", "activity"),
    ("view.dark", "moon"),
    ("view.present", "present"),
)


class TopBar(QFrame):
    """Stands in for the menu bar; the menus are behind its last button."""

    chosen = Signal(int)  # a panel's place

    def __init__(self, commands: CommandRegistry, menu: QMenu, *, theme: Theme) -> None:
        super().__init__(objectName="topbar")
        self._theme, self._commands = theme, commands
        self._mark, self._name = QLabel(), QLabel("Textscape")
        self.tabs = QTabBar(drawBase=False, expanding=False, usesScrollButtons=True, documentMode=True)
        self.tabs.setAccessibleName("Panels")
        self.tabs.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.tabs.currentChanged.connect(self.chosen)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 0, 8, 0)
        layout.setSpacing(4)
        layout.addWidget(self._mark)
        layout.addWidget(self._name)
        layout.addSpacing(20)
        layout.addWidget(self.tabs, 1)
        self._buttons: dict[str, QToolButton] = {}
        for name, _picture in SWITCHES:
            button = QToolButton(autoRaise=True)
            button.clicked.connect(lambda _=False, n=name: commands.run(n))
            self._buttons[name] = button
            layout.addWidget(button)
        self._menu = QToolButton(autoRaise=True, popupMode=QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu.setMenu(menu)
        self._menu.setToolTip("Menu (F10)")
        self._menu.setAccessibleName("Menu")
        layout.addWidget(self._menu)
        theme.changed.connect(self.restyle)
        self.restyle()

    def open_menu(self) -> None:
        """Unfold the menus."""
        self._menu.showMenu()

    def restyle(self) -> None:
        """Colours, fonts, tooltips and the switches' states."""
        c, theme = self._theme.colors, self._theme
        self._mark.setPixmap(pixmap("logo", theme.px(22), c.accent))
        self._name.setFont(theme.ui_font(14, 600))
        self._menu.setIcon(icon("menu", theme))
        self.setFixedHeight(theme.px(44))
        for name, picture in SWITCHES:
            command, button = self._commands.get(name), self._buttons[name]
            if command is None:
                continue
            on = bool(command.checked and command.checked())
            button.setIcon(
                icon("sun" if name == "view.dark" and theme.dark else picture, theme, c.accent if on else None)
            )
            button.setToolTip(f"{command.title} ({native(command.keys)})" if command.keys else command.title)
            button.setAccessibleName(command.title)
