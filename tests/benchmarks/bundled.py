"""The bundled models: figures their checkpoints record from held-out text, and keywords put to the sampler.

The text of those figures is not in the repository; `python -m engine eval`, `clusters`, `translate` and `mh-eval`
obtain them again from a data folder. Each was taken with the estimator and the counts that `inspect` prints.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch

from engine.assets import CHECKPOINTS
from engine.checkpoint import read_header
from engine.library import Library
from engine.messages import Sample, SampleStep
from engine.worker import Engine
from tests.benchmarks.rows import Row, Target, ratio

KEYWORDS = (
    "juice natural brand",
    "dog ball throw",
    "train station late",
    "cook kitchen dinner",
    "child park play",
    "boat lake fish",
    "book table read",
    "snow mountain ski",
    "guitar stage crowd",
    "doctor hospital visit",
)
STEPS = 100
NOTE = (
    "Rows marked “recorded” stand in the bundled checkpoints (`python -m engine inspect`); they are not measured here."
)


def rows() -> Iterator[Row | str]:
    """All figures of this file."""
    yield from _keywords()
    for name in ("everyday-forward", "everyday-backward"):
        found = _card(name)
        value, peer = found["perplexity"], found["perplexity_kneser_ney_5"]
        yield Row(f"{name}: perplexity, recorded", value, "", ratio("<", 1), value / peer, "of a Kneser-Ney 5-gram")
    for name, target in (("german-english-transformer", Target(">=", 35)), ("german-english-rnn", None)):
        yield Row(f"{name}: BLEU with beam 5, recorded", _card(name)["bleu"], "", target)
    vae = _card("everyday-vae")
    for key, unit in (("kl", "nats"), ("mutual_information", "nats"), ("active_units", "of 32")):
        yield Row(f"everyday-vae: {key.replace('_', ' ')}, recorded", vae[key], unit)
    gm, dgm = _card("assistant-gmvae"), _card("assistant-dgmvae")
    yield Row("GMVAE: mutual information, recorded", gm["mutual_information"], "nats")
    yield Row("DGMVAE: mutual information, recorded", dgm["mutual_information"], "nats", Target(">", 1))
    better, key = ratio(">", 1), "reconstruction_bleu"
    yield Row("DGMVAE: reconstruction BLEU, recorded", dgm[key], "", better, dgm[key] / gm[key], "x GMVAE's")
    yield Row("DGMVAE: homogeneity on ten domains, recorded", dgm["homogeneity"], "", Target(">", 0.5))
    yield Row("DGMVAE: occupied codes, recorded", dgm["occupied_codes"], "", Target("<=", 150))
    yield NOTE


def _card(name: str) -> dict[str, float]:
    """The figures of a checkpoint's card."""
    metrics = read_header(CHECKPOINTS / f"{name}.safetensors").info.card.metrics
    return {key: metric.value for key, metric in metrics.items()}


def _keywords() -> Iterator[Row]:
    """Runs from keywords: in how many every sentence visited holds all of them."""
    engine = Engine("cpu", inline=True, library=Library(torch.device("cpu")))
    whole = accepted = proposed = 0
    for seed, keywords in enumerate(KEYWORDS):
        request = Sample(model="everyday-forward", keywords=keywords, order="any", steps=STEPS, seed=seed)
        steps = [p for e in engine.run(request) if isinstance(e, SampleStep) for p in e.proposals]
        whole += all({*keywords.split()} <= {*p.words} for p in steps)
        accepted += sum(p.accepted for p in steps)
        proposed += len(steps)
    engine.close()
    count = len(KEYWORDS)
    yield Row(
        f"{count} sets of keywords, {STEPS} steps: runs that always hold every word", whole, "", Target("=", count)
    )
    yield Row("their proposals accepted", 100 * accepted / proposed, "%")
