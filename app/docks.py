"""Docks with the window's own quiet heads."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QFrame, QHBoxLayout, QLabel, QMainWindow, QToolButton, QWidget

from app.icons import icon
from app.theme import Theme

WIDTH = 272


class Dock(QDockWidget):
    """A dockable part with a heading and a close button."""

    def __init__(self, key: str, title: str, widget: QWidget, window: QMainWindow, *, theme: Theme) -> None:
        super().__init__(title, window)
        self._theme = theme
        self.setObjectName(key)
        self.setWidget(widget)
        self.setAllowedAreas(Qt.DockWidgetArea.LeftDockWidgetArea | Qt.DockWidgetArea.RightDockWidgetArea)
        head = QFrame(objectName="dockhead")
        self._title = QLabel(title)
        self._close = QToolButton(autoRaise=True)
        self._close.setAccessibleName(f"Close {title.lower()}")
        self._close.setToolTip(self._close.accessibleName())
        self._close.clicked.connect(self.close)
        row = QHBoxLayout(head)
        row.setContentsMargins(16, 4, 8, 4)
        row.addWidget(self._title, 1)
        row.addWidget(self._close)
        self.setTitleBarWidget(head)
        theme.changed.connect(self._restyle)
        self._restyle()

    def set_locked(self, value: bool) -> None:
        """Whether it stays where it is."""
        feature = QDockWidget.DockWidgetFeature
        free = feature.DockWidgetClosable | feature.DockWidgetMovable | feature.DockWidgetFloatable
        self.setFeatures(feature.DockWidgetClosable if value else free)

    def _restyle(self) -> None:
        self._close.setIcon(icon("close", self._theme))
        self._title.setFont(self._theme.ui_font(12, 600))
        self.setMinimumWidth(self._theme.px(232))
