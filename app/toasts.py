"""Notices as cards at the window's bottom right."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QEnterEvent, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.icons import icon, pixmap
from app.notices import Notice
from app.theme import Theme

WIDTH = 360
SECONDS = {"info": 4.0, "warning": 8.0, "error": 0.0}  # zero: stays until it is closed
MOST = 4
ICONS = {"info": "info", "warning": "warning", "error": "error"}


class Toast(QFrame):
    """One card. The clock stands still while the pointer is on it."""

    left = Signal(object)  # itself

    def __init__(self, notice: Notice, parent: QWidget, *, theme: Theme) -> None:
        super().__init__(parent, objectName="card")
        self.notice, self.count, self._theme = notice, 1, theme
        self.setAccessibleName(f"{notice.kind}: {notice.text}")
        picture = self._picture = QLabel()
        self._text = QLabel(notice.text, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        close = self._close = QToolButton(autoRaise=True, toolTip="Close")
        close.setAccessibleName("Close this notice")
        close.clicked.connect(self.leave)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 12, 8, 12)
        row.setSpacing(12)
        row.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setContentsMargins(0, 1, 0, 0)
        column.setSpacing(8)
        column.addWidget(self._text)
        if notice.traceback:
            more = QPushButton("Show details")
            more.setProperty("kind", "link")
            more.clicked.connect(self._show_details)
            column.addWidget(more, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        row.addLayout(column, 1)
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self.restyle()
        self._clock = QTimer(self, singleShot=True)
        self._clock.timeout.connect(self.leave)
        self.restart()

    def restyle(self) -> None:
        """Colours and sizes of the theme."""
        c, theme = self._theme.colors, self._theme
        color = {"info": c.accent, "warning": c.replaced, "error": c.rejected}[self.notice.kind]
        self._picture.setPixmap(pixmap(ICONS[self.notice.kind], theme.px(20), color))
        self._close.setIcon(icon("close", theme))
        self._close.setFixedSize(theme.px(24), theme.px(24))
        self.setFixedWidth(min(theme.px(WIDTH), self.parentWidget().width() - 32))

    def restart(self) -> None:
        """Begin the time it stays in sight."""
        if SECONDS[self.notice.kind]:
            self._clock.start(round(1000 * SECONDS[self.notice.kind]))

    def again(self) -> None:
        """The same was said once more: count it and keep one card."""
        self.count += 1
        self._text.setText(f"{self.notice.text} ({self.count} times)")
        self.restart()

    def leave(self) -> None:
        """Go away."""
        self._clock.stop()
        self.hide()
        self.left.emit(self)
        self.deleteLater()

    def enterEvent(self, event: QEnterEvent) -> None:
        """Hold the clock while it is being read."""
        self._clock.stop()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Go on."""
        self.restart()
        super().leaveEvent(event)

    def _show_details(self) -> None:
        dialog = Details(self.notice, self.window(), theme=self._theme)
        dialog.open()


class Details(QDialog):
    """The traceback of an error, to read and to copy."""

    def __init__(self, notice: Notice, parent: QWidget, *, theme: Theme) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("What went wrong")
        self.resize(theme.px(720), theme.px(440))
        sentence = QLabel(notice.text, wordWrap=True)
        sentence.setProperty("role", "heading")
        text = QPlainTextEdit(notice.traceback, readOnly=True, lineWrapMode=QPlainTextEdit.LineWrapMode.NoWrap)
        text.setAccessibleName("Traceback")
        copy = QPushButton("Copy")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(f"{notice.text}\n\n{notice.traceback}"))
        close = QPushButton("Close")
        close.setProperty("kind", "primary")
        close.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(copy)
        buttons.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 20, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(sentence)
        layout.addWidget(text, 1)
        layout.addLayout(buttons)


class Toasts(QObject):
    """Stacks the cards over the window's bottom right corner."""

    def __init__(self, window: QWidget, *, theme: Theme) -> None:
        super().__init__(window)
        self._window, self._theme = window, theme
        self._cards: list[Toast] = []
        window.installEventFilter(self)
        theme.changed.connect(self._restyle)

    def cards(self) -> list[Toast]:
        """The cards in sight, oldest first."""
        return list(self._cards)

    def show(self, notice: Notice) -> None:
        """Show a notice; one that is already in sight is counted instead."""
        for card in self.cards():
            if card.notice.text == notice.text:
                card.again()
                self.arrange()
                return
        while len(self._cards) >= MOST:  # what stays until it is closed goes last
            min(self._cards, key=lambda card: not SECONDS[card.notice.kind]).leave()
        toast = Toast(notice, self._window, theme=self._theme)
        toast.left.connect(self._on_left)
        self._cards.append(toast)
        toast.ensurePolished()
        self.arrange()  # in its place before it is shown, or a pointer in the opposite corner counts as on it
        toast.show()

    def _on_left(self, toast: Toast) -> None:
        self._cards.remove(toast)
        self.arrange()

    @Slot()
    def _restyle(self) -> None:
        for card in self.cards():
            card.restyle()
        self.arrange()

    def arrange(self) -> None:
        """Stack the cards from the bottom up."""
        bottom = self._window.height() - 44
        for card in reversed(self.cards()):
            height = card.heightForWidth(card.width())
            card.resize(card.width(), height)
            bottom -= height
            card.move(self._window.width() - card.width() - 16, bottom)
            card.raise_()
            bottom -= 8

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the corner when the window changes its size."""
        if event.type() == QEvent.Type.Resize:
            self.arrange()
        return super().eventFilter(watched, event)
