"""What is known of a model's latent space without its training text: recorded arrays and example sentences."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np

from engine.assets import EXAMPLES
from engine.capabilities import Latent
from engine.checkpoint import read_trace
from engine.messages import ModelInfo
from engine.messages.core import FloatArray, IntArray
from engine.reading import read_lines


@dataclass(frozen=True)
class Survey:
    """N held-out sentences as points only, and example sentences with their points."""

    means: FloatArray  # [N, D]
    log_vars: FloatArray  # [N, D]
    kl: FloatArray  # [D], to N(0, 1) of the Gaussians with these moments
    texts: tuple[str, ...]
    text_means: FloatArray  # [texts, D]
    text_log_vars: FloatArray  # [texts, D]
    source: str

    @property
    def order(self) -> IntArray:
        """Dimensions by falling KL; by falling variance of the means where there is no KL."""
        by = self.kl if self.kl.any() else self.means.var(0)
        return np.argsort(-by, kind="stable")


_KNOWN: WeakKeyDictionary[Latent, Survey] = WeakKeyDictionary()


def examples() -> tuple[str, ...]:
    """The example sentences written for the program, one a line."""
    return tuple(line for line in read_lines(EXAMPLES / "everyday.txt") if line)


def survey(model: Latent, info: ModelInfo) -> Survey:
    """What is known of a loaded model; read once. A model without recorded arrays is surveyed by the examples alone."""
    if model not in _KNOWN:
        _KNOWN[model] = _make(model, info)
    return _KNOWN[model]


def encode(model: Latent, texts: tuple[str, ...]) -> tuple[FloatArray, FloatArray, IntArray]:
    """Means and log-variances [N, D] of sentences, and how many of each one's words are unknown [N].

    Raises ValueError with one sentence when one has no word.
    """
    ids = [model.tokenizer.encode(text) for text in texts]
    if not all(ids):
        raise ValueError("a sentence is empty: without a word it has no place in the latent space")
    found = model.posterior(ids)
    unknown = np.array([s.count(model.tokenizer.unknown) for s in ids])
    return found.mean.cpu().numpy(), found.log_variance.cpu().numpy(), unknown


def _make(model: Latent, info: ModelInfo) -> Survey:
    texts = examples()
    means, log_vars, _ = encode(model, texts)
    trace = read_trace(Path(info.path)) if info.path and Path(info.path).is_file() else {}
    if {"means", "log_vars", "kl"} <= set(trace):
        cloud, cloud_log_vars, kl = (trace[n].astype(np.float32) for n in ("means", "log_vars", "kl"))
        source = f"{len(cloud):,} held-out sentences as points; example sentences written for Textscape"
    else:
        cloud, cloud_log_vars = means, log_vars
        kl = 0.5 * (means**2 + np.exp(log_vars) - 1 - log_vars).mean(0)
        source = f"{len(texts)} example sentences written for Textscape"
    if not model.variational:
        kl = np.zeros_like(kl)
    return Survey(cloud, cloud_log_vars, kl, texts, means, log_vars, source)
