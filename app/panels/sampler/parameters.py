"""What a person asks of the sampler, what is wrong with it in words, and the request it makes."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from app.widgets.text_fields import MOST_TYPED
from engine.messages import Fluency, Length, Sample, Similarity, Term
from engine.reading import read_numbers, split_words

Mode = Literal["keywords", "paraphrase", "sentence"]
TEXT_FIELD: dict[Mode, str] = {"keywords": "keywords", "paraphrase": "source", "sentence": "start"}
TERMS: dict[str, Term] = {"fluency": Fluency(), "similarity": Similarity(), "length": Length()}
"""The terms of the target that the form offers, as they are until they are changed."""
OWN = ("mode", "seed_fixed", "first")  # fields of `Parameters` itself


class Parameters(msgspec.Struct, frozen=True):
    """Everything in the input region. `sample` also holds the texts of the modes that are not chosen."""

    mode: Mode = "keywords"
    sample: Sample = Sample(model="", terms=tuple(TERMS.values()))
    seed_fixed: bool = True
    first: str = ""  # where the chains start, in the modes whose text is something else

    @property
    def preview(self) -> str:
        """The sentence that the chains start from, as far as it is known."""
        return (self.mode != "sentence" and self.first) or self.text

    @property
    def text(self) -> str:
        """The text of the chosen mode."""
        return str(getattr(self.sample, TEXT_FIELD[self.mode]))

    def with_field(self, field: str, value: Any) -> Parameters:
        """A copy with one field changed: our own, one of `Sample`, or a part of one as in `terms.length.goal`."""
        if field in OWN:
            changed = msgspec.structs.replace(self, **{field: value})
            return changed if field == "seed_fixed" else changed._unlocked()
        group, _, name = field.partition(".")
        if group == "terms":
            kind, _, part = name.partition(".")
            terms = {k: term(self.sample, k) for k in TERMS}
            value = tuple((terms | {kind: msgspec.structs.replace(terms[kind], **{part: value})}).values())
        elif name:
            value = msgspec.structs.replace(getattr(self.sample, group), **{name: value})
        changed = msgspec.structs.replace(self, sample=msgspec.structs.replace(self.sample, **{group: value}))
        return changed._unlocked() if group in TEXT_FIELD.values() else changed

    def field(self, field: str) -> Any:
        """The value of a field named as in `with_field`."""
        if field in OWN:
            return getattr(self, field)
        return _value(self.sample, field)

    def _unlocked(self) -> Parameters:
        """Locks are places in a text; another text has none."""
        return msgspec.structs.replace(self, sample=msgspec.structs.replace(self.sample, locked=()))

    def request(self) -> Sample:
        """What the engine is asked: the chosen mode's text only, and only the terms that it has."""
        sample = self.sample
        blank: dict[str, Any] = {field: "" for mode, field in TEXT_FIELD.items() if mode != self.mode}
        if self.mode != "sentence":
            blank["start"] = self.first
        left_out = () if self.mode == "paraphrase" else (Similarity,)
        blank["terms"] = tuple(t for t in sample.terms if t.weight > 0 and not isinstance(t, left_out))
        if sample.ladder:
            blank["chains"] = len(sample.ladder)
        return msgspec.structs.replace(sample, **blank)

    def errors(self) -> dict[str, str]:
        """What is wrong, in words, by field; empty when it can be run."""
        s = self.sample
        wrong: dict[str, str] = {}
        if not s.model:
            wrong["model"] = "Load a forward language model first; the library lists those it has."
        words = split_words(self.text[: MOST_TYPED + 1])
        if len(self.text) > MOST_TYPED:
            wrong["text"] = f"A sentence has at most {MOST_TYPED:,} characters here, and this is longer."
        elif not words:
            wrong["text"] = {
                "keywords": "Type the words that must be in the sentence, such as: juice natural brand.",
                "paraphrase": "Type the sentence to say in other words.",
                "sentence": "Type the sentence to start from.",
            }[self.mode]
        elif len(words) > s.max_length:
            wrong["text"] = f"These are {len(words)} words, but the longest sentence allowed is {s.max_length}."
        elif self.mode != "keywords" and len(words) < s.min_length:
            wrong["text"] = f"These are {len(words)} words, but the shortest sentence allowed is {s.min_length}."
        if s.min_length > s.max_length:
            wrong["max_length"] = f"The longest sentence must have at least the shortest's {s.min_length} words."
        moves = s.moves
        if moves.replace + moves.insert + moves.delete <= 0:
            wrong["moves"] = "Give at least one move a weight above zero."
        elif (moves.insert > 0) != (moves.delete > 0):
            lone, other = ("insert", "delete") if moves.insert > 0 else ("delete", "insert")
            wrong["moves"] = f"{lone.capitalize()} needs {other}: without the way back it is never accepted."
        if self.mode == "paraphrase" and term(s, "similarity").weight <= 0:
            wrong["terms.similarity.weight"] = (
                "Without a similarity weight the source is forgotten; 20 to 40 keeps its meaning."
            )
        if not self.request().terms and self.mode != "paraphrase":
            wrong["terms.fluency.weight"] = "Give the target at least one term: a fluency weight above zero."
        return wrong


def parse_ladder(text: str) -> tuple[float, ...]:
    """Temperatures from text such as "1, 1.5, 2.5"; raises ValueError saying what would be right."""
    values = read_numbers(text)
    if any(not 0 < v < 1000 for v in values):
        raise ValueError("Temperatures lie above zero; 1 is the target itself.")
    if len(values) == 1:
        raise ValueError("A ladder needs two temperatures or more, such as: 1, 1.2, 1.4.")
    return values


def term(sample: Sample, kind: str) -> Term:
    """A term of the target; where the request has none, as it is until it is changed, or with weight zero."""
    usual = TERMS[kind]
    found = next((t for t in sample.terms if type(t) is type(usual)), None)
    wanted = isinstance(usual, Similarity) and not sample.source
    return found or (usual if wanted else msgspec.structs.replace(usual, weight=0.0))


def _value(request: Sample, field: str) -> Any:
    group, _, name = field.partition(".")
    if group == "terms":
        kind, _, part = name.partition(".")
        return getattr(term(request, kind), part)
    value = getattr(request, group)
    return getattr(value, name) if name else value
