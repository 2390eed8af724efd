"""The training trace: components, a fixed sample of sentences and the loss terms, recorded as the run goes.

S frames, N sample sentences, M mixture variables of K components, d coordinates of a block.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.latent.charts import align, chart_of
from engine.latent.mixtures import responsibilities
from engine.latent.posteriors import posteriors
from engine.messages import Chart, TrainingTrace
from engine.messages.core import FloatArray
from engine.metrics.clusters import mutual_information, variance_of_means
from engine.training.mixture import MixtureTask

SAMPLE = 150
"""Validation sentences that are followed, as many of each label as can be."""


def frame_steps(total: int, frames: int) -> list[int]:
    """At which of `total` steps to look: 0, the last, and closer together early on, where most happens."""
    shares = np.linspace(0.0, 1.0, frames) ** 1.5
    return sorted({round(float(s) * total) for s in shares})


def stratified(labels: list[tuple[str, ...]], size: int, seed: int) -> list[int]:
    """Numbers of about `size` sentences, every first label as often as the others, in order."""
    random = np.random.default_rng(seed)
    groups: dict[str, list[int]] = {}
    for number in random.permutation(len(labels)).tolist():
        groups.setdefault(labels[number][0] if labels[number] else "", []).append(number)
    share = -(-size // len(groups))
    return sorted(number for group in groups.values() for number in group[:share])[:size]


class Recorder:
    """Looks at a mixture model in training every so many steps."""

    def __init__(self, task: MixtureTask, frames: int) -> None:
        self._task = task
        self._frames = frames
        self._chosen = stratified(task.valid_labels, SAMPLE, task.recipe.seed)
        self._sentences = [task.valid_sentences[i] for i in self._chosen]
        self._arrays: dict[str, list[np.ndarray[Any, Any]]] = {}
        self._before: list[tuple[Chart, FloatArray]] = []

    def look(self, step: int, total: int) -> TrainingTrace | None:
        """The frame of this step, or None when it is not one to look at."""
        if step not in frame_steps(total, self._frames):
            return None
        if any(int(s) >= step for s in self._arrays.get("steps", ())):
            return None  # looked at before the run was stopped and resumed
        model = self._task.model
        training = model.training
        model.eval()
        with torch.inference_mode():
            frame = self._measure()
        model.train(training)
        frame["steps"] = np.array(step, dtype=np.int32)
        for name, array in frame.items():
            self._arrays.setdefault(name, []).append(array)
        return self._event(frame, total)

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """The whole trace, as a checkpoint keeps it."""
        out = {name: np.stack(parts) for name, parts in self._arrays.items()}
        longest = max(len(s) for s in self._sentences)
        tokens = np.zeros((len(self._sentences), longest), dtype=np.int32)
        for row, sentence in enumerate(self._sentences):
            tokens[row, : len(sentence)] = sentence
        return out | {"sample_tokens": tokens} | self._task.label_arrays(self._chosen, "sample_labels")

    def state(self) -> dict[str, Tensor]:
        """What a resumed run needs to go on recording."""
        return {name: torch.from_numpy(np.stack(parts)) for name, parts in self._arrays.items()}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a saved state."""
        self._arrays = {name: list(array.numpy()) for name, array in state.items()}

    def _measure(self) -> dict[str, np.ndarray[Any, Any]]:
        model, rows = self._task.model, len(self._sentences)
        means = posteriors(model, self._sentences).means
        blocks = model.blocks(torch.from_numpy(means)).numpy()
        prior = [p.detach().cpu().numpy() for p in model.components()[:2]]
        arrays = {
            "trace_means": prior[0],
            "trace_log_vars": prior[1],
            "trace_points": blocks,
            "trace_responsibilities": responsibilities(model, self._sentences),
        }
        out = {name: array.astype(np.float16) for name, array in arrays.items()}
        state = torch.get_rng_state()
        torch.manual_seed(self._task.recipe.seed)  # the same noise in each frame
        terms = self._task.terms(self._sentences, np.random.default_rng(0))
        torch.set_rng_state(state)
        return out | {f"term.{n}": np.array(float(t) / rows, dtype=np.float32) for n, t in terms.items()}

    def _event(self, frame: Mapping[str, np.ndarray[Any, Any]], total: int) -> TrainingTrace:
        points = frame["trace_points"].astype(np.float32)  # N, M, d
        means, log_vars = (frame[n].astype(np.float32) for n in ("trace_means", "trace_log_vars"))
        q = frame["trace_responsibilities"].astype(np.float32)
        text = self._task.tokenizer.decode
        return TrainingTrace(
            model=self._task.recipe.name,
            steps=frame["steps"][None],
            means=means[None],
            log_vars=log_vars[None],
            weights=q.mean(0)[None],
            points=points[None],
            responsibilities=q[None],
            texts=tuple(text(s) for s in self._sentences),
            labels=tuple(self._task.valid_labels[i][0] for i in self._chosen) if self._task.recipe.labels else (),
            terms={n.removeprefix("term."): a[None] for n, a in frame.items() if n.startswith("term.")},
            information=np.array([mutual_information(q)]),
            variance=np.array([variance_of_means(means)]),
            charts=self._charts(points, means),
            total=total,
        )

    def _charts(self, points: FloatArray, means: FloatArray) -> tuple[Chart, ...]:
        """A chart of each variable, turned to lie as the one before it did, so that a live view does not jump."""
        blocks = [points[:, m] for m in range(len(means))]
        charts = [chart_of(block, centers) for block, centers in zip(blocks, means, strict=True)]
        if self._before and means.shape[-1] > 2:
            charts = [align(c, b, *old) for c, b, old in zip(charts, blocks, self._before, strict=True)]
        self._before = list(zip(charts, blocks, strict=True))
        return tuple(charts)
