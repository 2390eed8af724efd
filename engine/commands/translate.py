"""`translate`: a file of sentences through a decoder; and the BLEU of a decoder on a file of pairs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import torch
import typer
from rich.progress import track

from engine.commands.beam import read_options
from engine.commands.output import errors
from engine.files import write_whole
from engine.library import Library
from engine.messages import SearchOptions
from engine.metrics.bleu import corpus_bleu, corpus_chrf
from engine.reading import normalise, read_lines
from engine.search.batch import translate_each


def outputs(model: Any, texts: Sequence[str], options: SearchOptions) -> list[str]:
    """The best output for each text, in order, with a progress bar on stderr; an empty line stays empty."""
    if options.strategy not in ("sample", "mbr"):
        options = msgspec.structs.replace(options, n_best=1)
    found = [""] * len(texts)
    work = translate_each(model, [normalise(t) for t in texts], options)
    with torch.inference_mode():
        bar = track(work, "decoding", len(texts), console=errors, disable=not errors.is_terminal, transient=True)
        for index, hypotheses in bar:
            found[index] = hypotheses[0].text if hypotheses else ""
    return found


def bleu(model: str, text: Path, source: int, target: int, options: SearchOptions) -> dict[str, Any]:
    """BLEU and chrF of a decoder on tab-separated pairs; raises ValueError when the file holds none.

    Args:
        model: name or path of a model that translates.
        text: a file, gzip or not.
        source: column of the sentence to translate, counted from 0.
        target: column of its reference translation.
        options: the decoder's.
    """
    found, info = Library(torch.device("cpu")).get(model)
    if "Seq2Seq" not in info.capabilities:
        raise ValueError(f"{info.name} does not translate, so it has no BLEU")
    rows = [line.split("\t") for line in read_lines(text)]
    pairs = [(cells[source], cells[target]) for cells in rows if max(source, target) < len(cells)]
    if not pairs:
        raise ValueError(f"{text.name} holds no pairs in columns {source} and {target}")
    started = time.perf_counter()
    written = outputs(found, [s for s, _ in pairs], options)
    seconds = time.perf_counter() - started
    score = corpus_bleu(written, [t for _, t in pairs])
    chrf = corpus_chrf(written, [t for _, t in pairs])
    return {
        "model": info.name,
        "sentences": len(pairs),
        "bleu": score.score,
        "bleu_signature": score.signature,
        "chrf": chrf.score,
        "chrf_signature": chrf.signature,
        "options": options,
        "seconds": seconds,
    }


def translate(
    model: str = typer.Option(..., help="Name or path."),
    input: Path = typer.Option(..., help="A text file, one sentence a line (gzip too)."),
    output: Path = typer.Option(..., help="File to write, one line for each line of the input."),
    settings: list[str] = typer.Option([], "--set", metavar="NAME=VALUE", help="A decoder setting; repeatable."),
    preset: str = typer.Option("", help='What settings mean: "as transformers", "as fairseq" or "as GNMT".'),
) -> None:
    """Decode every line of a file; the output is written whole or not at all."""
    options = read_options(settings, preset)
    found, _ = Library(torch.device("cpu")).get(model)
    written = outputs(found, list(read_lines(input)), options)
    write_whole(output, "".join(line + "\n" for line in written).encode())


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(translate)
