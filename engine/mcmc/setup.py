"""From a request to chains that can run: words, first sentence, requirements, target, kernel."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from engine.capabilities import Directed, Scores, require
from engine.mcmc.kernel import Kernel
from engine.mcmc.lexicon import Lexicon
from engine.mcmc.proposals import PROPOSALS
from engine.mcmc.support import Requirement, Support
from engine.mcmc.target import Target
from engine.mcmc.terms import TERMS, Material, Term
from engine.messages import Sample
from engine.vocabulary import forbid


def check_pair(forward: object, backward: object) -> tuple[Scores, Scores]:
    """The two as language models; raises ValueError unless one reads forward, one backward, over the same words."""
    found = require(forward, Scores), require(backward, Scores)
    for model, wanted in zip(found, ("forward", "backward"), strict=True):
        if isinstance(model, Directed) and model.direction != wanted:
            raise ValueError(f"The sampler needs a forward and a backward model; the {wanted} one reads the other way.")
    ours, theirs = (model.tokenizer for model in found)
    same = ours.size == theirs.size and ours.pieces(range(ours.size)) == theirs.pieces(range(theirs.size))
    if not same:
        raise ValueError("The forward and the backward model must have the same vocabulary.")
    return found


def _no_model(name: str) -> object:
    raise ValueError(f"There is no model {name!r} here.")


def make_kernel(
    request: Sample, forward: object, backward: object, model: Callable[[str], object] = _no_model
) -> Kernel:
    """The kernel of a request, its chains at the first sentence; raises ValueError with one sentence.

    `model` gives the models that terms of the target name, loaded.
    """
    pair = check_pair(forward, backward)
    lexicon = Lexicon(pair[0].tokenizer)
    keywords, source = lexicon.read(request.keywords), lexicon.read(request.source)
    sentence = _first(request, lexicon, keywords, source)
    requirements = []
    if keywords:
        requirements.append(Requirement(tuple(keywords), request.order == "fixed"))
    if request.locked:
        if max(request.locked) >= len(sentence) or min(request.locked) < 0:
            raise ValueError(f"The first sentence has {len(sentence)} words; a locked position lies outside it.")
        requirements.append(Requirement(tuple(sentence[i] for i in sorted(set(request.locked))), ordered=True))
    sentence = _lengthen(pair[0], lexicon, sentence, request.min_length)
    unknown = tuple(w for w in sentence if w >= lexicon.known)
    support = Support(request.min_length, request.max_length, tuple(requirements), lexicon.known, unknown)
    _check(request, support, sentence)
    ladder = request.ladder
    first = [sentence] * (len(ladder) or request.chains)
    if request.standing:
        first = [lexicon.ids(words) for words in request.standing]
        if not all(map(support.holds, first)):
            raise ValueError("A sentence to go on from lies outside the target of the run.")
    return Kernel(
        *pair,
        Target(support, _terms(request, Material(lexicon, source, pair[0], model))),
        lexicon,
        first,
        proposal=PROPOSALS[request.proposal](request.candidates, request.full_share),
        keywords=[*keywords, *(w for r in requirements[len(keywords) > 0 :] for w in r.words)],
        moves=(request.moves.replace, request.moves.insert, request.moves.delete),
        temperatures=ladder or [request.temperature] * request.chains,
        every_place=request.places == "every",
    )


def _first(request: Sample, lexicon: Lexicon, keywords: list[int], source: list[int]) -> list[int]:
    """The start that was asked for, or the source where it holds the keywords, or the keywords."""
    if request.start.strip():
        return lexicon.read(request.start)
    if source and Requirement(tuple(keywords), request.order == "fixed").met(source):
        return source
    return list(keywords)


def _lengthen(forward: Scores, lexicon: Lexicon, sentence: list[int], shortest: int) -> list[int]:
    """A sentence that is too short, continued with the likeliest words."""
    sentence = list(sentence)
    while len(sentence) < shortest:
        state = forward.begin(1)
        for word in lexicon.for_model(np.asarray(sentence, np.int64)):
            state = forward.advance(state, torch.tensor([word], device=forward.device))
        law = forward.log_probs(state).clone()
        forbid(law, lexicon.marks)
        sentence.append(int(law.argmax()))
    return sentence


def _check(request: Sample, support: Support, sentence: list[int]) -> None:
    if len(sentence) > request.max_length:
        raise ValueError(
            f"The first sentence has {len(sentence)} words, more than the longest allowed ({request.max_length})."
        )
    if not all(r.met(sentence) for r in support.requirements):
        order = " in the order given" if request.order == "fixed" else ""
        raise ValueError(f"The start sentence must hold every keyword{order}.")


def _terms(request: Sample, material: Material) -> tuple[tuple[float, Term], ...]:
    """Weights and terms; one of weight zero counts for nothing and costs nothing."""
    return tuple((t.weight, TERMS[type(t)](t, material)) for t in request.terms if t.weight > 0)
