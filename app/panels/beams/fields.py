"""The decoder settings as a person meets them: labels with units, ranges, and what turning them up does to the text."""

from __future__ import annotations

from dataclasses import dataclass

from engine.messages import SearchOptions

ALL = frozenset({"greedy", "beam", "diverse", "stochastic", "constrained", "sample", "contrastive", "mbr"})
BEAM = frozenset({"beam", "diverse", "constrained"})
WIDE = BEAM | {"stochastic"}
DRAWN = frozenset({"sample", "mbr"})


@dataclass(frozen=True)
class Field:
    """One setting."""

    name: str
    label: str
    tip: str
    strategies: frozenset[str] = ALL  # those that use it
    common: bool = False
    kind: str = "int"  # int, float, choice, text, phrases
    low: float = 0
    high: float = 1
    step: float = 1
    choices: tuple[tuple[str, str], ...] = ()

    def used_by(self, options: SearchOptions) -> bool:
        """Whether it does anything with these options."""
        if self.name == "length_penalty" and options.normalisation == "off":
            return False
        if self.name == "patience" and options.stop != "patience":
            return False
        return options.strategy in self.strategies


FIELDS = (
    Field(
        "beam",
        "Beam, hypotheses",
        "How many prefixes live at each step. Turning it up finds likelier sentences, often shorter and "
        "blander ones; greedy is a beam of 1",
        WIDE,
        True,
        low=1,
        high=256,
    ),
    Field(
        "groups",
        "Groups",
        "The beam is split into groups that pay for repeating each other. More groups give more different "
        "sentences, each searched less thoroughly",
        frozenset({"diverse"}),
        True,
        low=1,
        high=256,
    ),
    Field(
        "diversity",
        "Diversity λ, nats",
        "What a group pays for a token that an earlier group has just used. Turning it up makes the groups "
        "differ more, down to unlikely words",
        frozenset({"diverse"}),
        True,
        "float",
        0,
        100,
        0.1,
    ),
    Field(
        "constraints",
        "Must contain; by semicolon",
        "Phrases that every sentence must hold; the beam is shared out between sentences that hold none, one,"
        " two … of their tokens",
        frozenset({"constrained"}),
        True,
        "phrases",
    ),
    Field(
        "normalisation",
        "Length normalisation",
        "How scores of different lengths are compared. Off: log p itself, which favours short sentences. "
        "Power: log p / length^a. GNMT: log p / ((5 + length) / 6)^a",
        BEAM,
        True,
        "choice",
        choices=(("off", "off"), ("power", "power"), ("gnmt", "GNMT")),
    ),
    Field(
        "length_penalty",
        "Length penalty a",
        "Turning it up favours longer sentences; at 0 scores are plain log-probabilities, at 1 with “power” "
        "the mean per token",
        BEAM,
        True,
        "float",
        -2,
        5,
        0.1,
    ),
    Field(
        "samples",
        "Sentences drawn",
        "How many sentences are drawn. More make the risk estimate steadier and take longer",
        frozenset({"mbr"}),
        True,
        low=1,
        high=1024,
    ),
    Field(
        "temperature",
        "Temperature",
        "Log-probabilities are divided by it before drawing. Below 1 the text gets safer and more alike, "
        "above 1 bolder and less fluent",
        DRAWN,
        True,
        "float",
        0.05,
        20,
        0.1,
    ),
    Field(
        "top_k",
        "Top-k, tokens; 0 is off",
        "Draw among the k likeliest tokens only. Turning it up lets rarer words in",
        DRAWN | {"contrastive"},
        True,
        low=0,
        high=100000,
    ),
    Field(
        "top_p",
        "Top-p, mass; 1 is off",
        "Draw among the likeliest tokens that hold this share of the probability. Turning it down cuts the "
        "unreliable tail",
        DRAWN,
        True,
        "float",
        0.01,
        1,
        0.05,
    ),
    Field(
        "penalty_alpha",
        "Similarity penalty",
        "Weight of the similarity to what was said before. Turning it up avoids repetition and drifts further"
        " from the likeliest word",
        frozenset({"contrastive"}),
        True,
        "float",
        0,
        1,
        0.05,
    ),
    Field(
        "utility",
        "Utility",
        "What two sentences have in common: character n-grams (chrF) or word n-grams (BLEU). The sentence "
        "most like the others wins",
        frozenset({"mbr"}),
        True,
        "choice",
        choices=(("chrf", "chrF"), ("bleu", "BLEU")),
    ),
    Field(
        "seed",
        "Seed",
        "The same seed and settings draw the same sentences",
        DRAWN | {"stochastic"},
        True,
        high=2**31 - 1,
    ),
    Field(
        "n_best",
        "Returned, hypotheses",
        "How many sentences the table and the command line return; with sampling, how many are drawn",
        ALL - {"greedy", "contrastive"},
        low=1,
        high=256,
    ),
    Field(
        "max_length",
        "Longest, tokens",
        "Sentences are cut here; too low leaves them unfinished",
        low=1,
        high=512,
    ),
    Field(
        "min_length",
        "Shortest, tokens",
        "No end mark before this many tokens; turning it up forces longer text",
        high=512,
    ),
    Field(
        "min_p",
        "Min-p, share; 0 is off",
        "Draw among tokens at least this share as likely as the likeliest. Turning it up makes text safer "
        "where the model is sure",
        DRAWN,
        False,
        "float",
        0,
        1,
        0.01,
    ),
    Field(
        "typical",
        "Typical, mass; 1 is off",
        "Draw among tokens whose surprise is nearest to the expected one, until they hold this mass. Turning "
        "it down avoids both the dull and the odd",
        DRAWN,
        False,
        "float",
        0.01,
        1,
        0.05,
    ),
    Field(
        "eta",
        "Eta; 0 is off",
        "Cut tokens below a threshold that falls with the entropy. Turning it up cuts more where the model is sure",
        DRAWN,
        False,
        "float",
        0,
        0.99,
        0.001,
    ),
    Field(
        "no_repeat_ngram",
        "No repeated n-gram, tokens",
        "No run of this many tokens may occur twice; 0 is off. Low values also forbid what must be repeated, "
        "such as names",
        low=0,
        high=512,
    ),
    Field(
        "repetition_penalty",
        "Repetition penalty; 1 is off",
        "Divides the scores of tokens used before. Turning it up avoids repetition, and hurts where a word is"
        " needed twice",
        kind="float",
        low=0.05,
        high=10,
        step=0.1,
    ),
    Field(
        "coverage_penalty",
        "Coverage β; 0 is off",
        "Punishes source words that got little attention. Turning it up leaves less of the source untranslated",
        BEAM,
        False,
        "float",
        0,
        10,
        0.1,
    ),
    Field(
        "stop",
        "Stop",
        "When the search ends. Bound: when nothing unfinished can still win. Heuristic: as transformers. "
        "Patience: when beam x patience are finished, as fairseq. Exhaust: at the longest length",
        BEAM,
        False,
        "choice",
        choices=(("bound", "bound"), ("heuristic", "heuristic"), ("patience", "patience"), ("exhaust", "exhaust")),
    ),
    Field(
        "patience",
        "Patience, times beam",
        "Turning it up searches on after the first finished sentences",
        BEAM,
        False,
        "float",
        0.1,
        20,
        0.5,
    ),
    Field(
        "prefix",
        "Forced beginning",
        "Every sentence starts with this text; double-click a token or a node of the tree to force that prefix",
        kind="text",
    ),
)
