"""Metropolis-Hastings runs as jobs: what the kernel did, told in words."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence

import msgspec
import numpy as np

from engine.jobs import Context, handles
from engine.mcmc import exact, ladder
from engine.mcmc.arrays import Array
from engine.mcmc.diagnostics import Trace, autocorrelation, bulk_ess, r_hat
from engine.mcmc.kernel import ONE_WAY, REASONS, Kernel, Step
from engine.mcmc.run import Exchange, Run
from engine.mcmc.setup import make_kernel
from engine.mcmc.slots import LOG_ZERO, MOVES
from engine.mcmc.toy import Toy
from engine.messages import (
    Candidate,
    Diagnostics,
    Event,
    ExactToy,
    LadderSuggested,
    Progress,
    Proposal,
    Sample,
    SampleStarted,
    SampleStep,
    SuggestLadder,
    Swap,
    ToySpace,
    ToyStep,
    Visited,
)

SHOWN = 12  # candidates of a proposal in its event, besides the drawn and the present word
EVERY_STEPS, EVERY_SECONDS = 25, 0.5  # between two diagnostics, whichever is later
LAGS = 100
TOP = 10
TOY_BURST = 20  # toy steps between two yields


@handles(Sample)
def sample(request: Sample, context: Context) -> Iterator[Event]:
    """Run chains until the steps are done; one event a step of all chains."""
    make = yield from _models(request, context)
    kernel = make(request)
    run = Run(kernel, request.seed, ladder=bool(request.ladder), done=request.done)
    yield started(request, kernel)
    followed = np.asarray([int(kernel.beta.argmax())] if request.ladder else range(kernel.chains))
    trace = Trace(len(followed), request.done)
    shown = clock = time.perf_counter()
    shown_step, own = request.done, 0.0  # seconds of this run alone: it may be held, and others may work, at a yield
    while run.steps < request.steps or not request.steps:
        for _ in run.ahead():
            own += time.perf_counter() - clock
            yield Progress(done=run.steps, total=request.steps, unit="steps")
            clock = time.perf_counter()
        step = run.step()
        proposals = tuple(proposal(kernel, step, chain, run.steps) for chain in range(kernel.chains))
        swaps = run.exchange()
        trace.count(step.moves, step.accepted, step.changed)
        trace.count_swaps([(s.low, s.accepted) for s in swaps])
        trace.add(kernel.log_target[followed], [tuple(kernel.sentence(c)) for c in followed])
        own += time.perf_counter() - clock
        yield SampleStep(step=run.steps, proposals=proposals, swaps=tuple(map(_swap, swaps)))
        clock = time.perf_counter()
        now, last = time.perf_counter(), run.steps == request.steps
        if last or (run.steps - shown_step >= EVERY_STEPS and now - shown >= EVERY_SECONDS):
            rate = (run.steps - request.done) * kernel.chains / max(own, 1e-9)
            yield Progress(done=run.steps, total=request.steps, unit="steps", note=f"{rate:.0f} proposals/s")
            yield diagnostics(kernel, trace, rate)
            shown, shown_step = time.perf_counter(), run.steps
            clock = shown


def _models(request: Sample, context: Context) -> Generator[Event, None, Callable[[Sample], Kernel]]:
    """Load what a request names; what makes kernels of it and its like."""
    library = context.library
    yield from library.load(request.model)
    forward, info = library.get(request.model)
    partner = request.backward or info.partner
    if not partner:
        raise ValueError(f"The model {info.name} names no backward partner; choose one.")
    yield from library.load(partner)
    backward = library.get(partner)[0]
    for name in (name for term in request.terms if term.weight > 0 for name in term.models):
        yield from library.load(name)
    return lambda asked: make_kernel(asked, forward, backward, lambda name: library.get(name)[0])


@handles(SuggestLadder)
def suggest_ladder(request: SuggestLadder, context: Context) -> Iterator[Event]:
    """Pilot runs, then the ladder they come to."""
    sample = request.sample
    make = yield from _models(sample, context)

    def kernel(temperatures: Sequence[float]) -> Kernel:
        return make(msgspec.structs.replace(sample, ladder=tuple(temperatures), standing=(), done=0))

    total = (request.temperatures + 1) * request.steps
    work = ladder.find(kernel, sample.temperature, request.temperatures, request.steps, sample.seed)
    while True:
        try:
            done = next(work)
        except StopIteration as found:
            temperatures, rates = found.value
            break
        yield Progress(done=done, total=total, unit="steps", note="pilot runs")
    rounded = tuple(round(float(t), 3) for t in temperatures)
    yield LadderSuggested(ladder=rounded, swaps=tuple(map(float, rates)))


@handles(ExactToy)
def exact_toy(request: ExactToy, context: Context) -> Iterator[Event]:
    """List the toy's space, check the kernel's matrix on it, then count where simulated chains stand."""
    toy = Toy(request)
    waiting = Progress(done=0, total=request.steps, unit="steps", note=f"checking {len(toy.sentences):,} sentences")
    found = []
    for part in exact.parts(toy):
        found.append(part)
        yield waiting
    changes = exact.joined(found)
    if "scan" in request.defects:
        pointers = yield from _resting(exact.pointer_settling(toy, changes), waiting)
        changes = exact.with_pointer(toy, changes, pointers)
    dense = exact.matrix(toy, changes)
    law = yield from _resting(exact.settling(dense), waiting)
    flow = toy.exact[:, None] * dense
    yield ToySpace(
        sentences=tuple(toy.lexicon.text(s) for s in toy.sentences),
        exact=toy.exact,
        stationary=law,
        invariance=float(np.abs(toy.exact @ dense - toy.exact).max()),
        detailed_balance=float(np.abs(flow - flow.T).max()),
        balance_by_move=exact.balance_by_move(toy, changes),
        total_variation=exact.total_variation(toy.exact, law),
    )
    scale = exact.deviation_scale(dense, law).sum() / 2
    yield waiting
    run = Run(toy.kernel([toy.sentences[0]] * request.chains), request.seed)
    counts = np.zeros(len(toy.sentences))
    while run.steps < request.steps:
        for _ in range(min(request.every, request.steps - run.steps)):
            run.step()
            counts += np.bincount(toy.index(run.kernel.ids), minlength=len(counts))
            if run.steps % TOY_BURST == 0:
                yield Progress(done=run.steps, total=request.steps, unit="steps")
        empirical = counts / counts.sum()
        yield ToyStep(
            step=run.steps,
            empirical=empirical,
            total_variation=exact.total_variation(toy.exact, empirical),
            expected=float(scale / np.sqrt(counts.sum())),
        )


def _resting(work: Generator[None, None, Array], say: Progress) -> Generator[Progress, None, Array]:
    """What work in parts comes to; at each of its rests the job may be held or cancelled."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            law: Array = done.value
            return law
        yield say


