"""Many sentences at once: translated or continued, and what a model is worth on them."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator, Sequence
from typing import Any

import msgspec

from engine.capabilities import Latent, Mixture, Model, Scores, Seq2Seq, direction
from engine.jobs import Context, handles
from engine.latent.evaluation import evaluate as evaluate_latent
from engine.latent.mixtures import evaluate_mixture
from engine.messages import Evaluate, Evaluated, Event, ModelInfo, Progress, SearchOptions, Translate, Translated
from engine.metrics.bleu import corpus_bleu, corpus_chrf
from engine.metrics.repetition import repeated_ngram_share, repeats_characters
from engine.metrics.slots import count_right, missing, read_slots
from engine.reading import normalise
from engine.search.batch import translate_each
from engine.search.sources import learnt_length, parts
from engine.training.language_model import negative_log_likelihood


@handles(Translate)
def translate(request: Translate, context: Context) -> Iterator[Event]:
    """Decode every text; raises ValueError when a single sentence is longer than the model has learnt."""
    yield from context.library.load(request.model)
    model, info = context.library.get(request.model)
    yield (yield from _outputs(model, info, request.texts, _fitting(request, model, info)))


@handles(Evaluate)
def evaluate(request: Evaluate, context: Context) -> Iterator[Event]:
    """Measure; raises ValueError when the model has no such figures."""
    yield from context.library.load(request.model)
    model, info = context.library.get(request.model)
    if request.references:
        yield from _translation(request, model, info)
        return
    if not isinstance(model, Latent | Scores):
        raise ValueError(f"{info.name} gives no sentence scores, so it has no perplexity")
    sentences = [model.tokenizer.encode(text) for text in request.texts]
    if not sentences or not all(sentences):
        raise ValueError("there is no sentence, or one without a word")
    yield Progress(done=0, total=0, unit="sentences", note="measuring")
    if isinstance(model, Mixture):
        found = evaluate_mixture(model, sentences, {"": request.labels} if request.labels else {})
        yield Evaluated(model=info.name, sentences=len(sentences), figures={}, metrics=found)
    elif isinstance(model, Latent):
        found = evaluate_latent(model, sentences)
        yield Evaluated(model=info.name, sentences=len(sentences), figures={}, metrics=found)
    else:
        ordered = [s[::-1] for s in sentences] if direction(model) == "backward" else sentences
        nll, count = negative_log_likelihood(model, ordered)
        figures = {
            "words": count,
            "words_include_end_marks": True,
            "unknown_words": sum(list(s).count(model.tokenizer.unknown) for s in sentences),
            "nll_per_word": nll / count,
            "perplexity": math.exp(nll / count),
        }
        yield Evaluated(model=info.name, sentences=len(sentences), figures=figures)


def _fitting(request: Translate | Evaluate, model: Model, info: ModelInfo) -> SearchOptions:
    """The options, a translator's with room for its longest source where that is asked for."""
    longest = learnt_length(info) if isinstance(model, Seq2Seq) else 0
    options = msgspec.structs.replace(request.options, n_best=1)
    if not longest or not request.roomy:
        return options
    return msgspec.structs.replace(options, max_length=min(512, max(options.max_length, longest + longest // 2)))


def _outputs(
    model: Model, info: ModelInfo, texts: Sequence[str], options: SearchOptions
) -> Generator[Event, None, Translated]:
    longest = learnt_length(info) if isinstance(model, Seq2Seq) else 0
    divided = [parts(normalise(text), lambda part: len(model.tokenizer.encode(part)), longest) for text in texts]
    whole = [part for one in divided for part in one]
    found, lacking = [""] * len(whole), 0
    for done, (index, hypotheses) in enumerate(translate_each(model, whole, options), start=1):
        found[index] = hypotheses[0].text if hypotheses else ""
        lacking += bool(whole[index].strip()) and (not hypotheses or bool(hypotheses[0].lacks))
        yield Progress(done=done, total=len(whole), unit="sentences", note="decoding")
    written = iter(found)
    outputs = tuple(" ".join(next(written) for _ in one) for one in divided)
    return Translated(model=info.name, outputs=outputs, parts=len(whole), lacking=lacking, options=options)


def _translation(request: Evaluate, model: Model, info: ModelInfo) -> Iterator[Event]:
    if not isinstance(model, Seq2Seq):
        raise ValueError(f"{info.name} does not translate, so it has no BLEU")
    slots = [read_slots(cell) for cell in request.slots]
    if request.slots and not any(slots):
        raise ValueError("the column of slots is empty")
    started = time.perf_counter()
    found = yield from _outputs(model, info, request.texts, _fitting(request, model, info))
    seconds = time.perf_counter() - started
    written, references = list(found.outputs), list(request.references)
    bleu, chrf = corpus_bleu(written, references), corpus_chrf(written, references)
    figures: dict[str, Any] = {
        "bleu": bleu.score,
        "bleu_signature": bleu.signature,
        "chrf": chrf.score,
        "chrf_signature": chrf.signature,
        "repeated_3gram_share": repeated_ngram_share(written),
        "repeated_3gram_share_of_references": repeated_ngram_share(references),
        "repeated_characters": sum(map(repeats_characters, written)),
    }
    missed: tuple[str, ...] = ()
    if slots:
        right, total = count_right(written, slots)
        figures |= {"slots": total, "slots_right": right, "slot_share": right / total}
        lost = [(missing(output, wanted), output) for output, wanted in zip(written, slots, strict=True)]
        missed = tuple(f"{', '.join(gone)}: {output}" for gone, output in lost if gone)
    figures |= {"lacking": found.lacking, "seconds": seconds}
    yield Evaluated(
        model=info.name,
        sentences=len(references),
        figures=figures,
        missed=missed,
        options=found.options,
    )
