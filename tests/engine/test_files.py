"""Writing files: whole or not at all, through links and pipes, with the modes that belong there."""

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import BinaryIO

import pytest

from engine.files import replacing, require_place, write_whole, writing


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "deep" / "real.txt", tmp_path / "link.txt"
    real.parent.mkdir()
    real.write_text("old")
    link.symlink_to(real)
    write_whole(link, b"new")
    with replacing(link) as beside:
        assert beside.parent == real.parent
        beside.write_bytes(b"newer")
    assert link.is_symlink()
    assert real.read_text() == "newer"


def test_a_link_to_nothing_makes_the_file_it_names(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_whole(tmp_path / "link", b"x")
    assert (tmp_path / "real").read_bytes() == b"x"


@pytest.mark.parametrize("old", [0o600, 0o640, 0o755])
def test_a_file_keeps_its_mode(tmp_path: Path, old: int) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(old)
    write_whole(path, b"new")
    assert mode(path) == old
    with replacing(path) as beside:
        beside.unlink()
        beside.write_bytes(b"by a writer that makes a file of its own")
    assert mode(path) == old


def test_a_new_file_has_the_mode_of_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "a", b"x")
        with replacing(tmp_path / "b") as beside:
            beside.write_bytes(b"x")
    finally:
        os.umask(before)
    assert [mode(tmp_path / name) for name in "ab"] == [0o640, 0o640]


def test_a_pipe_takes_the_bytes_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe, heard = tmp_path / "pipe", []
    os.mkfifo(pipe)
    for write in (lambda: write_whole(pipe, b"plain"), lambda: _replace(pipe, b"by a path")):
        reader = threading.Thread(target=lambda: heard.append(pipe.read_bytes()))
        reader.start()
        write()
        reader.join(10)
    assert heard == [b"plain", b"by a path"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def _stop_after(file: BinaryIO, data: bytes) -> None:
    file.write(data)
    raise KeyboardInterrupt


def _replace(path: Path, data: bytes) -> None:
    with replacing(path) as beside:
        beside.write_bytes(data)


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="has no /dev/stdout")
@pytest.mark.parametrize("into_file", [True, False])
def test_stdout_by_its_name_takes_what_is_written_after_what_was_printed(tmp_path: Path, into_file: bool) -> None:
    code = (
        "from pathlib import Path; from engine.files import write_whole; print('before', flush=True);"
        "write_whole(Path('/dev/stdout'), b'within\\n'); print('after')"
    )
    with (tmp_path / "out").open("wb") as out:
        done = subprocess.run([sys.executable, "-c", code], stdout=out if into_file else subprocess.PIPE, check=True)
    assert (done.stdout or (tmp_path / "out").read_bytes()) == b"before\nwithin\nafter\n"


def test_what_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), writing(path) as file:
        file.write(bytes(1 // 0))
    with pytest.raises(ZeroDivisionError), replacing(path) as beside:
        beside.write_bytes(bytes(1 // 0))
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_run_that_is_stopped_leaves_what_it_had_written(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    (tmp_path / "run.jsonl.part").write_bytes(b"a longer part of an earlier run\n")
    with pytest.raises(KeyboardInterrupt), writing(path, keep=True) as file:
        _stop_after(file, b"a line\n")
    assert not path.exists()
    assert (tmp_path / "run.jsonl.part").read_bytes() == b"a line\n"


def test_two_runs_do_not_tear_one_file(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with writing(path, keep=True) as first:
        first.write(b"first\n")
        with pytest.raises(OSError, match="being written by another run"), writing(path, keep=True) as second:
            second.write(b"second\n")
        with writing(path) as third:  # under a name of its own
            third.write(b"third\n")
        assert path.read_bytes() == b"third\n"
    assert path.read_bytes() == b"first\n"


def test_a_folder_in_its_place_is_said(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path, b"x")


def test_a_file_in_place_of_its_folder_is_said_and_nothing_is_made(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("kept")
    for path in (tmp_path / "one.txt" / "x", tmp_path / "one.txt" / "y" / "x"):
        for refuse in (require_place, lambda p: write_whole(p, b"x")):
            with pytest.raises(OSError, match=r"one\.txt is a file, not a folder$") as caught:
                refuse(path)
            assert "Errno" not in str(caught.value)
    require_place(tmp_path / "new" / "folder" / "x")
    require_place(Path(os.devnull))
    assert [p.name for p in tmp_path.iterdir()] == ["one.txt"]


def test_the_engine_starts_without_the_module_for_resources() -> None:
    code = (
        "import sys; sys.modules['resource'] = None\n"
        "import torch; from engine import device; print(device.memory_mb(torch.device('cpu')) > 1)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")
