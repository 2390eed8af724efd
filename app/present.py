"""Present mode: large type, one thing on screen, a halo round the pointer, and scenes to walk through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QByteArray, QEvent, QObject, QPoint, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QCursor, QGuiApplication, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from app.session import Scene
from app.theme import Theme

if TYPE_CHECKING:
    from app.window import Window

SCALE = 1.6
HALO = 56  # pixels across
FOLLOW_MS = 16
STEPS = {  # arrows, and the keys of a presenter's clicker
    int(Qt.Key.Key_Right): 1,
    int(Qt.Key.Key_Left): -1,
    int(Qt.Key.Key_PageDown): 1,
    int(Qt.Key.Key_PageUp): -1,
}


class Halo(QWidget):
    """A faint disc that follows the pointer, for those in the last row."""

    def __init__(self, window: QWidget, *, theme: Theme) -> None:
        super().__init__(window)
        self._theme = theme
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.resize(HALO, HALO)
        self._start = QPoint()
        self._timer = QTimer(self, interval=FOLLOW_MS)
        self._timer.timeout.connect(self._follow)
        self.hide()

    def set_on(self, value: bool) -> None:
        """Follow the pointer, or go away."""
        self._start = QCursor.pos()
        if value:
            self._timer.start()
        else:
            self._timer.stop()
            self.hide()

    def _follow(self) -> None:
        if self.isHidden() and QCursor.pos() == self._start:  # no pointer in use, or not yet
            return
        self.show()
        place = self.parentWidget().mapFromGlobal(QCursor.pos()) - QPoint(HALO // 2, HALO // 2)
        if place != self.pos():
            self.move(place)
            self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color = QColor(self._theme.colors.replaced)
        color.setAlpha(70)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawEllipse(QRectF(self.rect()))


class SceneCaption(QWidget):
    """The scene's sentence and its number, under the panel."""

    def __init__(self, *, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._sentence = QLabel(wordWrap=True)
        self._count = QLabel()
        self._count.setProperty("role", "caption")
        row = QHBoxLayout(self)
        row.setContentsMargins(32, 12, 32, 16)
        row.setSpacing(24)
        row.addWidget(self._sentence, 1)
        side = QVBoxLayout()
        side.addStretch(1)
        side.addWidget(self._count)
        row.addLayout(side)
        theme.changed.connect(self._restyle)
        self._restyle()
        self.hide()

    def show_scene(self, scene: Scene, number: int, total: int) -> None:
        """Say what is being shown."""
        self._sentence.setText(scene.sentence)
        self._count.setText(f"{number} of {total}")
        self.setVisible(True)

    def _restyle(self) -> None:
        self._sentence.setFont(self._theme.sentence_font(18))


class Presenter(QObject):
    """Turns the window into one for a room and back, and walks through the scenes."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window = window
        self.on = False
        self.scenes: list[Scene] = []
        self.place = -1  # of the scene shown; -1: none yet
        self.halo = Halo(window, theme=window.services.theme)
        self.caption = SceneCaption(theme=window.services.theme)
        self._docks = QByteArray()  # how they lay
        self._seeds: Literal["fixed", "new"] = "fixed"
        self._maximised = False

    def toggle(self) -> None:
        """For a room, or back as it was."""
        self.on = not self.on
        w, settings = self._window, self._window.services.settings
        if self.on:
            self._docks = w.saveState()
            self._seeds, self._maximised = settings.seeds, w.isMaximized()
            settings.seeds = "fixed"
        elif settings.seeds == "fixed":  # else it was chosen meanwhile
            settings.seeds = self._seeds
        w.topbar.setVisible(not self.on)
        w.status_bar.setVisible(not self.on)
        w.apply_settings()
        if self.on:
            w.library_dock.hide()
            w.activity_dock.hide()
        else:  # as wide as they were, once the type has its size again
            w.restoreState(self._docks)
        for panel in w.panels():
            panel.set_presenting(self.on)
        self.halo.set_on(self.on)
        self._show_caption()
        if w.isVisible() and QGuiApplication.platformName() != "offscreen":
            back = w.showMaximized if self._maximised else w.showNormal
            (w.showFullScreen if self.on else back)()

    def save_scene(self) -> None:
        """Keep the panel in front as a scene, with a sentence."""
        panel = self._window.current()
        if panel is None:
            return
        sentence, chosen = QInputDialog.getText(self._window, "Save a scene", "One sentence to say about it:")
        if chosen:
            self.add_scene(Scene(panel=panel.key, sentence=sentence.strip(), state={"panel": panel.state()}))
            text = f"Scene {self.place + 1} is kept. In present mode (F11) the arrow keys walk through the scenes."
            self._window.services.notices.info(text)

    def add_scene(self, scene: Scene) -> None:
        """Keep a scene after the one shown."""
        self.place += 1
        self.scenes.insert(self.place, scene)
        self._show_caption()
        self._window.touch()

    def remove_scene(self) -> None:
        """Forget the scene shown."""
        if 0 <= self.place < len(self.scenes):
            del self.scenes[self.place]
            self.place = min(self.place, len(self.scenes) - 1)
            self._show_caption()
            self._window.touch()

    def walk(self, by: int) -> None:
        """Show the next or the previous scene; stays at the ends."""
        if not self.scenes:
            return
        self.place = min(max(self.place + by, 0), len(self.scenes) - 1)
        scene = self.scenes[self.place]
        if scene.panel not in self._window.panel_keys():
            self._window.services.notices.warn(f"This version has no panel {scene.panel!r}, which the scene shows.")
            return
        self._window.show_panel(scene.panel)
        self._window.restore_panel(self._window.panel(scene.panel), scene.state)
        self._show_caption()

    def _show_caption(self) -> None:
        """The sentence of the scene shown, in present mode."""
        if 0 <= self.place < len(self.scenes):
            self.caption.show_scene(self.scenes[self.place], self.place + 1, len(self.scenes))
        self.caption.setVisible(self.on and 0 <= self.place < len(self.scenes))

    def wants(self, event: QEvent) -> bool:
        """Whether a key is for the scenes and not for a shortcut of the panel."""
        typing = isinstance(QApplication.focusWidget(), QLineEdit | QPlainTextEdit | QTextEdit | QAbstractSpinBox)
        bare = isinstance(event, QKeyEvent) and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        return self.on and bool(self.scenes) and bare and not typing and event.key() in STEPS

    def take_key(self, event: QKeyEvent) -> bool:
        """Walk if the key is for the scenes."""
        if not self.wants(event):
            return False
        self.walk(STEPS[event.key()])
        return True
