"""Dropping files anywhere on the window."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QAbstractSpinBox, QLineEdit, QPlainTextEdit, QTextEdit, QWidget

from app.icons import paint_icon
from app.theme import Theme

SENTENCE = "Drop a checkpoint, a session or a text"


def dropped_files(event: QDropEvent) -> list[Path]:
    """The files somebody drags."""
    return [Path(u.toLocalFile()) for u in event.mimeData().urls() if u.isLocalFile()]


class DropVeil(QWidget):
    """Covers the window and lights up while files are dragged over it."""

    dropped = Signal(object)  # list[Path]

    def __init__(self, window: QWidget, *, theme: Theme) -> None:
        super().__init__(window)
        self._theme = theme
        self.setAcceptDrops(True)
        self.setAccessibleName(SENTENCE)
        self.hide()

    def light_up(self) -> None:
        """Cover the window."""
        self.setGeometry(self.parentWidget().rect())
        self.show()
        self.raise_()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Keep taking them."""
        event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """They went away."""
        self.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        """They are here."""
        event.acceptProposedAction()
        self.hide()
        self.dropped.emit(dropped_files(event))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        c, px = self._theme.colors, self._theme.px
        veil = self._theme.tint(c.accent, 0.10)
        veil.setAlpha(246)
        painter.fillRect(self.rect(), veil)
        painter.setPen(QPen(c.accent, 2, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(16, 16, -16, -16), 8, 8)
        middle = QRectF(self.rect()).center()
        paint_icon(painter, "drop", QRectF(middle.x() - px(24), middle.y() - px(64), px(48), px(48)), c.accent)
        painter.setPen(c.ink)
        painter.setFont(self._theme.sentence_font(26))
        text = QRectF(self.rect())
        text.setTop(middle.y())
        painter.drawText(text, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, SENTENCE)


class FilesPassThrough(QObject):
    """Keeps text fields from taking a dropped file's name as text, so that the window gets the file."""

    def guard(self, widget: QWidget) -> None:
        """Watch all text fields inside a widget; a number's takes no drops at all.

        Every event of a watched field goes through the interpreter, thousands when the style changes.
        """
        for kind in (QLineEdit, QPlainTextEdit, QTextEdit):
            for field in widget.findChildren(kind):
                inner = field.viewport() if isinstance(field, QPlainTextEdit | QTextEdit) else field
                if isinstance(field.parent(), QAbstractSpinBox):
                    inner.setAcceptDrops(False)
                else:
                    inner.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Refuse files; everything else goes its way."""
        if isinstance(event, QDragEnterEvent) and event.mimeData().hasUrls():
            event.ignore()
            return True
        return super().eventFilter(watched, event)
