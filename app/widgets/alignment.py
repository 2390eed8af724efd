"""Sentences laid against a first one: which words agree, which were replaced, inserted or left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.widgets.token_layout import NO_SPACE_BEFORE
from engine.reading import SPACE_MARK

Mark = Literal["same", "replaced", "inserted", "missing", "alone"]


@dataclass(frozen=True)
class Word:
    """One unit of a sentence: one token, or the pieces of a word."""

    text: str
    start: int  # its first token
    stop: int  # after its last
    glued: bool = False  # no space before it


@dataclass(frozen=True)
class Cell:
    """What a sentence has in one column of the alignment."""

    word: Word | None
    mark: Mark


def split(pieces: Sequence[str]) -> list[Word]:
    """Words from the display forms of tokens; subword pieces are joined, punctuation stands for itself."""
    subwords = any(p.startswith(SPACE_MARK) for p in pieces)
    words: list[Word] = []
    for index, piece in enumerate(pieces):
        text = piece.removeprefix(SPACE_MARK)
        closing = text in NO_SPACE_BEFORE
        inside = subwords and bool(words) and not piece.startswith(SPACE_MARK)
        if inside and not closing and words[-1].text not in NO_SPACE_BEFORE:
            last = words.pop()
            words.append(Word(last.text + text, last.start, index + 1, last.glued))
        elif text:
            glued = bool(words) and (closing if not subwords else not piece.startswith(SPACE_MARK))
            words.append(Word(text, index, index + 1, glued))
    return words


def align(base: Sequence[Word], others: Sequence[Sequence[Word]]) -> list[list[Cell]]:
    """One row of cells a sentence, `base` first, all rows of one length: the columns of the base and of insertions.

    Each sentence is laid against the base by the fewest edits (Needleman and Wunsch 1970), and all share the base's
    columns; insertions at one place share columns from the left.
    """
    paths = [_edits([w.text for w in base], [w.text for w in other]) for other in others]
    room = [0] * (len(base) + 1)  # columns of insertions before each word of the base
    for path in paths:
        for slot, count in enumerate(_insertions(path, len(base))):
            room[slot] = max(room[slot], count)
    rows = [_base_row(base, room)]
    for other, path in zip(others, paths, strict=True):
        rows.append(_row(base, other, path, room))
    return rows


def _edits(a: Sequence[str], b: Sequence[str]) -> list[tuple[int | None, int | None]]:
    """Pairs of places (a, b); None where one side has nothing. Other capitals cost half an edit."""
    cost = [[float(j) for j in range(len(b) + 1)]]
    for i, x in enumerate(a, 1):
        row = [float(i)]
        for j, y in enumerate(b, 1):
            row.append(min(cost[i - 1][j - 1] + _differ(x, y), cost[i - 1][j] + 1.0, row[j - 1] + 1.0))
        cost.append(row)
    i, j = len(a), len(b)
    path: list[tuple[int | None, int | None]] = []
    while i or j:
        here = cost[i][j]
        if i and j and here == cost[i - 1][j - 1] + _differ(a[i - 1], b[j - 1]):
            i, j = i - 1, j - 1
            path.append((i, j))
        elif i and here == cost[i - 1][j] + 1.0:
            i -= 1
            path.append((i, None))
        else:
            j -= 1
            path.append((None, j))
    return path[::-1]


def _differ(x: str, y: str) -> float:
    if x == y:
        return 0.0
    if x.lower() == y.lower():
        return 0.5
    return 1.01 if x.isalnum() == y.isalnum() else 1.75  # dearer than an edit: of two ways, the one with more agreement


def _insertions(path: Sequence[tuple[int | None, int | None]], length: int) -> list[int]:
    counts, slot = [0] * (length + 1), 0
    for i, _ in path:
        if i is None:
            counts[slot] += 1
        else:
            slot = i + 1
    return counts


def _base_row(base: Sequence[Word], room: Sequence[int]) -> list[Cell]:
    row: list[Cell] = []
    for slot, count in enumerate(room):
        row += [Cell(None, "alone")] * count
        if slot < len(base):
            row.append(Cell(base[slot], "same"))
    return row


def _row(
    base: Sequence[Word],
    words: Sequence[Word],
    path: Sequence[tuple[int | None, int | None]],
    room: Sequence[int],
) -> list[Cell]:
    row: list[Cell] = []
    slot, used = 0, 0
    for i, j in path:
        if i is None:
            assert j is not None
            row.append(Cell(words[j], "inserted"))
            used += 1
            continue
        row += [Cell(None, "alone")] * (room[slot] - used)
        slot, used = i + 1, 0
        if j is None:
            row.append(Cell(None, "missing"))
        else:
            row.append(Cell(words[j], "same" if words[j].text == base[i].text else "replaced"))
    row += [Cell(None, "alone")] * (room[slot] - used)
    return row
