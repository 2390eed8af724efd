"""Everything a person has chosen in the clusters panel, as one value: what undo goes back to and the session keeps."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

import msgspec

from app.bridge import Bridge
from engine.assets import EXAMPLES
from engine.messages import Decode, DecodedSentence, ModelInfo, Point, SearchOptions, Train

Layout = Literal["plane", "tsne"]
ColourBy = Literal["component", "label"]
Rows = Literal["component", "code"]

LIVE = "(training)"
"""In place of a model's name: the run that trains in the window."""
OBJECTIVES = ("GMVAE", "GMVAE + L_var", "GMVAE + L_mi", "DGMVAE")
"""As the lecture's figure names and orders them."""
SLUGS = ("gmvae", "gmvae-var", "gmvae-mi", "dgmvae")
FRAMES = 60  # of a run in the window


class Lesson(msgspec.Struct, frozen=True):
    """What is trained in the window."""

    recipe: str = "live-dgmvae"
    beta: float = 0.2  # weight of the dispersion term; 1 is the ELBO's own
    information: bool = False  # whether I(x; c) is penalised, as the ELBO does
    passes: int = 40
    seed: int = 1
    data: str = ""  # folder; empty: the examples that come with the program

    def with_fields(self, **fields: Any) -> Lesson:
        """A copy with some fields changed."""
        return msgspec.structs.replace(self, **fields)

    @property
    def title(self) -> str:
        """The objective's name in the lecture."""
        return objective(self.beta, 1.0 if self.information else 0.0)

    def name(self) -> str:
        """What the trained model is called: its text, objective, passes and seed."""
        kind = SLUGS[OBJECTIVES.index(self.title)]
        weight = f"-b{round(self.beta * 100):03d}" if self.beta < 1 else ""
        return f"my-{slug(self.text)}-{kind}{weight}-p{self.passes}-s{self.seed}"

    @property
    def text(self) -> str:
        """What the text is called: its folder's name."""
        return self.data.replace("\\", "/").rstrip("/").rpartition("/")[2] or "errands"

    def request(self, runs: Path) -> Train:
        """The run; its state is kept in `runs`, the model goes to the library beside all others."""
        name = self.name()
        return Train(
            recipe=self.recipe,
            data=self.data or str(EXAMPLES),
            run=str(runs),
            output=str(models_folder() / f"{name}.safetensors"),
            existing="keep-both",
            threads=1,
            frames=FRAMES,
            overrides={
                "options.terms.dispersion.weight": self.beta,
                "options.terms.information.weight": 1.0 if self.information else 0.0,
                "training.passes": self.passes,
                "seed": self.seed,
                "name": name,
            },
        )


class Choices(msgspec.Struct, frozen=True):
    """The clusters panel's input."""

    model: str = ""
    beside: str = ""  # a second model on the same axes; empty for none
    mixture: int = 0
    layout: Layout = "plane"
    colour_by: ColourBy = "component"
    rows: Rows = "component"  # of the table against labels
    file: str = ""  # sentences of one's own; empty: the model's held-out sample
    columns: dict[str, tuple[int, int]] = {}  # file -> its columns of sentences and labels (-1: none), where chosen
    point: Point = ()  # where the main model is read: all D coordinates
    names: dict[str, dict[str, str]] = {}  # model -> "m.k" of a component or "c.k.k.k" of a code -> name
    lesson: Lesson = Lesson()

    def with_fields(self, **fields: Any) -> Choices:
        """A copy with some fields changed."""
        return msgspec.structs.replace(self, **fields)

    def name_of(self, model: str, key: str) -> str:
        """The name given to a component or a code; empty when it has none."""
        return self.names.get(model, {}).get(key, "")

    def with_name(self, model: str, key: str, name: str) -> dict[str, dict[str, str]]:
        """All names, with one given, changed or (empty) taken away."""
        named = {k: v for k, v in self.names.get(model, {}).items() if k != key}
        if name:
            named[key] = name
        return {m: n for m, n in {**self.names, model: named}.items() if n}

    @staticmethod
    def read(state: Any) -> Choices:
        """What a saved state says; an unreadable one gives the defaults."""
        try:
            return msgspec.convert(state, Choices, strict=False)
        except msgspec.ValidationError:
            return Choices()


READ = SearchOptions(strategy="beam", beam=5, n_best=5, samples=5, normalisation="off")
"""What a point is read with at rest; while something is dragged it is greedy."""


def asked_decode(model: str, point: Point) -> Decode:
    """What decodes a point as the panel does at rest."""
    return Decode(model=model, points=(tuple(round(v, 6) for v in point),), options=READ)


def component_key(mixture: int, component: int) -> str:
    """Of a component, in `Choices.names`."""
    return f"{mixture + 1}.{component + 1}"


def code_key(code: Any) -> str:
    """Of a whole code, in `Choices.names`."""
    return "c." + ".".join(str(int(k) + 1) for k in code)


def code_text(code: Any) -> str:
    """A code as it is shown: the component of each variable, counted from 1."""
    return " ".join(str(int(k) + 1) for k in code)


def objective(beta: float, information: float) -> str:
    """The lecture's name for the weights of dispersion and information."""
    return OBJECTIVES[(beta < 1) + 2 * (information < 1)]


def slug(name: str) -> str:
    """A name as a part of a file's name, at most 24 characters."""
    return "".join(c if c.isalnum() else "-" for c in name.lower()).strip("-")[:24].rstrip("-") or "text"


def models_folder() -> Path:
    """Where trained models go so that the library finds them: the first folder named for it, else `models`."""
    named = [p for p in os.environ.get("TEXTSCAPE_MODELS", "").split(os.pathsep) if p]
    return Path(named[0] if named else "models").resolve()


def shown_words(sentence: DecodedSentence) -> tuple[str, ...]:
    """The words as they are shown: the first one written as the text begins."""
    words = sentence.words
    if words and sentence.text[: len(words[0])].lower() == words[0].lower():
        return (sentence.text[: len(words[0])], *words[1:])
    return words


def mixture_models(bridge: Bridge) -> list[ModelInfo]:
    """Models with clusters to look at, those that keep them apart first."""
    return sorted(bridge.models_with("Mixture"), key=lambda m: (title_of(m) != "DGMVAE", m.name))


class Term(msgspec.Struct, frozen=True):
    """A loss term of a recipe, as far as titles need it."""

    weight: float = 1.0


class Terms(msgspec.Struct, frozen=True):
    """The loss terms a checkpoint says it was trained with."""

    terms: dict[str, Term] = {}


def title_of(info: ModelInfo) -> str:
    """A model's objective as the lecture names it, by the weights of its loss terms; its name where they say nothing.

    L_var: the dispersion weighs less than the KL to the mean prior. L_mi: mutual information is not penalised.
    """
    try:
        terms = msgspec.convert(info.trained.get("options", {}), Terms).terms
    except msgspec.ValidationError:
        return info.name
    weights = {name: term.weight for name, term in terms.items()}
    if not weights.get("mean-prior"):
        return info.name
    dispersed = weights.get("dispersion", 0.0) < weights["mean-prior"]
    informed = not weights.get("information")
    return OBJECTIVES[dispersed + 2 * informed]


def family_of(info: ModelInfo) -> tuple[object, ...]:
    """What models must share to stand on the same axes: their text and their latents."""
    latents = (info.config.get(field) for field in ("gaussian", "mixtures", "components", "dimension"))
    return (info.card.data, *latents)
