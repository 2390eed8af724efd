"""Finding and loading models by name and path."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import torch

from engine.checkpoint import CheckpointError, load_model, read_header, save
from engine.library import Library
from engine.messages import Sample, SampleStep
from engine.worker import Engine


def test_scan_lists_models_and_says_what_is_broken(library: Library, library_folder: Path) -> None:
    (library_folder / "bad.safetensors").write_bytes(b"oops")
    models, broken = library.scan()
    assert [m.name for m in models] == ["tiny", "tiny-back"]
    assert "too short" in broken[0].sentence


def test_a_folder_that_is_not_there_holds_nothing_and_hides_no_other(library_folder: Path, tmp_path: Path) -> None:
    library = Library(torch.device("cpu"), [tmp_path / "gone", library_folder])
    models, broken = library.scan()
    assert [m.name for m in models] == ["tiny", "tiny-back"]
    assert not broken


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


# --- the file's name is the model's -----------------------------------------------------------------------------------


def other_weights(source: Path, target: Path) -> None:
    """A file that says the same of itself and has other weights, as a training from another seed."""
    model, _ = load_model(source)
    for parameter in model.parameters():
        parameter += 0.25
    target.parent.mkdir(exist_ok=True)
    save(target, model, read_header(source).document)


def names(library: Library) -> list[str]:
    return [m.name for m in library.scan()[0]]


def first(model: object) -> float:
    return float(next(model.parameters()).flatten()[0])  # type: ignore[attr-defined]


def test_a_copy_under_another_name_stands_beside_the_original(library: Library, library_folder: Path) -> None:
    other_weights(library_folder / "tiny.safetensors", library_folder / "a-copy.safetensors")
    assert names(library) == ["a-copy", "tiny", "tiny-back"]
    copy, tiny = library.get("a-copy"), library.get("tiny")
    assert (copy[1].inner, tiny[1].inner) == ("tiny", "tiny")
    assert first(copy[0]) == pytest.approx(first(tiny[0]) + 0.25, abs=1e-3)
    assert {i.name for i in library.loaded()} == {"a-copy", "tiny"}
    library.unload("a-copy")
    assert library.get("tiny")[0] is tiny[0]


def test_two_files_of_one_name_in_two_folders_both_stand(library_folder: Path, tmp_path: Path) -> None:
    other_weights(library_folder / "tiny.safetensors", tmp_path / "seed2" / "tiny.safetensors")
    library = Library(torch.device("cpu"), [library_folder, tmp_path / "seed2"])
    assert names(library) == ["tiny", "tiny (seed2)", "tiny-back"]
    assert first(library.get("tiny (seed2)")[0]) != first(library.get("tiny")[0])
    assert library.get(str(tmp_path / "seed2" / "tiny.safetensors"))[1].name == "tiny (seed2)"
    other = Library(torch.device("cpu"), [tmp_path / "seed2", library_folder])
    assert names(other) == ["tiny", "tiny (library)", "tiny-back"], "first found first, as ever"


def test_a_file_from_elsewhere_takes_no_name_away(library: Library, library_folder: Path, tmp_path: Path) -> None:
    for folder in ("one", "two/one"):
        (tmp_path / folder).mkdir(parents=True)
        other_weights(library_folder / "tiny.safetensors", tmp_path / folder / "tiny.safetensors")
    found = [library.get(str(tmp_path / f / "tiny.safetensors"))[1].name for f in ("one", "two/one")]
    assert found == ["tiny (one)", f"tiny ({tmp_path / 'two' / 'one'})"]
    assert names(library) == ["tiny", "tiny-back"]
    assert library.get(found[1])[1].path == str(tmp_path / "two" / "one" / "tiny.safetensors")
    assert first(library.get("tiny")[0]) != first(library.get(found[0])[0])


def test_a_folder_named_twice_or_by_a_link_is_one(library_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(library_folder)
    library = Library(torch.device("cpu"), [library_folder, tmp_path / "link", Path(os.path.relpath(library_folder))])
    assert names(library) == ["tiny", "tiny-back"]


def test_a_name_from_inside_is_still_understood(library: Library, library_folder: Path) -> None:
    (library_folder / "tiny.safetensors").rename(library_folder / "renamed.safetensors")
    assert library.get("tiny")[1].name == "renamed"
    assert library.get("tiny")[0] is library.get("renamed")[0]
    shutil.copy(library_folder / "renamed.safetensors", library_folder / "twin.safetensors")
    with pytest.raises(CheckpointError, match=r"several models call themselves 'tiny'; .*: renamed, twin"):
        library.resolve("tiny")


@pytest.mark.parametrize("renamed", [None, "tiny", "tiny-back"])
def test_a_partner_is_found_beside_it_by_file_then_by_the_name_inside(
    library: Library, library_folder: Path, renamed: str | None
) -> None:
    if renamed:
        (library_folder / f"{renamed}.safetensors").rename(library_folder / "other.safetensors")
    forward = "other" if renamed == "tiny" else "tiny"
    expected = "other" if renamed == "tiny-back" else "tiny-back"
    (info,) = (m for m in library.scan()[0] if m.name == forward)
    assert info.partner == expected
    engine = Engine("cpu", inline=True, library=library)
    events = list(engine.run(Sample(model=forward, steps=2, candidates=4)))
    assert any(isinstance(e, SampleStep) for e in events)
    assert {i.name for i in library.loaded()} == {forward, expected}


def test_each_folder_keeps_its_own_pair(library_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(library_folder, tmp_path / "seed2")
    library = Library(torch.device("cpu"), [library_folder, tmp_path / "seed2"])
    partners = {m.name: m.partner for m in library.scan()[0]}
    assert partners["tiny"] == "tiny-back"
    assert partners["tiny (seed2)"] == "tiny-back (seed2)"
    assert partners["tiny-back (seed2)"] == "tiny (seed2)"


def test_a_partner_that_is_not_here_keeps_its_name(library: Library, library_folder: Path) -> None:
    (library_folder / "tiny-back.safetensors").unlink()
    assert [m.partner for m in library.scan()[0]] == ["tiny-back"]
