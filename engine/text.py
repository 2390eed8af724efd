"""Text to token ids and back: SentencePiece models, one in each checkpoint.

Three kinds. `word`: whole words, the units a person edits; text is split into words and punctuation first and
sentence-initial capitals are undone where the vocabulary knows the lower-case form. `unigram`: subword pieces
(Kudo 2018) of raw text, for translation; some models spell rare characters byte by byte. `spaced`: what stands between
spaces, for corpora that come cut into words, their `<unk>` read as the unknown mark. Marks have fixed ids: pad 0,
unknown 1, begin 2, end 3.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Literal

import sentencepiece as spm

from engine.reading import END_MARK, SPACE_MARK, clean, join_words, normalise, require_text, split_spaced, split_words

PAD, UNK, BOS, EOS = 0, 1, 2, 3
MARKS = 4
"""How many ids are marks; words and pieces start here."""

Kind = Literal["word", "unigram", "spaced"]

_BYTE = re.compile(r"<0x[0-9A-F]{2}>")


def truecase(sentences: Iterable[Sequence[str]]) -> list[list[str]]:
    """Undo sentence-initial capitals, for training a word vocabulary.

    A first word keeps its capital only if the capital form is the commoner one inside sentences (Tom, I, Boston).
    """
    lines = [list(s) for s in sentences]
    inside = Counter(w for line in lines for w in line[1:])
    for line in lines:
        if line and line[0] != line[0].lower():
            first, low = line[0], line[0].lower()
            if inside[low] >= inside[first]:
                line[0] = low
    return lines


def _spell(pieces: Iterable[str]) -> Iterator[str]:
    """Pieces with each run of bytes, such as <0xC5> <0x9E>, read as the characters it encodes."""
    for is_byte, run in groupby(pieces, lambda piece: _BYTE.fullmatch(piece) is not None):
        if is_byte:
            yield bytes(int(piece[3:5], 16) for piece in run).decode("utf-8", "replace")
        else:
            yield from run


class Tokenizer:
    """A SentencePiece model as a `Vocabulary`."""

    pad, unknown, begin, end = PAD, UNK, BOS, EOS
    marks = (PAD, UNK, BOS, EOS)

    def __init__(self, kind: Kind, model: bytes) -> None:
        """Raises ValueError when `model` is no SentencePiece model with the marks of this module."""
        self.kind: Kind = kind
        self.model = model
        try:
            self._sp = spm.SentencePieceProcessor(model_proto=model)
            marks = (self._sp.pad_id(), self._sp.unk_id(), self._sp.bos_id(), self._sp.eos_id())
        except (RuntimeError, TypeError) as error:
            raise ValueError("the tokenizer is not a readable SentencePiece model") from error
        if marks != (PAD, UNK, BOS, EOS):
            raise ValueError(f"the tokenizer's marks have ids {marks}, expected {(PAD, UNK, BOS, EOS)}")

    @classmethod
    def train(
        cls, kind: Kind, sentences: Iterable[str], size: int, *, min_count: int = 1, spelling: bool = False
    ) -> Tokenizer:
        """Train on sentences: a model of the `size` commonest words (`word`, `spaced`) or of `size` pieces (`unigram`).

        With `spelling`, pieces write anything: every digit is a piece of its own and a rare character is written as
        its UTF-8 bytes, so that any name and number can be read and copied. Raises ValueError if the text is too
        small for the size.
        """
        if kind != "unigram":
            lines = truecase(map(split_words, sentences)) if kind == "word" else [split_spaced(s) for s in sentences]
            counts = Counter(w for line in lines for w in line)
            keep = {w for w, n in counts.most_common(size - MARKS) if n >= min_count}
            if not keep:
                raise ValueError(
                    f"no word is left for a tokenizer of {size} entries, each seen {min_count} times or more"
                )
            # SentencePiece must see exactly the kept words: what is cut would otherwise compete for places.
            text: Iterable[str] = (" ".join(w for w in line if w in keep) for line in lines)
            size = len(keep) + MARKS
        else:
            text = (normalise(s) for s in sentences)
        out = io.BytesIO()
        try:
            spm.SentencePieceTrainer.train(
                sentence_iterator=iter([line for line in text if line]),
                model_writer=out,
                model_type="unigram" if kind == "unigram" else "word",
                vocab_size=size,
                character_coverage=0.9999 if kind == "unigram" else 1.0,
                normalization_rule_name="identity",
                pad_id=PAD,
                unk_id=UNK,
                bos_id=BOS,
                eos_id=EOS,
                num_threads=1,
                minloglevel=2,
                use_all_vocab=False,
                byte_fallback=spelling,
                split_digits=spelling,
            )
        except RuntimeError as error:
            raise ValueError(f"cannot train a {kind} tokenizer of {size} entries on this text: {error}") from error
        return cls(kind, out.getvalue())

    @property
    def size(self) -> int:
        """V, marks included."""
        return int(self._sp.get_piece_size())

    def words(self, text: str) -> list[str]:
        """The units a person sees and edits, verbatim (an unknown word stays what was typed).

        Raises ValueError for bytes that are no text.
        """
        require_text(text)
        if self.kind == "unigram":
            return [str(p) for p in self._sp.encode(normalise(text), out_type=str)]
        if self.kind == "spaced":
            return clean(text).split()
        words = split_words(text)
        return [w if i else self._first(w) for i, w in enumerate(words)]

    def ids(self, words: Sequence[str]) -> list[int]:
        """Ids of units from `words`; a word unknown as written is tried in other capitals, then is `UNK`."""
        if self.kind == "unigram":
            return [int(self._sp.piece_to_id(w)) for w in words]
        if self.kind == "spaced":
            return [self._exact(w) for w in words]
        return [self._word_id(w) for w in words]

    def encode(self, text: str) -> list[int]:
        """Token ids of a sentence, without marks."""
        return self.ids(self.words(text))

    def pieces(self, ids: Iterable[int]) -> list[str]:
        """The display form of each id; marks in angle brackets, a leading space mark kept for subword pieces."""
        raw = [END_MARK if i == EOS else str(self._sp.id_to_piece(int(i))) for i in ids]
        return raw if self.kind == "unigram" else [p.removeprefix(SPACE_MARK) for p in raw]

    def join(self, pieces: Sequence[str]) -> str:
        """A sentence from display forms, spaced and capitalised as a person would write it."""
        if self.kind == "word":
            return join_words(pieces)
        if self.kind == "spaced":
            return " ".join(pieces)
        return "".join(_spell(pieces)).replace(SPACE_MARK, " ").strip()

    def decode(self, ids: Iterable[int]) -> str:
        """A sentence from ids; pad, begin and end marks are left out, an unknown word reads <unk>."""
        return self.join(self.pieces(i for i in ids if i not in (PAD, BOS, EOS)))

    def _first(self, word: str) -> str:
        low = word.lower()
        return low if low != word and self._exact(low) != UNK else word

    def _word_id(self, word: str) -> int:
        for form in dict.fromkeys((word, word.lower(), word.capitalize(), word.upper())):
            if (found := self._exact(form)) != UNK:
                return found
        return UNK

    def _exact(self, word: str) -> int:
        return int(self._sp.piece_to_id(SPACE_MARK + word))
