"""`mh-eval`: the sampler on CommonGen's concept sets, beside the sentences that people wrote for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import torch
import typer
from rich.progress import track

from engine.commands.options import DEVICE, JSON
from engine.commands.output import errors, print_figures, print_json, say
from engine.mcmc.slots import MOVES
from engine.messages import Evaluate, Evaluated, Move, Proposal, Sample, SampleStarted, SampleStep, validated
from engine.training.data import Source, read_split
from engine.worker import Engine

CONCEPTS = Source("commongen/{split}.tsv.gz", columns=(0, 1))


def concept_sets(folder: Path, count: int) -> dict[tuple[str, ...], list[str]]:
    """The first concept sets of the test split with their references; a concept `run_V` is the keyword `run`.

    Raises ValueError with one sentence when there is none.
    """
    sets: dict[tuple[str, ...], list[str]] = {}
    for concepts, sentence in read_split((CONCEPTS,), folder, "test"):
        words = tuple(c.rpartition("_")[0] or c for c in concepts.split("#"))
        if words in sets or len(sets) < count:
            sets.setdefault(words, []).append(sentence)
    return sets


def _counted(proposal: Proposal, tries: dict[Move, list[int]]) -> tuple[float, Proposal]:
    """A proposal with log p of the sentence after it, counted as proposed, accepted and changing."""
    counts = tries[proposal.move]
    counts[0] += 1
    counts[1] += proposal.accepted
    counts[2] += proposal.accepted and proposal.old != proposal.new
    return proposal.terms["fluency"][int(proposal.accepted)], proposal


def mh_eval(
    model: str = typer.Option(..., help="Forward language model, by name or path."),
    data: Path = typer.Option(..., help="Folder that holds commongen/test.tsv.gz."),
    sets: int = typer.Option(200, min=1, help="Concept sets."),
    steps: int = typer.Option(300, min=1, help="Proposals for each."),
    order: str = typer.Option("any", help="Keywords in `fixed` or in `any` order."),
    min_length: int = typer.Option(1, min=1, help="Words."),
    max_length: int = typer.Option(25, min=1, help="Words."),
    seed: int = typer.Option(0, min=0),
    device: str = DEVICE,
    as_json: bool = JSON,
) -> None:
    """Sentences from keywords: are all there, how likely are they, how often is a move accepted."""
    torch.set_num_threads(1)
    engine = Engine(device, inline=True)
    concepts = concept_sets(data, sets)
    last: list[tuple[float, int]] = []
    best: list[tuple[float, int]] = []
    tries = {move: [0, 0, 0] for move in MOVES}
    complete = 0
    examples: list[dict[str, Any]] = []
    for number, words in enumerate(track(concepts, "concept sets", console=errors, disable=not errors.is_terminal)):
        request = validated(
            Sample(
                model=model,
                keywords=" ".join(words),
                order=cast(Literal["fixed", "any"], order),
                steps=steps,
                min_length=min_length,
                max_length=max_length,
                seed=seed + number,
            )
        )
        seen: list[tuple[float, Proposal]] = []
        keywords: tuple[str, ...] = ()
        for event in engine.run(request):
            if isinstance(event, SampleStarted):  # without a start of its own, a run begins at its keywords
                keywords = event.words
            for p in event.proposals if isinstance(event, SampleStep) else ():
                seen.append(_counted(p, tries))
        value, end = seen[-1]
        top, likeliest = max(seen, key=lambda s: s[0] / (len(s[1].words) + 1))
        last.append((value, len(end.words) + 1))
        best.append((top, len(likeliest.words) + 1))
        complete += not _missing(keywords, end) and not _missing(keywords, likeliest)
        examples.append({"keywords": words, "last": end.sentence, "likeliest": likeliest.sentence})
    result = {
        "model": model,
        "sets": len(concepts),
        "steps": steps,
        "order": order,
        "every_keyword_present": complete,
        "log_prob_per_word_last": _per_word(last),
        "log_prob_per_word_likeliest": _per_word(best),
        "log_prob_per_word_references": _references(engine, model, concepts),
        "references": sum(map(len, concepts.values())),
        "words_last": float(np.mean([n - 1 for _, n in last])),
        "words_likeliest": float(np.mean([n - 1 for _, n in best])),
        "per_word_counts_end_marks": True,
        "acceptance": {move: accepted / max(1, count) for move, (count, accepted, _) in tries.items()},
        "acceptance_overall": sum(a for _, a, _ in tries.values()) / sum(n for n, _, _ in tries.values()),
        "change": {move: changed / max(1, count) for move, (count, _, changed) in tries.items()},
        "examples": examples[:10],
    }
    if as_json:
        print_json(result)
        return
    print_figures({key: figure for key, figure in result.items() if key != "examples"})
    for example in examples[:10]:
        say(f"{' '.join(example['keywords'])}:  {example['last']}")


def _missing(keywords: Sequence[str], proposal: Proposal) -> bool:
    have = [w.lower() for w in proposal.words]
    return any(have.count(k) < [w.lower() for w in keywords].count(k) for k in (w.lower() for w in keywords))


def _per_word(values: list[tuple[float, int]]) -> float:
    return sum(v for v, _ in values) / sum(n for _, n in values)


def _references(engine: Engine, model: str, concepts: dict[tuple[str, ...], list[str]]) -> float:
    """Log probability a word of what people wrote."""
    texts = tuple(sentence for references in concepts.values() for sentence in references)
    (found,) = [e for e in engine.run(Evaluate(model=model, texts=texts)) if isinstance(e, Evaluated)]
    return -float(found.figures["nll_per_word"])


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("mh-eval")(mh_eval)
