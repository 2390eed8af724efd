"""Many sentences at once: sorted by length, searched in batches, given back in their order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import msgspec
import torch

from engine.capabilities import Model, Seq2Seq
from engine.messages import Hypothesis, SearchOptions
from engine.search.decoders import generate
from engine.search.generates import at_once
from engine.search.prepare import check_lengths

BATCH = 32
"""Sentences searched at once, at most."""
MOST = 4000
"""Tokens read at once, padding counted: a search can be stopped between two batches."""


def translate_each(
    model: Model, texts: Sequence[str], options: SearchOptions, *, batch: int = BATCH
) -> Iterator[tuple[int, list[Hypothesis]]]:
    """The index of each text and its hypotheses, best first, as they come. An empty text gives an empty list.

    Raises ValueError with one sentence when the model or the options do not fit.
    """
    sizes = [len(model.tokenizer.encode(text)) for text in texts]
    check_lengths(sizes)
    empty = {i for i, size in enumerate(sizes) if not size} if isinstance(model, Seq2Seq) else set()
    yield from ((i, []) for i in empty)
    waiting = sorted((i for i in range(len(texts)) if i not in empty), key=lambda i: -sizes[i])
    while waiting:
        count = min(batch, max(1, MOST // (sizes[waiting[0]] + 1)))
        part, waiting = waiting[:count], waiting[count:]
        decoder = generate(model, [texts[i] for i in part], options)
        for _ in chain(decoder.read(), decoder.steps()):
            pass
        yield from ((i, at_once(decoder.hypotheses(row))) for row, i in enumerate(part))


def translate(model: Model, texts: Sequence[str], options: SearchOptions) -> list[Hypothesis]:
    """The best hypothesis of each text, in order; an empty text gives an empty one."""
    options = msgspec.structs.replace(options, n_best=1)
    out = [Hypothesis("", (), 0.0, 0.0)] * len(texts)
    with torch.inference_mode():
        for i, found in translate_each(model, texts, options):
            if found:
                out[i] = found[0]
    return out
