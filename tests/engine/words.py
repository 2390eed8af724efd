"""A vocabulary of numbered words for models that no text is needed for, its marks wherever a test wants them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class Words:
    """Ids 0 to `size` - 1; a word reads as `w` and its id."""

    def __init__(self, size: int, *, pad: int = 0, unknown: int = 1, begin: int = 2, end: int = 3) -> None:
        self.size = size
        self.pad, self.unknown, self.begin, self.end = pad, unknown, begin, end
        self.marks = tuple(sorted({pad, unknown, begin, end}))

    def words(self, text: str) -> list[str]:
        return text.split()

    def ids(self, words: Sequence[str]) -> list[int]:
        known = (int(w[1:]) if w[1:].isdigit() else self.size for w in words)
        return [i if i < self.size and i not in self.marks else self.unknown for i in known]

    def encode(self, text: str) -> list[int]:
        return self.ids(self.words(text))

    def pieces(self, ids: Iterable[int]) -> list[str]:
        return [f"<{i}>" if i in self.marks else f"w{i}" for i in ids]

    def join(self, pieces: Sequence[str]) -> str:
        return " ".join(pieces)

    def decode(self, ids: Iterable[int]) -> str:
        return self.join(self.pieces(i for i in ids if i not in (self.pad, self.begin, self.end)))
