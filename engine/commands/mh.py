"""`mh`: Metropolis-Hastings sentence editing to a run file, one line a proposal."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import torch
import typer
from rich.progress import Progress

from engine.commands.options import request_of
from engine.commands.output import console, errors, print_json, print_table, watch
from engine.files import writing
from engine.messages import (
    Diagnostics,
    Fluency,
    LadderSuggested,
    Length,
    MoveWeights,
    Sample,
    SampleStarted,
    SampleStep,
    Similarity,
    SuggestLadder,
    encode,
    run_line,
    setting_of,
)

DEFAULT = Sample(model="")
PARAPHRASE, GOAL = Similarity().weight, Length().goal


def numbers(text: str, kind: type) -> tuple[Any, ...]:
    """Comma-separated numbers of an option; raises ValueError with one sentence."""
    try:
        return tuple(kind(part) for part in text.replace(",", " ").split())
    except ValueError:
        raise ValueError(f"{text!r} is not a list of numbers such as 1,2,3.") from None


def mh(
    model: str = typer.Option(..., help="Forward language model, by name or path."),
    keywords: str = typer.Option("", help="Words that every sentence must hold."),
    source: str = typer.Option("", help="A sentence to paraphrase."),
    start: str = typer.Option("", help="First sentence [the source, or the keywords]."),
    locked: str = typer.Option("", help="Positions of the first sentence that must stay, as in 0,3."),
    order: str = typer.Option(DEFAULT.order, help="Keywords in `fixed` or in `any` order."),
    steps: int = typer.Option(DEFAULT.steps, min=1, help="Proposals of each chain."),
    chains: int = typer.Option(DEFAULT.chains, min=1, max=256),
    candidates: int = typer.Option(DEFAULT.candidates, min=1, help="K, pre-selected words."),
    full_share: float = typer.Option(DEFAULT.full_share, min=0, max=1, help="Share of full-vocabulary proposals."),
    proposal: str = typer.Option(DEFAULT.proposal, help=setting_of(Sample, "proposal").effect),
    places: str = typer.Option(DEFAULT.places, help=setting_of(Sample, "places").effect),
    replace: float = typer.Option(1.0, min=0, help="Weight of the move."),
    insert: float = typer.Option(1.0, min=0, help="Weight of the move."),
    delete: float = typer.Option(1.0, min=0, help="Weight of the move."),
    fluency: float = typer.Option(1.0, min=0, help="Weight of log p(sentence)."),
    similarity: float = typer.Option(None, min=0, help=f"Weight of similarity [{PARAPHRASE:g} with a source]."),
    keep: bool = typer.Option(Similarity().keep, help=setting_of(Sample, "terms.similarity.keep").effect),
    length: float = typer.Option(0.0, min=0, help="Weight of -(words - goal)^2 / 2."),
    length_goal: int = typer.Option(GOAL, min=1, help="Words."),
    min_length: int = typer.Option(DEFAULT.min_length, min=1, help="Words."),
    max_length: int = typer.Option(DEFAULT.max_length, min=1, help="Words."),
    temperature: float = typer.Option(DEFAULT.temperature, help="The target is raised to 1 / temperature."),
    ladder: str = typer.Option(
        "", help="Parallel tempering, one chain a temperature, as in 1,1.5,2.2; `auto`: found by pilot runs."
    ),
    backward: str = typer.Option("", help="Backward model [the one the forward model names]."),
    seed: int = typer.Option(0, min=0),
    device: str = typer.Option("cpu", help="cpu, cuda or mps."),
    out: Path = typer.Option(None, help="Run file to write: the request, then a line a proposal (JSON Lines)."),
    as_json: bool = typer.Option(False, "--json", help="Print the summary as JSON."),
) -> None:
    """Edit a sentence word by word so that the chain's law is exactly the target's (CGMH)."""
    similarity = (PARAPHRASE if source else 0.0) if similarity is None else similarity
    terms = (Fluency(weight=fluency), Similarity(weight=similarity, keep=keep), Length(weight=length, goal=length_goal))
    request = request_of(
        Sample,
        model=model,
        backward=backward,
        keywords=keywords,
        source=source,
        start=start,
        locked=numbers(locked, int),
        order=order,
        steps=steps,
        chains=chains,
        candidates=candidates,
        full_share=full_share,
        proposal=proposal,
        places=places,
        moves=MoveWeights(replace, insert, delete),
        terms=tuple(t for t in terms if t.weight),
        temperature=temperature,
        ladder=() if ladder == "auto" else numbers(ladder, float),
        min_length=min_length,
        max_length=max_length,
        seed=seed,
    )
    if ladder == "auto":
        request = _tempered(request, device)
    first, best, last, figures = _run(request, device, out)
    if as_json:
        print_json({"best": best, "last": last, "diagnostics": figures, "unknown": first.unknown})
        return
    if first.unknown:
        console.print(f"kept verbatim, scored as unknown: {', '.join(first.unknown)}")
    rows = [(f"{value:.2f}", text) for text, value in best]
    print_table("Likeliest sentences seen", ("log target", "sentence"), rows)
    temperatures = request.ladder or [request.temperature] * len(last)
    stand = [(str(c), f"{t:g}", text) for c, (t, text) in enumerate(zip(temperatures, last, strict=True), 1)]
    print_table("Where the chains stand", ("chain", "temperature", "sentence"), stand)
    if figures.swaps:
        console.print(f"exchanges accepted between neighbours: {', '.join(f'{share:.2f}' for share in figures.swaps)}")
    for said, shares in (("accepted", figures.acceptance), ("changed the sentence", figures.change)):
        console.print(f"{said}: {', '.join(f'{move} {share:.3f}' for move, share in shares.items())}")
    console.print(f"R-hat {figures.r_hat:.3f}, effective sample size {figures.ess:.0f}")


def _tempered(request: Sample, device: str) -> Sample:
    """The request with a ladder found by pilot runs."""
    from engine.worker import Engine

    torch.set_num_threads(1)
    engine = Engine(device, inline=True)
    try:
        for event in watch(engine.run(SuggestLadder(sample=request))):
            if isinstance(event, LadderSuggested):
                errors.print(f"ladder: {', '.join(f'{t:g}' for t in event.ladder)}")
                return msgspec.structs.replace(request, ladder=event.ladder)
    finally:
        engine.close()
    raise ValueError("No ladder was found.")


def _run(
    request: Sample, device: str, out: Path | None
) -> tuple[SampleStarted, list[tuple[str, float]], list[str], Diagnostics]:
    """Run to the end, writing lines as they come; the first event, the best and last sentences, the last figures."""
    from engine.worker import Engine

    torch.set_num_threads(1)  # the fastest for such small steps, and the same bytes on every machine alike
    engine = Engine(device, inline=True)
    best: dict[str, float] = {}
    last: list[str] = []
    started: SampleStarted | None = None
    figures: Diagnostics | None = None
    with ExitStack() as stack:
        stack.callback(engine.close)
        handle = stack.enter_context(writing(out, keep=True)) if out else None
        bar = stack.enter_context(Progress(console=errors, transient=True, disable=not errors.is_terminal))
        task = bar.add_task("steps", total=request.steps)
        for event in watch(engine.run(request)):
            if isinstance(event, SampleStarted):
                started = event
                if handle:
                    handle.write(encode(request) + b"\n")
            elif isinstance(event, SampleStep):
                last = [p.sentence for p in event.proposals]
                for swap in event.swaps:
                    if swap.accepted:
                        last[swap.low], last[swap.high] = last[swap.high], last[swap.low]
                for p in event.proposals:
                    best[p.sentence] = sum(values[int(p.accepted)] for values in p.terms.values())
                    if handle:
                        handle.write(run_line(p, event.swaps))
                if handle:
                    handle.flush()  # what a kill leaves behind is whole lines
                if len(best) > 20_000:
                    best = dict(_top(best, 100))
                bar.update(task, completed=event.step)
            elif isinstance(event, Diagnostics):
                figures = event
    assert started is not None
    assert figures is not None
    return started, _top(best, 10), last, figures


def _top(best: dict[str, float], count: int) -> list[tuple[str, float]]:
    return sorted(best.items(), key=lambda item: -item[1])[:count]


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(mh)
