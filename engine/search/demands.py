"""What every output is asked to be: how it begins, what it holds, how long it is; and whether that can be at all."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from engine.messages import SearchOptions, validated
from engine.reading import SPACE_MARK
from engine.vocabulary import Vocabulary, never_written

EXACT = 6
"""Phrases up to which the shortest text that holds them all is found exactly, by trying every order."""


@dataclass(frozen=True)
class Demands:
    """Token ids that every output begins with, and those of each phrase it must hold."""

    forced: tuple[int, ...] = ()
    phrases: tuple[tuple[int, ...], ...] = ()


def demands(options: SearchOptions, tokenizer: Vocabulary) -> Demands:
    """What the options ask of every output; raises ValueError with one sentence where no output can meet it."""
    validated(options)
    forced = _forced(options, tokenizer)
    if options.strategy != "constrained":
        return Demands(forced)
    phrases = tuple(_ids(phrase, f"the phrase “{phrase}”", tokenizer) for phrase in options.constraints)
    size = options.no_repeat_ngram
    for text, ids in zip(options.constraints, phrases, strict=True):
        grams = [ids[i : i + size] for i in range(len(ids) - size + 1)]
        if size and len(set(grams)) < len(grams):
            raise ValueError(
                f"no output can hold the phrase “{text}”: it repeats {size} token{'s' if size > 1 else ''}, which "
                f"no_repeat_ngram = {size} forbids"
            )
    if (least := shortest(forced, phrases)) > options.max_length:
        what = f"the phrase “{options.constraints[0]}”" if len(phrases) == 1 else "all phrases"
        after = " after the forced beginning" if forced else ""
        raise ValueError(
            f"no output can hold {what}{after}: that takes {least} tokens, more than max_length, {options.max_length}"
        )
    return Demands(forced, phrases)


def missing(options: SearchOptions, phrases: Sequence[Sequence[int]], ids: Sequence[int]) -> tuple[str, ...]:
    """The phrases, as they were asked for, that an output's tokens do not hold."""
    wanted = zip(options.constraints, phrases, strict=True) if phrases else ()
    return tuple(text for text, phrase in wanted if not _holds(ids, phrase))


def shortest(forced: Sequence[int], phrases: Sequence[Sequence[int]]) -> int:
    """Tokens of the shortest text that begins with `forced` and holds every phrase, overlaps allowed.

    For more than `EXACT` phrases a lower bound.
    """
    distinct = list(dict.fromkeys(tuple(p) for p in phrases))
    needed = [p for p in distinct if not any(p != q and _holds(q, p) for q in distinct) and not _holds(forced, p)]
    if len(needed) > EXACT:
        return max(len(forced), *(len(p) for p in needed))
    return min(_joined(forced, order) for order in itertools.permutations(needed))


def _joined(forced: Sequence[int], phrases: Sequence[Sequence[int]]) -> int:
    text = list(forced)
    for phrase in phrases:
        if not _holds(text, phrase):
            shared = next(
                n for n in range(min(len(text), len(phrase)), -1, -1) if text[len(text) - n :] == [*phrase[:n]]
            )
            text += phrase[shared:]
    return len(text)


def _holds(ids: Sequence[int], phrase: Sequence[int]) -> bool:
    return any(tuple(ids[i : i + len(phrase)]) == tuple(phrase) for i in range(len(ids) - len(phrase) + 1))


def _forced(options: SearchOptions, tokenizer: Vocabulary) -> tuple[int, ...]:
    ids = options.prefix_ids
    if not ids:
        name = f"the forced beginning “{options.prefix}”"
        ids = _ids(options.prefix, name, tokenizer) if options.prefix.strip() else ()
    if any(not 0 <= token < tokenizer.size for token in ids):
        raise ValueError(f"prefix_ids must lie between 0 and {tokenizer.size - 1}")
    if options.prefix_pieces and options.prefix_pieces != tuple(tokenizer.pieces(ids)):
        raise ValueError(
            f"the forced beginning “{' '.join(options.prefix_pieces)}” was read in another vocabulary: in this model's "
            f"its tokens are “{' '.join(tokenizer.pieces(ids))}”"
        )
    if set(ids) & set(never_written(tokenizer)) or tokenizer.end in ids[:-1]:
        raise ValueError("prefix_ids holds a mark, which no output begins with")
    if len(ids) > options.max_length:
        raise ValueError(f"the prefix has {len(ids)} tokens, more than max_length, {options.max_length}")
    return ids


def _ids(text: str, name: str, tokenizer: Vocabulary) -> tuple[int, ...]:
    """Token ids of a text that is to be written; raises ValueError when it holds what the model cannot write."""
    units = tokenizer.words(text)
    ids = tuple(tokenizer.ids(units))
    if not ids:
        raise ValueError("a phrase in `constraints` is empty")
    unknown = dict.fromkeys(
        unit.replace(SPACE_MARK, "") for unit, token in zip(units, ids, strict=True) if token == tokenizer.unknown
    )
    if unknown:
        raise ValueError(f"{name} cannot be written by this model: its vocabulary lacks {', '.join(unknown)}")
    return ids
