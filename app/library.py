"""The checkpoint library: what can be loaded, what is loaded, what is broken and why, and what was opened lately."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.bridge import Bridge
from app.dialogs import Dialogs
from app.icons import icon
from app.plain import plain
from app.settings import Settings
from app.theme import Theme
from app.widgets.numbers import number
from app.widgets.section import Section
from app.widgets.text_fields import LineField
from engine.files import is_there
from engine.messages import BrokenModel, ModelInfo
from engine.reading import patterns

ABILITIES = {
    "NextToken": "next word",
    "Scores": "scores",
    "Seq2Seq": "translates",
    "Latent": "latent space",
    "Mixture": "mixture",
    "Classifier": "classifies",
}
SUFFIX = ".safetensors"


def abilities(info: ModelInfo) -> str:
    """A model's capabilities in a person's words; a mixture is a latent space, a scorer gives next words."""
    shown = [c for c in info.capabilities if not (c == "Latent" and "Mixture" in info.capabilities)]
    return " · ".join(ABILITIES.get(c, c) for c in shown)


def metrics(info: ModelInfo) -> str:
    """The card's first two figures in one line."""
    first = list(info.card.metrics.items())[:2]
    return " · ".join(
        f"{name.replace('_', ' ')} {number(m.value)}{f' {m.unit}' if m.unit else ''}" for name, m in first
    )


class ModelRow(QFrame):
    """One checkpoint: name, what it is, how good, and a button to load or unload it."""

    toggled = Signal(str, bool)  # name, load?

    def __init__(self, info: ModelInfo, loaded: bool, *, theme: Theme) -> None:
        super().__init__()
        self.info, self.loaded = info, loaded
        name = QLabel(info.card.title or info.name, wordWrap=True)
        name.setFont(theme.ui_font(13, 600))
        name.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        button = QToolButton(icon=icon("unload" if loaded else "load", theme), autoRaise=True)
        button.setToolTip("Unload: free its memory" if loaded else "Load into memory")
        button.setAccessibleName(f"{'Unload' if loaded else 'Load'} {info.name}")
        button.clicked.connect(lambda: self.toggled.emit(info.name, not loaded))
        self.setFocusProxy(button)
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(name, 1)
        head.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 8, 8, 8)
        layout.setSpacing(2)
        layout.addLayout(head)
        size = f"{info.parameters / 1e6:.1f} M parameters · {info.size_mb:.1f} MB"
        kind = " · ".join(part for part in (info.name, info.kind) if part)
        for text in (kind, abilities(info), size, metrics(info)):
            if text:
                label = QLabel(text, wordWrap=True)
                label.setProperty("role", "caption")
                layout.addWidget(label)
        if loaded:
            dot = QLabel("● in memory")
            dot.setFont(theme.ui_font(11))
            dot.setStyleSheet(f"color: {theme.text(theme.colors.accepted).name()}")
            layout.addWidget(dot)
        card = info.card
        self.setToolTip(plain("\n".join(part for part in (card.title, card.summary, card.data, card.licence) if part)))
        self.setAccessibleName(f"{info.name}, {kind}, {'loaded' if loaded else 'not loaded'}")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)


