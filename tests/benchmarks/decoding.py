"""Searches against transformers and CTranslate2: the same weights, one torch thread, exactly 32 new tokens.

The peer is a Marian-shaped encoder-decoder: width 256, 3 + 3 layers, 4 heads, inner width 1024, vocabulary 8,000.
Before anything is timed, beam 5 must give the same sentences and scores as transformers on natural lengths.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from engine.messages import SearchOptions, with_preset
from engine.models.transformer_translator import Translator, TranslatorConfig
from engine.search.decode import Decoding
from engine.search.prepare import Start
from engine.search.ranking import order
from engine.search.trace import Trace
from engine.text import BOS, EOS, PAD, UNK
from tests.benchmarks import marian
from tests.benchmarks.rows import Row, Target, ratio
from tests.engine.words import Words

VOCABULARY, WIDTH, LAYERS, HEADS, INNER, NEW, SOURCE = 8000, 256, 3, 4, 1024, 32, 20
ROUNDS = 7


class Pieces:
    """Names of tokens, for the trace."""

    def pieces(self, ids: list[int]) -> list[str]:
        return [str(i) for i in ids]


def our_model() -> Translator:
    """Random weights in Marian's shape."""
    torch.manual_seed(5)
    config = TranslatorConfig(
        vocabulary=VOCABULARY,
        width=WIDTH,
        encoder_layers=LAYERS,
        decoder_layers=LAYERS,
        heads=HEADS,
        feed_forward=INNER,
        norm="post",
    )
    model = Translator(config, Words(VOCABULARY)).eval().requires_grad_(False)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            parameter.add_(torch.randn_like(parameter), alpha=0.6 * float(parameter.std()))
    return model


def lean_to_the_end(model: Translator, nats: float) -> Translator:
    """Make the end mark likelier everywhere: random weights would hardly ever end a sentence."""
    end = model.embedding.weight[EOS]
    last: Any = model.decoder[-1]
    last.feed_norm.bias += end * nats / end.square().sum()
    return model


def agreement(
    ours: Translator, theirs: Any, *, sentences: int = 24, beam: int = 5, longest: int = 30
) -> tuple[int, int]:
    """On how many inputs both were compared, and on how many they give the same five best sentences and scores."""
    generator = torch.Generator().manual_seed(0)
    options = SearchOptions(beam=beam, max_length=longest - 1, min_length=2, no_repeat_ngram=2)
    options = with_preset(options, "as transformers")
    compared = same = 0
    for _ in range(sentences):
        source = torch.randint(4, VOCABULARY, (8,), generator=generator).tolist()
        out = theirs.generate(
            torch.tensor([[*source, EOS]]),
            num_beams=beam,
            num_return_sequences=beam,
            max_new_tokens=longest,
            min_new_tokens=2,
            no_repeat_ngram_size=2,
            suppress_tokens=[PAD, UNK, BOS],
            do_sample=False,
            length_penalty=1.0,
            early_stopping=False,
            return_dict_in_generate=True,
            output_scores=True,
        )
        if not all(EOS in row for row in out.sequences.tolist()):
            continue  # the two differ in what they do at the maximum length
        sequences = [row[1 : row.index(EOS) + 1] for row in out.sequences.tolist()]
        found = search(ours, [source], options)
        got = [(n.tokens(), s) for n, s in order(options, found.frontiers)][:beam]
        close = torch.allclose(torch.tensor([s for _, s in got]), out.sequences_scores, atol=1e-4)
        compared += 1
        same += close and [t for t, _ in got] == sequences
    if compared < sentences // 3:
        raise RuntimeError(f"only {compared} of {sentences} inputs ended by themselves")
    return compared, same


