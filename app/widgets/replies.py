"""What Qt asks a widget by an event: what to say where the pointer rests, and which keys are its own.

Objects that stand before the widget, and not an override of `event`: that would stand around the painting of the
widget, and there some errors (those that C code raises) end the process in shiboken instead of being reported.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPointF
from PySide6.QtGui import QHelpEvent, QKeyEvent
from PySide6.QtWidgets import QToolTip, QWidget

from app.plain import plain


class Tips(QObject):
    """Shows the text of the place where the pointer rests; an empty text shows none. Texts are plain."""

    def __init__(self, widget: QWidget, tip_at: Callable[[QPointF], str]) -> None:
        super().__init__(widget)
        self._widget, self._tip_at = widget, tip_at
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Answer when the pointer has come to rest."""
        if event.type() != QEvent.Type.ToolTip or not isinstance(event, QHelpEvent):
            return False
        QToolTip.showText(event.globalPos(), plain(self._tip_at(QPointF(event.pos()))), self._widget)
        return True


class OwnKeys(QObject):
    """Claims for a widget that has the focus the keys it lives by, before they become a shortcut of the window."""

    def __init__(self, widget: QWidget, owns: Callable[[QKeyEvent], bool]) -> None:
        super().__init__(widget)
        self._owns = owns
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Claim the key, if it is one of them."""
        if event.type() != QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent) or not self._owns(event):
            return False
        event.accept()
        return True
