"""Writing files so that a crash or a power cut never leaves half of one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def is_there(path: Path) -> bool:
    """Whether there is a file; a folder that is closed to us, or a name that cannot be one, has none."""
    return os.path.isfile(path)  # unlike pathlib's, never raises


def write_atomic(path: Path, data: bytes) -> None:
    """Replace a file's content whole or not at all; makes the folder. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
