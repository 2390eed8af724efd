"""The main window: panels as tabs, docks, palette, status, drops and present mode, held together by commands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QGuiApplication, QKeyEvent, QUndoStack
from PySide6.QtWidgets import QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from app import settings as settings_file
from app.activity import Activity
from app.bridge import Bridge
from app.commands import Command, CommandRegistry
from app.docks import WIDTH, Dock
from app.drop import DropVeil, FilesPassThrough, dropped_files
from app.help import PanelHelp, ShortcutSheet
from app.icons import icon
from app.library import LibraryView
from app.menus import Actions, belongs_to_focus
from app.notices import Notices
from app.opening import Files
from app.palette import CommandPalette
from app.panels.base import Panel
from app.preferences import SCALES, Preferences, apply_settings
from app.present import SCALE, Presenter
from app.services import Services
from app.session import Autosave, Session
from app.settings import Settings
from app.status import DelayMeter, StatusBar
from app.theme import Theme
from app.toasts import Toasts
from app.topbar import TopBar
from app.undo import FieldsUndo
from app.window_commands import window_commands
from engine.messages import brief

WIDE = 1680  # pixels; from here on the library begins in sight
SIZE = QSize(1440, 900)
MOST_UNDONE = 300  # steps back; older ones are forgotten, as a long session would keep them all


class Window(QMainWindow):
    """Everything on screen. Construct, `show`, then `begin`."""

    DOCK_VERSION = 1  # of the docks' saved state
    closed = Signal()

    def __init__(
        self, bridge: Bridge, settings: Settings, panels: Sequence[type[Panel]], *, theme: Theme, session_path: Path
    ) -> None:
        super().__init__()
        self.setWindowTitle("Textscape")
        self.setAcceptDrops(True)
        self.setMinimumSize(880, 600)
        undo, notices = QUndoStack(self), Notices(self)
        undo.setUndoLimit(MOST_UNDONE)
        self.services = Services(bridge, CommandRegistry(self), theme, undo, notices, settings)
        self.locked = False
        self.keep_settings = True
        self._kinds = list(panels)
        self._panels: dict[str, Panel] = {}
        self.saved: dict[str, dict[str, Any]] = {}  # of a session, for panels that have not taken it yet
        self.presenter = Presenter(self)
        self.files = Files(self)
        self.autosave = Autosave(self.files.collect, session_path, self)
        self._build()
        self._wire()
        self.resize(self._first_size())

    # --- building ---

    def _first_size(self) -> QSize:
        """What the screen has room for; without one there is room for all."""
        on_screen = QGuiApplication.platformName() != "offscreen"
        return SIZE.boundedTo(self.screen().availableSize()) if on_screen else SIZE

    def _build(self) -> None:
        s, theme = self.services, self.services.theme
        self.actions_ = Actions(self, s.commands)
        self.topbar = TopBar(s.commands, self.actions_.menu, theme=theme)
        self.setMenuWidget(self.topbar)
        self.stack = QStackedWidget()
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.stack, 1)
        column.addWidget(self.presenter.caption)
        self.setCentralWidget(centre)
        self.library = LibraryView(s.bridge, s.settings, theme=theme)
        self.library_dock = Dock("library", "Library", self.library, self, theme=theme)
        self.activity = Activity(s.bridge, theme=theme)
        self.activity_dock = Dock("activity", "Activity", self.activity, self, theme=theme)
        for dock in (self.library_dock, self.activity_dock):
            self.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
            dock.hide()
        self.status_bar = StatusBar(theme=theme)
        self.setStatusBar(self.status_bar)
        self.meter = DelayMeter(self)
        self.palette_ = CommandPalette(self, s.commands, s.settings.used, theme=theme, choose=self.actions_.active)
        self.toasts = Toasts(self, theme=theme)
        self.veil = DropVeil(self, theme=theme)
        self._guard, self._fields = FilesPassThrough(self), FieldsUndo(self)
        for kind in self._kinds:
            self.stack.addWidget(QWidget())
            self.topbar.tabs.addTab(kind.title)
        s.commands.add_all(window_commands(self))
        s.commands.add_all(
            Command(f"go.{kind.key}", f"Go to {kind.title}", lambda k=kind.key: self.show_panel(k), f"Ctrl+Alt+{place}"
                    if place < 10 else "", "View")
            for place, kind in enumerate(self._kinds, 1)
        )  # fmt: skip
        self.actions_.rebuild()
        self._restyle()

    def _wire(self) -> None:
        s = self.services
        self.installEventFilter(self)
        s.theme.changed.connect(self._restyle)
        s.notices.said.connect(self.toasts.show)
        s.bridge.failed.connect(s.notices.error)
        s.bridge.status_changed.connect(self.status_bar.show_status)
        s.bridge.models_changed.connect(self._on_models)
        s.bridge.job_changed.connect(self._on_job)
        s.commands.ran.connect(self._on_ran)
        self.meter.measured.connect(self._on_measured)
        self.topbar.chosen.connect(self._on_tab)
        self.library.opened.connect(self.files.open_path)
        self.veil.dropped.connect(self.files.open_all)
        for dock in (self.library_dock, self.activity_dock):
            dock.visibilityChanged.connect(self.topbar.restyle)
        s.undo.indexChanged.connect(self.touch)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self.apply_settings)

    def begin(self, session: Session | None = None) -> None:
        """Put the session back, build the panel in front, then the others while nothing else is to do."""
        if session is not None:
            self.saved = dict(session.panels)
            self.presenter.scenes = list(session.scenes)
            if session.geometry:
                self.restoreGeometry(QByteArray.fromBase64(session.geometry.encode()))
            if session.docks:
                self.restoreState(QByteArray.fromBase64(session.docks.encode()), self.DOCK_VERSION)
        elif self.width() >= WIDE:
            self.library_dock.show()
        if keys := self.panel_keys():
            self.show_panel(session.panel if session and session.panel in keys else keys[0])
        self.autosave.start()
        self.make_ready()

    def panel(self, key: str) -> Panel:
        """A panel, built or put back now if it waits for that; raises KeyError for an unknown key."""
        new = key not in self._panels
        if new:
            place = next((i for i, k in enumerate(self._kinds) if k.key == key), None)
            if place is None:
                raise KeyError(key)
            panel = self._kinds[place](self.services)
            self._panels[key] = panel
            self.services.commands.add_all(panel.commands())
            self._guard.guard(panel)
            blank = self.stack.widget(place)
            self.stack.insertWidget(place, panel)
            self.stack.removeWidget(blank)
            blank.deleteLater()
        if key in self.saved:
            self.restore_panel(self._panels[key], self.saved.pop(key))
        if new:
            self._panels[key].set_presenting(self.presenter.on)
        return self._panels[key]

    def panel_keys(self) -> list[str]:
        """The keys of all panels, built or not."""
        return [kind.key for kind in self._kinds]

    def panels(self) -> list[Panel]:
        """The panels built so far, in the order of their tabs."""
        return [self._panels[k.key] for k in self._kinds if k.key in self._panels]

    def current(self) -> Panel | None:
        """The panel in front."""
        widget = self.stack.currentWidget()
        return widget if isinstance(widget, Panel) else None

    def show_panel(self, key: str) -> None:
        """Bring a panel to the front."""
        panel = self.panel(key)
        place = self.stack.indexOf(panel)
        self.stack.setCurrentIndex(place)
        if self.topbar.tabs.currentIndex() != place:
            self.topbar.tabs.setCurrentIndex(place)
        self.actions_.set_panel(key)
        self.setWindowTitle(f"{panel.title} – Textscape")
        self.touch()

    def walk_panels(self, by: int) -> None:
        """The next or previous tab."""
        if self._kinds:
            self.show_panel(self._kinds[(self.stack.currentIndex() + by) % len(self._kinds)].key)

    def make_ready(self) -> None:
        """Build or put back the panels one by one, so that later clicks find them; the event loop runs in between."""
        QTimer.singleShot(0, self, self._next_ready)

    def _waiting(self) -> list[str]:
        return [k for k in self.panel_keys() if k not in self._panels or k in self.saved]

    def _next_ready(self) -> None:
        if waiting := self._waiting():
            self.panel(waiting[0])
            QTimer.singleShot(30, self, self._next_ready)

    def when_ready(self, act: Callable[[], None]) -> None:
        """Do something once every panel stands and the library is known."""
        if not self._waiting() and (self.services.bridge.models or not self.services.bridge.jobs):
            act()
        else:
            QTimer.singleShot(30, self, lambda: self.when_ready(act))

    def restore_panel(self, panel: Panel, state: dict[str, Any]) -> None:
        """Put a panel back as its part of a session says; what cannot be used costs that panel's state only."""
        try:
            panel.anatomy.restore(state.get("anatomy", {}))
            panel.restore(state.get("panel", {}))
        except (LookupError, ArithmeticError, TypeError, ValueError, AttributeError) as error:
            self.services.notices.warn(
                f"{panel.title} could not be put back as it was: {brief(error)}. It starts fresh."
            )

    # --- looks ---

    def show_settings(self) -> None:
        """Open the settings."""
        dialog = Preferences(self.services.settings, self, theme=self.services.theme)
        dialog.changed.connect(self.apply_settings)
        dialog.changed.connect(self.save_settings)
        dialog.seeds_chosen.connect(lambda fixed: [p.fix_seed(fixed) for p in self.panels()])
        dialog.open()

    def apply_settings(self) -> None:
        """Make the settings count."""
        enlarge = SCALE if self.presenter.on else 1.0
        apply_settings(self.services.settings, self.services.theme, enlarge)

    def save_settings(self) -> None:
        """Keep the settings for the next start."""
        if self.keep_settings:
            settings_file.save(self.services.settings)

    def toggle_dark(self) -> None:
        """Light to dark or back."""
        self.services.settings.theme = "light" if self.services.theme.dark else "dark"
        self.apply_settings()
        self.save_settings()

    def scale_by(self, steps: int) -> None:
        """The next larger or smaller text size."""
        sizes = sorted(SCALES)
        now = min(range(len(sizes)), key=lambda i: abs(sizes[i] - self.services.settings.type_scale))
        self.services.settings.type_scale = sizes[min(max(now + steps, 0), len(sizes) - 1)]
        self.apply_settings()
        self.save_settings()

    def toggle_dock(self, dock: Dock) -> None:
        """Show or hide a dock."""
        dock.setVisible(not dock.isVisible())
        self.fit_docks()
        self.touch()

    def fit_docks(self) -> None:
        """Give the docks in sight their usual width, the library two thirds of the height."""
        shown = [d for d in (self.library_dock, self.activity_dock) if d.isVisible() and not d.isFloating()]
        if shown:
            self.resizeDocks(shown, [self.services.theme.px(WIDTH)] * len(shown), Qt.Orientation.Horizontal)
        if len(shown) == 2:
            self.resizeDocks(shown, [2 * self.height() // 3, self.height() // 3], Qt.Orientation.Vertical)

    def toggle_side(self, side: str) -> None:
        """Fold or unfold a side of the panel in front."""
        panel = self.current()
        if panel:
            region = panel.anatomy.input if side == "input" else panel.anatomy.explain
            region.set_open(not region.is_open())

    def arrange(self, layout: str) -> None:
        """A named layout: explore shows everything, compare leaves the room to the results."""
        explore = layout == "explore"
        self.library_dock.setVisible(explore)
        self.activity_dock.hide()
        for panel in self.panels():
            panel.anatomy.input.set_open(explore)
            panel.anatomy.explain.set_open(explore)

    def toggle_lock(self) -> None:
        """Hold the docks where they are, or let them move."""
        self.locked = not self.locked
        for dock in (self.library_dock, self.activity_dock):
            dock.set_locked(self.locked)

    def reset_layout(self) -> None:
        """Everything where it was at the first start."""
        for dock in (self.library_dock, self.activity_dock):
            dock.setFloating(False)
            self.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
            dock.hide()
        for panel in self.panels():
            panel.anatomy.reset()

    def _restyle(self) -> None:
        self.topbar.restyle()
        for place, kind in enumerate(self._kinds):
            front = place == self.topbar.tabs.currentIndex()
            color = self.services.theme.colors.accent if front else None
            self.topbar.tabs.setTabIcon(place, icon(kind.icon, self.services.theme, color))

    # --- help and jobs ---

    def show_shortcuts(self) -> None:
        """All keys on one sheet."""
        ShortcutSheet(self.actions_.active(), self, theme=self.services.theme).open()

    def show_help(self) -> None:
        """What the panel in front shows."""
        panel = self.current()
        if panel:
            PanelHelp(panel.title, panel.help_text, self, theme=self.services.theme).open()

    def stop(self) -> None:
        """Esc: close what lies on top; else stop the panel's job, or leave present mode when nothing runs."""
        if self.veil.isVisible():
            self.veil.hide()
        elif self.palette_.isVisible():
            self.palette_.close_()
        elif self.presenter.on and not self.services.bridge.jobs:
            self.presenter.toggle()
        elif panel := self.current():
            panel.stop()

    def stop_all(self) -> None:
        """Cancel every job."""
        for job in list(self.services.bridge.jobs):
            self.services.bridge.cancel(job)

    def _on_models(self) -> None:
        self.status_bar.show_loaded(sorted(self.services.bridge.loaded))
        self.touch()

    def _on_job(self, _record: object) -> None:
        if not self.meter.running:
            self.meter.start()

    def _on_measured(self, p50: float, p99: float) -> None:
        self.status_bar.show_frame(p50, p99)
        if not self.services.bridge.jobs and not self.meter.kept:
            self.meter.stop()

    def _on_tab(self, place: int) -> None:
        if 0 <= place < len(self._kinds):
            self.show_panel(self._kinds[place].key)
            self._restyle()

    def _on_ran(self, _name: str) -> None:
        QTimer.singleShot(0, self.topbar, self.topbar.restyle)
        self.touch()

    def touch(self) -> None:
        """Something worth saving has changed."""
        if self.isVisible():
            self.autosave.touch()

    # --- events ---

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Leave to a focused button, slider or list the keys it lives by.

        The window filters its own events: an override of `event` would stand around the painting of everything in
        it, and there some errors (those that C code raises) end the process in shiboken instead of being reported.
        """
        if event.type() == QEvent.Type.ShortcutOverride and (belongs_to_focus(event) or self.presenter.wants(event)):
            event.accept()
            return True
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """In present mode the arrow keys walk through the scenes."""
        if not self.presenter.take_key(event):
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Light the window up for files."""
        if dropped_files(event):
            event.acceptProposedAction()
            self.veil.light_up()
        elif event.mimeData().hasUrls():
            self.services.notices.warn("Only files can be dropped here: save what the link points to, and drop that.")

    def closeEvent(self, event: QCloseEvent) -> None:
        """Save, then let go of everything that ticks."""
        if self.presenter.on:
            self.presenter.toggle()
        self.autosave.stop()
        self.autosave.save_now()
        self.save_settings()
        self.meter.stop()
        for panel in self.panels():
            panel.stop()
        super().closeEvent(event)
        self.closed.emit()
