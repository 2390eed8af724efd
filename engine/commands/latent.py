"""`encode`, `decode`, `interpolate` and `sample-prior`: a latent space from the shell, one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import torch
import typer

from engine.commands.beam import read_options
from engine.commands.columns import TEXT_COLUMN, TEXT_FILE, read_labelled
from engine.commands.output import print_json, watch
from engine.jobs import Context, start
from engine.jobs import latent as _latent_jobs  # noqa: F401 - registers the jobs
from engine.library import Library
from engine.messages import (
    Decode,
    Decoded,
    Encode,
    Encoded,
    Event,
    Interpolate,
    PathStep,
    PriorSample,
    Request,
    SamplePrior,
)
from engine.messages.latent import Path as PathKind
from engine.messages.latent import Point

MODEL = typer.Option(..., help="Name or path of a model with a latent space.")
SETTINGS = typer.Option(["strategy=greedy"], "--set", metavar="NAME=VALUE", help="A decoder setting; repeatable.")


def encode(
    model: str = MODEL,
    text: list[str] = typer.Option([], help="A sentence; repeatable."),
    input_file: Path = typer.Option(None, "--input", help=TEXT_FILE),
    text_column: str = TEXT_COLUMN,
) -> None:
    """Encode sentences: {text, mean, log_var} a line."""
    texts = tuple(line for line in text if line.strip())
    if input_file:
        texts += read_labelled(input_file, text_column).texts
    if not texts:
        raise ValueError("there is nothing to encode: give --text or --input")
    for event in _run(Encode(model=model, texts=texts)):
        if isinstance(event, Encoded):
            for row, mean, log_var in zip(event.texts, event.means, event.log_vars, strict=True):
                print_json({"text": row, "mean": mean, "log_var": log_var})


def decode(
    model: str = MODEL,
    z: str = typer.Option(..., help="A point as a JSON list of numbers, or a list of such lists."),
    settings: list[str] = SETTINGS,
) -> None:
    """Decode points: {z, text, log_prob} a line."""
    for event in _run(Decode(model=model, points=read_points(z), options=read_options(settings))):
        if isinstance(event, Decoded):
            for point, found in zip(event.points, event.sentences, strict=True):
                print_json({"z": point, "text": found.text, "log_prob": found.log_prob})


def interpolate(
    model: str = MODEL,
    first: str = typer.Option(..., "--from", help="The sentence to start at."),
    last: str = typer.Option(..., "--to", help="The sentence to end at."),
    steps: int = typer.Option(16, min=2, max=10_000, help="Stops, both ends counted."),
    path: str = typer.Option("linear", help="linear or spherical."),
    settings: list[str] = SETTINGS,
) -> None:
    """Walk from one sentence to another: {t, z, text} a line."""
    if path not in ("linear", "spherical"):
        raise ValueError(f"--path is linear or spherical, not {path!r}")
    options = read_options(settings)
    kind = cast(PathKind, path)
    for event in _run(Interpolate(model=model, texts=(first, last), steps=steps, path=kind, options=options)):
        if isinstance(event, PathStep):
            print_json({"t": event.t, "z": event.point, "text": event.sentence.text})


def sample_prior(
    model: str = MODEL,
    count: int = typer.Option(10, "--n", min=1, max=100_000, help="Samples."),
    seed: int = typer.Option(0, min=0),
    settings: list[str] = SETTINGS,
) -> None:
    """Decode draws from the prior: {z, text, log_prob} a line."""
    for event in _run(SamplePrior(model=model, count=count, seed=seed, options=read_options(settings))):
        if isinstance(event, PriorSample):
            for point, found in zip(event.points, event.sentences, strict=True):
                print_json({"z": point, "text": found.text, "log_prob": found.log_prob})


def read_points(text: str) -> tuple[Point, ...]:
    """Points from a JSON list of numbers or of lists of numbers; raises ValueError with one sentence."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"--z is no JSON list of numbers: {error}") from error
    rows: Any = value if isinstance(value, list) and value and isinstance(value[0], list) else [value]
    for row in rows:
        numbers = isinstance(row, list) and row
        if not numbers or not all(isinstance(n, int | float) and not isinstance(n, bool) for n in row):
            raise ValueError("--z is a JSON list of numbers, or a list of such lists")
    return tuple(tuple(float(n) for n in row) for row in rows)


def _run(request: Request) -> Iterator[Event]:
    device = torch.device("cpu")
    with torch.inference_mode():
        yield from watch(start(request, Context(Library(device), device)))


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(encode)
    app.command()(decode)
    app.command()(interpolate)
    app.command("sample-prior")(sample_prior)
