"""A proposal told in words, and its numbers as the lines of the acceptance test."""

from __future__ import annotations

import math

from app.panels.sampler.run import Run
from app.widgets.acceptance import Term
from app.widgets.edit_marks import SIGNS, Edit
from app.widgets.numbers import number
from app.widgets.probability_bars import Bar
from app.widgets.token_strip import Word
from engine.messages import MoveWeights, Proposal
from engine.reading import capitalised

NEVER = -1e8  # nats; the engine writes the log of zero as a finite number below this


def log(value: float) -> float:
    """A log-probability with the engine's mark for "impossible" as minus infinity."""
    return -math.inf if value < NEVER else value


def edit_of(p: Proposal) -> Edit:
    """The proposal as the strip shows it."""
    return Edit(p.move, p.position, p.old, p.new, p.accepted)


def words_of(run: Run, step: int, chain: int) -> list[Word]:
    """The sentence of a chain after a step."""
    standing = run.standing(step, chain)
    unknown = set(run.started.unknown)
    words = [Word(w, lock, w in unknown) for w, lock in zip(standing.words, standing.locked, strict=True)]
    if words:
        first = words[0]  # as a person would write it; the model reads the word as it is
        words[0] = Word(capitalised(first.text), first.locked, first.unknown)
    return words


def action(p: Proposal) -> str:
    """What was proposed: replace “juice” by “water”."""
    if p.move == "replace":
        return f"replace “{p.old}” by “{p.new}”" if p.new else f"replace “{p.old}”"
    if p.move == "delete":
        return f"delete “{p.old}”"
    return f"insert “{p.new}”" if p.new else "insert a word"


def signed_action(p: Proposal) -> str:
    """The same in brief, with the move's sign: ⇄ juice → water."""
    if p.move == "replace":
        return f"{SIGNS['replace']}  {p.old} → {p.new}" if p.new else f"{SIGNS['replace']}  {p.old}"
    return f"{SIGNS[p.move]}  {p.old if p.move == 'delete' else p.new}"


def impossible(p: Proposal) -> bool:
    """Whether nothing was proposed at all, because the move cannot be made there."""
    return bool(p.reason) and not p.candidates


def verdict(p: Proposal) -> str:
    """The test's outcome as a person would say it."""
    ratio, draw = math.exp(p.log_alpha), math.exp(p.log_u)
    if impossible(p):
        return f"Not possible: {p.reason}. The sentence stays."
    if p.reason:
        return f"Rejected: {p.reason}."
    if p.log_alpha >= 0:
        return "Accepted: the ratio is 1 or more, so every draw passes."
    below, above = _apart(draw, ratio)
    if p.accepted:
        return f"Accepted: the draw {below} fell below the ratio {above}."
    return f"Rejected: the draw {below} fell above the ratio {above}."


def _apart(a: float, b: float) -> tuple[str, str]:
    """Two numbers with as many digits as it takes to tell them apart, three at least."""
    for digits in range(3, 9):
        texts = number(a, digits=digits), number(b, digits=digits)
        if texts[0] != texts[1]:
            break
    return texts


def unknown_words(count: int) -> str:
    """How words outside the vocabulary are scored; empty when there are none."""
    return f"{count} unknown word{'s' if count > 1 else ''}, charged as the unknown mark" if count else ""


def terms_of(p: Proposal, unknown: int = 0) -> list[Term]:
    """The sum under the ratio: target terms, proposal, log ratio. `unknown`: words outside the vocabulary."""
    lines = []
    for name, (before, after) in p.terms.items():
        if name == "support" and log(after) == 0.0:
            continue
        notes = {"fluency": unknown_words(unknown), "similarity": "weight times S, 0 when each word is matched"}
        lines.append(Term(name, log(before), log(after), log(after) - log(before), note=notes.get(name, "")))
    before, after = (sum(log(pair[side]) for pair in p.terms.values()) for side in (0, 1))
    heat = f", over the temperature {p.temperature:g}" if p.temperature != 1 else ""
    change = (after - before) / p.temperature
    lines.append(Term("log π", before, after, change, total=True, note=f"the sentence under the target{heat}"))
    forward, backward = log(p.log_g_forward), log(p.log_g_backward)
    if forward > -math.inf:
        note = "chance of this edit, there and back"
        lines.append(Term("log g", forward, backward, backward - forward, note=note))
        change += backward - forward
    lines.append(Term("log ratio", None, None, change, total=True, note="α = min(1, ratio)"))
    return lines


def slot_text(p: Proposal, moves: MoveWeights) -> str:
    """For insert and delete: the one number of the slot and both ratios it drives; empty otherwise."""
    if p.move == "replace" or math.isnan(p.log_slot) or not (moves.insert and moves.delete):
        return ""
    odds = math.log(moves.delete / moves.insert) + (p.log_places if p.move == "insert" else -p.log_places)
    insert, delete = (math.exp(min(0.0, s * (p.log_slot + odds))) for s in (1, -1))
    return (
        f"<b>One number for both moves.</b> R, the sum of π over the candidates in this slot, against the sentence "
        f"without a word there: <b>R/&#8288;π(x⁻)&nbsp;=&nbsp;{_large(p.log_slot)}</b>.<br>"
        f"+ insert: min(1, p<sub>del</sub>/p<sub>ins</sub> · R/π(x⁻)) = <b>{number(insert)}</b><br>"
        f"\u2212 delete: min(1, p<sub>ins</sub>/p<sub>del</sub> · π(x⁻)/R) = <b>{number(delete)}</b><br>"
        f"p is the move's weight over the number of places it chooses among.<br>"
        f"Whichever of its candidates is drawn, the ratio is the same; free draws from the whole vocabulary shift it "
        f"a little."
    )


def _large(log_value: float) -> str:
    if -9 < log_value < 9:
        return number(math.exp(log_value))
    exponent = math.floor(log_value / math.log(10))
    mantissa = math.exp(log_value - exponent * math.log(10))
    return f"{mantissa:.2f} · 10<sup>{str(exponent).replace('-', chr(0x2212))}</sup>"


def bars_of(p: Proposal, most: int = 8) -> list[Bar]:
    """The likeliest candidates, with the drawn and the present word wherever they rank."""
    ranked = sorted(p.candidates, key=lambda c: -c.probability)
    marked = [c for c in ranked if c.current or c.drawn]
    shown = [c for c in ranked if not (c.current or c.drawn)][: most - len(marked)] + marked
    return [
        Bar(
            label=c.word + ("" if c.inside else "  (not in Q)"),
            value=c.probability,
            columns=(number(c.log_forward), number(c.log_backward), number(c.log_target)),
            mark="both" if c.current and c.drawn else "drawn" if c.drawn else "current" if c.current else "",
        )
        for c in sorted(shown, key=lambda c: -c.probability)
    ]


def candidates_title(p: Proposal, k: int, length: int) -> str:
    """What the bars show, and whether the present word is among the candidates."""
    if impossible(p):
        return ""
    current = next((c for c in p.candidates if c.current), None)
    if p.move == "delete":
        text = f"Words that an insertion would draw here; R sums {k} of them"
    else:
        text = f"Candidates Q for place {p.position + 1}: {k} words, chance g(w) of being drawn"
    if current is None:
        return text
    return f"{text}; ○ “{current.word}” stands there now, {'in Q' if current.inside else 'not in Q'}"
