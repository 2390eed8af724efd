"""How good a translator is: BLEU and chrF, whether names and numbers survive, whether long outputs go in circles."""

from __future__ import annotations

from collections.abc import Sequence

from engine.assets import EXAMPLES
from engine.capabilities import Seq2Seq
from engine.messages import Metric, SearchOptions
from engine.metrics.bleu import corpus_bleu, corpus_chrf
from engine.metrics.repetition import repeated_ngram_share
from engine.metrics.slots import count_right, read_slots
from engine.reading import read_lines
from engine.search.batch import translate
from engine.training.phrases import TextPair

OPTIONS = SearchOptions(strategy="beam", beam=5, n_best=1, max_length=160)
LONG = 20  # words; a source with more is a long one
JOINED = 200  # long sources


def translation_quality(model: Seq2Seq, pairs: Sequence[TextPair], slots: str = "") -> dict[str, Metric]:
    """Metrics of the model card, of beam search with five beams.

    Args:
        model: the translator.
        pairs: test sentences and their references.
        slots: a file among the examples whose columns are sentence, reference and slots; empty: none.
    """
    outputs, references = _outputs(model, [source for source, _ in pairs]), [target for _, target in pairs]
    bleu, chrf = corpus_bleu(outputs, references), corpus_chrf(outputs, references)
    metrics = {
        "bleu": Metric(bleu.score, "", f"beam 5, {bleu.signature}", len(outputs), "test sentences"),
        "chrf": Metric(chrf.score, "", f"beam 5, {chrf.signature}", len(outputs), "test sentences"),
    }
    if long := joined(pairs):
        share = repeated_ngram_share(_outputs(model, [source for source, _ in long]))
        theirs = repeated_ngram_share([target for _, target in long])
        of = f"outputs of joined test sentences of over {LONG} words; references {theirs:.3f}"
        metrics["repeated_3grams"] = Metric(share, "", "beam 5, a 3-gram twice", len(long), of)
    if slots:
        rows = [line.split("\t") for line in read_lines(EXAMPLES / slots)]
        right, total = count_right(_outputs(model, [row[0] for row in rows]), [read_slots(row[2]) for row in rows])
        of = f"names, numbers and times in {len(rows)} sentences of {slots}"
        metrics["slots"] = Metric(right / total, "", "beam 5, any usual spelling", total, of)
    return metrics


def joined(pairs: Sequence[TextPair]) -> list[TextPair]:
    """Neighbouring pairs put together until each source has more than `LONG` words; the first `JOINED` of them."""
    out: list[TextPair] = []
    part: list[TextPair] = []
    for pair in pairs:
        part.append(pair)
        if sum(len(source.split()) for source, _ in part) > LONG:
            out.append((" ".join(source for source, _ in part), " ".join(target for _, target in part)))
            part = []
    return out[:JOINED]


def _outputs(model: Seq2Seq, sources: Sequence[str]) -> list[str]:
    return [best.text for best in translate(model, sources, OPTIONS)]
