"""The window as a process: cold start, and its event loop while four chains run at full speed; cancelling."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from engine.messages import Cancelled, Sample, SampleStep, Search, SearchDone, SearchOptions
from engine.worker import Engine
from tests.benchmarks.rows import Row, Target
from tests.e2e.program import drive

ENDLESS = {
    "parameters": {
        "mode": "keywords",
        "sample": {
            "request": "Sample",
            "model": "everyday-forward",
            "keywords": "juice natural brand",
            "steps": 0,
            "chains": 4,
        },
    }
}


def rows() -> list[Row]:
    """Cold start, event-loop delays, cancel, six searches."""
    return [*cold_start(), *event_loop(), *cancel(), *six_columns(), *six_columns_shown()]


def cold_start() -> list[Row]:
    """From the command to the first proposal painted, in an empty home folder; the second of two starts counts."""
    steps = [{"models": 60}, {"demo": "sampler"}, {"shows": "sampler", "seconds": 60}, {"quit": 0}]
    seconds = 0.0
    for _ in range(2):
        with tempfile.TemporaryDirectory() as home:
            answers = drive(Path(home), steps, "--fresh")
            seconds = answers.of("shows")[0]["since_start"]
    code = "import time; began = time.perf_counter(); import torch; print(time.perf_counter() - began)"
    loading = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    return [
        Row("python -m app to first painted step", seconds, "s", Target("<", 6)),
        Row("of which torch's import, in a process of its own", float(loading), "s"),
    ]


def event_loop() -> list[Row]:
    """Time between 16 ms beats of the window's own event loop, sampler at full speed, four chains, ten seconds."""
    steps = [
        {"models": 60},
        {"restore": "sampler", "with": ENDLESS},
        {"panel": "sampler"},
        {"command": "sampler.run"},
        {"shows": "sampler", "seconds": 60},
        {"command": "sampler.end"},
        {"command": "sampler.follow"},
        {"wait": 2},
        {"measure": 10},
        {"quit": 0},
    ]
    with tempfile.TemporaryDirectory() as home:
        answers = drive(Path(home), steps, "--fresh")
    measured = answers.of("p99")[0]
    return [Row("event-loop gap p99, four chains at full speed (16 ms beat)", measured["p99"], "ms", Target("<", 33))]


def cancel() -> list[Row]:
    """From `cancel` to the engine's word that the run is over."""
    engine = Engine("cpu")
    worst = 0.0
    for seed in range(5):
        job = engine.submit(Sample(model="everyday-forward", keywords="juice brand", steps=0, chains=16, seed=seed))
        _wait(engine, job, SampleStep)
        time.sleep(0.2)
        began = time.perf_counter()
        engine.cancel(job)
        _wait(engine, job, Cancelled)
        worst = max(worst, (time.perf_counter() - began) * 1e3)
    engine.close()
    return [Row("cancel seen, worst of five, sixteen chains", worst, "ms", Target("<", 100))]


def six_columns() -> list[Row]:
    """Six traced beam-8 searches of a sixteen-word sentence through the engine thread, as the panel asks for them."""
    engine = Engine("cpu")
    text = "Der Mann, den ich gestern im Zug getroffen habe, hat mir ein sehr schönes Buch geschenkt."
    request = Search(model="german-english-transformer", text=text, options=SearchOptions(beam=8, n_best=8), trace=True)
    seconds = 0.0
    for _ in range(2):  # the first loads the model
        began = time.perf_counter()
        jobs = {engine.submit(request) for _ in range(6)}
        while jobs:
            jobs -= {m.job for m in engine.poll() if isinstance(m.event, SearchDone)}
            time.sleep(0.0005)
        seconds = time.perf_counter() - began
    engine.close()
    return [Row("six columns of beam 8, traced, a sixteen-word sentence", seconds, "s", Target("<", 1))]


def six_columns_shown() -> list[Row]:
    """The same six in the panel: from the key press until all stand there, and what the event loop waited meanwhile."""
    steps: list[dict[str, object]] = [
        {"models": 60},
        {"demo": "beams"},
        {"ready": "beams", "seconds": 60},
        {"wait": 1},
        {"command": "beams.run"},
        {"measure": 1},
        {"ready": "beams", "seconds": 60},
        {"quit": 0},
    ]
    with tempfile.TemporaryDirectory() as home:
        answers = drive(Path(home), steps, "--fresh")
    return [
        Row(
            "event-loop gap p99 in the second after six decoders are asked for",
            answers.of("p99")[0]["p99"],
            "ms",
            Target("<", 33),
        )
    ]


def _wait(engine: Engine, job: int, kind: type) -> None:
    while not any(m.job == job and isinstance(m.event, kind) for m in engine.poll()):
        time.sleep(0.0005)
