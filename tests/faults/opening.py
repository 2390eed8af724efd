"""Opening files as the product does, under a watch: each opens or says one sentence, soon and in little memory."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch

from app import session as sessions
from app.panels.beams.batch import read_pairs
from app.panels.sampler import exports
from app.panels.sampler.parameters import Parameters
from app.panels.sampler.run import Run
from app.texts import read_text
from engine.checkpoint import load_model, read_trace
from engine.latent.recording import recorded
from engine.reading import read_lines
from engine.training.recipe import read_recipe
from tests.faults.mutations import Mutator, seeds

SECONDS = 5.0  # a file may take; the machine may be busy with other things
MEGABYTES = 200.0  # a file of a few kilobytes may add to the highest memory use so far
LONGEST = 600  # characters of a sentence


def peak_mb() -> float:
    """The highest memory use of this process so far."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the system does not tell")


# --- ways to open ----------------------------------------------------------------------------------------------------


def open_checkpoint(path: Path) -> None:
    """Weights, tokenizer, trace, and a first word."""
    model, info = load_model(path)
    read_trace(path)
    recorded(info)
    model.tokenizer.decode(model.tokenizer.encode("the dog ."))
    if "NextToken" in info.capabilities:
        with torch.inference_mode():
            model.log_probs(model.begin(1))


def open_session(path: Path) -> None:
    """The file, then what the window reads out of it."""
    session = sessions.load(path)
    assert session is not None
    for reference in session.models:
        reference.find(path.parent)
    match session.panels.get("sampler"):
        case {"panel": {"run": str(run)}} if run:
            Run.unpack(run)


def open_lines(path: Path) -> None:
    """The same text as training, encoding and a batch of searches read it."""
    for _ in read_lines(path):
        pass
    said = read_text(path, 1000).said + read_pairs(path)[1]
    if "\n" in said:
        raise AssertionError(f"said in more than one line: {said!r}")


def open_run(path: Path) -> None:
    """A run file's request."""
    with path.open("rb") as file:
        Parameters(sample=exports.read_request(file.readline()))


def open_recipe(path: Path) -> None:
    """A recipe, as training reads it."""
    read_recipe(path)


WAYS: dict[str, Callable[[Path], None]] = {
    ".safetensors": open_checkpoint,
    ".json": open_session,
    ".jsonl": open_run,
    ".toml": open_recipe,
    ".txt": open_lines,
    ".gz": open_lines,
}


def sentence_of(path: Path) -> str:
    """What the user is told; empty when the file opened. Anything but one sentence is raised."""
    try:
        WAYS[path.suffix](path)
    except (ValueError, OSError) as error:
        said = str(error)
        if not said.strip() or "\n" in said or len(said) > LONGEST or "Traceback" in said:
            raise AssertionError(f"not one clear sentence: {said!r:.400}") from error
        return said
    return ""


# --- many ------------------------------------------------------------------------------------------------------------


@dataclass
class Opened:
    """What came of many files."""

    seed: int
    tried: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    growth: float = 0.0  # MB of peak memory, all files together
    faults: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """For a person."""
        total, refused = self.tried.total(), self.refused.total()
        kinds = ", ".join(f"{n:,} {kind}" for kind, n in sorted(self.tried.items()))
        yield f"seed {self.seed}: {total:,} mutated files ({kinds})"
        yield f"{refused:,} refused with one sentence, the rest opened"
        yield f"slowest {1e3 * self.slowest:.0f} ms, peak memory {self.growth:+.0f} MB"
        yield f"{len(self.faults)} faults"
        yield from self.faults


def open_many(folder: Path, count: int, seed: int) -> Opened:
    """Make and open so many broken files; a file that is a fault stays in the folder."""
    outcome = Opened(seed)
    mutator = Mutator(random.Random(seed), good := seeds(folder / "good"))
    for kind, path in good.items():
        if said := sentence_of(path):
            outcome.faults.append(f"the good {kind} is refused: {said}")
    start = peak_mb()
    for i in range(count):
        path = mutator.write(folder, f"{seed}-{i}")
        look(path, outcome)
    outcome.growth = peak_mb() - start
    return outcome


def look(path: Path, outcome: Opened) -> None:
    """Open one file and judge what it did."""
    kind, memory, began = path.suffix, peak_mb(), time.perf_counter()
    outcome.tried[kind] += 1
    fault = ""
    try:
        outcome.refused[kind] += bool(sentence_of(path))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a fault
        fault = f"{type(error).__name__}: {error!s:.300}"
    spent, more = time.perf_counter() - began, peak_mb() - memory
    outcome.slowest = max(outcome.slowest, spent)
    if spent > SECONDS:
        fault = fault or f"took {spent:.1f} s"
    if more > MEGABYTES:
        fault = fault or f"took {more:.0f} MB"
    if fault:
        outcome.faults.append(f"{path}: {fault}")
    else:
        path.unlink()
