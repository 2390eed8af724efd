"""Broken files of every kind: each opens or is refused with one clear sentence, soon and in little memory."""

from __future__ import annotations

import gzip
import json
import random
import struct
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from app.panels import PANELS
from app.session import SessionError
from app.session import load as load_session
from app.window import Window
from engine.checkpoint import CheckpointError, read_header
from engine.library import Library
from engine.messages import brief
from engine.reading import read_lines
from engine.training.data import Source, read_source
from tests.faults.mutations import Mutator, seeds
from tests.faults.opening import open_many


def test_mutated_files_open_or_say_one_sentence(tmp_path: Path) -> None:
    outcome = open_many(tmp_path, 300, seed=20)
    assert not outcome.faults, "\n".join(outcome.lines())
    assert len(outcome.tried) == 6
    assert min(outcome.refused[kind] for kind in outcome.tried) > 0
    assert outcome.refused.total() < outcome.tried.total(), "some changes do no harm"


@pytest.fixture
def window(make_panels_window: Callable[[], Window]) -> Window:
    return make_panels_window()


def test_mutated_sessions_are_put_back_or_said_to_be_unusable(
    window: Window, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What every panel remembers, changed in any way: nothing is raised, and the window answers afterwards."""
    for panel in window.panels():
        if panel.key != "toy":  # its enumeration takes seconds each time it is put back
            panel.demo()
        window.services.bridge.wait_for(lambda: not window.services.bridge.jobs, 20)
    window.autosave.save_now()
    good = window.autosave.path
    assert {p.key for p in window.panels()} == {p.key for p in PANELS}
    mutator = Mutator(random.Random(4), {"session": good})
    for i in range(12):
        window.files.open_path(mutator.write(tmp_path, f"mutated-{i}"))
        for panel in window.panels():
            panel.stop()
        window.services.bridge.wait_for(lambda: not window.services.bridge.jobs, 20)
        assert all("\n" not in notice.text for notice in window.services.notices.history)
    assert "failed" not in caplog.text
    window.files.open_path(good)
    assert window.current() is not None


# --- the ones that only a look at the code would bring forth ----------------------------------------------------------


def header(path: Path, text: bytes) -> Path:
    path.write_bytes(struct.pack("<Q", len(text)) + text)
    return path


@pytest.mark.parametrize(
    "text",
    [
        b"9" * 5_000,  # more digits than Python turns into a number
        b'{"a":{"dtype":"F32","shape":[' + b"9" * 4_000 + b'],"data_offsets":[0,4]}}',
        b'{"a":{"dtype":"F32","shape":[' + b"9007199254740992," * 50_000 + b'1],"data_offsets":[0,4]}}',
        b'{"a":{"dtype":["F32"],"shape":[1],"data_offsets":[0,4]}}',
        b"[" * 900_000,
        b'{"__metadata__":{"textscape":"' + b"[" * 500_000 + b'"}}',
        b'{"__metadata__":{"textscape":"{\\"version\\":1,\\"config\\":{\\"kind\\":{}}}"}}',
    ],
)
def test_a_header_made_to_trip_the_reader(tmp_path: Path, text: bytes) -> None:
    path = header(tmp_path / "trap.safetensors", text)
    with pytest.raises(CheckpointError, match=r"trap\.safetensors") as caught:
        read_header(path)
    assert len(str(caught.value)) < 300
    models, broken = Library(None, [tmp_path]).scan()  # type: ignore[arg-type]
    assert not models
    assert len(broken) == 1, "one bad file in the folder costs nobody the others"


@pytest.mark.parametrize("name", ["", "a\nb", "../elsewhere", "x" * 101])
def test_a_name_that_is_none(tmp_path: Path, name: str) -> None:
    good = seeds(tmp_path)["lm"].read_bytes()
    (length,) = struct.unpack("<Q", good[:8])
    values = json.loads(good[8 : 8 + length])
    document = {**json.loads(values["__metadata__"]["textscape"]), "name": name}
    values["__metadata__"]["textscape"] = json.dumps(document)
    raw = json.dumps(values).encode()
    (tmp_path / "named.safetensors").write_bytes(struct.pack("<Q", len(raw)) + raw + good[8 + length :])
    with pytest.raises(CheckpointError, match=r"header is invalid.*name"):
        read_header(tmp_path / "named.safetensors")


def test_a_session_larger_than_any(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(SessionError, match="far larger"):
        load_session(path)


def test_text_that_is_packed_or_runs_on_without_end(tmp_path: Path) -> None:
    for name, data in (("a.txt", b"a" * (2 << 20)), ("b.txt.gz", gzip.compress(b"a" * (4 << 20)))):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ValueError, match="has more than 20,000 characters"):
            list(read_lines(tmp_path / name))
    (tmp_path / "bomb.txt.gz").write_bytes(gzip.compress(b"word and word again\n" * (4 << 20)))
    with pytest.raises(ValueError, match="unfolds to far more"):
        for _ in read_lines(tmp_path / "bomb.txt.gz"):
            pass


@pytest.mark.parametrize("path", ["/etc/hostname", "../{split}.txt"])
def test_a_recipe_reads_inside_its_data_folder(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValueError, match="outside the data folder"):
        read_source(Source(path), tmp_path, "train")


def test_braces_in_a_recipes_path_are_no_format(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"\{split\.__class__\}"):
        read_source(Source("{split.__class__}{"), tmp_path, "train")


def test_brief_is_one_short_line() -> None:
    assert brief("two\nlines\tand \u202ea\0b") == "two lines and \ufffda\ufffdb"
    assert brief("x" * 999, 10) == "x" * 9 + "…"
    assert msgspec.json.decode(msgspec.json.encode(brief("x" * 10**7))) == "x" * 199 + "…"
