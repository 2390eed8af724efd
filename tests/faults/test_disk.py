"""Disks that are full, folders that cannot be written to, files that go: what there was stays, and it is said."""

from __future__ import annotations

import errno
import os
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
import torch
from PySide6.QtWidgets import QFileDialog

from app import session as sessions
from app.window import Window
from engine import files
from engine.checkpoint import load_model, save
from engine.files import writing
from engine.jobs import Context
from engine.jobs.training import train_model
from engine.library import Library
from engine.messages import Train
from engine.training import trainer
from engine.training.state import read_state
from tests.faults.killing import RECIPE
from tests.faults.mutations import tiny_models


@contextmanager
def full_after(size: int) -> Iterator[None]:
    """No file of this process may grow beyond so many bytes: writers hear from the system as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, old)


def no_space(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_checkpoint_on_a_full_disk(tmp_path: Path) -> None:
    model, document, _ = tiny_models()["lm"]
    path = tmp_path / "tiny.safetensors"
    save(path, model, document)
    before = path.read_bytes()
    with full_after(1000), pytest.raises(OSError, match=r"cannot be written|too large"):
        save(path, model, document)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["tiny.safetensors"], "nothing half is left to fill the disk further"
    load_model(path)


def test_a_session_on_a_full_disk(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    sessions.save(sessions.Session(panel="toy"), path)
    large = sessions.Session(panels={"notes": {"text": "word " * 5000}})
    with full_after(1000), pytest.raises(OSError, match="large"):
        sessions.save(large, path)
    assert sessions.load(path) == sessions.Session(panel="toy")
    assert len(list(tmp_path.iterdir())) == 1


def test_a_run_file_on_a_full_disk_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(b"old\n")
    with full_after(1000), pytest.raises(OSError, match="large"), writing(path, keep=True) as file:
        file.write(b"a line of a run\n" * 1000)
    assert path.read_bytes() == b"old\n"


def test_a_training_on_a_full_disk_says_so_and_goes_on_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for split in ("train", "valid", "test"):
        (tmp_path / f"{split}.txt").write_text("\n".join(f"{split} {w} sees the dog ." for w in ("Tom", "Mary", "Bo")))
    (tmp_path / "toy.toml").write_text(RECIPE)
    monkeypatch.setattr(trainer, "SAVE_EVERY", 0.0)
    device = torch.device("cpu")

    def train(run: str) -> None:
        folder = tmp_path / run
        places = {"run": str(folder), "output": str(folder / "toy.safetensors")}
        request = Train(recipe=str(tmp_path / "toy.toml"), data=str(tmp_path), threads=1, **places)
        for _ in train_model(request, Context(Library(device, []), device)):
            pass

    with full_after(2000), pytest.raises(OSError, match="state cannot be written") as caught:
        train("full")
    assert "\n" not in str(caught.value)
    assert not list((tmp_path / "full").iterdir())
    train("full")
    train("roomy")
    a, b = ((tmp_path / run / "toy.safetensors").read_bytes() for run in ("full", "roomy"))
    assert a == b


@pytest.mark.parametrize("data", [b"", b"half a state", b"PK\x03\x04 and no archive"])
def test_a_broken_state_is_one_sentence(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "toy.state").write_bytes(data)
    with pytest.raises(ValueError, match="is no state of this training; remove it") as caught:
        read_state(tmp_path / "toy.state", "", lambda values: None)
    assert "\n" not in str(caught.value)


# --- the window ------------------------------------------------------------------------------------------------------


@pytest.fixture
def window(make_panels_window: Callable[[], Window]) -> Window:
    return make_panels_window()


def said(window: Window) -> str:
    return window.services.notices.history[-1].text


def test_the_window_says_that_the_disk_is_full(window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    window.autosave.save_now()
    before = window.autosave.path.read_bytes()
    monkeypatch.setattr(files.os, "fsync", no_space)
    window.show_panel("toy")
    window.files.save_session()
    assert "could not be written" in said(window)
    assert window.autosave.path.read_bytes() == before
    monkeypatch.setattr(QFileDialog, "getSaveFileName", staticmethod(lambda *_: (str(tmp_path / "x.json"), "")))
    window.files.save_session_as()
    assert said(window) == "x.json could not be written: No space left on device."
    assert window.panel("toy").export("x.csv", b"data", "") is None
    assert said(window) == "x.json could not be written: No space left on device."
    monkeypatch.undo()
    window.files.save_session()
    assert said(window) == "The session is saved."
    assert msgspec.json.decode(window.autosave.path.read_bytes())["panel"] == "toy"


def test_a_folder_that_cannot_be_written_to(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    """/proc refuses everybody, the system's own user too."""
    place = "/proc/textscape.png"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", staticmethod(lambda *_: (place, "")))
    window.files.save_session_as()
    assert "could not be written" in said(window)
    window.files.save_picture()
    assert said(window) == "textscape.png could not be written: No such file or directory."
    window.panel("toy").export("x.csv", b"data", "")
    assert "could not be written" in said(window)


def test_files_that_are_not_what_they_were(window: Window, tmp_path: Path) -> None:
    for name in ("gone.safetensors", "gone.json", "gone.txt"):
        assert not window.files.open_path(tmp_path / name)
        assert "is not there" in said(window)
    assert not window.files.open_path(tmp_path)
    assert "is not a file" in said(window)
    os.mkfifo(tmp_path / "pipe.txt")
    assert not window.files.open_path(tmp_path / "pipe.txt")
    assert "is not a file" in said(window)


def test_a_session_whose_model_is_gone_or_another_one(window: Window, models: Path, tmp_path: Path) -> None:
    window.autosave.save_now()
    session = sessions.load(window.autosave.path)
    assert session is not None
    os.mkfifo(tmp_path / "pipe.safetensors")
    session.models = [
        sessions.ModelRef("gone", "no/such.safetensors"),
        sessions.ModelRef("pipe", "pipe.safetensors"),
        sessions.ModelRef("tiny", os.path.relpath(models / "tiny.safetensors", tmp_path), "0" * 16),
    ]
    sessions.save(session, tmp_path / "other.json")
    assert window.files.open_path(tmp_path / "other.json")
    texts = " ".join(n.text for n in window.services.notices.history[-3:])
    assert "gone was at" in texts
    assert "pipe was at" in texts
    assert "another model than when the session was saved" in texts
