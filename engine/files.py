"""Files: what stands there now, and writing so that a crash or a power cut never leaves half of one."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

KERNEL = ("/dev/", "/proc/")  # names there are doors to something open elsewhere, whatever lies behind
OWN = re.compile(r"/dev/(stdout|stderr)|/(?:dev|proc/self)/fd/(\d+)")  # what this process itself has open


def stamp_of(path: Path) -> tuple[int, int] | None:
    """Time and size of a file, which tell it from what stood in its place before; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def is_there(path: Path) -> bool:
    """Whether there is a file; a folder that is closed to us, or a name that cannot be one, has none."""
    return os.path.isfile(path)  # unlike pathlib's, never raises


def require_place(path: Path) -> None:
    """Say before the work what would keep a file from being written after it; makes nothing.

    Raises OSError with one sentence: a folder of that name, a file in place of its folder, either closed to us.
    """
    if _is_stream(path):
        return
    target = Path(os.path.realpath(path))
    if os.path.isdir(target):
        raise IsADirectoryError(f"{path} is a folder, not a file")
    if os.path.exists(target) and not os.access(target, os.W_OK):
        raise PermissionError(f"{path} may not be written")
    nearest = next(folder for folder in target.parents if os.path.lexists(folder) or folder == folder.parent)
    if not os.path.isdir(nearest):
        raise NotADirectoryError(f"nothing can be written into {path.parent}: {nearest} is a file, not a folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise PermissionError(f"nothing can be written into {path.parent}: {nearest} may not be written")


def write_whole(path: Path, data: bytes) -> None:
    """Give a file this content, whole or not at all; see `writing`. Raises OSError."""
    with writing(path) as file:
        file.write(data)


@contextmanager
def writing(path: Path, *, keep: bool = False) -> Iterator[BinaryIO]:
    """A file to write to that takes its place when it is whole; what stood there stays until then.

    A link is followed, and the file it leads to is written. A file that was there keeps its mode; a new one has the
    mode that the umask gives. Folders are made. A pipe, a terminal or another device takes the bytes as they come.

    Args:
        path: where it is to stand.
        keep: whether what a killed or failed run had written is left beside it, as `NAME.part`.

    Raises OSError, also for a file that may not be written.
    """
    if _is_stream(path):
        with open(_door(path), "wb") as stream:
            yield stream
        return
    target = _target(path)
    if keep:
        beside = target.with_name(f"{target.name}.part")
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT, 0o666)
    else:
        handle, beside = _beside(target)
    try:
        with os.fdopen(handle, "wb") as file:
            if keep:
                _claim(file, beside)
                file.truncate()
            yield file
            file.flush()
            os.fsync(file.fileno())
        _move(beside, target)
    except BaseException:
        if not keep:
            beside.unlink(missing_ok=True)
        raise


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """The same for a writer that wants a path: where to write; what it wrote then takes the file's place."""
    if _is_stream(path):
        with tempfile.TemporaryDirectory() as folder:
            aside = Path(folder) / "written"
            yield aside
            with aside.open("rb") as written, writing(path) as stream:
                shutil.copyfileobj(written, stream)
        return
    target = _target(path)
    handle, beside = _beside(target)
    mode = os.fstat(handle).st_mode
    os.close(handle)
    try:
        yield beside
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        os.chmod(beside, stat.S_IMODE(mode))  # the writer may have made a file of its own
        _move(beside, target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _is_stream(path: Path) -> bool:
    """Whether bytes go through rather than stay: a pipe, a terminal, a device."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) or os.path.abspath(path).startswith(KERNEL)


def _door(path: Path) -> Path | int:
    """What to open: for a name of this process's own output the output itself, so that both go on at one place."""
    own = OWN.fullmatch(os.path.abspath(path))
    return os.dup({"stdout": 1, "stderr": 2}.get(own[1]) or int(own[2])) if own else path


def _target(path: Path) -> Path:
    """What a path leads to; its folder is made."""
    require_place(path)
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def _beside(target: Path) -> tuple[int, Path]:
    """A new file next to another, of a name that no other writer has, with the mode the umask gives."""
    beside = target.with_name(f".{target.name[:60]}.{secrets.token_hex(6)}.part")
    return os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666), beside


def _claim(file: BinaryIO, path: Path) -> None:
    """Keep a second run from writing into the same file; raises OSError when one does."""
    try:
        import fcntl
    except ImportError:  # Windows lets nobody else open it
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise OSError(f"{path} is being written by another run.") from None


def _move(beside: Path, target: Path) -> None:
    if target.exists():
        os.chmod(beside, stat.S_IMODE(target.stat().st_mode))
    os.replace(beside, target)
