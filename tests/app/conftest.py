"""A tiny random model pair, an inline engine and the services every panel gets; nothing moves, nothing is saved."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
import torch
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QUndoStack
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from app.bridge import Bridge
from app.commands import Command, CommandRegistry
from app.notices import Notices
from app.panels.base import Panel
from app.services import Services
from app.settings import Settings
from app.startup import open_window
from app.theme import Theme
from app.window import Window
from engine.checkpoint import Document, save
from engine.library import Library
from engine.models.lstm import LstmLm, LstmLmConfig
from engine.models.parts.adaptive_softmax import AdaptiveSoftmaxConfig
from engine.text import Tokenizer
from engine.worker import Engine

SENTENCES = (
    "the dog runs in the park .",
    "a cat sleeps on the bed .",
    "Tom likes the small cat .",
    "we do n't know the way .",
    "the dog and the cat sleep .",
)
OFFSCREEN = r"This plugin does not support (propagateSizeHints|raise)\(\)"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The offscreen platform complains about each window it cannot hint; everything else Qt says fails a test."""
    for item in items:
        if "tests/app" in item.nodeid or "app" in Path(str(item.fspath)).parts:
            item.add_marker(pytest.mark.qt_log_ignore(OFFSCREEN))


def tiny_pair() -> tuple[LstmLm, LstmLm]:
    """A forward and a backward language model with random weights over forty words."""
    tokenizer = Tokenizer.train("word", list(SENTENCES), 40)
    pair = []
    for seed, direction in enumerate(("forward", "backward")):
        torch.manual_seed(seed)
        config = LstmLmConfig(
            vocabulary=tokenizer.size,
            direction=direction,
            embedding=8,
            hidden=12,
            layers=1,
            output=AdaptiveSoftmaxConfig(10, 2),
        )
        pair.append(LstmLm(config, tokenizer).eval().requires_grad_(False))
    return pair[0], pair[1]


@pytest.fixture(scope="session")
def tiny_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the pair as checkpoints, and a file that is none."""
    folder = tmp_path_factory.mktemp("library")
    torch.set_num_threads(1)
    names = ("tiny", "tiny-back")
    for model, name, partner in zip(tiny_pair(), names, names[::-1], strict=True):
        config = msgspec.to_builtins(model.config)
        role = model.config.direction
        document = Document(name=name, config=config, tokenizer="word", partner=partner, role=role)
        save(folder / f"{name}.safetensors", model, document)
    (folder / "broken.safetensors").write_bytes(b"not a checkpoint")
    return folder


def flush() -> None:
    """Let everything marked for deletion go."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QCoreApplication.processEvents()


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    """The light theme at rest."""
    theme = Theme()
    theme.apply()
    yield theme
    theme.deleteLater()
    flush()


@pytest.fixture
def bridge(qapp: QApplication, tiny_library: Path) -> Iterator[Bridge]:
    """A bridge to an inline engine that knows the tiny pair."""
    bridge = Bridge(Engine("cpu", inline=True, library=Library(torch.device("cpu"), [tiny_library])))
    bridge.refresh_models()
    bridge.wait_for(lambda: not bridge.jobs)
    yield bridge
    bridge.close()
    bridge.deleteLater()
    flush()


@pytest.fixture
def services(bridge: Bridge, theme: Theme) -> Iterator[Services]:
    """What panels get."""
    undo, commands, notices = QUndoStack(), CommandRegistry(), Notices()
    yield Services(bridge, commands, theme, undo, notices, Settings(theme="light", reduce_motion=True))
    undo.clear()
    for part in (undo, commands, notices):
        part.deleteLater()
    flush()


class NotesPanel(Panel):
    """The smallest panel that uses everything the window offers."""

    key, title, icon = "notes", "Notes", "panel"
    help_text = "# Notes\n\n$p(x)$"

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.text, self.plays, self.files = "", 0, list[Path]()

    def commands(self) -> list[Command]:
        return [Command("notes.play", "Play", self._play, "Space", "Notes")]

    def _play(self) -> None:
        self.plays += 1

    def state(self) -> dict[str, str]:
        return {"text": self.text}

    def restore(self, state: dict[str, str]) -> None:
        self.text = state["text"]

    def open_file(self, path: Path) -> bool:
        if path.suffix == ".txt":
            self.files.append(path)
        return path.suffix == ".txt"


class OtherPanel(Panel):
    """A second tab, whose keys are the same as the first's."""

    key, title = "other", "Other"

    def commands(self) -> list[Command]:
        return [Command("other.go", "Go", lambda: None, "Space", "Other")]


WindowMaker = Callable[..., Window]


@pytest.fixture
def make_window(qapp: QApplication, tiny_library: Path, tmp_path: Path) -> Iterator[WindowMaker]:
    """Opens windows on an engine of their own (inline unless asked otherwise) and closes them after the test."""
    opened: list[Window] = []

    def make(*, session: Path | None = None, inline: bool = True, fresh: bool = False) -> Window:
        engine = Engine("cpu", inline=inline, library=Library(torch.device("cpu"), [tiny_library]))
        window = open_window(
            engine,
            Settings(theme="light", reduce_motion=True),
            (NotesPanel, OtherPanel),
            theme=Theme(),
            session_path=session or tmp_path / "session.json",
            fresh=fresh,
        )
        window.keep_settings = False
        bridge = window.services.bridge
        assert bridge.wait_for(lambda: len(window.panels()) == 2 and len(bridge.loaded) == 2 and not bridge.jobs)
        opened.append(window)
        return window

    yield make
    for window in opened:
        if isValid(window):
            shut(window)


def shut(window: Window) -> None:
    """Close a window and its engine for good."""
    window.close()
    assert window.services.bridge.close()
    window.services.theme.deleteLater()
    window.deleteLater()
    flush()


@pytest.fixture
def engine_threads() -> Callable[[], int]:
    """Counts the engine threads that live."""

    def count() -> int:
        return sum(t.name == "engine" for t in threading.enumerate())

    return count
