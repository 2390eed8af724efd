"""Where the words of aligned lanes stand: what agrees under each other, type as large as the room allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QRectF
from PySide6.QtGui import QFontMetricsF

from app.theme import Theme
from app.widgets.alignment import Cell, Word, split
from engine.reading import SPACE_MARK

SIZES = (22, 20, 18, 16, 15)  # px of the words; the largest at which all lanes fit in lines of one, else the smallest
HEAD, FOOT, PAD = 20.0, 9.0, 14.0  # px: a lane's line of numbers, room below its words, left and right
HEADINGS = 22.0  # px


@dataclass(frozen=True)
class Lane:
    """One decoder's output, in plain values."""

    key: int
    title: str
    pieces: tuple[str, ...] = ()  # display forms of its tokens, end mark left out
    tips: tuple[str, ...] = ()  # what to say of each token
    numbers: tuple[str, ...] = ()  # as many as there are headings
    dot: float | None = None  # its place on the shared axis
    ticks: tuple[float, ...] = ()  # the places of its other sentences
    badge: str = ""
    bad: bool = False  # the badge tells of an error
    note: str = ""  # in place of words: busy, empty, wrong
    wrong: bool = False  # the note tells of an error
    stale: bool = False  # of an earlier input or other settings


@dataclass
class LaneFlow:
    """The lanes laid out."""

    rows: list[list[Cell]]
    size: int  # px of the words
    metrics: QFontMetricsF
    line: float  # height of a line of words
    head: float  # height of a lane's line of numbers
    headings: float
    foot: float
    count: int  # lanes
    lefts: list[list[float]] = field(default_factory=list)  # of each cell, a row a lane
    lines: list[list[int]] = field(default_factory=list)  # the line each cell stands in
    hits: list[tuple[QRectF, int, int]] = field(default_factory=list)  # place, lane and token of every token

    @property
    def last(self) -> int:
        """The lines of words a lane has, less one."""
        return max((line for row in self.lines for line in row), default=0)

    def lane(self, index: int) -> float:
        """The height of a lane."""
        lines = max(self.lines[index], default=0) + 1 if self.lines else 1
        return self.head + lines * self.line + self.foot

    def top(self, index: int) -> float:
        """Where a lane starts; of one more than there are, where they all end."""
        return self.headings + sum(self.lane(i) for i in range(index))

    @property
    def height(self) -> float:
        """The height of all."""
        return self.top(max(self.count, 1))

    def at(self, y: float) -> int:
        """The lane at a height; -1 above and below."""
        return next((i for i in range(self.count) if self.top(i) <= y < self.top(i + 1)), -1)


def arrange_lanes(
    lanes: Sequence[Lane], rows: list[list[Cell]], width: float, room: float, *, theme: Theme
) -> LaneFlow:
    """Lay lanes out in a width; smaller type is taken until every sentence has one line and all fit into `room`."""
    for size in SIZES:
        metrics = QFontMetricsF(theme.sentence_font(size))
        flow = LaneFlow(
            rows,
            size,
            metrics,
            metrics.height() + theme.px(4),
            theme.px(HEAD),
            theme.px(HEADINGS),
            theme.px(FOOT),
            len(lanes),
        )
        _place_columns(flow, theme.px(PAD + 20), width - theme.px(PAD))
        if flow.last == 0 and (not room or flow.height <= room):
            break
    _find_hits(flow, lanes)
    return flow


def _place_columns(flow: LaneFlow, left: float, right: float) -> None:
    """Words follow each other in their lane; those that agree with the first lane's stand under each other."""
    count = len(flow.rows)
    flow.lefts, flow.lines = [[] for _ in range(count)], [[] for _ in range(count)]
    ends, own, line = [left] * count, [0] * count, 0  # where each lane's words end, the line it is in, the newest line
    for column in range(len(flow.rows[0]) if flow.rows else 0):
        words = [_drawn(flow.rows, row, column) for row in range(count)]
        widths = [flow.metrics.horizontalAdvance(w.text) if w is not None else 0.0 for w in words]
        hangs = [w is None or w.glued for w in words]  # punctuation stays with its word
        starts = _starts(flow, column, words, [left if o < line else e for o, e in zip(own, ends, strict=True)], left)
        if any(s + v > right and not h for s, v, h in zip(starts, widths, hangs, strict=True)) and max(starts) > left:
            line += 1
            starts = [left] * count
        for row in range(count):
            if not hangs[row]:
                ends[row], own[row] = starts[row], line
            flow.lefts[row].append(ends[row])
            flow.lines[row].append(own[row])
            ends[row] += widths[row]


def _starts(flow: LaneFlow, column: int, words: list[Word | None], ends: list[float], left: float) -> list[float]:
    """Where each lane's word would start: after the one before, and under each other where they agree."""
    starts = [
        e if w is None or w.glued or e <= left else e + flow.size * 0.35 for w, e in zip(words, ends, strict=True)
    ]
    agree = [row for row, cells in enumerate(flow.rows) if cells[column].mark == "same"]
    if len(agree) > 1 and not any(w is not None and w.glued for w in words):
        level = max(starts[row] for row in agree)
        starts = [level if row in agree else start for row, start in enumerate(starts)]
    return starts


def _drawn(rows: list[list[Cell]], row: int, column: int) -> Word | None:
    """The word that a cell shows: its own, or the first lane's where it is missing."""
    cell = rows[row][column]
    return rows[0][column].word if cell.mark == "missing" else cell.word


def _find_hits(flow: LaneFlow, lanes: Sequence[Lane]) -> None:
    """Where each token is, for the pointer: a word's pieces stand one after the other in its box."""
    for index, row in enumerate(flow.rows):
        top = flow.top(index) + flow.head
        for column, cell in enumerate(row):
            if cell.word is None:
                continue
            x = flow.lefts[index][column]
            for token in range(cell.word.start, cell.word.stop):
                text = lanes[index].pieces[token].replace(SPACE_MARK, "")
                width = flow.metrics.horizontalAdvance(text)
                flow.hits.append(
                    (QRectF(x, top + flow.lines[index][column] * flow.line, width, flow.line), index, token)
                )
                x += width


def sentence(lane: Lane) -> str:
    """A lane's words as text."""
    words = split(lane.pieces)
    return "".join(("" if w.glued or not i else " ") + w.text for i, w in enumerate(words)) or lane.note
