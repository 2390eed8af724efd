"""From text to a search's start: the source is read, or the prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from engine.messages import SearchOptions
from engine.search.contrastive import ContrastiveDecoding
from engine.search.decode import Decoding
from engine.search.demands import demands
from engine.text import Tokenizer


@dataclass(frozen=True)
class Start:
    """A model ready to write, and what it starts from."""

    reader: Any  # NextToken, conditioned on the sources where there are any
    state: Any  # one row an input
    tokenizer: Tokenizer
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


def prepare(model: Any, texts: Sequence[str], options: SearchOptions) -> Start:
    """Read the texts: sources of a `Seq2Seq` model, prompts of a `NextToken` one.

    Raises ValueError with one sentence when the model cannot write, or not from these texts.
    """
    tokenizer: Tokenizer = model.tokenizer
    inputs = tuple(tuple(tokenizer.encode(text)) for text in texts)
    if hasattr(model, "condition"):
        if not all(inputs):
            raise ValueError("there is nothing to translate: the source is empty")
        reader = model.condition(inputs)
        if options.coverage_penalty:
            reader.track_coverage = True
        return Start(reader, reader.begin(len(inputs)), tokenizer, inputs, True)
    if not hasattr(model, "advance"):
        raise ValueError("this model does not write text: it has neither next tokens nor a source to translate")
    if getattr(model, "direction", "forward") == "backward":
        raise ValueError("this language model reads from right to left and cannot continue a prompt")
    states = []
    for prompt in inputs:
        state = model.begin(1)
        for token in prompt:
            state = model.advance(state, torch.tensor([token], device=_device(model)))
        states.append(state)
    return Start(model, states[0].concat(states) if len(states) > 1 else states[0], tokenizer, inputs, False)


def decoding(start: Start, options: SearchOptions, *, record: bool = False) -> Decoding:
    """The search the options ask for; raises ValueError with one sentence when they cannot be met."""
    asked = demands(options, start.tokenizer)
    kind = ContrastiveDecoding if options.strategy == "contrastive" else Decoding
    return kind(
        start.reader,
        start.state,
        options,
        forced=asked.forced,
        constraints=asked.phrases,
        prompts=start.prompts,
        sizes=start.sizes,
        record=record,
    )


def _device(model: Any) -> torch.device:
    return (
        next((p.device for p in model.parameters()), torch.device("cpu"))
        if hasattr(model, "parameters")
        else (torch.device("cpu"))
    )
