"""Whether names, numbers and times survive translation: a slot is right when the output writes it in some usual way.

A slot is written as text that must occur ("Berlin"), as a plain number ("1500", "12.50") or as a clock time of
twenty-four hours ("17:45"); "/" stands between spellings of which one must occur ("Gdansk/Danzig").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

_UNITS: list[str] = re.findall(
    r"\w+",
    """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen""",
)
_TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_MORNING = r"\s*(?:a\.?m\b\.?|in the morning)"
_LATER = r"\s*(?:p\.?m\b\.?|in the (?:afternoon|evening)|at night)"


def read_slots(cell: str) -> list[str]:
    """The slots of one sentence, "|" between them; an empty cell has none."""
    return [slot.strip() for slot in cell.split("|") if slot.strip()]


def missing(output: str, slots: Sequence[str]) -> list[str]:
    """The slots that the output does not hold, in their order."""
    return [slot for slot in slots if not _pattern(slot).search(output)]


def count_right(outputs: Sequence[str], slots: Sequence[Sequence[str]]) -> tuple[int, int]:
    """How many slots the outputs hold, and how many there are; raises ValueError when the numbers of rows differ."""
    if len(outputs) != len(slots):
        raise ValueError(f"{len(outputs)} outputs do not match the slots of {len(slots)} sentences")
    total = sum(map(len, slots))
    return total - sum(len(missing(output, wanted)) for output, wanted in zip(outputs, slots, strict=True)), total


@lru_cache(maxsize=1024)
def _pattern(slot: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{_spellings(one.strip())})" for one in slot.split("/")))


def _spellings(slot: str) -> str:
    if clock := re.fullmatch(r"(\d\d?):(\d\d)", slot):
        return _clock(int(clock[1]), clock[2])
    if re.fullmatch(r"\d+", slot):
        return _whole(int(slot))
    if decimal := re.fullmatch(r"(\d+)\.(\d+)", slot):
        return rf"{_digits(int(decimal[1]))}\.{decimal[2].rstrip('0')}0*(?!\d|[.,]\d)"
    return rf"(?<!\w){re.escape(slot)}(?!\w)"


def _digits(number: int) -> str:
    """A whole number's figures with or without a comma between the thousands, no figure before it."""
    return rf"(?<![\w.,:]){f'{number:,}'.replace(',', ',?')}"


def _whole(number: int) -> str:
    words = rf"|(?i:(?<![\w-]){spelled(number)}(?![\w-]))" if number < 1000 else ""
    return rf"{_digits(number)}(?![\d:]|[.,]\d){words}"


def spelled(number: int) -> str:
    """A number below a thousand in English words, as a pattern: hyphens and "and" may be left out."""
    if number < 20:
        return _UNITS[number]
    if number < 100:
        return _TENS[number // 10] + (f"[- ]?{_UNITS[number % 10]}" if number % 10 else "")
    rest = f"(?: and)? {spelled(number % 100)}" if number % 100 else ""
    return f"(?:a|{_UNITS[number // 100]}) hundred{rest}" if number < 200 else f"{_UNITS[number // 100]} hundred{rest}"


def _clock(hour: int, minutes: str) -> str:
    """A time as twenty-four hours or as twelve; up to noon the half of the day may go unsaid, but not be wrong."""
    on_twelve = (hour - 1) % 12 + 1
    if minutes == "00":
        figures = rf"(?:{on_twelve}(?:[:.]00)?(?: o'clock)?|(?i:{_UNITS[on_twelve]})(?: o'clock)?)"
        full = rf"0?{hour}[:.]00"
    else:
        figures, full = rf"{on_twelve}[:.]{minutes}", rf"0?{hour}[:.]{minutes}"
    before, after = r"(?<![\w.,:])", r"(?![\d:])"
    if hour > 12:
        noon = "|(?i:midnight)" if hour == 24 else ""
        return rf"{before}(?:{full}{after}|{figures}{_LATER}{noon})"
    if hour == 0:
        return rf"{before}(?:0?{full}{after}|{figures}{_MORNING}" + ("|(?i:midnight))" if minutes == "00" else ")")
    half = rf"(?!{_LATER})" if hour < 12 else rf"(?!{_MORNING})"
    return rf"{before}(?:0?{figures}{after}{half}" + ("|(?i:noon))" if (hour, minutes) == (12, "00") else ")")
