"""Files as they stand now."""

from __future__ import annotations

from pathlib import Path


def stamp_of(path: Path) -> tuple[int, int] | None:
    """Time and size of a file, which tell it from what stood in its place before; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
