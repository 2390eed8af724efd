"""A run as files: JSON Lines as the command line writes them, and a table."""

from __future__ import annotations

import csv
import io

from app.panels.sampler.run import Run
from engine.messages import Sample, decode_request, encode, run_line
from engine.reading import without_mark

COLUMNS = (
    "step", "chain", "move", "position", "old", "new", "accepted", "log_alpha", "log_u", "log_g_forward",
    "log_g_backward", "log_target", "words", "sentence",
)  # fmt: skip


def json_lines(run: Run) -> bytes:
    """The request, then a line a proposal."""
    lines = [encode(run.request) + b"\n"]
    lines += [run_line(proposal, step.swaps) for step in run for proposal in step.proposals]
    return b"".join(lines)


def table(run: Run) -> bytes:
    """Comma-separated, a row a proposal; log_target is the sentence's after the verdict, in nats."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for step in run:
        for p in step.proposals:
            target = sum(pair[p.accepted] for pair in p.terms.values())
            known = {"log_target": repr(target), "words": len(p.words)}
            writer.writerow([known.get(c, getattr(p, c, "")) for c in COLUMNS])
    return out.getvalue().encode()


def read_request(data: bytes) -> Sample:
    """The request on a run file's first line; raises ValueError when there is none. The run replays from it."""
    first = without_mark(data).partition(b"\n")[0]
    request = decode_request(first)
    if not isinstance(request, Sample):
        raise ValueError(f"this file asks for a {type(request).__name__}, not for a run of the sampler")
    return request
