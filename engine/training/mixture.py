"""Training the mixture and discrete-latent family: the text VAE's task with the divergences of a mixture prior."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from torch import Tensor

from engine.capabilities import Posterior
from engine.latent.mixtures import agreement, evaluate_mixture, responsibilities
from engine.latent.posteriors import posteriors
from engine.messages import Metric
from engine.models.mixture_vae import CodePosterior, MixturePosterior, MixtureVae
from engine.objectives import gaussian, mixture
from engine.training.recipe import Recipe
from engine.training.vae import VaeTask


class MixtureTask(VaeTask):
    """A recipe's mixture model and the loss terms it has, in nats.

    kl: of the independent Gaussian part. mean-prior and dispersion: the two parts of the mixtures' KL.
    aggregated-categorical and information: the two parts of KL(q(c|x) || U), over the batch.
    """

    model: MixtureVae

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        super().__init__(recipe, folder)
        if not isinstance(self.model, MixtureVae):
            raise ValueError(f"the task {recipe.task} of the recipe trains no {recipe.model.get('kind')}")
        columns = {len(source.columns) - 1 for source in recipe.data}
        if recipe.labels and columns != {len(recipe.labels)}:
            raise ValueError(f"the recipe names {len(recipe.labels)} labels, its data has another number of columns")

    def draw(self, posterior: Posterior, step: int) -> Tensor:
        """Sample z of the Gaussian coordinates; codes softly in training (Gumbel-softmax), one-hot in evaluation."""
        mean, log_var, log_q = _parts(posterior)
        points = gaussian.sample(mean, log_var)
        if not self.model.shape.discrete:
            return points
        gumbel = self.objective.gumbel
        hard = gumbel.straight_through or not self.model.training
        codes = mixture.relaxed(log_q, gumbel.at(step), straight_through=hard)
        return torch.cat([points, codes.flatten(1)], 1)

    def divergences(self, posterior: Posterior, points: Tensor) -> dict[str, Tensor]:
        """All divergences the model has, summed over the batch."""
        mean, log_var, log_q = _parts(posterior)
        shape, rows = self.model.shape, len(mean)
        out: dict[str, Tensor] = {}
        if shape.gaussian:
            out["kl"] = gaussian.kl_to_prior(mean[:, : shape.offset], log_var[:, : shape.offset]).sum()
        if not shape.discrete:
            prior = (self.model.prior_mean, self.model.prior_log_var)
            blocks = (self.model.blocks(mean), self.model.blocks(log_var))
            out["mean-prior"] = mixture.kl_to_mean_prior(*blocks, log_q, *prior).sum()
            out["dispersion"] = mixture.dispersion(log_q, *prior).sum()
        scale = rows * (shape.components / shape.mixtures if self.objective.as_released and shape.discrete else 1.0)
        out["aggregated-categorical"] = scale * mixture.aggregated_kl(log_q).sum()
        out["information"] = scale * mixture.information(log_q).sum()
        return out

    # --- figures ---------------------------------------------------------------------------------------------------

    def latent_figures(self) -> dict[str, float]:
        """Mutual information of codes and sentences, how far the components stand apart, agreement with labels."""
        q = responsibilities(self.model, self.valid_sentences)
        found = agreement(q, self.model.components()[0].cpu().numpy(), self._by_kind(self.valid_labels))
        return {name: metric.value for name, metric in found.items()}

    def test(self) -> dict[str, Metric]:
        """The columns of the papers' tables on the test split."""
        return evaluate_mixture(
            self.model,
            self.test_sentences,
            self._by_kind(self.test_labels),
            seed=self.recipe.seed,
            training=self.train_sentences,
            **msgspec.structs.asdict(self.recipe.evaluation),
        )

    def _by_kind(self, labels: list[tuple[str, ...]]) -> dict[str, list[str]]:
        return {name: [row[i] for row in labels] for i, name in enumerate(self.recipe.labels)}

    def trace(self) -> dict[str, np.ndarray[Any, Any]]:
        """Posteriors, responsibilities and labels of the validation sentences, for maps without the text."""
        with torch.inference_mode():
            found = posteriors(self.model, self.valid_sentences)
            q = responsibilities(self.model, self.valid_sentences)
        out = {name: a.astype(np.float16) for name, a in (("means", found.means), ("log_vars", found.log_vars))}
        out["responsibilities"] = q.astype(np.float16)
        return out | self.label_arrays(range(len(self.valid_sentences)), "labels")

    def label_arrays(self, chosen: Any, name: str) -> dict[str, np.ndarray[Any, Any]]:
        """The first kind of label of validation sentences by number, and the names; empty without labels."""
        if not self.recipe.labels:
            return {}
        names = sorted({row[0] for row in self.valid_labels})
        numbers = np.array([names.index(self.valid_labels[i][0]) for i in chosen], dtype=np.int16)
        return {name: numbers, "label_names": np.frombuffer("\n".join(names).encode(), dtype=np.uint8).copy()}


def _parts(posterior: Posterior) -> tuple[Tensor, Tensor, Tensor]:
    """Mean and log-variance of the Gaussian coordinates and log q(c|x)."""
    assert isinstance(posterior, MixturePosterior | CodePosterior)
    mean, log_variance, log_q = posterior
    return mean, log_variance, log_q
