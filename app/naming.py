"""What models are called where a person chooses one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from engine.messages import ModelInfo


def labels(models: Sequence[ModelInfo]) -> list[str]:
    """A label for each model: its title, with the file's name behind it where another one has the same title."""
    titles = Counter(m.card.title for m in models)
    return [
        m.name if not m.card.title else m.card.title if titles[m.card.title] == 1 else f"{m.card.title} ({m.name})"
        for m in models
    ]
