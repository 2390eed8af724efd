"""The map of a plane: which sentence stands where, and where it changes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from engine.messages.core import FloatArray


def middle_out(count: int) -> list[int]:
    """Row numbers from the middle outwards, so that what is looked at comes first."""
    return sorted(range(count), key=lambda row: (abs(2 * row - count + 1), row))


def edit_share(first: Sequence[str], second: Sequence[str]) -> float:
    """Levenshtein distance in words over the longer length: 0 equal, 1 nothing in common."""
    longest = max(len(first), len(second))
    if first == second or not longest:
        return 0.0
    before = list(range(len(second) + 1))
    for i, word in enumerate(first, 1):
        row = [i]
        for j, other in enumerate(second, 1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (word != other)))
        before = row
    return before[-1] / longest


def change_field(words: Sequence[Sequence[tuple[str, ...]]]) -> FloatArray:
    """For each cell the mean edit share to its adjoining cells (two to four): [R][C] sentences -> [R, C] in 0..1."""
    share = lru_cache(maxsize=None)(edit_share)
    rows, columns = len(words), len(words[0])
    total, count = np.zeros((rows, columns)), np.zeros((rows, columns))
    for row in range(rows):
        for column in range(columns):
            for down, right in ((1, 0), (0, 1)):
                other = (row + down, column + right)
                if other[0] < rows and other[1] < columns:
                    value = share(words[row][column], words[other[0]][other[1]])
                    for cell in ((row, column), other):
                        total[cell] += value
                        count[cell] += 1
    return total / np.maximum(count, 1)
