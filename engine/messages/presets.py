"""What other programs mean by the names of decoder settings."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from engine.messages.search import SearchOptions


class Preset(NamedTuple):
    """Settings under which a name means what another program means by it."""

    settings: dict[str, Any]
    meaning: str


PRESETS = {
    "as transformers": Preset(
        {"strategy": "beam", "normalisation": "power", "length_penalty": 1.0, "stop": "heuristic"},
        "score = log p / length^a with the end mark counted, a = 1 by default; stops when the best live beam, "
        "normalised at its present length, is below the worst of the finished ones (early_stopping=False)",
    ),
    "as fairseq": Preset(
        {"strategy": "beam", "normalisation": "power", "length_penalty": 1.0, "stop": "patience", "patience": 1.0},
        "score = log p / length^a with the end mark counted, a = 1 by default; stops as soon as beam hypotheses "
        "are finished",
    ),
    "as GNMT": Preset(
        {
            "strategy": "beam",
            "normalisation": "gnmt",
            "length_penalty": 0.2,
            "coverage_penalty": 0.2,
            "stop": "bound",
        },
        "score = log p / ((5 + length) / 6)^a + coverage, a = 0.2 and beta = 0.2 (Wu et al. 2016, section 7); "
        "goes on until nothing can win",
    ),
}


def with_preset(options: SearchOptions, name: str) -> SearchOptions:
    """The options with a preset's settings; raises ValueError naming the presets when there is none of that name."""
    if name not in PRESETS:
        raise ValueError(f"there is no preset {name!r}; the presets are {', '.join(PRESETS)}")
    return msgspec.structs.replace(options, **PRESETS[name].settings)
