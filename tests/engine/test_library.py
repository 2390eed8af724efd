"""Finding and loading models by name and path."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.checkpoint import CheckpointError
from engine.library import Library


def test_scan_lists_models_and_says_what_is_broken(library: Library, library_folder: Path) -> None:
    (library_folder / "bad.safetensors").write_bytes(b"oops")
    models, broken = library.scan()
    assert [m.name for m in models] == ["tiny", "tiny-back"]
    assert "too short" in broken[0].sentence


def test_a_model_is_loaded_once(library: Library) -> None:
    first, _ = library.get("tiny")
    assert library.get("tiny")[0] is first
    library.unload("tiny")
    assert library.get("tiny")[0] is not first


def test_a_model_is_found_by_path_too(library: Library, library_folder: Path) -> None:
    path = str(library_folder / "tiny.safetensors")
    assert library.get(path)[1].name == "tiny"
    assert library.get(path)[0] is library.get("tiny")[0]


def test_an_unknown_name_says_what_there_is(library: Library) -> None:
    with pytest.raises(CheckpointError, match="the library has: tiny, tiny-back"):
        library.get("huge")


def test_the_old_model_stays_when_its_file_breaks(library: Library, library_folder: Path) -> None:
    model, _ = library.get("tiny")
    (library_folder / "tiny.safetensors").write_bytes(b"broken")
    assert library.get("tiny")[0] is model
