"""`encode`, `decode`, `interpolate` and `sample-prior`: a latent space from the shell, one JSON object a line."""

from __future__ import annotations

from pathlib import Path

import typer

from engine.commands.columns import TEXT_COLUMN, TEXT_FILE, read_labelled
from engine.commands.options import DEVICE, LINES, OUTPUT, Asked, add_command
from engine.commands.output import answers, lines_to
from engine.messages import (
    Decode,
    Decoded,
    DecodedSentence,
    Encode,
    Encoded,
    Interpolate,
    PathStep,
    PriorSample,
    SamplePrior,
)
from engine.messages.core import FloatArray


def encode(
    asked: Asked[Encode],
    input_file: Path = typer.Option(None, "--input", help=TEXT_FILE),
    text_column: str = TEXT_COLUMN,
    output: Path = OUTPUT,
    device: str = DEVICE,
    as_json: bool = LINES,
) -> None:
    """Encode sentences: {text, mean, log_var} a line."""
    del as_json
    texts = tuple(asked.given.get("texts", ()))
    if input_file:
        texts += read_labelled(input_file, text_column).texts
    if not texts:
        raise ValueError("there is nothing to encode: give --text or --input")
    with lines_to(output) as write:
        for event in answers(asked.request(texts=texts), device):
            if isinstance(event, Encoded):
                for row, mean, log_var in zip(event.texts, event.means, event.log_vars, strict=True):
                    write({"text": row, "mean": mean, "log_var": log_var})


def decode(asked: Asked[Decode], output: Path = OUTPUT, device: str = DEVICE, as_json: bool = LINES) -> None:
    """Decode points: {z, text, log_prob, finished} a line."""
    del as_json
    request = asked.request()
    reader = "a preview, which is greedy," if request.preview else ""
    asked.note_unread(request.options, reader=reader, reads=("max_length",), best=len(request.points) > 1)
    with lines_to(output) as write:
        for event in answers(request, device):
            if isinstance(event, Decoded):
                for point, found in zip(event.points, event.sentences, strict=True):
                    write(_decoded(point, found))


def interpolate(
    asked: Asked[Interpolate],
    first: str = typer.Option(None, "--from", help="The sentence to start at; short for a first --text."),
    last: str = typer.Option(None, "--to", help="The sentence to end at; short for a last --text."),
    output: Path = OUTPUT,
    device: str = DEVICE,
    as_json: bool = LINES,
) -> None:
    """Walk from one sentence to another: {t, z, text, log_prob, finished} a line."""
    del as_json
    anchors = (*([] if first is None else [first]), *asked.given.get("texts", ()), *([] if last is None else [last]))
    request = asked.request(texts=anchors)
    asked.note_unread(request.options)
    with lines_to(output) as write:
        for event in answers(request, device):
            if isinstance(event, PathStep):
                write({"t": event.t, **_decoded(event.point, event.sentence)})


def sample_prior(asked: Asked[SamplePrior], output: Path = OUTPUT, device: str = DEVICE, as_json: bool = LINES) -> None:
    """Decode draws from the prior: {z, text, log_prob, finished} a line."""
    del as_json
    request = asked.request()
    asked.note_unread(request.options)
    with lines_to(output) as write:
        for event in answers(request, device):
            if isinstance(event, PriorSample):
                for point, found in zip(event.points, event.sentences, strict=True):
                    write(_decoded(point, found))


def _decoded(point: FloatArray, found: DecodedSentence) -> dict[str, object]:
    return {"z": point, "text": found.text, "log_prob": found.log_prob, "finished": found.finished}


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    add_command(app, Encode, encode, fills=("texts",))
    add_command(app, Decode, decode)
    add_command(app, Interpolate, interpolate)
    add_command(app, SamplePrior, sample_prior)
