"""`eval`: what a model is worth on a text."""

from __future__ import annotations

from pathlib import Path

import msgspec
import typer

from engine.commands.columns import LABEL_COLUMN, TEXT_COLUMN, TEXT_FILE, read_labelled
from engine.commands.options import DEVICE, JSON, Asked, add_command
from engine.commands.output import answers, print_figures, print_json, print_metrics
from engine.commands.translate import read_pairs
from engine.messages import Evaluate, Evaluated, SearchOptions


def evaluate(
    asked: Asked[Evaluate],
    text: Path = typer.Option(None, help=TEXT_FILE),
    text_column: str = TEXT_COLUMN,
    label_column: str = LABEL_COLUMN,
    with_bleu: bool = typer.Option(False, "--bleu", help="BLEU and chrF of a translator's outputs."),
    target_column: str = typer.Option(
        "", metavar="NAME|NUMBER", help="With --bleu: column of the reference translations [found by what it holds]."
    ),
    slots_column: str = typer.Option(
        "", metavar="NAME|NUMBER", help="With --bleu: column of the names, numbers and times that must survive."
    ),
    device: str = DEVICE,
    as_json: bool = JSON,
) -> None:
    """Figures on a text: perplexity of a language model; bounds, KL, reconstruction and more of a latent space; BLEU.

    Each sentence's end mark counts as a word.
    """
    asked.request(texts=(), labels=(), references=(), slots=())  # a wrong setting is said before the file is read
    fields: dict[str, tuple[str, ...]] = {"texts": tuple(asked.given.get("texts", ()))}
    if text is not None and with_bleu:
        rows = read_pairs(text, text_column, target_column, slots_column)
        fields = {"texts": tuple(r[0] for r in rows), "references": tuple(r[1] for r in rows)}
        fields |= {"slots": tuple(r[2] for r in rows)} if slots_column else {}
    elif text is not None:
        held = read_labelled(text, text_column, label_column)
        fields = {"texts": held.texts, "labels": held.labels}
    request = asked.request(**fields, **asked.under_preset(roomy=False))
    asked.note_unread(request.options, reader="" if request.references else "eval without references")
    for event in answers(request, device):
        if isinstance(event, Evaluated):
            if label_column and "homogeneity" not in event.metrics:
                raise ValueError(f"{event.model} has no clusters to compare labels with; leave --label-column out")
            _show(event, as_json=as_json)


def _show(found: Evaluated, *, as_json: bool) -> None:
    """As JSON, or figures a line each; of the decoder's settings those that are not usual."""
    about = {"model": found.model, "sentences": found.sentences}
    if as_json:
        more = {"options": found.options, "missed": found.missed} if found.options else {}
        print_json({**about, **found.figures, **more, **({"metrics": found.metrics} if found.metrics else {})})
        return
    if found.metrics:
        print_metrics(found.metrics)
        return
    print_figures({**about, **found.figures, **({"missed": found.missed} if found.missed else {})})
    if found.options:
        usual, used = msgspec.structs.asdict(SearchOptions()), msgspec.structs.asdict(found.options)
        told = [f"{n} {v}" for n, v in used.items() if v != usual[n] or n == "strategy"]
        print_figures({"decoder": ", ".join(told)})


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, Evaluate, evaluate, fills=("texts",))
