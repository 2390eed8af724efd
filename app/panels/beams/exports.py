"""What leaves the panel: the table of hypotheses, and the traces of the searches."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

from app.panels.beams.decoders import Decoder, asked, title
from app.panels.beams.run import Run, as_searched, ranking
from engine.messages import command_line, encode

if TYPE_CHECKING:
    from app.panels.beams.panel import BeamsPanel

HEADINGS = (
    "decoder",
    "name",
    "model",
    "rank",
    "text",
    "log_prob",
    "score",
    "tokens",
    "finished",
    "unmet",
    "weight",
    "bleu",
    "chrf",
)


def rows(runs: Iterable[tuple[int, Decoder, Run]]) -> list[tuple[object, ...]]:
    """One row a hypothesis, decoders in their order, best first."""
    out: list[tuple[object, ...]] = []
    for number, decoder, run in runs:
        decoder = as_searched(run, decoder)
        for rank, (h, score) in enumerate(ranking(run, decoder), 1):
            quality = (h.quality.get("bleu", ""), h.quality.get("chrf", ""))
            known = (h.text, h.log_prob, score, len(h.tokens), h.finished, "; ".join(h.unmet), h.weight)
            out.append((number + 1, title(decoder), decoder.model, rank, *known, *quality))
    return out


def table(runs: Iterable[tuple[int, Decoder, Run]]) -> bytes:
    """All hypotheses as comma-separated values."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADINGS)
    writer.writerows(rows(runs))
    return out.getvalue().encode()


def records(runs: Iterable[tuple[int, Decoder, Run]]) -> bytes:
    """All hypotheses with their tokens, as JSON."""
    return encode(
        [
            {"decoder": number + 1, "name": title(as_searched(run, decoder)), "request": run.request, "done": run.done}
            for number, decoder, run in runs
        ]
    )


def trace(run: Run) -> bytes:
    """One search with every step, as `python -m engine beam --trace` writes it."""
    return encode({"request": run.request, "steps": run.steps, "done": run.done})


def copy_sentence(panel: BeamsPanel) -> None:
    """The sentence looked at, to the clipboard."""
    if panel.hypothesis is not None:
        panel.copy_text(panel.hypothesis.text, "the sentence")


def copy_command(panel: BeamsPanel) -> None:
    """The chosen decoder's search as a command for a terminal, to the clipboard."""
    if panel.setup.decoder is not None:
        panel.copy_text(command_line(asked(panel.setup, panel.setup.decoder)), "the command line")


def export_table(panel: BeamsPanel, kind: str) -> None:
    """All hypotheses to a file: "csv" or "json"."""
    if kind == "csv":
        panel.export("hypotheses.csv", table(panel.results()), "Comma-separated values (*.csv)")
    else:
        panel.export("hypotheses.json", records(panel.results()), "JSON (*.json)")


def export_trace(panel: BeamsPanel) -> None:
    """The chosen decoder's search, every step, to a file."""
    if panel.run is not None:
        panel.export("trace.json", trace(panel.run), "JSON (*.json)")
