"""Recipes: TOML files that say what to train, on which text, and how."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from engine.checkpoint import Name
from engine.messages import ModelCard, brief
from engine.reading import without_mark
from engine.text import Kind
from engine.training.data import Source

MOST = 10**9  # of what is counted
Count = Annotated[int, msgspec.Meta(ge=0, le=MOST)]
PositiveInt = Annotated[int, msgspec.Meta(ge=1, le=MOST)]


class TokenizerRecipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to cut the text into units."""

    kind: Kind = "word"
    size: PositiveInt = 10_000
    min_count: PositiveInt = 1
    spelling: bool = False  # digits one by one and rare characters as bytes, for pieces


class Optimisation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The training loop's settings; AdamW with warm-up, then a schedule: see `engine.training.schedule`."""

    passes: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 10  # over the training text
    batch_tokens: PositiveInt = 2048  # padded tokens of a batch
    learning_rate: Annotated[float, msgspec.Meta(ge=1e-12, le=1e38)] = 1e-3
    warmup_steps: Count = 200
    schedule: Literal["cosine", "trapezoid"] = "cosine"
    decay: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.25  # share of all steps that a trapezoid takes to fall to 0
    weight_decay: Annotated[float, msgspec.Meta(ge=0, le=1e6)] = 0.01
    beta2: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.99
    clip: Annotated[float, msgspec.Meta(ge=1e-6, le=1e6)] = 1.0  # largest global gradient norm
    patience: PositiveInt = 3  # validations without gain before stopping
    validations: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1  # a pass
    precision: Literal["float32", "bfloat16"] = "float32"
    average: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.0  # decay of the weights' moving average; 0: off


class Evaluation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much is spent on the dear figures of a latent-variable model's test."""

    samples: PositiveInt = 100  # importance samples a sentence
    bounded: Count = 0  # sentences they are drawn for, the first ones; 0: all
    drawn: Count = 10_000  # prior samples decoded


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One model to train."""

    name: Name
    task: str
    model: dict[str, Any]
    data: tuple[Source, ...]
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 1
    max_tokens: PositiveInt = 60  # longer sentences are left out of training
    max_examples: Count = 0  # 0: all of the training text
    labels: tuple[str, ...] = ()  # names of the columns before the text, where they hold labels
    tokenizer: TokenizerRecipe = TokenizerRecipe()
    training: Optimisation = Optimisation()
    evaluation: Evaluation = Evaluation()
    card: ModelCard = ModelCard()
    partner: str = ""
    role: str = ""
    options: dict[str, Any] = {}  # what only this task knows, such as loss terms


_BEYOND = re.compile(
    r"(?:Expected `(?P<kind>int|float|str)` (?P<bound>[<>]=? [^ ]+|matching .+|of length .+)|Number out of range)"
    r" - at `\$\.(?P<field>[^`]+)`"
)
_WORDS = {">=": "at least", "<=": "at most", ">": "above", "<": "below"}

MAX_BYTES = 1 << 16  # of a recipe; ours have a few thousand
RECIPES = Path(__file__).parent / "recipes"


def find_recipe(name: str) -> Path:
    """A TOML file by its path or a bundled recipe by its name; raises ValueError when there is neither."""
    path = Path(name) if Path(name).is_file() else RECIPES / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in RECIPES.glob("*.toml")))
        raise ValueError(f"there is no recipe {name!r}; bundled recipes are {known}")
    return path


def read_recipe(path: Path, overrides: Mapping[str, Any] | None = None) -> Recipe:
    """A recipe from a TOML file, single fields replaced by dotted name ("training.passes").

    Raises ValueError with one sentence when the file or an override is broken.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise ValueError("it is far larger than any recipe")
        plain = msgspec.toml.decode(without_mark(data))
        for name, value in (overrides or {}).items():
            *tables, field = name.split(".")
            place = plain
            for table in tables:
                place = place.setdefault(table, {})
                if not isinstance(place, dict):
                    raise ValueError(f"{path.name} has no table {table!r} to set {name} in")
            place[field] = value
        return msgspec.convert(plain, type=Recipe)
    except (OSError, ValueError, TypeError, RecursionError, msgspec.MsgspecError) as error:
        changed = " with what was set" if overrides else ""
        raise ValueError(f"{path.name}{changed} is not a usable recipe: {brief(_said(error))}") from error


def _said(error: Exception) -> str:
    """What is wrong with a recipe, a value beyond its bounds in plain words."""
    beyond = _BEYOND.fullmatch(str(error))
    if beyond is None:
        return str(error)
    field, kind, bound = beyond["field"], beyond["kind"], beyond["bound"]
    if kind == "str":
        return f"{field} must be a short name, one line without slashes" if field == "name" else str(error)
    return f"{field} must be {_WORDS[bound.split()[0]]} {bound.split()[1]}" if bound else f"{field} is out of range"
