"""From runs to what the widgets show: lanes, places of a sentence, descriptions in words."""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec
import numpy as np

from app.panels.beams.decoders import Decoder, title
from app.panels.beams.growth import Growth, display, ids_of
from app.panels.beams.history import written
from app.panels.beams.run import Run, as_searched, ranking, rescored
from app.panels.beams.verdict import judge
from app.widgets.decoder_lanes import Lane
from app.widgets.numbers import number, probability
from app.widgets.probability_bars import Bar
from app.widgets.score_curve import Scored
from app.widgets.token_columns import Choice
from app.widgets.tree_layout import ROOT, TreeNode
from engine.messages import Hypothesis, Token
from engine.reading import END_MARK

HEADINGS = ("log p", "score", "tokens", "chrF", "ms / token")
REASONS = {
    "rank": "pruned: others ranked higher",
    "repeated n-gram": "pruned: it would repeat an n-gram",
    "constraint": "pruned: it breaks the forced beginning or a constraint",
    "length": "pruned: at the length limit",
    "patience": "dropped: the search had stopped",
    "group": "pruned: an earlier group had used this token",
    "vocabulary": "pruned: not a token that may be written",
    "kept": "kept",
    "finished": "finished: a whole sentence",
}
SWEEP = [round(a, 2) for a in np.arange(-1.0, 3.001, 0.05)]


def lane(number_: int, decoder: Decoder, run: Run | None, runs: Mapping[Decoder, Run], stale: bool) -> Lane:
    """A decoder's lane: its best sentence, or how far it is, or what went wrong."""
    name = f"{number_ + 1}  {title(decoder)}"
    if run is None:
        return Lane(decoder.id, name, note="not run yet")
    if run.wrong:
        return Lane(decoder.id, name, note=run.wrong, wrong=True)
    if run.done is None:
        pieces = best_so_far(run.growth)
        step = f"step {run.growth.steps}" if run.growth.steps else run.note
        return Lane(decoder.id, name, pieces=pieces, tips=("",) * len(pieces), badge=f"{step} …", note=run.note)
    ranked = ranking(run, decoder)
    if not ranked:
        return Lane(decoder.id, name, note="found no sentence that meets what was asked", wrong=True)
    best, score = ranked[0]
    verdict = judge(decoder, run, runs)
    chrf = f"{best.quality['chrf']:.1f}" if "chrf" in best.quality else "\u2013"
    speed = f"{1000 * run.seconds_a_token:.1f}"
    ranked_anew = f"ranked with a = {decoder.penalty:g}" if decoder.penalty is not None else ""
    bad = verdict is not None and verdict.kind in ("search error", "unmet")
    if ranked_anew and best.lacks:
        ranked_anew += f", {best.lacks}"
    return Lane(
        decoder.id,
        name,
        pieces=tuple(written(best)),
        tips=tuple(tip(t) for t in best.tokens),
        numbers=(number(best.log_prob), number(score), str(len(best.tokens)), chrf, speed),
        dot=best.log_prob,
        ticks=tuple(h.log_prob for h, _ in ranked[1:]),
        badge=ranked_anew or (verdict.short if verdict else ""),
        bad=bad and (not ranked_anew or bool(best.unmet)),
        stale=stale,
    )


def best_so_far(growth: Growth) -> tuple[str, ...]:
    """The likeliest living prefix of a search that runs."""
    alive = [n for n in growth.nodes.values() if n.born == growth.steps and n.reason == "kept" and n.id != ROOT]
    if not alive:
        return ()
    best = max(alive, key=lambda n: n.score)
    return tuple(growth.pieces[n.token] for n in growth.path(best.id))


def tip(token: Token) -> str:
    """A token in words."""
    rank = f", rank {token.rank}" if token.rank else ""
    p = probability(math.exp(token.log_prob))
    return f"“{display(token.piece)}”: p = {p}{rank}\nDouble-click: force it and search on"


def choices(hypothesis: Hypothesis) -> list[Choice]:
    """The places of a sentence with their alternatives."""
    return [
        Choice(
            named(t.piece),
            math.exp(t.log_prob),
            t.rank,
            tuple((named(piece), math.exp(value)) for piece, value in t.alternatives),
        )
        for t in hypothesis.tokens
    ]


def named(piece: str) -> str:
    """A piece for a list, where the end mark needs its name."""
    return "(end)" if piece == END_MARK else display(piece)


def token_bars(token: Token) -> list[Bar]:
    """What could have stood at a place."""
    bars = [
        Bar(named(piece), math.exp(value), mark="drawn" if piece == token.piece else "")
        for piece, value in token.alternatives
    ]
    if token.piece not in [piece for piece, _ in token.alternatives]:
        bars.append(Bar(named(token.piece), math.exp(token.log_prob), mark="drawn"))
    return bars


def node_bars(growth: Growth, node: TreeNode) -> list[Bar]:
    """What was looked at beside a node: the candidates that extend the same prefix."""
    siblings = sorted((growth.nodes[c] for c in growth.nodes[node.parent].children), key=lambda n: -n.log_prob)
    shown = [n for n in siblings if n is node or n in siblings[:6]]
    return [Bar(n.label, math.exp(n.log_prob), mark="drawn" if n is node else "") for n in shown]


def about(node: TreeNode, *, log_scores: bool = True) -> str:
    """A node of the tree in words."""
    parts = [
        f"“{node.label}”: {REASONS[node.reason]}",
        f"token p = {probability(math.exp(node.log_prob))} ({number(node.log_prob)} nats), "
        f"prefix log p = {number(node.total)}",
    ]
    if node.pruned and node.margin > 0:
        parts[0] += f", {number(node.margin)} short"
    if abs(node.score - node.total) > 1e-6 and log_scores:
        parts.append(f"compared by {number(node.score)}")
    if node.count > 1:
        parts.append(f"{node.count} chains stand here")
    return "\n".join(parts)


def scored(run: Run, decoder: Decoder) -> list[Scored]:
    """The finished set by length and score, best first, then the reference."""
    out = [Scored(h.text, len(h.tokens), s) for h, s in ranking(run, decoder)]
    if run.done is not None and run.done.reference is not None:
        known = run.done.reference
        score = rescored(known, run.request.options, as_searched(run, decoder).ranked_by)
        out.append(Scored(known.text, len(known.tokens), score, True))
    return out


def sweep(run: Run, decoder: Decoder) -> list[tuple[float, int]]:
    """How long the winner is under each length penalty."""
    if run.done is None or run.request.options.info.score == "utility":
        return []
    out = []
    for a in SWEEP:
        ranked = ranking(run, msgspec.structs.replace(decoder, penalty=a))
        if ranked:
            out.append((a, len(ranked[0][0].tokens)))
    return out


def closest_call(run: Run, hypothesis: Hypothesis) -> str:
    """At which step a sentence came nearest to being pruned, in words; empty where nothing was pruned."""
    call = run.growth.closest_call(ids_of(hypothesis))
    if call is None:
        return ""
    prefix = " ".join(display(t.piece) for t in hypothesis.tokens[: call.step])
    above = f"{number(call.margin)} above" if call.margin >= 0 else f"{number(-call.margin)} below"
    return (
        f"Closest call: at step {call.step} “…{prefix[-32:]}” was rank {call.rank} of {call.kept}, {above} the best "
        "that was pruned."
    )
