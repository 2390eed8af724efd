"""What the program is started with: a device, and files by whatever name."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
import torch
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QPushButton

from app import run, session
from app import settings as settings_file
from app.library import LibraryView
from app.panels.base import Panel
from app.settings import Settings
from app.startup import open_window
from app.theme import Theme
from engine.checkpoint import Document, save
from engine.library import Library
from engine.worker import Engine
from tests.app.conftest import NotesPanel, flush, tiny_pair
from tests.e2e.program import ROOT, environment

GONE = "cuda:99"


class OneDevice:
    """An engine on a machine that has a CPU only."""

    def __init__(self, device: str) -> None:
        if device not in ("auto", "cpu"):
            raise ValueError(f"no {device}")
        self.device = device


@pytest.fixture
def one_device(monkeypatch):
    monkeypatch.setattr(run, "Engine", OneDevice)


def test_a_device_of_the_settings_that_is_gone_is_replaced_and_said(one_device):
    engine, sentence = run._engine("", GONE)
    assert engine.device == "auto"
    assert f"The settings ask for '{GONE}'" in sentence


def test_a_device_that_is_there_is_used_without_a_word(one_device):
    engine, sentence = run._engine("", "cpu")
    assert (engine.device, sentence) == ("cpu", "")
    engine, sentence = run._engine("cpu", GONE)  # what the command line asks for comes first
    assert (engine.device, sentence) == ("cpu", "")


def test_a_device_asked_for_on_the_command_line_must_be_there(one_device):
    with pytest.raises(ValueError, match=f"no {GONE}"):
        run._engine(GONE, "cpu")


@pytest.mark.timeout(120)
def test_the_program_opens_on_a_machine_that_lacks_the_device_of_its_settings(tmp_path):
    env = environment(tmp_path)
    settings = Path(env["XDG_CONFIG_HOME"]) / "textscape" / "settings.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"device": GONE}))
    done = subprocess.run(
        [sys.executable, "-m", "app", "--fresh", "--quit-after", "0.1"],
        cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    logs = "".join(p.read_text() for p in Path(env["XDG_STATE_HOME"]).rglob("*.log"))
    assert f"The settings ask for '{GONE}'" in logs
    assert json.loads(settings.read_bytes())["device"] == GONE  # the machine may have it again


# --- files on the command line ---


class LatePanel(Panel):
    """A panel behind the one in front, which alone can use a text."""

    key, title = "late", "Late"

    def open_file(self, path: Path) -> bool:
        self.given = path, len(self.window().panels()), bool(self.bridge.models)
        QTimer.singleShot(0, self.window(), self.window().close)
        return True


class NoFilesPanel(NotesPanel):
    """In front, and uses no file."""

    def open_file(self, path: Path) -> bool:
        return False


def test_files_on_the_command_line_open_once_every_panel_stands(qapp, tiny_library, tmp_path, monkeypatch):
    text = tmp_path / "a.txt"
    text.write_text("hello")
    engine = Engine("cpu", inline=True, library=Library(torch.device("cpu"), [tiny_library]))
    theme = Theme()
    window = open_window(
        engine, Settings(theme="light", reduce_motion=True), (NoFilesPanel, LatePanel),
        theme=theme, session_path=tmp_path / "session.json",
    )  # fmt: skip
    window.keep_settings = False
    monkeypatch.setattr(run, "_close_on_signals", lambda _: SimpleNamespace(stop=lambda: None))
    seen = []
    window.closed.connect(lambda: seen.append(getattr(window.panel("late"), "given", None)))
    notices = window.services.notices.history
    args = argparse.Namespace(shots=None, files=[text], quit_after=15, script=None)
    assert run._live(qapp, window, args, None) == 0
    assert seen == [(text, 2, True)]
    assert [n.text for n in notices if n.kind != "info"] == []
    theme.deleteLater()
    flush()


def closed_to_us(monkeypatch, folder: Path) -> None:
    """As a folder of somebody else is, which stops not even a test that runs as root."""
    stat = os.stat

    def refuse(path, *args, **options):
        if isinstance(path, str | os.PathLike) and str(path).startswith(f"{folder}{os.sep}"):
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, *args, **options)

    monkeypatch.setattr(os, "stat", refuse)


def saveable(window, folder: Path) -> Settings:
    """The settings as they are read back."""
    path = folder / "kept" / "settings.json"
    settings_file.save(window.services.settings, path)
    return settings_file.load(path)


@pytest.mark.parametrize("suffix", [".txt", ".json", ".safetensors"])
@pytest.mark.parametrize("name", ["closed/a", "x" * 300, "missing\udce9", "nul\0byte"])
def test_what_cannot_be_opened_costs_one_sentence(make_window, tmp_path, monkeypatch, name, suffix):
    window = make_window()
    (tmp_path / "closed").mkdir()
    closed_to_us(monkeypatch, tmp_path / "closed")
    before = len(window.services.notices.history)
    assert not window.files.open_path(tmp_path / f"{name}{suffix}")
    (notice,) = window.services.notices.history[before:]
    assert notice.kind == "error"
    assert "is not there" in notice.text
    assert window.services.settings.recent == []
    assert saveable(window, tmp_path) == window.services.settings


def oddly_named(folder: Path, suffix: str) -> Path:
    """A file whose name is not UTF-8."""
    path = Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9" + suffix.encode()))
    try:
        path.write_text("hello")
    except (OSError, UnicodeEncodeError):
        pytest.skip("this disk takes UTF-8 names only")
    return path


def test_a_text_whose_name_is_not_utf_8_opens_and_the_settings_can_be_saved(make_window, tmp_path):
    window = make_window()
    path = oddly_named(tmp_path, ".txt")
    assert window.files.open_path(path)
    assert window.panel("notes").files == [path]
    assert saveable(window, tmp_path) == window.services.settings


def test_a_checkpoint_whose_name_is_not_utf_8_costs_one_sentence(make_window, tmp_path, tiny_library):
    """The library that reads checkpoints takes UTF-8 only."""
    window = make_window()
    path = oddly_named(tmp_path, ".safetensors")
    shutil.copy(tiny_library / "tiny.safetensors", path)
    window.files.open_path(path)
    assert window.services.bridge.wait_for(lambda: not window.services.bridge.jobs)
    (notice,) = [n for n in window.services.notices.history if n.kind == "error"]
    assert "not valid UTF-8" in notice.text
    assert window.autosave.save_now()
    assert {m.name for m in session.load(window.autosave.path).models} == {"tiny", "tiny-back"}
    assert saveable(window, tmp_path) == window.services.settings


def test_a_recent_file_in_a_closed_folder_is_shown_as_gone(services, qtbot, tmp_path, monkeypatch):
    closed_to_us(monkeypatch, tmp_path / "closed")
    recent = [str(tmp_path / "closed" / "a.txt"), str(tmp_path / ("x" * 300))]
    view = LibraryView(services.bridge, Settings(recent=recent), theme=services.theme)
    qtbot.addWidget(view)
    buttons = {b.text(): b.isEnabled() for b in view.findChildren(QPushButton)}
    assert buttons == {"a.txt": False, "x" * 300: False}


# --- what a session remembers of a model ---


def test_a_replaced_checkpoint_is_remembered_by_what_it_is_now(make_window, tmp_path):
    window = make_window()
    bridge = window.services.bridge
    path = tmp_path / "other.safetensors"
    for seed in (0, 1):
        model = tiny_pair()[seed]
        save(path, model, Document(name="other", config=msgspec.to_builtins(model.config), tokenizer="word"))
        os.utime(path, ns=(seed * 10**9, seed * 10**9))
        bridge.load_model(str(path))
        assert bridge.wait_for(lambda: "other" in bridge.loaded and not bridge.jobs)
        (ref,) = [m for m in window.files.collect().models if m.name == "other"]
        assert ref.hash == session.fingerprint(path)


def test_a_checkpoint_that_stays_is_hashed_once(make_window, monkeypatch):
    window = make_window()
    first = window.files.collect().models
    monkeypatch.setattr(session, "fingerprint", lambda path: pytest.fail(f"{path} is read again"))
    assert window.files.collect().models == first
