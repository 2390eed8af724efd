"""Lists of numbers as people write them, with a decimal point or a decimal comma."""

from __future__ import annotations

import math
import re

_TIGHT = re.compile(r"(?<=\d),(?=\d)")  # of a decimal, or between two numbers
_OTHER = re.compile(r"[\s;]+|(?<!\d),|,(?!\d)")  # what only parts

LISTED = "Write numbers such as: 1, 1.5, 2.5."


def split_numbers(text: str, *, whole: bool = False) -> list[str]:
    """The numbers in a list such as "1, 1.5, 2.5", "1,1.5" or "1; 1,5; 2,5", each with a point as its decimal mark.

    A comma between digits is a decimal where something else parts the numbers, and parts them where they have points.
    Every comma parts whole numbers. Raises ValueError with one sentence where it could be either.

    What it returns need not be numbers yet.
    """
    if whole:
        return re.split(r"[\s,;]+", text.strip(" ,;")) if text.strip(" ,;") else []
    text = text.strip()
    tight, others, points = _TIGHT.search(text), _OTHER.search(text), "." in text
    if tight and others and points:
        raise ValueError("A comma between digits beside points could be a decimal: write 1, 1.5, 2.5 or 1; 1,5; 2,5.")
    parts = (_OTHER if others else _TIGHT).split(text)
    if tight and not others and not points and len(parts) % 2 == 0:  # as many could be half as many with decimals
        raise ValueError("A comma alone could be a decimal: write 1; 1,5; 2,5 or 1, 1.5, 2.5.")
    return [part.replace(",", ".") for part in parts if part]


def read_number(text: str, *, whole: bool = False) -> float:
    """A number in the digits 0 to 9, as Python reads it but for its underscores; raises ValueError for anything else.

    `whole`: returns an int, and refuses decimals.
    """
    if "_" in text or not text.isascii():
        raise ValueError("no number")
    return int(text) if whole else float(text)


def read_numbers(text: str) -> tuple[float, ...]:
    """The finite numbers of a list, see `split_numbers`; raises ValueError with one sentence for anything else."""
    parts = split_numbers(text)
    try:
        numbers = tuple(map(read_number, parts))
    except ValueError:
        raise ValueError(LISTED) from None
    if not all(map(math.isfinite, numbers)):
        raise ValueError(LISTED)
    return numbers
