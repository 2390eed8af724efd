"""`toy`: the sampler's kernel against the exact law of a space small enough to be listed, as JSON Lines."""

from __future__ import annotations

import torch
import typer

from engine.commands.options import request_of
from engine.commands.output import print_json, watch
from engine.jobs import Context, start
from engine.jobs import sampling as _sampling_jobs  # noqa: F401 - registers the jobs
from engine.library import Library
from engine.messages import ExactToy, ToySpace, ToyStep

DEFAULT = ExactToy()


def toy(
    vocabulary: int = typer.Option(DEFAULT.vocabulary, help="Words."),
    max_length: int = typer.Option(DEFAULT.max_length, help="Words of the longest sentence."),
    candidates: int = typer.Option(DEFAULT.candidates, help="K, pre-selected words."),
    full_share: float = typer.Option(DEFAULT.full_share, help="Share of full-vocabulary proposals."),
    proposal: str = typer.Option(DEFAULT.proposal, help="gibbs, or metropolised: never the word that stands there."),
    places: str = typer.Option(DEFAULT.places, help="Change words at the `free` places, or try `every` one."),
    keyword: bool = typer.Option(DEFAULT.keyword, "--keyword", help="One word must be present."),
    similarity: float = typer.Option(DEFAULT.similarity, help="Weight of similarity."),
    defects: list[str] = typer.Option([], "--defect", help="What the released code does differently; repeatable."),
    steps: int = typer.Option(DEFAULT.steps, help="Proposals of each chain."),
    chains: int = typer.Option(DEFAULT.chains),
    every: int = typer.Option(DEFAULT.every, help="Steps between two lines on the chains."),
    seed: int = typer.Option(DEFAULT.seed),
) -> None:
    """List every sentence: a line on the kernel {sentences, invariance, detailed_balance, …}, then lines on chains."""
    request = request_of(
        ExactToy,
        vocabulary=vocabulary,
        max_length=max_length,
        candidates=candidates,
        full_share=full_share,
        proposal=proposal,
        places=places,
        keyword=keyword,
        similarity=similarity,
        defects=tuple(defects),
        steps=steps,
        chains=chains,
        every=every,
        seed=seed,
    )
    device = torch.device("cpu")
    with torch.inference_mode():
        for event in watch(start(request, Context(Library(device), device))):
            if isinstance(event, ToySpace):
                print_json(
                    {
                        "sentences": len(event.sentences),
                        "invariance": event.invariance,
                        "detailed_balance": event.detailed_balance,
                        "balance_by_move": event.balance_by_move,
                        "total_variation": event.total_variation,
                    }
                )
            elif isinstance(event, ToyStep):
                print_json({"step": event.step, "total_variation": event.total_variation, "expected": event.expected})


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(toy)
