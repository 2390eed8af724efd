"""From text to a search's start: the source is read, or the prompt."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import torch

from engine.capabilities import Coverage, Model, NextToken, Seq2Seq, State, direction, require
from engine.messages import SearchOptions
from engine.vocabulary import Vocabulary

LONGEST = 1000
"""Tokens that an input may have: an encoder's work grows with the square of them."""
REST = 50
"""Tokens of a prompt that are read between two rests."""


@dataclass(frozen=True)
class Start:
    """A model ready to write, and what it starts from."""

    reader: NextToken  # conditioned on the sources where there are any
    state: State  # one row an input
    tokenizer: Vocabulary
    inputs: tuple[tuple[int, ...], ...]  # token ids of each source or prompt
    translates: bool  # False: outputs continue their prompts

    @property
    def sizes(self) -> tuple[int, ...]:
        """Positions of each source, its end mark counted."""
        return tuple(len(ids) + 1 for ids in self.inputs)

    @property
    def prompts(self) -> tuple[tuple[int, ...], ...]:
        """What each output's text begins with; empty where there is a source."""
        return () if self.translates else self.inputs


class Reading:
    """A model about to read texts: sources of a `Seq2Seq` model, prompts of a `NextToken` one."""

    def __init__(self, model: Model, texts: Sequence[str], options: SearchOptions) -> None:
        """Raises ValueError with one sentence when the model cannot write, or not from these texts."""
        self._model = model if isinstance(model, Seq2Seq) else require(model, NextToken)
        self._options = options
        self.tokenizer: Vocabulary = model.tokenizer
        self.inputs = tuple(tuple(self.tokenizer.encode(text)) for text in texts)
        if isinstance(model, Seq2Seq) and not all(self.inputs):
            raise ValueError("there is nothing to translate: the source is empty")
        if direction(model) == "backward":
            raise ValueError("this language model reads from right to left and cannot continue a prompt")
        check_lengths([len(ids) for ids in self.inputs])

    @property
    def prompts(self) -> tuple[tuple[int, ...], ...]:
        """As `Start.prompts`."""
        return () if isinstance(self._model, Seq2Seq) else self.inputs

    def parts(self) -> Generator[float, None, Start]:
        """Reads; yields the share that is done."""
        model, inputs = self._model, self.inputs
        if isinstance(model, Seq2Seq):
            yield 0.0
            reader = model.condition(inputs)
            if self._options.coverage_penalty:
                require(reader, Coverage).track_coverage = True
            yield 1.0
            return Start(reader, reader.begin(len(inputs)), self.tokenizer, inputs, True)
        states, done, total = [], 0, sum(map(len, inputs)) or 1
        for prompt in inputs:
            state = model.begin(1)
            for token in prompt:
                state = model.advance(state, torch.tensor([token], device=model.device))
                done += 1
                if not done % REST:
                    yield done / total
            states.append(state)
        return Start(model, states[0].concat(states) if len(states) > 1 else states[0], self.tokenizer, inputs, False)


def check_lengths(sizes: Sequence[int]) -> None:
    """Raises ValueError with one sentence when an input has more tokens than are read at once."""
    for number, size in enumerate(sizes, 1):
        if size > LONGEST:
            which = f"input {number:,}" if len(sizes) > 1 else "the input"
            raise ValueError(f"{which} has {size:,} tokens, more than the {LONGEST:,} that are read at once; divide it")
