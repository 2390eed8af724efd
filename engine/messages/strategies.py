"""What decoders there are, each said once: its names, its formula, and which settings it reads.

The engine registers how each is done (`engine.search.generates`); forms, commands and help read this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

import msgspec

WRITING = ("max_length", "min_length", "no_repeat_ngram", "repetition_penalty", "prefix", "prefix_ids", "prefix_pieces")
"""Settings of everything that writes one token after another."""
RANKED = ("normalisation", "length_penalty", "n_best", "coverage_penalty", "stop", "patience")
"""Settings of beams that rank whole sentences."""
RESHAPED = ("temperature", "top_k", "top_p", "seed", "n_best", "min_p", "typical", "eta")
"""Settings of everything that draws."""


class StrategyInfo(msgspec.Struct, frozen=True):
    """A decoder, in words for a person and in names of settings."""

    name: str  # what `SearchOptions.strategy` says
    label: str
    title: str  # with its settings put in; a format string over the options, `o`
    tip: str  # one line, with its source
    formula: str  # what it looks for, in HTML
    help: str  # a few sentences in the lecture's terms, in Markdown
    uses: tuple[str, ...]  # settings it reads, those that matter most first; others are ignored
    starts_with: dict[str, float] = {}  # settings that are off by default and that it cannot do without
    instead: str = ""  # what it does instead of looking for the best score; empty where it looks for that
    draws: bool = False  # at random
    score: Literal["log p", "utility"] = "log p"  # what hypotheses are ranked by; log p over the length's divisor
    cuts: bool = False  # whether n_best cuts the list alone, so that more can be asked for at no price


STRATEGIES: dict[str, StrategyInfo] = {}
"""Every decoder by its name, in the order in which they are offered."""


def declare(info: StrategyInfo) -> StrategyInfo:
    """Make a decoder known; raises ValueError when another has its name."""
    if STRATEGIES.setdefault(info.name, info) != info:
        raise ValueError(f"there is a decoder named {info.name!r} already")
    return info


class Told(Mapping[str, str]):
    """One word of every decoder's declaration, by the decoder's name; what is declared later is in it too."""

    def __init__(self, word: Callable[[StrategyInfo], str]) -> None:
        self._word = word

    def __getitem__(self, name: str) -> str:
        return self._word(STRATEGIES[name])

    def __iter__(self) -> Iterator[str]:
        return iter(STRATEGIES)

    def __len__(self) -> int:
        return len(STRATEGIES)


LABELS = Told(lambda info: info.label)
TIPS = Told(lambda info: info.tip)

declare(
    StrategyInfo(
        name="greedy",
        label="greedy",
        title="greedy",
        tip="The likeliest token at each step: a beam of 1",
        formula="y<sub>t</sub> = argmax p(y<sub>t</sub> | y<sub>&lt;t</sub>, x)",
        help="Takes the likeliest token at each step.",
        uses=WRITING,
    )
)
declare(
    StrategyInfo(
        name="beam",
        label="beam search",
        title="beam {o.beam}",
        tip="Keep the likeliest prefixes, a fixed number of them, at each step",
        formula="B<sub>t</sub> = the k best of { y∘w : y ∈ B<sub>t\u22121</sub> } by log p",
        help="Keeps the *k* likeliest prefixes at each step, by log p(y) = Σₜ log p(yₜ | y₍<t₎, x); greedy search is "
        "*k* = 1. It is not exact: the right sentence is lost when one of its prefixes falls below the cut.",
        uses=("beam", *RANKED, *WRITING),
        cuts=True,
    )
)
declare(
    StrategyInfo(
        name="diverse",
        label="diverse groups",
        title="diverse beam {o.beam}, {o.diverse_groups} groups",
        tip="A beam in groups that pay for repeating each other (Vijayakumar et al. 2018)",
        formula="log p(y) \u2212 λ · (times earlier groups used y<sub>t</sub>)",
        help="Each group pays λ nats for a token that an earlier group has just used.",
        uses=("beam", "groups", "diversity", *RANKED, *WRITING),
        cuts=True,
    )
)
declare(
    StrategyInfo(
        name="stochastic",
        label="stochastic beam",
        title="stochastic beam {o.beam}",
        tip="Sentences drawn without replacement: Gumbel-top-k (Kool et al. 2019)",
        formula="top k of G<sub>y</sub> = log p(y) + Gumbel: a sample without replacement",
        help="Adds Gumbel noise to log p(y) of whole sentences and takes the *k* largest (Gumbel-top-k): a sample "
        "without replacement, found from the top down: the maximum over children is made to equal the parent's.",
        uses=("beam", *RESHAPED, *WRITING),
        instead="A stochastic beam draws sentences without replacement, likely ones first of all; it does not look for "
        "the likeliest. The best of those drawn has log p = {log_p}.",
        draws=True,
    )
)
declare(
    StrategyInfo(
        name="constrained",
        label="constrained beam",
        title="constrained beam {o.beam}",
        tip="A beam that must hold given phrases (Post and Vilar 2018)",
        formula="argmax of the score over what the beam finds that holds every phrase",
        help="Shares its places between prefixes that hold none, one, two … tokens of the phrases; a sentence may end "
        "once all are in it. Where the search ends without one, the sentence says which phrases it lacks.",
        uses=("beam", "constraints", *RANKED, *WRITING),
        cuts=True,
    )
)
declare(
    StrategyInfo(
        name="sample",
        label="sampling",
        title="{o.reshaping} sampling",
        tip="Sentences drawn from the model, reshaped by temperature and truncation",
        formula="y<sub>t</sub> ~ p(y<sub>t</sub> | y<sub>&lt;t</sub>, x)<sup>1/T</sup>, truncated",
        help="Draws each token from p(yₜ | y₍<t₎, x), made sharper or flatter by a temperature and cut to its likely "
        "part.",
        uses=(*RESHAPED, *WRITING),
        instead="Sampling does not look for the likeliest sentence: it draws sentences as often as the (reshaped) "
        "model says them. This one has log p = {log_p}.",
        draws=True,
    )
)
declare(
    StrategyInfo(
        name="contrastive",
        label="contrastive",
        title="contrastive",
        tip="Likely tokens that do not repeat what the model has just said (Su et al. 2022)",
        formula="argmax (1 \u2212 a) p(w) \u2212 a · max cos(h<sub>w</sub>, h<sub>j</sub>), a the penalty",
        help="Takes, of the likeliest tokens, the one that is likely and whose vector is unlike all before it.",
        uses=("top_k", "penalty_alpha", *WRITING),
        starts_with={"top_k": 4},
        instead="Contrastive search does not look for the likeliest sentence: it pays for not repeating itself.",
    )
)
declare(
    StrategyInfo(
        name="mbr",
        label="minimum Bayes risk",
        title="minimum risk of {o.samples}",
        tip="Draw sentences, take the one most like the others (Kumar and Byrne 2004)",
        formula="argmax<sub>y</sub> mean over y' of u(y, y')",
        help="Draws sentences and takes argmax over y of the mean over y' of u(y, y'), with u chrF or BLEU.",
        uses=("samples", "utility", *RESHAPED, *WRITING),
        instead="Minimum Bayes risk does not look for the likeliest sentence but for the one most like the others "
        "drawn: its expected utility is {score}.",
        score="utility",
        cuts=True,
    )
)