def search(model: Translator, sources: list[list[int]], options: SearchOptions, *, trace: bool = False) -> Decoding:
    """Our whole search, encoder included."""
    reader = model.condition(sources)
    names: Any = Pieces()
    start = Start(reader, reader.begin(len(sources)), names, (), True)
    run = Decoding(start.reader, start.state, options, record=trace)
    writer = Trace(names, options, 12)
    for decisions in run:
        if trace:
            writer.branches(decisions)
    return run


def measure(calls: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, float]:
    """Median CPU milliseconds of each call, in turns: what else the machine does disturbs that least."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for i in range(rounds + 1):
        for name, call in calls.items():
            started = time.process_time()
            call()
            if i:  # the first round warms up
                seconds[name].append(time.process_time() - started)
    return {name: 1000 * statistics.median(values) for name, values in seconds.items()}


def rows() -> Iterator[Row | str]:
    """Greedy and beam 5 on one sentence, beam 5 on sixteen, and what the trace costs."""
    absent = marian.absent()
    if absent:
        yield f"{' and '.join(absent)} not installed: rows that compare with them are left out."
    ours = our_model()
    with torch.inference_mode(), tempfile.TemporaryDirectory() as folder:
        theirs = peer = None
        if "transformers" not in absent:
            ending = lean_to_the_end(our_model(), 5.0)
            compared, same = agreement(ending, marian.their_model(ending))
            yield Row(
                f"beam 5: inputs of {compared} with transformers' sentences and scores", same, "", Target("=", compared)
            )
            theirs = marian.their_model(ours)
        if not absent:
            peer = marian.ctranslate2_model(theirs, Path(folder))
        generator = torch.Generator().manual_seed(1)
        sources = torch.randint(4, VOCABULARY, (16, SOURCE), generator=generator).tolist()
        for label, many, beam, most in (
            ("1 sentence, greedy", 1, 1, 0.35),
            ("1 sentence, beam 5", 1, 5, 0.35),
            ("16 sentences, beam 5", 16, 5, 0.6),
        ):
            yield from _timed(label, ours, theirs, peer, sources[:many], beam, most)


def _timed(
    label: str, ours: Translator, theirs: Any, peer: Any, sources: list[list[int]], beam: int, most: float
) -> Iterator[Row]:
    options = options_of(beam, NEW)
    tensor = torch.tensor([[*s, EOS] for s in sources])
    words = [[f"t{t}" for t in s] + ["</s>"] for s in sources]
    calls: dict[str, Callable[[], object]] = {"ours": lambda: search(ours, sources, options)}
    if theirs is not None:
        calls["transformers"] = lambda: theirs.generate(
            tensor, num_beams=beam, do_sample=False, min_new_tokens=NEW, max_new_tokens=NEW
        )
    if peer is not None:
        calls["ctranslate2"] = lambda: peer.translate_batch(
            words, beam_size=beam, min_decoding_length=NEW, max_decoding_length=NEW
        )
    found = measure(calls)
    name, cost = f"{label}, {NEW} tokens", found["ours"]
    if theirs is None:
        yield Row(name, cost, "CPU ms")
    else:
        yield Row(name, cost, "CPU ms", ratio("<=", most), cost / found["transformers"], "of transformers")
    if peer is not None:
        yield Row(
            f"{name}: CTranslate2 float32",
            found["ctranslate2"],
            "CPU ms",
            None,
            cost / found["ctranslate2"],
            "ours / it",
        )
    if len(sources) == 1:  # batches are never traced
        calls = {"ours": calls["ours"], "traced": lambda: search(ours, sources, options, trace=True)}
        both = measure(calls, 3 * ROUNDS)
        yield Row(
            f"{label}: recording the whole trace",
            100 * (both["traced"] / both["ours"] - 1),
            "% more CPU",
            Target("<=", 15),
        )


def options_of(beam: int, tokens: int) -> SearchOptions:
    """Exactly so many new tokens."""
    return SearchOptions(
        strategy="beam" if beam > 1 else "greedy", beam=beam, min_length=tokens, max_length=tokens, stop="patience"
    )
