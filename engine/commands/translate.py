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

from engine.capabilities import Model
from engine.commands.beam import read_options
from engine.commands.columns import TEXT_COLUMN, TEXT_FILE
from engine.commands.output import errors, note
from engine.files import write_whole
from engine.library import Library
from engine.messages import ModelInfo, SearchOptions
from engine.metrics.bleu import corpus_bleu, corpus_chrf
from engine.metrics.repetition import repeated_ngram_share, repeats_characters
from engine.metrics.slots import count_right, missing, read_slots
from engine.reading import guess_pair, normalise, read_lines, read_table, table_of
from engine.search.batch import translate_each
from engine.search.sources import learnt_length, parts


def outputs(model: Model, info: ModelInfo, texts: Sequence[str], options: SearchOptions) -> list[str]:
    """The best output for each text (of a decoder that draws: what it draws), in order; an empty line stays empty.

    On stderr a progress bar, and how many outputs are unfinished or lack what was asked for.

    A text longer than the translator has learnt is translated in parts. Raises ValueError with one sentence when a
    single sentence is too long.
    """
    options = msgspec.structs.replace(options, n_best=1)
    longest = learnt_length(info) if "Seq2Seq" in info.capabilities else 0
    divided = [parts(normalise(text), lambda part: len(model.tokenizer.encode(part)), longest) for text in texts]
    whole = [part for one in divided for part in one]
    found, lacking = [""] * len(whole), 0
    work = translate_each(model, whole, options)
    with torch.inference_mode():
        bar = track(work, "decoding", len(whole), console=errors, disable=not errors.is_terminal, transient=True)
        for index, hypotheses in bar:
            found[index] = hypotheses[0].text if hypotheses else ""
            lacking += bool(whole[index].strip()) and (not hypotheses or bool(hypotheses[0].lacks))
    if lacking:
        note(f"{lacking:,} of {len(whole):,} outputs are unfinished or lack what was asked for")
    written = iter(found)
    return [" ".join(next(written) for _ in one) for one in divided]


def decoder(info: ModelInfo, settings: Sequence[str], preset: str = "") -> SearchOptions:
    """Decoder options; where nobody sets the longest output, a translator's has room for its longest source."""
    options = read_options(settings, preset)
    longest = learnt_length(info) if "Seq2Seq" in info.capabilities else 0
    if preset or not longest or any(setting.startswith("max_length=") for setting in settings):
        return options
    return msgspec.structs.replace(options, max_length=min(512, max(options.max_length, longest + longest // 2)))


def bleu(
    model: str, text: Path, source: str, target: str, settings: Sequence[str], *, slots: str = ""
) -> dict[str, Any]:
    """BLEU and chrF of a decoder on pairs of sentences, and how often it repeats itself.

    Raises ValueError when the file holds no pairs.

    Args:
        model: name or path of a model that translates.
        text: a file, gzip or not.
        source: column of the sentence to translate, by its name or counted from 0; empty: found by what it holds.
        target: column of its reference translation, likewise.
        settings: the decoder's, as NAME=VALUE.
        slots: column of the names, numbers and times that must survive, as `engine.metrics.slots` reads them; empty:
            none. The share that does and what was missed is returned too.
    """
    found, info = Library(torch.device("cpu")).get(model)
    if "Seq2Seq" not in info.capabilities:
        raise ValueError(f"{info.name} does not translate, so it has no BLEU")
    options = decoder(info, settings)
    rows = read_pairs(text, source, target, slots)
    references = [reference for _, reference, _ in rows]
    started = time.perf_counter()
    written = outputs(found, info, [sentence for sentence, _, _ in rows], options)
    seconds = time.perf_counter() - started
    score, chrf = corpus_bleu(written, references), corpus_chrf(written, references)
    return {
        "model": info.name,
        "sentences": len(rows),
        "bleu": score.score,
        "bleu_signature": score.signature,
        "chrf": chrf.score,
        "chrf_signature": chrf.signature,
        "repeated_3gram_share": repeated_ngram_share(written),
        "repeated_3gram_share_of_references": repeated_ngram_share(references),
        "repeated_characters": sum(map(repeats_characters, written)),
        **(_survival(written, [read_slots(cell) for _, _, cell in rows]) if slots else {}),
        "options": options,
        "seconds": seconds,
    }


def _survival(written: Sequence[str], slots: Sequence[Sequence[str]]) -> dict[str, Any]:
    right, total = count_right(written, slots)
    if not total:
        raise ValueError("the column of slots is empty")
    lost = [(missing(output, wanted), output) for output, wanted in zip(written, slots, strict=True)]
    return {
        "slots": total,
        "slots_right": right,
        "slot_share": right / total,
        "missed": [f"{', '.join(gone)}: {output}" for gone, output in lost if gone],
    }


def read_pairs(path: Path, source: str, target: str, slots: str = "") -> list[tuple[str, str, str]]:
    """Sentences, references and slots, and on stderr what was taken from where; raises ValueError with one sentence."""
    table = read_table(path, (source, target, slots))
    first, second = guess_pair(table)
    first = table.column(source) if source else first
    if target or second is None or second == first:
        second = table.column(target) if target else next((c for c in range(table.width) if c != first), None)
    if second is None or second == first:
        raise ValueError(f"{path.name} holds no pairs: a sentence and its reference stand in two columns")
    third = table.column(slots) if slots else None
    rows = [(row[first], row[second], "" if third is None else row[third]) for row in table.rows]
    pairs = [row for row in rows if row[0] and row[1]]
    if not pairs:
        raise ValueError(f"{path.name} holds no pairs in {table.title(first)} and {table.title(second)}")
    note(f"{path.name}: sentences from {table.title(first)}, references from {table.title(second)}")
    if len(pairs) < len(table.rows):
        note(f"{len(table.rows) - len(pairs):,} of {len(table.rows):,} lines have no pair and are left out")
    return pairs


def read_sources(path: Path, column: str) -> list[str]:
    """What is to be translated: every line, blank ones too, or the column of sentences of a file that has columns."""
    lines = list(read_lines(path))
    table = table_of(path.name, lines, (column,))
    if table.width == 1 and not table.header and not column:
        return lines
    place = table.column(column) if column else guess_pair(table)[0]
    header = "; the first line names the columns and is left out" if table.header else ""
    note(f"{path.name}: sentences from {table.title(place)}{header}")
    return table.cells(place)


def translate(
    model: str = typer.Option(..., help="Name or path."),
    input: Path = typer.Option(..., help=TEXT_FILE),
    output: Path = typer.Option(..., help="File to write, one line for each line of the input."),
    text_column: str = TEXT_COLUMN,
    settings: list[str] = typer.Option([], "--set", metavar="NAME=VALUE", help="A decoder setting; repeatable."),
    preset: str = typer.Option("", help='What settings mean: "as transformers", "as fairseq" or "as GNMT".'),
) -> None:
    """Decode every line of a file; the output is written whole or not at all.

    A line longer than the translator has learnt is cut at sentence ends and joined again.
    """
    read_options(settings, preset)  # a wrong setting is said before the model is read
    found, info = Library(torch.device("cpu")).get(model)
    written = outputs(found, info, read_sources(input, text_column), decoder(info, settings, preset))
    write_whole(output, "".join(line + "\n" for line in written).encode())


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(translate)
