"""One figure of a benchmark."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """`ratio` compares with a peer measured in the same run; its sense is said in the name."""

    name: str
    obtained: float
    unit: str
    target: str
    ratio: float | None = None