def started(request: Sample, kernel: Kernel) -> SampleStarted:
    """The first sentence; all chains stand there."""
    ids = kernel.sentence(0)
    return SampleStarted(
        request=request,
        words=kernel.lexicon.words(ids),
        locked=_locked(kernel, 0),
        sentence=kernel.lexicon.text(ids),
        terms=_named(kernel.target.names, kernel.terms[0], 0.0),
        unknown=kernel.lexicon.unknown,
    )


def proposal(kernel: Kernel, step: Step, chain: int, number: int) -> Proposal:
    """Everything about one chain's proposal; the kernel stands after the step."""
    lexicon, ids = kernel.lexicon, kernel.sentence(chain)
    names = kernel.target.names
    reason = int(step.reason[chain])
    outside = LOG_ZERO if reason and reason != ONE_WAY else 0.0
    before, after = _named(names, step.before[chain], 0.0), _named(names, step.after[chain], outside)
    return Proposal(
        chain=chain,
        step=number,
        move=MOVES[step.moves[chain]],
        position=int(step.places[chain]),
        old=lexicon.word(int(step.old[chain])),
        new=lexicon.word(int(step.new[chain])),
        terms={name: (before[name], after[name]) for name in before},
        log_g_forward=float(step.log_g_forward[chain]),
        log_g_backward=float(step.log_g_backward[chain]),
        log_alpha=float(step.log_alpha[chain]),
        log_u=float(step.log_u[chain]),
        accepted=bool(step.accepted[chain]),
        words=lexicon.words(ids),
        locked=_locked(kernel, chain),
        sentence=lexicon.text(ids),
        temperature=float(1 / kernel.beta[chain]),
        reason=REASONS[reason],
        log_slot=float(step.log_slot[chain]),
        log_places=float(step.log_places[chain]),
        candidates=() if reason else _candidates(kernel, step, chain),
    )


