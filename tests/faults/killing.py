"""Killing writers at random moments: what was saved before is there, old or new, and a training goes on unharmed.

`python -m tests.faults.killing FOLDER ROUNDS SEED` prints one line for each thing that was lost. The process is forked
for each round, so that what is slow to begin is paid for once.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import torch

from app.session import Session
from app.session import load as load_session
from app.session import save as save_session
from engine.checkpoint import Document, load_model, save
from engine.commands.mh import _run
from engine.jobs import Context
from engine.jobs.training import train_model
from engine.library import Library
from engine.messages import Sample, Train, decode_request
from engine.models.lstm import LstmLm, LstmLmConfig
from engine.models.parts.adaptive_softmax import AdaptiveSoftmaxConfig
from engine.text import Tokenizer
from engine.training import trainer
from tests.faults.mutations import SENTENCES

RECIPE = """
name = "toy"
task = "language-model"
[model]
kind = "lstm-lm"
embedding = 8
hidden = 12
output = { kind = "adaptive-softmax", head = 8, clusters = 1 }
dropout = 0.1
[tokenizer]
size = 40
[[data]]
path = "{split}.txt"
[training]
passes = 8
batch_tokens = 60
learning_rate = 0.02
warmup_steps = 2
"""
Found = list[str]


def hit(work: Callable[[], None], seconds: float) -> bool:
    """Do the work in a process of its own and kill it after so long; whether it was still at it."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise RuntimeError("the work itself failed")
    return os.WIFSIGNALED(status)


def forever(one: Callable[[], object], other: Callable[[], object]) -> Callable[[], None]:
    """The two in turn, without end."""

    def work() -> None:
        while True:
            one()
            other()

    return work


def tiny_pair() -> list[tuple[LstmLm, Document]]:
    """A forward and a backward model."""
    tokenizer = Tokenizer.train("word", SENTENCES, 40)
    pair = []
    for seed, direction, name, partner in ((0, "forward", "tiny", "back"), (1, "backward", "back", "tiny")):
        torch.manual_seed(seed)
        config = LstmLmConfig(tokenizer.size, direction, embedding=8, hidden=12, output=AdaptiveSoftmaxConfig(10, 2))
        document = Document(name, msgspec.to_builtins(config), "word", partner=partner, role=direction)
        pair.append((LstmLm(config, tokenizer).eval(), document))
    return pair


def checkpoints(folder: Path, rounds: int, rng: random.Random) -> Found:
    """Two models saved over each other."""
    path, found = folder / "model.safetensors", Found()
    whole = []
    for model, document in tiny_pair():
        save(path, model, document)
        whole.append(path.read_bytes())
    (a, of_a), (b, of_b) = tiny_pair()
    for i in range(rounds):
        hit(forever(lambda: save(path, a, of_a), lambda: save(path, b, of_b)), rng.uniform(0.005, 0.15))
        if path.read_bytes() not in whole:
            found.append(f"checkpoint, round {i}: neither the old file nor the new one")
    load_model(path)
    if [p for p in folder.glob("*.safetensors") if p != path]:
        found.append("checkpoint: half a file is left where the library looks")
    return found


def sessions(folder: Path, rounds: int, rng: random.Random) -> Found:
    """Two sessions saved over each other."""
    path, found = folder / "session.json", Found()
    short, long = Session(panel="toy"), Session(panels={"sampler": {"text": "word " * 20_000}})
    save_session(short, path)
    for i in range(rounds):
        hit(forever(lambda: save_session(long, path), lambda: save_session(short, path)), rng.uniform(0.005, 0.1))
        if load_session(path) not in (short, long):
            found.append(f"session, round {i}: neither the old one nor the new one")
    return found


def trainings(folder: Path, rounds: int, rng: random.Random) -> Found:
    """A training hit again and again, then left alone: the same bytes as one that never was."""
    people, verbs, things = ("Tom", "Mary", "the dog"), ("likes", "sees", "wants"), ("tea", "a ball", "the sun")
    lines = [f"{p} {v} {t} ." for p in people for v in verbs for t in things]
    for split, part in (("train", lines[:21]), ("valid", lines[21:24]), ("test", lines[24:])):
        (folder / f"{split}.txt").write_text("\n".join(part))
    (folder / "toy.toml").write_text(RECIPE)
    trainer.SAVE_EVERY = 0.0  # a state after every step

    def training(run: str) -> Callable[[], None]:
        places = {"run": str(folder / run), "output": str(folder / run / "toy.safetensors")}
        request = Train(recipe=str(folder / "toy.toml"), data=str(folder), threads=1, **places)
        device = torch.device("cpu")

        def work() -> None:
            with torch.inference_mode():
                for _ in train_model(request, Context(Library(device, []), device)):
                    pass

        return work

    training("first")()  # what is loaded now is there in every process forked later
    began = time.perf_counter()
    training("alone")()
    whole, hits = time.perf_counter() - began, 0
    for _ in range(rounds):
        hits += hit(training("hit"), rng.uniform(0.05, 0.4) * whole)
    training("hit")()
    same = [(folder / run / "toy.safetensors").read_bytes() for run in ("alone", "hit")]
    sys.stdout.write(f"a training of {whole:.2f} s was hit {hits} times\n")
    if same[0] != same[1]:
        return [f"training: other weights after {hits} kills"]
    return [] if hits else ["training: it was never hit"]


def runs(folder: Path, rounds: int, rng: random.Random) -> Found:
    """A run of the sampler with a run file: the old file stays until the new one is whole, what came is in lines."""
    library, out, found = folder / "library", folder / "run.jsonl", Found()
    for model, document in tiny_pair():
        save(library / f"{document.name}.safetensors", model, document)
    os.environ["TEXTSCAPE_MODELS"] = str(library)
    request = Sample(model="tiny", keywords="dog", steps=300, chains=2, candidates=8, seed=3)
    _run(request, "cpu", out)
    first, beside = out.read_bytes(), out.with_name("run.jsonl.part")
    for i in range(rounds):
        hit(lambda: _run(request, "cpu", out) and None, rng.uniform(0.02, 0.6))  # type: ignore[arg-type]
        if out.read_bytes() != first:
            found.append(f"run, round {i}: the old run file is not whole")
        lines = beside.read_bytes().split(b"\n")[:-1] if beside.exists() else []
        if lines:
            decode_request(lines[0])
        for line in lines[1:]:
            json.loads(line)
    _run(request, "cpu", out)
    if out.read_bytes() != first:
        found.append("run: the same request gave another file")
    return found


def main(folder: Path, rounds: int, seed: int) -> int:
    """Everything in turn; 1 when something was lost."""
    torch.set_num_threads(1)
    rng, found = random.Random(seed), Found()
    for task in (checkpoints, sessions, trainings, runs):
        place = folder / task.__name__
        place.mkdir(parents=True)
        began = time.perf_counter()
        lost = task(place, rounds, rng)
        said = f"{task.__name__}: {rounds} kills in {time.perf_counter() - began:.1f} s, {len(lost)} lost"
        sys.stdout.write(f"{said}\n")
        found += lost
    sys.stdout.write("".join(f"{line}\n" for line in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