class LibraryView(QWidget):
    """The list, a filter, and a way to open a file by dialog or path."""

    opened = Signal(object)  # Path

    def __init__(self, bridge: Bridge, settings: Settings, *, theme: Theme) -> None:
        super().__init__()
        self._bridge, self._settings, self._theme = bridge, settings, theme
        self._stale = False
        self._rows: dict[str, QWidget] = {}  # what takes the focus, by model name or path
        self.setAccessibleName("Checkpoint library")
        self._filter = LineField(most=200, placeholderText="Filter by name or ability", clearButtonEnabled=True)
        self._filter.setAccessibleName("Filter the library")
        for clear in self._filter.findChildren(QToolButton):
            clear.setAccessibleName("Clear the filter")
        self._open = QToolButton(autoRaise=True, toolTip="Open a file (Ctrl+O)")
        self._open.setAccessibleName("Open a file")
        self._refresh = QToolButton(autoRaise=True, toolTip="Look for checkpoints again")
        self._refresh.setAccessibleName("Look for checkpoints again")
        bar = QHBoxLayout()
        bar.setContentsMargins(16, 12, 8, 4)
        bar.setSpacing(4)
        bar.addWidget(self._filter, 1)
        bar.addWidget(self._open)
        bar.addWidget(self._refresh)
        self._scroll = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(bar)
        layout.addWidget(self._scroll, 1)
        self._filter.textChanged.connect(self._on_filter)
        self._open.clicked.connect(self.choose_file)
        self._refresh.clicked.connect(bridge.refresh_models)
        bridge.models_changed.connect(self.refresh)
        theme.changed.connect(self.refresh)
        self.rebuild()

    def choose_file(self) -> None:
        """Ask for a file to open."""
        kinds = f"All that Textscape opens (*{SUFFIX} *.json {patterns()});;All files (*)"
        if chosen := Dialogs(self._settings).open_file(self, "Open", kinds):
            self.opened.emit(chosen)

    def showEvent(self, event: QShowEvent) -> None:
        """Show what has changed since the list was last in sight."""
        if self._stale:
            self.rebuild()
        super().showEvent(event)

    def refresh(self) -> None:
        """Show the library as it is now, or when it comes into sight."""
        self._stale = True
        if self.isVisible():
            self.rebuild()

    def rebuild(self) -> None:
        """Show the library as it is now; the place in the list and the row in focus stay."""
        self._stale = False
        place, focus = self._scroll.verticalScrollBar().value(), self.window().focusWidget()
        held = next((k for k, w in self._rows.items() if focus and (w is focus or w.isAncestorOf(focus))), "")
        self._rows = {}
        self._open.setIcon(icon("open", self._theme))
        self._refresh.setIcon(icon("refresh", self._theme))
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 12)
        column.setSpacing(0)
        wanted = self._filter.text().lower()
        found = [m for m in self._bridge.models if wanted in f"{m.name} {m.kind} {m.role} {abilities(m)}".lower()]
        found.sort(key=lambda m: (m.name not in self._bridge.loaded, m.name))
        for info in found:
            row = ModelRow(info, info.name in self._bridge.loaded, theme=self._theme)
            row.toggled.connect(self._on_toggled)
            column.addWidget(row)
            self._rows[info.name] = row
        if not found:
            column.addWidget(_note(self._nothing_found(wanted)))
        for broken in self._bridge.broken:
            column.addWidget(_broken(broken, self._theme))
        if self._settings.recent:
            column.addWidget(self._recent())
        column.addStretch(1)
        self._scroll.setWidget(body)
        if held in self._rows:
            self._rows[held].setFocus()
        self._scroll.verticalScrollBar().setValue(place)

    def _on_filter(self) -> None:
        self.rebuild()
        self._scroll.verticalScrollBar().setValue(0)

    def _nothing_found(self, wanted: str) -> str:
        if wanted and self._bridge.models:
            return f"None of the {len(self._bridge.models)} models has “{wanted}” in its name, kind or abilities."
        return f"No checkpoints yet. Drop a {SUFFIX} file anywhere on the window, or open one with Ctrl+O."

    def _recent(self) -> QWidget:
        section = Section("Recent files", theme=self._theme, open=True)
        section.content.setSpacing(0)
        section.setContentsMargins(8, 12, 8, 0)
        for name in self._settings.recent[:8]:
            path = Path(name)
            button = QPushButton(path.name)
            button.setProperty("kind", "row")
            there = is_there(path)
            button.setEnabled(there)
            button.setToolTip(plain(name if there else f"{name} is not there any more"))
            button.clicked.connect(lambda _=False, p=path: self.opened.emit(p))
            section.content.addWidget(button)
            self._rows[name] = button
        return section

    def _on_toggled(self, name: str, load: bool) -> None:
        (self._bridge.load_model if load else self._bridge.unload_model)(name)


def _note(text: str) -> QLabel:
    label = QLabel(text, wordWrap=True)
    label.setProperty("role", "muted")
    label.setContentsMargins(16, 8, 16, 8)
    return label


def _broken(model: BrokenModel, theme: Theme) -> QWidget:
    row = QFrame()
    row.setToolTip(plain(model.path))
    mark = theme.text(theme.colors.rejected).name()
    name = QLabel(f"✗ {Path(model.path).name}", wordWrap=True)
    name.setStyleSheet(f"color: {mark}")
    text = QLabel(model.sentence, wordWrap=True)
    text.setProperty("role", "caption")
    layout = QVBoxLayout(row)
    layout.setContentsMargins(16, 8, 16, 8)
    layout.setSpacing(2)
    layout.addWidget(name)
    layout.addWidget(text)
    return row