def diagnostics(kernel: Kernel, trace: Trace, rate: float) -> Diagnostics:
    """The figures so far; with a ladder, of the chain at its lowest temperature."""
    draws = trace.draws
    return Diagnostics(
        step=trace.before + trace.steps,
        acceptance=_by_move(trace.acceptance),
        change=_by_move(trace.change),
        swaps=trace.swaps,
        r_hat=r_hat(draws),
        ess=bulk_ess(draws),
        autocorrelation=autocorrelation(draws, LAGS),
        most_visited=tuple(Visited(kernel.lexicon.text(s), n, v) for s, n, v in trace.most_visited(TOP)),
        proposals_per_second=rate,
        draws=draws.size,
    )


def _by_move(shares: Array) -> dict[str, float]:
    """Shares by name, of the moves that were proposed."""
    return {move: float(share) for move, share in zip(MOVES, shares, strict=True) if not np.isnan(share)}


def _named(names: Sequence[str], values: np.ndarray, outside: float) -> dict[str, float]:
    """Terms by name, and the support's indicator as a log."""
    return {**dict(zip(names, values.tolist(), strict=True)), "support": outside}


def _locked(kernel: Kernel, chain: int) -> tuple[bool, ...]:
    return tuple((~kernel.free[chain, : kernel.lengths[chain]]).tolist())


def _swap(exchange: Exchange) -> Swap:
    return Swap(exchange.low, exchange.high, exchange.log_alpha, exchange.accepted)


def _candidates(kernel: Kernel, step: Step, chain: int) -> tuple[Candidate, ...]:
    """The likeliest words of the slot, best first, with the present and the drawn one wherever they rank."""
    slots = step.slots
    assert slots is not None
    row = int(np.searchsorted(slots.choice.chains, chain))
    g, words = slots.candidate_g[row], slots.words[row]
    old, new = int(step.old[chain]), int(step.new[chain])
    order = np.argsort(-g, kind="stable")
    order = order[words[order] >= 0]
    shown = [j for rank, j in enumerate(order.tolist()) if rank < SHOWN or words[j] in (old, new)]
    total = slots.terms[row].sum(-1)
    found = [
        Candidate(
            word=kernel.lexicon.word(int(words[j])),
            probability=float(g[j]),
            log_forward=float(slots.log_forward[row, j]),
            log_backward=float(slots.log_law[row, j] + slots.gaps[row].log_z - slots.log_forward[row, j]),
            log_target=float(total[j]),
            current=bool(words[j] == old),
            drawn=bool(words[j] == new),
            inside=bool(slots.inside[row, j]),
        )
        for j in shown
    ]
    if old >= 0 and old not in words:
        found.append(_outsider(kernel, step, row, old))
    return tuple(found)


def _outsider(kernel: Kernel, step: Step, row: int, old: int) -> Candidate:
    """The present word where it is not among the candidates: only the whole vocabulary reaches it."""
    slots = step.slots
    assert slots is not None
    forward, backward = slots.log_contexts(row, old)
    never = slots.standing[row] == old and not slots.proposal.stays
    chance = 0.0 if never else slots.proposal.full_share * np.exp(forward + backward - slots.gaps[row].log_z)
    return Candidate(
        word=kernel.lexicon.word(old),
        probability=float(chance),
        log_forward=forward,
        log_backward=backward,
        log_target=float(slots.old_terms[row].sum()),
        current=True,
        inside=False,
    )
