"""`toy`: the sampler's kernel against the exact law of a space small enough to be listed, as JSON Lines."""

from __future__ import annotations

from pathlib import Path

import typer

from engine.commands.options import DEVICE, LINES, OUTPUT, Asked, add_command
from engine.commands.output import answers, lines_to
from engine.messages import ExactToy, ToySpace, ToyStep


def toy(asked: Asked[ExactToy], output: Path = OUTPUT, device: str = DEVICE, as_json: bool = LINES) -> None:
    """List every sentence: a line on the kernel {sentences, invariance, detailed_balance, …}, then lines on chains."""
    del as_json
    with lines_to(output) as write:
        for event in answers(asked.request(), device):
            if isinstance(event, ToySpace):
                write(
                    {
                        "sentences": len(event.sentences),
                        "invariance": event.invariance,
                        "detailed_balance": event.detailed_balance,
                        "balance_by_move": event.balance_by_move,
                        "total_variation": event.total_variation,
                    }
                )
            elif isinstance(event, ToyStep):
                write({"step": event.step, "total_variation": event.total_variation, "expected": event.expected})


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    add_command(app, ExactToy, toy)
