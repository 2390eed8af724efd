"""Where the words of a strip stand: lines that break between words, with room for what is said of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF
from PySide6.QtGui import QFontMetricsF

from engine.reading import ATTACHED

NO_SPACE_BEFORE = ATTACHED | {"n't", "…"}  # of text that was cut into words before, too
WORD_SPACE = 0.35  # em
MARGIN = 12.0  # px left and right, room for rings and locks
LABEL, GHOST = 24.0, 0.86  # px above a line for a name; em below it for a ghost


@dataclass(frozen=True)
class Flow:
    """A laid-out sentence."""

    words: tuple[QRectF, ...]
    slot: QRectF | None  # an open gap, where one was asked for
    line: float  # height of a line, px
    fits: bool  # in the height given


def flow(words: Sequence[str], metrics: QFontMetricsF, width: float, height: float, *, slot: int | None = None) -> Flow:
    """Lay words out in lines no wider than `width`, centred in `height`; `slot` opens a gap before that word."""
    em = metrics.height() * 0.75
    line = LABEL + metrics.height() + em * GHOST
    boxes: list[QRectF] = []
    gap: QRectF | None = None
    x, y = MARGIN, LABEL
    right = max(width - MARGIN, MARGIN + 1)
    for index, word in enumerate([*words, ""]):
        if index == slot:
            room = em * 0.5
            space = em * WORD_SPACE if x > MARGIN else 0.0
            if x + space + room > right:
                x, y, space = MARGIN, y + line, 0.0
            gap = QRectF(x + space, y, room, metrics.height())
            x += space + room
        if index == len(words):
            break
        advance = metrics.horizontalAdvance(word)
        close = word.lower() in NO_SPACE_BEFORE and index != slot
        space = 0.0 if x <= MARGIN or close else em * WORD_SPACE
        if x + space + advance > right and x > MARGIN:
            x, y, space = MARGIN, y + line, 0.0
        boxes.append(QRectF(x + space, y, advance, metrics.height()))
        x += space + advance
    used = y + line - LABEL
    widest = max((b.right() for b in boxes), default=0.0)
    shift = max(0.0, (height - used) / 2) if used <= height else 0.0
    return Flow(
        words=tuple(b.translated(0, shift) for b in boxes),
        slot=gap.translated(0, shift) if gap is not None else None,
        line=line,
        fits=used <= height and widest <= width,
    )
