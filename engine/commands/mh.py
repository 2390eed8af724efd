"""`mh`: Metropolis-Hastings sentence editing to a run file, one line a proposal."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import msgspec
import typer
from rich.progress import Progress

from engine.commands.options import DEVICE, JSON, Asked, add_command
from engine.commands.output import answers, errors, note, print_json, print_table, say, watch
from engine.files import require_place, writing
from engine.messages import (
    Diagnostics,
    LadderSuggested,
    Sample,
    SampleStarted,
    SampleStep,
    SuggestLadder,
    encode,
    run_line,
)

RUN_FILE: Path = typer.Option(
    None, "--output", "-o", help="Run file to write: the request, then a line a proposal (JSON Lines)."
)


def mh(
    asked: Asked[Sample],
    auto_ladder: bool = typer.Option(False, "--auto-ladder", help="Find the tempering ladder by pilot runs."),
    output: Path = RUN_FILE,
    out: Path = typer.Option(None, "--out", hidden=True),
    device: str = DEVICE,
    as_json: bool = JSON,
) -> None:
    """Edit a sentence word by word so that the chain's law is exactly the target's (CGMH); prints what was seen."""
    request = asked.request()
    if place := output or out:
        require_place(place)
    if auto_ladder:
        request = _tempered(request, device)
    first, best, last, figures = _run(request, device, place)
    if as_json:
        print_json({"best": best, "last": last, "diagnostics": figures, "unknown": first.unknown})
        return
    if first.unknown:
        say(f"kept verbatim, scored as unknown: {', '.join(first.unknown)}")
    rows = [(f"{value:.2f}", text) for text, value in best]
    print_table("Likeliest sentences seen", ("log target", "sentence"), rows)
    temperatures = request.ladder or [request.temperature] * len(last)
    stand = [(str(c), f"{t:g}", text) for c, (t, text) in enumerate(zip(temperatures, last, strict=True), 1)]
    print_table("Where the chains stand", ("chain", "temperature", "sentence"), stand)
    if figures.swaps:
        say(f"exchanges accepted between neighbours: {', '.join(f'{share:.2f}' for share in figures.swaps)}")
    for said, shares in (("accepted", figures.acceptance), ("changed the sentence", figures.change)):
        say(f"{said}: {', '.join(f'{move} {share:.3f}' for move, share in shares.items())}")
    say(f"R-hat {figures.r_hat:.3f}, effective sample size {figures.ess:.0f}")


def _tempered(request: Sample, device: str) -> Sample:
    """The request with a ladder found by pilot runs."""
    for event in answers(SuggestLadder(sample=request), device, threads=1):
        if isinstance(event, LadderSuggested):
            note(f"ladder: {', '.join(f'{t:g}' for t in event.ladder)}")
            return msgspec.structs.replace(request, ladder=event.ladder)
    raise ValueError("No ladder was found.")


def _run(
    request: Sample, device: str, out: Path | None
) -> tuple[SampleStarted, list[tuple[str, float]], list[str], Diagnostics]:
    """Run to the end, writing lines as they come; the first event, the best and last sentences, the last figures."""
    import torch

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
        task = bar.add_task("steps", total=request.steps or None)
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
    add_command(app, Sample, mh)
