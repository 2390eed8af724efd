"""What every decoder is to the rest of the program, and which there are.

A decoder is declared in `engine.messages.strategies` and registered here with what makes it: a callable that takes a
model, texts and options and gives something that `Generates`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Literal, Protocol, TypeVar

from engine.capabilities import Model
from engine.messages import Branch, Hypothesis, SearchOptions, StrategyInfo
from engine.messages.strategies import declare

Detail = Literal["texts", "tokens", "steps"]
"""How much is noted: what was written; also what else could have stood there; also what each step decided."""


class Generates(Protocol):
    """A decoder at work on some inputs. First it reads them, then it takes its steps, then it has hypotheses."""

    def read(self) -> Iterator[float]:
        """Read the inputs; yields the share that is done, so that long ones can be interrupted."""

    def steps(self) -> Iterator[Sequence[Branch]]:
        """Work; yields after each step what it decided, as far as that is noted."""

    def hypotheses(self, index: int) -> Generator[int, None, list[Hypothesis]]:
        """What came of one input, best first; yields how many sentences are weighed, where that takes long."""

    def attended(self, found: Sequence[Hypothesis], index: int) -> list[Hypothesis]:
        """Hypotheses of one input with their attention to it, where there is any."""

    def reference(self, index: int, text: str) -> Hypothesis | None:
        """A given sentence as the model scores it; None where it cannot."""

    def source(self, index: int) -> tuple[str, ...]:
        """The pieces of one input, known before it is read."""


class Makes(Protocol):
    """Makes a decoder ready to work."""

    def __call__(self, model: Model, texts: Sequence[str], options: SearchOptions, detail: Detail) -> Generates:
        """Raises ValueError with one sentence when the model, the texts or the options do not fit."""


_MAKERS: dict[str, Makes] = {}


def register(info: StrategyInfo, make: Makes) -> None:
    """Add a decoder; raises ValueError when another has its name."""
    declare(info)
    _MAKERS[info.name] = make


def generate(model: Model, texts: Sequence[str], options: SearchOptions, detail: Detail = "texts") -> Generates:
    """The decoder that the options name, at these texts; settings that it does not read are left out.

    Raises ValueError with one sentence when they do not fit.
    """
    options = options.used()
    return _MAKERS[options.strategy](model, texts, options, detail)


T = TypeVar("T")


def at_once(work: Generator[object, None, T]) -> T:
    """What a generator returns, its yields passed over."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            found: T = done.value
            return found
