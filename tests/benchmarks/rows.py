"""What a benchmark says: figures with their targets, and tables of how a cost grows.

A group is a module with a function `rows` that yields `Row`s, `Growth` tables, and sentences on what it left out.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Literal, NamedTuple

Sign = Literal["<", "<=", ">", ">=", "="]
_HOLDS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq}


class Target(NamedTuple):
    """What the obtained figure, or its ratio to the peer, has to be."""

    sign: Sign
    value: float
    of: Literal["figure", "ratio"] = "figure"

    def __str__(self) -> str:
        return f"{'ratio ' if self.of == 'ratio' else ''}{self.sign} {self.value:,g}"


def ratio(sign: Sign, value: float) -> Target:
    """A target for the ratio to the peer."""
    return Target(sign, value, "ratio")


class Row(NamedTuple):
    """One figure; `ratio` compares with a peer measured in the same run, `against` says which way."""

    name: str
    obtained: float
    unit: str
    target: Target | None = None
    ratio: float | None = None
    against: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the target is reached; None where there is none."""
        if self.target is None:
            return None
        value = self.obtained if self.target.of == "figure" else self.ratio
        return value is not None and bool(_HOLDS[self.target.sign](value, self.target.value))


class Growth(NamedTuple):
    """How cost grows: the first column is what is made larger, line by line."""

    name: str
    columns: Sequence[str]
    lines: Sequence[Sequence[float | str]]

    def exponents(self) -> list[float | None]:
        """By which power of the first column each other one grows from the first line to the last.

        None for words and for what is zero somewhere.
        """
        first, last = self.lines[0], self.lines[-1]
        return [_slope(first[0], last[0], a, b) for a, b in zip(first[1:], last[1:], strict=True)]


def _slope(x0: float | str, x1: float | str, y0: float | str, y1: float | str) -> float | None:
    if any(isinstance(v, str) or v <= 0 for v in (x0, x1, y0, y1)) or x0 == x1:
        return None
    return math.log(float(y1) / float(y0)) / math.log(float(x1) / float(x0))
