"""Many sentences at once: translated or continued, and what a model is worth on them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any, Self

import msgspec

from engine.messages.core import Event, Metric, Request
from engine.messages.search import SearchOptions
from engine.messages.settings import setting

Model = Annotated[str, setting("Model", effect="Name or path", path=True)]
Sentences = Annotated[tuple[str, ...], setting("Sentences", effect="What it is about", option="sentence")]
Roomy = Annotated[
    bool,
    setting(
        "Room for long sources",
        effect="Outputs may be longer than the longest where the longest source that the model has learnt asks for it",
        rare=True,
    ),
]


def _kept_to(given: Collection[str]) -> bool:
    """Whether somebody asked for a longest output."""
    return "options.max_length" in given and "roomy" not in given


class Translate(Request, frozen=True):
    """Decode every text, an empty one as an empty line; answers `Progress` and `Translated`.

    A text longer than a translator has learnt is cut at sentence ends and joined again.
    """

    model: Model
    texts: Sentences
    options: SearchOptions = SearchOptions()
    roomy: Roomy = True

    def completed(self, given: Collection[str]) -> Self:
        """A longest output that somebody asked for is kept to."""
        return msgspec.structs.replace(self, roomy=False) if _kept_to(given) else self


class Translated(Event, frozen=True):
    """The best output for each text (of a decoder that draws: what it draws), in order."""

    model: str
    outputs: tuple[str, ...]
    parts: int  # that the texts were cut into
    lacking: int  # of them unfinished, or without what was asked for
    options: SearchOptions  # as they were used


class Evaluate(Request, frozen=True):
    """Figures of a model on held-out sentences; answers `Progress` and `Evaluated`.

    A language model: perplexity. A latent space: bounds, KL, reconstruction and more; of a mixture, with labels, how
    its codes agree with them. With references: BLEU and chrF of what a translator writes.
    """

    model: Model
    texts: Sentences
    labels: Annotated[
        tuple[str, ...], setting("Labels", effect="One for each sentence, or none; for a mixture", option="label")
    ] = ()
    references: Annotated[
        tuple[str, ...],
        setting("References", effect="A translation of each sentence, or none", option="reference"),
    ] = ()
    slots: Annotated[
        tuple[str, ...],
        setting("Slots", effect="For each sentence the names, numbers and times that must survive", option="slots"),
    ] = ()
    options: SearchOptions = SearchOptions()
    roomy: Roomy = True

    def completed(self, given: Collection[str]) -> Self:
        """A longest output that somebody asked for is kept to."""
        return msgspec.structs.replace(self, roomy=False) if _kept_to(given) else self

    def conflicts(self) -> dict[str, str]:
        """Lists that do not go with the sentences."""
        lists = {"labels": self.labels, "references": self.references, "slots": self.slots}
        return {
            name: f"{len(held)} {name} do not match {len(self.texts)} sentences."
            for name, held in lists.items()
            if held and len(held) != len(self.texts)
        }


class Evaluated(Event, frozen=True):
    """What a model is worth on the sentences."""

    model: str
    sentences: int
    figures: dict[str, Any]  # numbers and words by name, in the order to show them
    metrics: dict[str, Metric] = {}  # of a latent space
    missed: tuple[str, ...] = ()  # slots that did not survive, with the output
    options: SearchOptions | None = None  # with references: as they were used
