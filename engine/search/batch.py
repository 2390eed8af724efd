"""Many sentences at once: sorted by length, searched in batches, given back in their order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import torch

from engine.messages import Hypothesis, SearchOptions
from engine.search.outcome import hypotheses
from engine.search.prepare import decoding, prepare

BATCH = 32
"""Sentences searched at once."""


def translate_each(
    model: Any, texts: Sequence[str], options: SearchOptions, *, batch: int = BATCH
) -> Iterator[tuple[int, list[Hypothesis]]]:
    """The index of each text and its hypotheses, best first, as they come. An empty text gives an empty list.

    Raises ValueError with one sentence when the model or the options do not fit.
    """
    sizes = [len(model.tokenizer.encode(text)) for text in texts]
    for i, size in enumerate(sizes):
        if not size and hasattr(model, "condition"):
            yield i, []
    waiting = sorted((i for i, n in enumerate(sizes) if n or not hasattr(model, "condition")), key=lambda i: -sizes[i])
    for first in range(0, len(waiting), batch):
        part = waiting[first : first + batch]
        start = prepare(model, [texts[i] for i in part], options)
        search = decoding(start, options)
        for _ in search:
            pass
        yield from ((i, hypotheses(start, search, row)) for row, i in enumerate(part))


def translate(model: Any, texts: Sequence[str], options: SearchOptions) -> list[Hypothesis]:
    """The best hypothesis of each text, in order; an empty text gives an empty one."""
    options = msgspec.structs.replace(options, n_best=1) if options.strategy not in ("sample", "mbr") else options
    out = [Hypothesis("", (), 0.0, 0.0)] * len(texts)
    with torch.inference_mode():
        for i, found in translate_each(model, texts, options):
            if found:
                out[i] = found[0]
    return out
