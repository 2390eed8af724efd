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
from engine.commands.columns import TEXT_COLUMN, TEXT_FILE, say
from engine.commands.output import errors
from engine.files import write_whole
from engine.library import Library
from engine.messages import SearchOptions
from engine.metrics.bleu import corpus_bleu, corpus_chrf
from engine.reading import guess_pair, normalise, read_lines, read_table, table_of
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


def bleu(model: str, text: Path, source: str, target: str, options: SearchOptions) -> dict[str, Any]:
    """BLEU and chrF of a decoder on pairs of sentences; raises ValueError when the file holds none.

    Args:
        model: name or path of a model that translates.
        text: a file, gzip or not.
        source: column of the sentence to translate, by its name or counted from 0; empty: found by what it holds.
        target: column of its reference translation, likewise.
        options: the decoder's.
    """
    found, info = Library(torch.device("cpu")).get(model)
    if "Seq2Seq" not in info.capabilities:
        raise ValueError(f"{info.name} does not translate, so it has no BLEU")
    pairs = read_pairs(text, source, target)
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


def read_pairs(path: Path, source: str, target: str) -> list[tuple[str, str]]:
    """Sentences with their references, and on stderr what was taken from where; raises ValueError with one sentence."""
    table = read_table(path, (source, target))
    first, second = guess_pair(table)
    first = table.column(source) if source else first
    if target or second is None or second == first:
        second = table.column(target) if target else next((c for c in range(table.width) if c != first), None)
    if second is None or second == first:
        raise ValueError(f"{path.name} holds no pairs: a sentence and its reference stand in two columns")
    pairs = [(row[first], row[second]) for row in table.rows if row[first] and row[second]]
    if not pairs:
        raise ValueError(f"{path.name} holds no pairs in {table.title(first)} and {table.title(second)}")
    say(f"{path.name}: sentences from {table.title(first)}, references from {table.title(second)}")
    if len(pairs) < len(table.rows):
        say(f"{len(table.rows) - len(pairs):,} of {len(table.rows):,} lines have no pair and are left out")
    return pairs


def read_sources(path: Path, column: str) -> list[str]:
    """What is to be translated: every line, blank ones too, or the column of sentences of a file that has columns."""
    lines = list(read_lines(path))
    table = table_of(path.name, lines, (column,))
    if table.width == 1 and not table.header and not column:
        return lines
    place = table.column(column) if column else guess_pair(table)[0]
    header = "; the first line names the columns and is left out" if table.header else ""
    say(f"{path.name}: sentences from {table.title(place)}{header}")
    return table.cells(place)


def translate(
    model: str = typer.Option(..., help="Name or path."),
    input: Path = typer.Option(..., help=TEXT_FILE),
    output: Path = typer.Option(..., help="File to write, one line for each line of the input."),
    text_column: str = TEXT_COLUMN,
    settings: list[str] = typer.Option([], "--set", metavar="NAME=VALUE", help="A decoder setting; repeatable."),
    preset: str = typer.Option("", help='What settings mean: "as transformers", "as fairseq" or "as GNMT".'),
) -> None:
    """Decode every line of a file; the output is written whole or not at all."""
    options = read_options(settings, preset)
    found, _ = Library(torch.device("cpu")).get(model)
    written = outputs(found, read_sources(input, text_column), options)
    write_whole(output, "".join(line + "\n" for line in written).encode())


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(translate)
