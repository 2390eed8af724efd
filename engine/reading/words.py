"""Words of a sentence, and a sentence of words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from engine.reading.characters import clean, graphemes, has_clusters

_WORD = re.compile(
    r"\d+(?:[.,:]\d+)*|'(?:s|ll|re|ve|m|d)\b|[^\W\d_]+(?:n't\b)|[^\W\d_]+(?:['\-][^\W\d_]{2,})*(?=['\-]|\b)|\.\.\.|\S",
    re.IGNORECASE,
)
_CLITIC = re.compile(r"(?<=\w)'(?=(?:s|ll|re|ve|m|d)\b)", re.IGNORECASE)
_KEYCAP = "\u20e3"  # makes a sign of the digit before it
_SIGN = "\ufffc"  # neither letter nor digit
SPACE_MARK = "\u2581"
"""How a subword piece says that a space stands before it."""
END_MARK = "</s>"
"""How the end of a sentence is shown among pieces and words; text that is written so is several of them."""
ATTACHED = frozenset(".,!?;:%)]}") | {"...", "'s", "'ll", "'re", "'ve", "'m", "'d"}
"""Words without a space before them, in lower case."""
_NO_SPACE_AFTER = set("([{$#")
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019", "'"),
        **dict.fromkeys("\u201c\u201d", '"'),
        **dict.fromkeys("\u2010\u2011\u2013\u2014", "-"),
        "\u2026": "...",
    }
)
_APOSTROPHE = re.compile("(?<=[^\\W\\d_])[`\u00b4\u02bc\u2032\uff07](?=[^\\W\\d_])")
"""What is typed for an apostrophe inside a word; elsewhere these are accents, primes and quotes of their own."""


def normalise(text: str) -> str:
    """One line, composed Unicode without invisible marks, plain quotes, hyphens and dots and single spaces."""
    return " ".join(_APOSTROPHE.sub("'", clean(text).translate(_PLAIN)).split())


def split_words(text: str) -> list[str]:
    """Words and punctuation of a sentence; clitics such as 's stand alone, don't stays whole.

    No word ends inside a grapheme cluster: the rules see the first character of each, which its marks follow.
    """
    plain = normalise(text)
    if not has_clusters(plain):
        return _WORD.findall(_CLITIC.sub(" '", plain))
    signs = [sign for word in plain.split(" ") for sign in (*graphemes(word), " ")]
    seen = "".join(_SIGN if _KEYCAP in sign else sign[0] for sign in signs)
    for clitic in reversed([found.start() for found in _CLITIC.finditer(seen)]):
        seen = f"{seen[:clitic]} {seen[clitic:]}"
        signs.insert(clitic, " ")
    return ["".join(signs[found.start() : found.end()]) for found in _WORD.finditer(seen)]


def join_words(words: Sequence[str]) -> str:
    """A sentence a person would write: spacing around punctuation undone, first letter capital."""
    out: list[str] = []
    glue, quote_open = True, False
    for word in words:
        closing_quote = word == '"' and quote_open
        if out and not glue and word.lower() not in ATTACHED and not closing_quote:
            out.append(" ")
        glue = word in _NO_SPACE_AFTER or (word == '"' and not quote_open)
        if word == '"':
            quote_open = not quote_open
        out.append(word)
    return capitalised("".join(out))


def capitalised(text: str) -> str:
    """A text with a capital first; a letter that has none of its own stays as it is."""
    capital = text[:1].upper()
    return capital + text[1:] if len(capital) == 1 else text


def split_spaced(text: str) -> list[str]:
    """Words of text that was cut into words before, by its spaces alone; its own unknown marks are left out."""
    return [word for word in clean(text).split() if word != "<unk>"]
