"""Is a bad output the search's fault or the model's? In words, with the numbers that say so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from app.panels.beams.decoders import Decoder, title
from app.panels.beams.growth import display, ids_of
from app.panels.beams.run import Run, as_searched, ranking, rescored
from app.widgets.numbers import number
from engine.messages import Hypothesis

Kind = Literal["search error", "model error", "agrees", "drawn", "open", "incomparable", "unmet", "unfinished"]
TOLERANCE = 1e-4  # nats; below this two scores are one


@dataclass(frozen=True)
class Verdict:
    """The judgement on a decoder's output."""

    kind: Kind
    short: str  # beside its name
    sentence: str  # what it means
    better: Hypothesis | None = None  # the likelier sentence that was missed
    gap: float = 0.0  # by how much, in units of the score


def judge(decoder: Decoder, run: Run, others: Mapping[Decoder, Run]) -> Verdict | None:
    """Hold the best found against the reference and what other decoders found with the same model on the same input."""
    decoder = as_searched(run, decoder)
    ranked = ranking(run, decoder)
    if run.done is None or not ranked:
        return None
    best, score = ranked[0]
    if best.unmet:
        return _unmet(run, best)
    if run.request.options.info.instead:
        return _drawn(run, best)
    if not best.finished:
        return _unfinished(run, best)
    found = _best_known(decoder, run, others)
    reference = run.done.reference
    if found is not None and found[1] > score + TOLERANCE:
        known, value, who = found
        gap = value - score
        where = _where_lost(run, known)
        return Verdict(
            "search error",
            "search error",
            f"The model gives “{known.text}” ({who}) a score of {number(value)}, more than the {number(score)} of what "
            f"this search found, by {number(gap)}. {where} A wider or longer search could have found it.",
            known,
            gap,
        )
    if reference is None:
        return Verdict(
            "open",
            "",
            "No decoder on this input found a sentence that the model scores higher. Give a reference to see whether "
            "the model agrees with a person.",
        )
    if best.text.strip() == reference.text.strip():
        return Verdict("agrees", "as the reference", "The search found the reference itself.")
    own = rescored(reference, run.request.options, decoder.ranked_by)
    if own > score + TOLERANCE:
        return Verdict(
            "incomparable",
            "",
            f"The reference “{reference.text}” scores {number(own)}, more than the {number(score)} of what was found, "
            "but a forced beginning, constraints, lengths or penalties kept this search from it or change what it "
            "compares: that is neither a search error nor a model error.",
        )
    return Verdict(
        "model error",
        "model error",
        f"The model scores what was found {number(score)} and the reference “{reference.text}” {number(own)}: it "
        f"prefers its own sentence by {number(score - own)}. No search can mend that; a better model would.",
        reference,
        own - score,
    )


def _unmet(run: Run, best: Hypothesis) -> Verdict:
    phrases = " and ".join(f"“{phrase}”" for phrase in best.unmet)
    return Verdict(
        "unmet",
        best.lacks,
        f"The search ended, at most {run.request.options.max_length} tokens long, without a sentence that holds every "
        f"phrase: the best it has lacks {phrases}. A longer output, a wider beam or fewer rules may hold them all.",
    )


def _unfinished(run: Run, best: Hypothesis) -> Verdict:
    if len(best.tokens) >= run.request.options.max_length:
        why = f"was cut at the longest length, {run.request.options.max_length} tokens"
    else:
        why = "stopped where the rules let nothing follow"
    return Verdict(
        "unfinished",
        best.lacks,
        f"No sentence was finished: the best {why}. Its score leaves out what was still to come, so that it cannot be "
        "held against a whole sentence.",
    )


def _best_known(decoder: Decoder, run: Run, others: Mapping[Decoder, Run]) -> tuple[Hypothesis, float, str] | None:
    """The best-scored sentence known for this model and input that this search did not return."""
    searched = run.request.options
    pool: list[tuple[Hypothesis, str]] = []
    if run.done is not None and run.done.reference is not None:
        pool.append((run.done.reference, "the reference"))
    forced = (searched.prefix, searched.prefix_ids)
    for other, found in others.items():
        if found is run or found.done is None:
            continue
        if (found.request.model, found.request.text) == (run.request.model, run.request.text):
            pool += [(h, f"found by {title(as_searched(found, other))}") for h in found.done.hypotheses if h.finished]
    if any(forced):
        start = searched.prefix_ids
        pool = [(h, who) for h, who in pool if ids_of(h)[: len(start)] == start and not searched.prefix]
    if searched.constraints:
        pool = [(h, who) for h, who in pool if all(_holds(h.text, c) for c in searched.constraints)]
    if searched.coverage_penalty or searched.no_repeat_ngram or searched.repetition_penalty != 1 or searched.min_length:
        return None  # their scores or their permission differ from the model's own
    pool = [(h, who) for h, who in pool if len(h.tokens) <= searched.max_length + 1]
    scored = [(h, rescored(h, searched, decoder.ranked_by), who) for h, who in pool]
    return max(scored, key=lambda item: item[1], default=None)


def _holds(text: str, phrase: str) -> bool:
    """Whether a text holds a phrase as words of its own: "time" stands in "no time", and not in "sometimes"."""
    return re.search(rf"(?<!\w){re.escape(phrase.strip())}(?!\w)", text) is not None


def _where_lost(run: Run, known: Hypothesis) -> str:
    """At which step the search let a better sentence go, and why."""
    path = run.growth.follow(ids_of(known))
    if len(path) == len(known.tokens) and not path[-1].pruned:
        return "It was found, and ranked lower under the score that was searched with."
    prefix = " ".join(display(t.piece) for t in known.tokens[: len(path) + (not path or not path[-1].pruned)])
    if path and path[-1].pruned:
        lost = path[-1]
        short = f", {number(lost.margin)} short" if lost.margin > 0 else ""
        return f"Its beginning “{prefix}” was pruned at step {lost.born} ({lost.reason}{short})."
    return f"Its beginning “{prefix}” was never among the candidates at step {len(path) + 1}."


def _drawn(run: Run, best: Hypothesis) -> Verdict:
    info = run.request.options.info
    sentence = info.instead.format(log_p=number(best.log_prob), score=number(best.score))
    if not best.finished:
        sentence += " It is unfinished."
    short = "drawn" if info.draws else ""
    return Verdict("drawn", ", ".join(word for word in (short, best.lacks) if word), sentence)
