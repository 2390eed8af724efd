"""A window with every panel on tiny models, whose engine runs inline."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from app.panels import PANELS
from app.settings import Settings
from app.startup import open_window
from app.theme import Theme
from app.window import Window
from engine.checkpoint import save
from engine.library import Library
from engine.worker import Engine
from tests.app.conftest import flush, shut, tiny_library
from tests.faults.mutations import tiny_models

__all__ = ["tiny_library"]


@pytest.fixture(scope="session")
def models(tiny_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of each way to work, the pair of the sampler, and a file that is none."""
    folder = tmp_path_factory.mktemp("models")
    for path in tiny_library.iterdir():
        shutil.copy(path, folder)
    for model, document, trace in tiny_models().values():
        save(folder / f"{document.name}.safetensors", model, document, trace=trace)
    return folder


@pytest.fixture
def make_panels_window(qapp: object, models: Path, tmp_path: Path) -> Iterator[Callable[[], Window]]:
    """Opens windows with all panels and closes them after the test."""
    opened: list[Window] = []

    def make() -> Window:
        engine = Engine("cpu", inline=True, library=Library(torch.device("cpu"), [models]))
        settings = Settings(theme="light", reduce_motion=True)
        window = open_window(engine, settings, PANELS, theme=Theme(), session_path=tmp_path / "session.json")
        window.keep_settings = False
        bridge = window.services.bridge
        assert bridge.wait_for(lambda: len(window.panels()) == len(PANELS) and not bridge.jobs, 30)
        opened.append(window)
        return window

    yield make
    for window in opened:
        shut(window)
    flush()
