"""What every output is asked to be: how it begins, what it holds, how long it is; and whether that can be at all."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.messages import SearchOptions, validated
from engine.reading import SPACE_MARK
from engine.search.capitals import Capitals
from engine.vocabulary import Vocabulary, never_written

EXACT = 6
"""Phrases up to which the shortest text that holds them all is found exactly, by trying every order."""


@dataclass(frozen=True)
class Demands:
    """Token ids that every output begins with, and those of each phrase that its prompt and it must hold."""

    forced: tuple[int, ...] = ()
    phrases: tuple[tuple[int, ...], ...] = ()


def demands(options: SearchOptions, tokenizer: Vocabulary, prompts: Sequence[Sequence[int]] = ()) -> Demands:
    """What the options ask of every output; a phrase that its prompt holds already is met.

    Raises ValueError with one sentence where no output of any prompt can meet it.
    """
    validated(options)
    forced = _forced(options, tokenizer)
    phrases: tuple[tuple[int, ...], ...] = ()
    if options.strategy == "constrained":
        phrases = tuple(_ids(phrase, f"the phrase “{phrase}”", tokenizer) for phrase in options.constraints)
    asked = Demands(forced, phrases)
    block = Block(options.no_repeat_ngram, Capitals(tokenizer).fold)
    faults = [_fault(asked, options, block, prompt, tokenizer) for prompt in prompts or [()]]
    if all(faults):
        raise ValueError(faults[0])
    return asked


@dataclass(frozen=True)
class Block:
    """The block on repeated n-grams, tokens that are one word being one."""

    size: int  # 0: nothing is blocked
    fold: Callable[[int], int]

    def grams(self, ids: Sequence[int]) -> list[tuple[int, ...]]:
        """The n-grams of a text, in order."""
        text = [self.fold(token) for token in ids]
        return [tuple(text[i : i + self.size]) for i in range(len(text) - self.size + 1)] if self.size else []

    def forbids(self, before: Sequence[int], added: Sequence[int]) -> bool:
        """Whether a text that is there may not be continued by these tokens; what it holds twice itself is let be."""
        grams = self.grams([*before, *added])
        first = max(0, len(before) - self.size + 1)  # the first that ends among the added
        return any(grams[i] in grams[:i] for i in range(first, len(grams)))

    def apart(self, before: Sequence[int], phrase: Sequence[int]) -> bool:
        """Whether a phrase may stand somewhere behind a text, touching it or not."""
        inside = self.grams(phrase)
        if len(set(inside)) == len(inside) and set(inside).isdisjoint(self.grams(before)):
            return True
        return any(not self.forbids(before, phrase[n:]) for n in _shared(before, phrase))

    def together(self, one: Sequence[int], other: Sequence[int]) -> bool:
        """Whether two phrases, neither within the other, may stand in one text."""
        if set(self.grams(one)).isdisjoint(self.grams(other)):
            return True
        pairs = ((one, other), (other, one))
        return any(not self.forbids((), [*a, *b[n:]]) for a, b in pairs for n in _shared(a, b))


def _shared(before: Sequence[int], after: Sequence[int]) -> list[int]:
    """Numbers of tokens that the end of one text and the beginning of another may have in common, 0 left out."""
    most = min(len(before), len(after) - 1)
    return [n for n in range(1, most + 1) if tuple(before[len(before) - n :]) == tuple(after[:n])]


def _fault(asked: Demands, options: SearchOptions, block: Block, prompt: Sequence[int], tokenizer: Vocabulary) -> str:
    """Why no output that continues a prompt can be what is asked; empty where nothing is known against it."""
    what = f"{block.size} token{'s' if block.size > 1 else ''}, which no_repeat_ngram = {block.size} forbids"
    if block.forbids(prompt, asked.forced):
        after = " after this prompt" if not block.forbids((), asked.forced) else ""
        return f"no output can begin with “{tokenizer.decode(asked.forced)}”{after}: it repeats {what}"
    begun = [*prompt, *asked.forced]
    needed = {
        ids: text for text, ids in zip(options.constraints, asked.phrases, strict=False) if not _holds(begun, ids)
    }
    for ids, text in needed.items():
        if block.forbids((), ids):
            return f"no output can hold the phrase “{text}”: it repeats {what}"
        if not block.apart(begun, ids):
            return f"no output can hold the phrase “{text}” after what it begins with: that repeats {what}"
    for one, other in itertools.combinations(needed, 2):
        if not (_holds(one, other) or _holds(other, one) or block.together(one, other)):
            return f"no output can hold both “{needed[one]}” and “{needed[other]}”: that repeats {what}"
    if needed and (least := shortest(begun, list(needed)) - len(prompt)) > options.max_length:
        name = f"the phrase “{options.constraints[0]}”" if len(asked.phrases) == 1 else "all phrases"
        after = " after the forced beginning" if asked.forced else ""
        return (
            f"no output can hold {name}{after}: that takes {least} tokens, more than max_length, {options.max_length}"
        )
    return ""


def missing(options: SearchOptions, phrases: Sequence[Sequence[int]], ids: Sequence[int]) -> tuple[str, ...]:
    """The phrases, as they were asked for, that a text's tokens, the prompt's among them, do not hold."""
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
        raise ValueError(f"{name} is empty: it holds nothing that can be written")
    unknown = dict.fromkeys(
        unit.replace(SPACE_MARK, "") for unit, token in zip(units, ids, strict=True) if token == tokenizer.unknown
    )
    if unknown:
        raise ValueError(f"{name} cannot be written by this model: its vocabulary lacks {', '.join(unknown)}")
    return ids
