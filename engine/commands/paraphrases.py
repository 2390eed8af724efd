"""`mh-paraphrase`: whether negations, names and numbers survive when the sampler says a sentence in other words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import typer
from rich.progress import track

from engine.assets import EXAMPLES
from engine.commands.options import DEVICE, JSON
from engine.commands.output import errors, print_json, say
from engine.device import choose
from engine.library import Library
from engine.mcmc.terms.similarity import is_negation, is_not
from engine.messages import Fluency, Proposal, Sample, SampleStarted, SampleStep, Similarity, setting_of
from engine.reading import read_lines, read_numbers
from engine.worker import Engine


def sources(path: Path) -> list[tuple[str, list[str]]]:
    """Sentences and the words of each that must survive; raises ValueError for a line without both, and without any."""
    rows = [line.split("\t") for line in read_lines(path) if line.strip()]
    for row in rows:
        if len(row) != 2 or not row[0].strip():
            raise ValueError(f"{path.name}: each line is a sentence, a tab and the words that must survive.")
    if not rows:
        raise ValueError(f"{path.name} holds no sentences.")
    return [(sentence, words.split()) for sentence, words in rows]


def survives(words: list[str], wanted: list[str], source: list[str]) -> bool:
    """Whether every wanted word is there, a form of `not` for another, and no negation that the source lacks."""
    have = {w.lower() for w in words}
    denied = any(is_not(w) for w in words)
    kept = all(w.lower() in have or (is_not(w) and denied) for w in wanted)
    return kept and sum(map(is_negation, words)) <= sum(map(is_negation, source))


def edits(first: list[str], second: list[str]) -> int:
    """Levenshtein's distance in words."""
    row = np.arange(len(second) + 1)
    for word in first:
        ahead = np.minimum(row[:-1] + (np.asarray(second, object) != word), row[1:] + 1)
        row = np.concatenate([[row[0] + 1], ahead])
        for place in range(1, len(row)):
            row[place] = min(row[place], row[place - 1] + 1)
    return int(row[-1])


def mh_paraphrase(
    model: str = typer.Option(..., help="Forward language model, by name or path."),
    text: Path = typer.Option(EXAMPLES / "paraphrases.tsv", help="Sentences, a tab, and the words that must survive."),
    weights: str = typer.Option("", help="Weights of the similarity to compare, as in 10, 20, 40 [the default]."),
    keep: bool = typer.Option(Similarity().keep, help="Names, numbers and negations count by themselves."),
    steps: int = typer.Option(200, min=2, help="Proposals for each sentence; the second half is looked at."),
    seed: int = typer.Option(0, min=0),
    device: str = DEVICE,
    as_json: bool = JSON,
) -> None:
    """Paraphrase sentences; say how often what must survive does, how much is changed and how fluent it stays."""
    compared = read_numbers(weights) or (Similarity().weight,)
    for weight in compared:
        if wrong := setting_of(Sample, "terms.similarity.weight").problem(weight):
            raise ValueError(wrong)
    torch.set_num_threads(1)
    library = Library(choose(device))
    engine = Engine(device, inline=True, library=library)
    found = []
    rows = sources(text)
    for weight in compared:
        watched = track(rows, f"weight {weight:g}", console=errors, disable=not errors.is_terminal)
        done = [
            _one(engine, model, Similarity(weight=weight, keep=keep), sentence, wanted, steps, seed)
            for sentence, wanted in watched
        ]
        figures = {key: float(np.mean([d[key] for d in done])) for key in ("survives", "changed", "nats")}
        found.append(
            {
                "weight": weight,
                **figures,
                "last": [{"source": s, "last": d["last"]} for (s, _), d in zip(rows, done, strict=True)],
            }
        )
    if as_json:
        print_json({"model": model, "sentences": len(rows), "steps": steps, "seed": seed, "results": found})
        return
    for result in found:
        say(
            f"weight {result['weight']:g}: all that must survive does in {result['survives']:.1%} of the sentences "
            f"visited; {result['changed']:.1%} of the words changed; {result['nats']:+.2f} nats to the source"
        )


def _one(
    engine: Engine, model: str, similarity: Similarity, sentence: str, wanted: list[str], steps: int, seed: int
) -> dict[str, Any]:
    """Figures of one sentence: means over the second half of a chain."""
    request = Sample(model=model, source=sentence, steps=steps, seed=seed, terms=(Fluency(), similarity))
    seen: list[Proposal] = []
    source: list[str] = []
    start = 0.0
    for event in engine.run(request):
        if isinstance(event, SampleStep):
            seen += event.proposals
        elif isinstance(event, SampleStarted):
            source, start = list(event.words), event.terms["fluency"]
    late = [(list(p.words), p.terms["fluency"][int(p.accepted)]) for p in seen[steps // 2 :]]
    return {
        "survives": np.mean([survives(words, wanted, source) for words, _ in late]),
        "changed": np.mean([edits(source, words) / len(source) for words, _ in late]),
        "nats": np.mean([value - start for _, value in late]),
        "last": seen[-1].sentence,
    }


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("mh-paraphrase")(mh_paraphrase)
