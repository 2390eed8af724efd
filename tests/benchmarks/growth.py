"""How cost grows: proposals, decoding, latent points and frames, each against what makes it dearer.

Costs are processor time, so that curves hold on a busy machine. The last line of a table says by which power of its
first column each other one grows from its first line to its last: 0 is no growth, 1 as much work as there is more.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from typing import Any

import numpy as np
import torch
from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from app.theme import Theme
from app.widgets.cluster_map import ClusterMap
from app.widgets.pad import Group, Pad
from app.widgets.pad_canvas import CRISP
from engine.assets import CHECKPOINTS
from engine.checkpoint import load_model
from engine.latent.decoding import read_points
from engine.messages.latent import GREEDY
from engine.models.lstm import LstmLm, LstmLmConfig
from tests.benchmarks.cluster_map import map_of
from tests.benchmarks.decoding import SOURCE, VOCABULARY, options_of, our_model, search
from tests.benchmarks.proposals import SENTENCE, models, per_proposal
from tests.benchmarks.rows import Growth
from tests.engine.words import Words

REPEATS = 5
FRAMES = 30
POINTS = (1_000, 10_000, 100_000, 1_000_000)


def rows() -> Iterator[Growth]:
    """All tables."""
    torch.set_num_threads(1)
    with torch.inference_mode():
        yield from sampling()
        yield from decoding()
        yield latent()
    yield from frames()


# --- the sampler -------------------------------------------------------------------------------------------------


class AnyWords(Words):
    """Text is any words, each standing for one of the numbered ones."""

    def ids(self, words: Sequence[str]) -> list[int]:
        return [len(self.marks) + sum(word.encode()) % (self.size - len(self.marks)) for word in words]


def sampling() -> Iterator[Growth]:
    """Proposals a CPU second, and CPU milliseconds of each."""
    columns = ("proposals a CPU s", "CPU ms each")
    pair = models()
    sentence = SENTENCE[:-2].split()

    def both(
        pair: tuple[LstmLm, LstmLm] = pair, steps: int = 60, seeds: int = 1, **setting: Any
    ) -> tuple[float, float]:
        each = statistics.mean(per_proposal(*pair, steps=steps, seed=seed, **setting) for seed in range(seeds))
        return 1 / each, 1e3 * each

    both(steps=10)
    yield Growth(
        "Sampler against the vocabulary (random weights in the bundled shape, K 50, 10 words, one chain)",
        ("words", *columns),
        [(v, *both(random_pair(v))) for v in (1_000, 2_000, 5_000, 10_000, 20_000)],
    )
    yield Growth(
        "Sampler against K (bundled model, 10 words, one chain)",
        ("K", *columns),
        [(k, *both(candidates=k, steps=60 if k < 1000 else 20)) for k in (10, 50, 200, 1000)],
    )
    yield Growth(
        "Sampler against the sentence's length (bundled model, K 50, one chain)",
        ("words", *columns),
        [(n, *both(start=" ".join(islice(cycle(sentence), n)))) for n in (5, 10, 20, 40)],
    )
    yield Growth(
        "Sampler against chains in a batch (bundled model, K 50, 10 words, 20 steps)",
        ("chains", *columns),
        [(c, *both(chains=c, steps=20, seeds=max(1, 8 // c))) for c in (1, 4, 16, 64)],
    )


def random_pair(vocabulary: int) -> tuple[LstmLm, LstmLm]:
    """A forward and a backward model of random weights."""
    torch.manual_seed(0)
    words: Any = AnyWords(vocabulary)
    forward, backward = (
        LstmLm(LstmLmConfig(vocabulary=vocabulary, direction=direction), words).eval().requires_grad_(False)
        for direction in ("forward", "backward")
    )
    return forward, backward


# --- searches ----------------------------------------------------------------------------------------------------


def decoding() -> Iterator[Growth]:
    """CPU milliseconds to decode one source of 20 tokens."""
    model = our_model()
    source = torch.randint(4, VOCABULARY, (SOURCE,), generator=torch.Generator().manual_seed(1)).tolist()

    def cost(beam: int, tokens: int, *, trace: bool = False) -> float:
        options = options_of(beam, tokens)
        return 1e3 * cpu(lambda: search(model, [source], options, trace=trace))

    yield Growth(
        "Decoding against the output's length (one source, 20 tokens; CPU ms)",
        ("tokens", "greedy", "beam 5", "beam 5, traced"),
        [(n, cost(1, n), cost(5, n), cost(5, n, trace=True)) for n in (8, 16, 32, 64)],
    )
    yield Growth(
        "Decoding 32 tokens against the beam's width (one source, 20 tokens; CPU ms)",
        ("beam", "plain", "traced"),
        [(b, cost(b, 32), cost(b, 32, trace=True)) for b in (1, 2, 5, 10, 20)],
    )


def latent() -> Growth:
    """CPU milliseconds of one greedy decode of several points."""
    model, _ = load_model(CHECKPOINTS / "everyday-vae.safetensors")
    random = np.random.default_rng(0)
    lines = []
    for count in (1, 4, 16, 64, 256):
        points = torch.from_numpy(0.7 * random.standard_normal((count, model.latent_size)).astype(np.float32))
        spent = 1e3 * cpu(lambda points=points: read_points(model, points, GREEDY), 2 * REPEATS)
        lines.append((count, spent, spent / count))
    return Growth("Greedy decoding against points in a batch (bundled VAE; CPU ms)", ("points", "all", "each"), lines)


def cpu(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """CPU seconds of one call: the best of several, after one that warms up."""
    work()
    return min(_once(work) for _ in range(repeats))


def _once(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


# --- frames ------------------------------------------------------------------------------------------------------


def frames() -> Iterator[Growth]:
    """CPU milliseconds a frame while the plane is pulled along by three pixels and one."""
    app = QApplication.instance() or QApplication([])
    theme = Theme()
    theme.apply()
    yield Growth(
        "Frame of the latent pad while panning, against points (CPU ms)",
        ("points", "median", "p95", "drawn"),
        [_pad(theme, count) for count in POINTS],
    )
    yield Growth(
        "Frame of the map of clusters while panning, against points (CPU ms)",
        ("points", "median", "p95", "drawn"),
        [_clusters(theme, count) for count in POINTS],
    )
    del app


def _pad(theme: Theme, count: int) -> tuple[float | str, ...]:
    points = np.random.default_rng(0).normal(size=(count, 2)).astype(np.float32)
    pad = Pad(theme=theme)
    pad.resize(900, 560)
    pad.set_plane((-3.0, 3.0, -3.0, 3.0), None, ("", "", ""), "")
    pad.set_group("sentences", Group(points, QColor("#4477AA")))

    def move(right: int) -> None:
        pad.view = pad.view.panned(right, 1)
        pad._renew()

    times = _frames(pad, move)
    return count, *times, f"{pad.seen:,} in sight, " + ("drawn round" if count <= CRISP else "counted into pixels")


def _clusters(theme: Theme, count: int) -> tuple[float | str, ...]:
    widget = map_of(theme, count)
    found = _frames(widget, lambda right: widget._go(widget.view.panned(right, 1)))
    return count, *found, widget.shown_text(widget.view)


def _frames(widget: Pad | ClusterMap, move: Callable[[int], None]) -> tuple[float, float]:
    """Median and 95th percentile of CPU milliseconds from the move to the painted frame."""
    widget.show()
    QCoreApplication.processEvents()
    times = []
    for frame in range(FRAMES):
        began = time.thread_time()
        move(3 * (-1) ** (frame // 15))
        widget.repaint()
        times.append(1e3 * (time.thread_time() - began))
    widget.close()
    return float(np.median(times)), float(np.percentile(times, 95))
