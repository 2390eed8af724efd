"""Sources longer than a translator has learnt: cut at sentence ends for a file, refused in a search of one source."""

from __future__ import annotations

from collections.abc import Callable

import regex

from engine.messages import ModelInfo

_END = r"(?<=[.!?…][\"'”“»)\]]*)\s+"
_ABBREVIATION = r"(?<!(?:\d|\b\p{L}|\b(?:Dr|Nr|St|Hr|Fr|Mr|Mrs|Ms|Prof|bzw|ca|vgl|Str))\.\s+)"
_STRICT = regex.compile(_END + _ABBREVIATION + r"(?=[\"'„“»(\[]*[\p{Lu}\d])")
_LOOSE = regex.compile(_END)


def learnt_length(info: ModelInfo) -> int:
    """The longest source, in tokens, that a translator was trained on; 0 where its file does not say."""
    longest = info.trained.get("max_tokens", 0)
    return longest if isinstance(longest, int) and longest > 0 else 0


def require_learnt(size: int, info: ModelInfo) -> None:
    """Raises ValueError with one sentence when a source of `size` tokens is longer than the translator has learnt."""
    longest = learnt_length(info)
    if longest and size > longest:
        raise ValueError(
            f"the source has {size} pieces and {info.name} has learnt at most {longest}: take fewer sentences at a time"
        )


def parts(text: str, size: Callable[[str], int], longest: int) -> list[str]:
    """A text in parts of at most `longest` tokens, as few as whole sentences allow; joined by spaces, the text.

    Sentences end where a stop is followed by a capital and no abbreviation stands before it; where that is not
    enough, after every stop. `size` counts the tokens of a text; `longest` 0 is no limit. Raises ValueError with one
    sentence when a single sentence is too long.
    """
    if not longest or size(text) <= longest:
        return [text]
    sentences: list[str] = []
    for sentence in _STRICT.split(text):
        sentences += [sentence] if size(sentence) <= longest else _LOOSE.split(sentence)
    out: list[str] = []
    for sentence in sentences:
        if (pieces := size(sentence)) > longest:
            start = " ".join(sentence.split()[:5])
            raise ValueError(
                f'the sentence "{start} ..." has {pieces} pieces and the translator has learnt at most {longest}: '
                "make it shorter"
            )
        together = f"{out[-1]} {sentence}" if out else sentence
        if out and size(together) <= longest:
            out[-1] = together
        else:
            out.append(sentence)
    return out
