"""Where the words of aligned lanes stand: one column a word, type as large as the room allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QRectF
from PySide6.QtGui import QFontMetricsF

from app.theme import Theme
from app.widgets.alignment import Cell, split

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
    lefts: list[float] = field(default_factory=list)  # of each column
    lines: list[int] = field(default_factory=list)  # the line each column stands in
    hits: list[tuple[QRectF, int, int]] = field(default_factory=list)  # place, lane and token of every token

    @property
    def lane(self) -> float:
        """The height of a lane."""
        return self.head + ((self.lines[-1] + 1) if self.lines else 1) * self.line + self.foot

    @property
    def height(self) -> float:
        """The height of all."""
        return self.headings + max(self.count, 1) * self.lane

    def top(self, index: int) -> float:
        """Where a lane starts."""
        return self.headings + index * self.lane

    def left_of(self, row: int, column: int) -> float:
        """Where a cell starts: at its column, or, for what takes no space before it, at the end of the word before."""
        cells = self.rows[row]
        word = cells[column].word
        before = cells[column - 1].word if column else None
        if word is not None and word.glued and before is not None and self.lines[column - 1] == self.lines[column]:
            return self.left_of(row, column - 1) + self.metrics.horizontalAdvance(before.text)
        return self.lefts[column]


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
        if (not flow.lines or flow.lines[-1] == 0) and (not room or flow.height <= room):
            break
    _find_hits(flow, lanes)
    return flow


def _place_columns(flow: LaneFlow, left: float, right: float) -> None:
    x, line = left, 0
    for column in range(len(flow.rows[0]) if flow.rows else 0):
        words = [row[column].word for row in flow.rows]
        found = [w for w in words if w is not None]
        width = max((flow.metrics.horizontalAdvance(w.text) for w in found), default=0.0)
        close = bool(found) and all(w.glued for w in found)
        gap = 0.0 if close or x <= left else flow.size * 0.35
        if x > left and x + gap + width > right and not close:
            x, line, gap = left, line + 1, 0.0
        flow.lefts.append(x + gap)
        flow.lines.append(line)
        x += gap + width


def _find_hits(flow: LaneFlow, lanes: Sequence[Lane]) -> None:
    """Where each token is, for the pointer: a word's pieces stand one after the other in its box."""
    for index, row in enumerate(flow.rows):
        top = flow.top(index) + flow.head
        for column, cell in enumerate(row):
            if cell.word is None:
                continue
            x = flow.left_of(index, column)
            for token in range(cell.word.start, cell.word.stop):
                text = lanes[index].pieces[token].replace("\u2581", "")
                width = flow.metrics.horizontalAdvance(text)
                flow.hits.append((QRectF(x, top + flow.lines[column] * flow.line, width, flow.line), index, token))
                x += width


def sentence(lane: Lane) -> str:
    """A lane's words as text."""
    words = split(lane.pieces)
    return "".join(("" if w.glued or not i else " ") + w.text for i, w in enumerate(words)) or lane.note
