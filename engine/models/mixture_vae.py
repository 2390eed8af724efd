"""The mixture and discrete-latent family: GMVAE, DGMVAE, semi-VAE, DVAE and DI-VAE as one text VAE.

A sentence has a Gaussian part (`gaussian` dimensions under N(0, I)) and M mixture variables of K components. With
`dimension` d above zero, component k of variable m is a Gaussian over the d coordinates of block m, and the decoder
reads z alone (GMVAE; Shi et al. 2020 for DGMVAE). With d = 0 the decoder reads the code itself, one-hot (DVAE and
DI-VAE, Zhao et al. 2018). Which member of the family a model is, its training objective says.

A point is what the decoder reads: the Gaussian part, then block after block.
Shapes: B sentences, M variables, K components, d dimensions of a block (K where codes are read), D of a point.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

import msgspec
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.messages import FloatArray
from engine.models.registry import register
from engine.models.vae import NO_VARIANCE, SentenceVaeConfig, TextVae
from engine.objectives import gaussian
from engine.objectives.mixture import mixture_log_density
from engine.vocabulary import Vocabulary

Number = Annotated[int, msgspec.Meta(ge=0, le=1000)]


class MixtureShape(msgspec.Struct, frozen=True):
    """The latents of a model."""

    gaussian: int  # dimensions of the Gaussian part
    mixtures: int  # M
    components: int  # K
    dimension: int  # d of a component's Gaussian; 0: the decoder reads the code

    @property
    def discrete(self) -> bool:
        """Whether the decoder reads codes, not points drawn from components."""
        return self.dimension == 0

    @property
    def width(self) -> int:
        """Coordinates of a block."""
        return self.dimension or self.components

    @property
    def offset(self) -> int:
        """Where block 0 begins."""
        return self.gaussian

    @property
    def size(self) -> int:
        """Coordinates of a point, D."""
        return self.gaussian + self.mixtures * self.width


class MixtureVaeConfig(SentenceVaeConfig, frozen=True, tag="mixture-vae", tag_field="kind", forbid_unknown_fields=True):
    """Sizes of a `MixtureVae`."""

    gaussian: Number = 0
    mixtures: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 3
    components: Annotated[int, msgspec.Meta(ge=2, le=1000)] = 5
    dimension: Number = 5  # 0: discrete

    @property
    def shape(self) -> MixtureShape:
        """The latents."""
        return MixtureShape(self.gaussian, self.mixtures, self.components, self.dimension)

    @property
    def point_size(self) -> int:
        """Coordinates the decoder reads."""
        return self.shape.size

    @property
    def inferred_size(self) -> int:
        """Coordinates with a Gaussian posterior of their own."""
        return self.gaussian + self.mixtures * self.dimension


@register(MixtureVaeConfig)
class MixtureVae(TextVae):
    """A text VAE whose prior is a product of mixtures, or whose code is discrete."""

    def __init__(self, config: MixtureVaeConfig, tokenizer: Vocabulary) -> None:
        super().__init__(config, tokenizer)
        self.shape = config.shape
        shape, wide = config.shape, 2 * config.encoder
        self.to_code = nn.Sequential(
            nn.Linear(wide, config.encoder), nn.ReLU(), nn.Linear(config.encoder, shape.mixtures * shape.components)
        )
        self.prior_mean, self.prior_log_var = _prior(shape)

    # --- capabilities Latent and Mixture ---------------------------------------------------------------------------

    def posterior(self, sentences: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of the point, each [B, D]; a code counts as the one-hot of its likeliest component."""
        mean, log_var, log_q = self.infer(*self.read(sentences))
        if not self.shape.discrete:
            return mean, log_var
        code = self.one_hot(log_q.argmax(-1))
        return torch.cat([mean, code], 1), torch.cat([log_var, torch.full_like(code, NO_VARIANCE)], 1)

    def components(self) -> tuple[Tensor, Tensor, Tensor]:
        """Means and log-variances [M, K, d] and weights [M, K] of the prior; one-hot corners where codes are read."""
        shape = self.shape
        weights = torch.full_like(self.prior_mean[:, :, 0], 1 / shape.components)
        return self.prior_mean, self.prior_log_var, weights

    def responsibilities(self, sentences: Sequence[Sequence[int]]) -> Tensor:
        """q(c|x), [B, M, K]."""
        return self.infer(*self.read(sentences))[2].exp()

    # --- inference -------------------------------------------------------------------------------------------------

    def infer(self, tokens: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Mean and log-variance of the Gaussian coordinates ([B, gaussian + M dimension]) and log q(c|x) [B, M, K]."""
        features = self.features(tokens, lengths)
        mean, log_var = self.gaussian_of(features)
        logits = self.to_code(features).view(len(features), self.shape.mixtures, self.shape.components)
        return mean, log_var, logits.log_softmax(-1)

    def encoder_parameters(self) -> list[nn.Parameter]:
        """The weights that only the posterior depends on."""
        return [*super().encoder_parameters(), *self.to_code.parameters()]

    def blocks(self, points: Tensor) -> Tensor:
        """The mixtures' coordinates of points [..., D] as [..., M, d]."""
        shape = self.shape
        return points[..., shape.offset :].reshape(*points.shape[:-1], shape.mixtures, shape.width)

    def one_hot(self, codes: Tensor) -> Tensor:
        """Codes [..., M] as the coordinates that the decoder reads, [..., M K]."""
        hot = functional.one_hot(codes, self.shape.components).flatten(-2)
        return hot.to(self.prior_mean.dtype)

    def log_prior(self, points: Tensor) -> Tensor:
        """Log density of points [..., D], [...]; of a code its log probability under the uniform prior."""
        shape = self.shape
        normal = gaussian.log_prior(points[..., : shape.offset])
        if shape.discrete:
            return normal - shape.mixtures * math.log(shape.components)
        means, log_vars = self.prior_mean.to(points), self.prior_log_var.to(points)
        return normal + mixture_log_density(self.blocks(points), means, log_vars)

    def prior_points(self, random: np.random.Generator, count: int) -> FloatArray:
        """Points drawn from the prior, [count, D]."""
        shape = self.shape
        codes = random.integers(shape.components, size=(count, shape.mixtures))
        normal = random.standard_normal((count, shape.offset))
        means, log_vars, _ = (p.detach().double().cpu().numpy() for p in self.components())
        noise = random.standard_normal((count, shape.mixtures, shape.width))
        chosen = np.arange(shape.mixtures), codes
        drawn = means[chosen] + np.exp(0.5 * log_vars[chosen]) * noise
        points: FloatArray = np.concatenate([normal, drawn.reshape(count, -1)], axis=1)
        return points

    def proposals(
        self, sentences: Sequence[Sequence[int]], samples: int, randoms: Sequence[np.random.Generator]
    ) -> tuple[Tensor, Tensor]:
        """Posterior samples and their log p(point) - log q(point|x), for importance weights: [B, S, D] and [B, S].

        Sentence b uses `randoms[b]` alone, so a sentence's samples do not depend on its batch.
        """
        mean, log_var, log_q = (p.double() for p in self.infer(*self.read(sentences)))
        noise = np.stack([r.standard_normal((samples, mean.shape[1])) for r in randoms])
        points = mean[:, None] + torch.exp(0.5 * log_var)[:, None] * torch.from_numpy(noise).to(mean)
        log_density = gaussian.log_density(points, mean[:, None], log_var[:, None])
        if self.shape.discrete:
            gumbel = np.stack([r.gumbel(size=(samples, *log_q.shape[1:])) for r in randoms])
            codes = (log_q[:, None] + torch.from_numpy(gumbel).to(mean)).argmax(-1)  # B, S, M
            chosen = log_q[:, None].expand(-1, samples, -1, -1).gather(-1, codes[..., None])[..., 0]
            log_density = log_density + chosen.sum(-1)
            points = torch.cat([points, self.one_hot(codes).double()], -1)
        return points, self.log_prior(points) - log_density


def _prior(shape: MixtureShape) -> tuple[Tensor, Tensor]:
    """Means and log-variances [M, K, d], both starting from N(0, 1); the one-hot corners where codes are read."""
    if not shape.discrete:
        sizes = (shape.mixtures, shape.components, shape.dimension)
        return nn.Parameter(torch.randn(sizes)), nn.Parameter(torch.randn(sizes))
    corners = torch.eye(shape.components).repeat(shape.mixtures, 1, 1)
    return nn.Parameter(corners, requires_grad=False), nn.Parameter(
        torch.full_like(corners, NO_VARIANCE), requires_grad=False
    )
