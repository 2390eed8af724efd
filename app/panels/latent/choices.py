"""Everything a person has chosen in the latent panel, as one value: what undo goes back to and the session keeps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from app.bridge import Bridge
from engine.messages import Decode, DecodedSentence, Interpolate, ModelInfo, Point, SearchOptions

PlaneKind = Literal["anchors", "principal", "dimensions"]
Layer = Literal["density", "change", "confidence", "none"]
SearchKind = Literal["beam", "greedy", "sample"]
LETTERS = "ABCDEF"
MOST_PINS = 6
FARTHEST = 1e6  # of a coordinate: no decoder has seen anything near it, and squares of it are still numbers

EXAMPLE_ANCHORS = ("She is reading a book in the garden.", "We will take the train to the sea tomorrow.")


class Attribute(msgspec.Struct, frozen=True):
    """A direction from one list of sentences to another, and how far along it the point is shifted."""

    name: str
    negative: tuple[str, ...]
    positive: tuple[str, ...]
    strength: float = 0.0


EXAMPLE_ATTRIBUTE = Attribute(
    name="question",
    negative=(
        "I am at home.",
        "He can swim very well.",
        "They like music.",
        "My sister lives in London.",
        "We bought a new car.",
        "It was raining last night.",
        "Tom works in a hospital.",
        "The dog is sleeping.",
    ),
    positive=(
        "Where is the station?",
        "Do you speak French?",
        "What did she say?",
        "Are you hungry?",
        "Why is he angry?",
        "Can you help me?",
        "How old is your brother?",
        "Did they win the game?",
    ),
)


class Pin(msgspec.Struct, frozen=True):
    """A sentence worth keeping, and where it was found."""

    words: tuple[str, ...]
    probabilities: tuple[float, ...]
    point: Point


class Choices(msgspec.Struct, frozen=True):
    """The latent panel's input."""

    model: str = ""
    beside: str = ""  # a second model on the same sentences and the same gesture; empty for none
    anchors: tuple[str, ...] = ()
    plane: PlaneKind = "anchors"
    dimensions: tuple[int, int] = (0, 1)  # places in the order by KL
    path: Literal["linear", "spherical"] = "linear"
    steps: int = 24
    layer: Layer = "density"
    show_points: bool = True
    search: SearchKind = "beam"
    point: Point = ()  # the hand; attributes shift what is decoded from here
    attributes: tuple[Attribute, ...] = ()
    pins: tuple[Pin, ...] = ()

    def with_fields(self, **fields: Any) -> Choices:
        """A copy with some fields changed."""
        return msgspec.structs.replace(self, **fields)

    @property
    def decoder(self) -> str:
        """What writes every sentence on show, but those of a drag."""
        return {"beam": "beam 5", "sample": "sampling"}.get(self.search, self.search)

    def options(self) -> SearchOptions:
        """The search on release, and of the walk."""
        return SearchOptions(strategy=self.search, beam=5, n_best=5, samples=5, normalisation="off")

    @staticmethod
    def read(state: Any) -> Choices:
        """What a saved state says; an unreadable one gives the defaults."""
        try:
            found = msgspec.convert(state, Choices, strict=False)
        except msgspec.ValidationError:
            return Choices()
        pins = tuple(p for p in found.pins if within(p.point))
        return found.with_fields(point=found.point if within(found.point) else (), pins=pins)


def within(point: Iterable[float]) -> bool:
    """Whether a point can be drawn and decoded."""
    return all(abs(v) <= FARTHEST for v in point)


def asked_decode(choices: Choices, point: Point) -> Decode:
    """What decodes a point as the panel does on release."""
    return Decode(model=choices.model, points=(tuple(round(v, 6) for v in point),), options=choices.options())


def asked_walk(choices: Choices) -> Interpolate:
    """The walk between the first and the last sentence."""
    return Interpolate(
        model=choices.model,
        texts=(choices.anchors[0], choices.anchors[-1]),
        steps=choices.steps,
        path=choices.path,
        options=choices.options(),
    )


def shown_words(sentence: DecodedSentence) -> tuple[str, ...]:
    """The words as they are shown: the first one written as the text begins."""
    words = sentence.words
    if words and sentence.text[: len(words[0])].lower() == words[0].lower():
        return (sentence.text[: len(words[0])], *words[1:])
    return words


def read_point(text: str, size: int) -> tuple[float, ...]:
    """Typed coordinates: a JSON list of all latent dimensions, or of two or three plane coordinates.

    Raises ValueError saying what would be right.
    """
    right = f"Type {size} numbers as [0.1, -0.5, …], or the 2 or 3 coordinates on the plane"
    body = text.strip().replace("\N{MINUS SIGN}", "-")
    try:
        values = msgspec.json.decode(body if body.startswith("[") else f"[{body}]", type=list[float])
    except msgspec.MsgspecError as error:
        raise ValueError(f"{right}; these are not numbers separated by commas.") from error
    if len(values) not in (2, 3, size):
        raise ValueError(f"{right}; here are {len(values)}.")
    if not within(values):
        raise ValueError(f"{right}, none beyond {FARTHEST:,.0f}.")
    return tuple(values)


def is_variational(info: ModelInfo) -> bool:
    """Whether a model with a latent space has a prior: what its header says, as far as it says it."""
    return bool(info.config.get("variational", True))


def latent_models(bridge: Bridge) -> list[ModelInfo]:
    """Models to drag through, autoencoders last. Mixtures have another prior and a panel of their own."""
    models = [m for m in bridge.models_with("Latent") if "Mixture" not in m.capabilities]
    return sorted(models, key=lambda m: (not is_variational(m), m.name))
