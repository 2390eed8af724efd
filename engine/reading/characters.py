"""What a character is: composed forms, invisible marks, and the clusters that a person sees as one sign.

Unicode Standard Annexes 15 (normal forms) and 29 (grapheme clusters).
"""

from __future__ import annotations

import re
import unicodedata

import regex

_LINE_MARKS = re.compile("[\v\f\x1c-\x1f\x85\u2028\u2029]")
"""What ends a line for some programs and not for others, or separates records: spaces here."""
_INVISIBLE = regex.compile(
    r"(?:(?![\u200c\u200d\ufe00-\ufe0f\U000e0000-\U000e0fff])\p{Default_Ignorable_Code_Point}|[\ufff9-\ufffb])+"
)
"""Marks that are not seen and say nothing of the word: soft hyphen, zero-width space, byte order mark, direction,
fillers of Hangul, selectors of Mongolian."""
_SELECTORS = regex.compile(
    r"(\p{Extended_Pictographic}[\U0001f3fb-\U0001f3ff]?[\ufe0e\ufe0f]?(?:[\U000e0020-\U000e007e]+\U000e007f)?"
    r"|[0-9#*][\ufe0e\ufe0f]?\u20e3)|[\ufe00-\ufe0f\U000e0000-\U000e0fff]+"
)
"""Emoji with what chooses their look, which stays, and the selectors and tags elsewhere, which say nothing there.

Unicode Technical Standard 51, emoji presentation and tag sequences.
"""
_IDLE_JOINER = regex.compile(
    r"(?<=^|[\s\p{Latin}\p{Greek}\p{Cyrillic}\p{Armenian}\p{Georgian}\p{Hebrew}\p{Han}\p{Hangul}\p{Hiragana}\p{Katakana}"
    r"\p{Thai}\p{Lao}\p{N}\p{P}\u0300-\u036f])[\u200c\u200d]+"
)
"""Joiners after a sign that does not join: they say nothing there, as they do in Arabic, Indic scripts and emoji."""
_SEVERAL = re.compile("[\u0300-\U0010ffff]")  # below, every character is a cluster of its own
_CLUSTER = regex.compile(r"\X")
_SURROGATE = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """Composed Unicode (NFC) without marks that nobody sees; joiners stay where a script or an emoji needs them.

    Line ends other than LF and CR are spaces. Cleaning twice changes nothing more.
    """
    text = _LINE_MARKS.sub(" ", text)
    if not text.isascii():
        text = _SELECTORS.sub(r"\1", _INVISIBLE.sub("", text))
        text = _IDLE_JOINER.sub("", text)
        text = unicodedata.normalize("NFC", text)
    return text


def has_clusters(text: str) -> bool:
    """Whether a sign of the text may be of more than one character."""
    return _SEVERAL.search(text) is not None


def graphemes(text: str) -> list[str]:
    """Single signs as a person sees them: a letter with its marks, a flag, a family of emoji; joined, the text."""
    return [str(cluster) for cluster in _CLUSTER.findall(text)] if has_clusters(text) else list(text)


def require_text(text: str, what: str = "the text") -> str:
    """The text itself; raises ValueError with one sentence when it holds bytes that are none.

    Bytes that are no UTF-8 reach a program's arguments as lone surrogates, which no model, file or terminal takes.
    """
    if _SURROGATE.search(text):
        raise ValueError(f"{what} holds bytes that are not UTF-8: use a UTF-8 terminal or a UTF-8 file")
    return text
