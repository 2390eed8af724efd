"""Tokens that are one word but for the capital of a sentence's first letter."""

from __future__ import annotations

from engine.vocabulary import Vocabulary


class Capitals:
    """Which tokens read the same where a sentence begins: "i" and "I" of a vocabulary of words, no pieces of words.

    What may not be said twice may not be said twice with another capital.
    """

    def __init__(self, tokenizer: Vocabulary) -> None:
        self._tokenizer = tokenizer
        self._forms: dict[int, tuple[int, ...]] = {}

    def forms(self, token: int) -> tuple[int, ...]:
        """The token and those that read the same, in order."""
        if token not in self._forms:
            (piece,) = self._tokenizer.pieces([token])
            written = dict.fromkeys((piece.lower(), piece[:1].upper() + piece[1:]))
            same = {token, *(i for i in self._tokenizer.ids(list(written)) if self._alike(i, token))}
            self._forms[token] = tuple(sorted(same))
        return self._forms[token]

    def fold(self, token: int) -> int:
        """One token for all that read the same."""
        return self.forms(token)[0]

    def _alike(self, a: int, b: int) -> bool:
        one, other = self._tokenizer.pieces([a, b])
        return one.casefold() == other.casefold() and self._tokenizer.decode([a]) == self._tokenizer.decode([b])
