"""`beam`: decode one sentence or prompt with any search, and write down the search itself."""

from __future__ import annotations

from pathlib import Path

import typer

from engine.commands.options import DEVICE, JSON, OUTPUT, Asked, add_command
from engine.commands.output import answers, print_json, print_table, say
from engine.files import require_place, write_whole
from engine.messages import Search, SearchDone, SearchStep, encode


def beam(asked: Asked[Search], output: Path = OUTPUT, device: str = DEVICE, as_json: bool = JSON) -> None:
    """Decode one input and print its hypotheses, best first; --output keeps the search, with --trace step by step."""
    request, steps = asked.request(), []
    if output is not None:
        require_place(output)
    asked.note_unread(request.options, best=False)
    for event in answers(request, device):
        if isinstance(event, SearchStep):
            steps.append(event)
        elif isinstance(event, SearchDone):
            _show(event, as_json=as_json)
            if output is not None:
                write_whole(output, encode({"request": request, "steps": steps, "done": event}))


def _show(done: SearchDone, *, as_json: bool) -> None:
    if as_json:
        print_json(done)
        return
    rows = [
        (f"{h.score:.4f}", f"{h.log_prob:.4f}", len(h.tokens), f"{h.text}  ({h.lacks})" if h.lacks else h.text)
        for h in done.hypotheses
    ]
    title = f"{done.steps} steps, {1000 * done.seconds:.0f} ms{'' if rows else '; no output meets what was asked'}"
    print_table(title, ("score", "log p", "tokens", "text"), rows)
    if done.reference is not None:
        say(f"reference: score {done.reference.score:.4f}, log p {done.reference.log_prob:.4f}")


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, Search, beam)
