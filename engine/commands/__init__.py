"""The command line, a topic a file."""

from __future__ import annotations

from collections.abc import Callable

import typer

from engine.commands import (
    beam,
    clusters,
    decoders,
    evaluation,
    latent,
    mh,
    mh_eval,
    models,
    paraphrases,
    table,
    toy,
    training,
    translate,
)

COMMANDS: tuple[Callable[[typer.Typer], None], ...] = (
    models.add_to,
    training.add_to,
    evaluation.add_to,
    table.add_to,
    beam.add_to,
    decoders.add_to,
    translate.add_to,
    latent.add_to,
    clusters.add_to,
    mh.add_to,
    toy.add_to,
    mh_eval.add_to,
    paraphrases.add_to,
)

__all__ = ["COMMANDS"]
