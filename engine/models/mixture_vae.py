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
from typing import Annotated, NamedTuple

import msgspec
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.capabilities import Prior
from engine.messages import FloatArray
from engine.models.parts.posteriors import NO_VARIANCE, GaussianPosterior, gaussian_samples
from engine.models.registry import register
from engine.models.vae import SentenceVaeConfig, TextVae
from engine.objectives import gaussian
from engine.objectives.mixture import mixture_log_density, relaxed
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

    def blocks(self, points: Tensor) -> Tensor:
        """The mixtures' coordinates of points [..., D] as [..., M, d]."""
        return points[..., self.offset :].reshape(*points.shape[:-1], self.mixtures, self.width)


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

    @property
    def prior(self) -> MixturePrior:
        """A product of mixtures; where codes are read, uniform over them."""
        return MixturePrior(self.shape, self.prior_mean, self.prior_log_var)

    def components(self) -> tuple[Tensor, Tensor, Tensor]:
        """Means and log-variances [M, K, d] and weights [M, K] of the prior; one-hot corners where codes are read."""
        weights = torch.full_like(self.prior_mean[:, :, 0], 1 / self.shape.components)
        return self.prior_mean, self.prior_log_var, weights

    def responsibilities(self, sentences: Sequence[Sequence[int]]) -> Tensor:
        """q(c|x), [B, M, K]."""
        return self.infer(*self.read(sentences)).log_q.exp()

    def blocks(self, points: Tensor) -> Tensor:
        """The mixtures' coordinates of points [..., D] as [..., M, d]."""
        return self.shape.blocks(points)

    # --- inference -------------------------------------------------------------------------------------------------

    def infer(self, tokens: Tensor, lengths: Tensor) -> MixturePosterior | CodePosterior:
        """The posterior of sentences [B, T] with their end marks; `lengths` [B] on the CPU."""
        features = self.features(tokens, lengths)
        logits = self.to_code(features).view(len(features), self.shape.mixtures, self.shape.components)
        kind = CodePosterior if self.shape.discrete else MixturePosterior
        return kind(*self.gaussian_of(features), logits.log_softmax(-1))

    def encoder_parameters(self) -> list[nn.Parameter]:
        """The weights that only the posterior depends on."""
        return [*super().encoder_parameters(), *self.to_code.parameters()]


class MixturePosterior(NamedTuple):
    """Independent Gaussians of all coordinates, and beside them the law of the codes."""

    mean: Tensor  # [B, D]
    log_variance: Tensor  # [B, D]
    log_q: Tensor  # [B, M, K], log q(c|x)

    @property
    def gaussian(self) -> bool:
        """Mean and log-variance say all of the point."""
        return True

    def sample(self) -> Tensor:
        """One point of each, [B, D], with gradients to both."""
        return gaussian.sample(self.mean, self.log_variance)

    def samples(self, count: int, randoms: Sequence[np.random.Generator]) -> Tensor:
        """[B, S, D] in float64, row b from `randoms[b]` alone."""
        return gaussian_samples(self.mean, self.log_variance, count, randoms)

    def log_prob(self, points: Tensor) -> Tensor:
        """Log q(point|x) of each sentence's own points, [B, S, D] -> [B, S]."""
        return GaussianPosterior(self.mean, self.log_variance).log_prob(points)

    def kl(self, prior: Prior) -> Tensor | None:
        """None: the divergence from a mixture has no closed form."""
        return None


class CodePosterior(NamedTuple):
    """The discrete family's: independent Gaussians of the Gaussian part, then a code, one-hot."""

    own_mean: Tensor  # [B, gaussian]
    own_log_variance: Tensor  # [B, gaussian]
    log_q: Tensor  # [B, M, K], log q(c|x)

    @property
    def mean(self) -> Tensor:
        """[B, D]; a code counts as that of the likeliest components."""
        return torch.cat([self.own_mean, one_hot(self.log_q.argmax(-1), self.log_q)], 1)

    @property
    def log_variance(self) -> Tensor:
        """[B, D]; that code does not vary."""
        fixed = torch.full_like(self.log_q.flatten(1), NO_VARIANCE)
        return torch.cat([self.own_log_variance, fixed], 1)

    @property
    def gaussian(self) -> bool:
        """Codes are drawn, so that mean and log-variance do not say all."""
        return False

    def sample(self) -> Tensor:
        """One point of each, [B, D]; the code's gradient is straight through (Jang et al. 2017)."""
        codes = relaxed(self.log_q, 1.0, straight_through=True).flatten(1)
        return torch.cat([gaussian.sample(self.own_mean, self.own_log_variance), codes], 1)

    def samples(self, count: int, randoms: Sequence[np.random.Generator]) -> Tensor:
        """[B, S, D] in float64, row b from `randoms[b]` alone."""
        own = gaussian_samples(self.own_mean, self.own_log_variance, count, randoms)
        gumbel = np.stack([r.gumbel(size=(count, *self.log_q.shape[1:])) for r in randoms])
        codes = (self.log_q.double()[:, None] + torch.from_numpy(gumbel).to(own)).argmax(-1)  # B, S, M
        return torch.cat([own, one_hot(codes, self.log_q.double())], -1)

    def log_prob(self, points: Tensor) -> Tensor:
        """Log q(point|x) of each sentence's own points, [B, S, D] -> [B, S]."""
        size = self.own_mean.shape[1]
        density = GaussianPosterior(self.own_mean, self.own_log_variance).log_prob(points[..., :size])
        log_q = self.log_q.to(points)[:, None].expand(-1, points.shape[1], -1, -1)  # B, S, M, K
        codes = points[..., size:].reshape(log_q.shape).argmax(-1, keepdim=True)
        return density + log_q.gather(-1, codes)[..., 0].sum(-1)

    def kl(self, prior: Prior) -> Tensor | None:
        """None: the training's terms have its parts."""
        return None


class MixturePrior(NamedTuple):
    """N(0, I) for the Gaussian part, and for each block a mixture whose components are equally likely."""

    shape: MixtureShape
    means: Tensor  # [M, K, d]
    log_vars: Tensor  # [M, K, d]

    @property
    def scale(self) -> float:
        """The standard deviation of a coordinate about zero, over all of them."""
        shape = self.shape
        mixed = (self.means.square() + self.log_vars.exp()).mean(1)  # M, d
        return math.sqrt((shape.gaussian + float(mixed.sum())) / shape.size)

    def sample(self, count: int, random: np.random.Generator) -> FloatArray:
        """[count, D]."""
        shape = self.shape
        codes = random.integers(shape.components, size=(count, shape.mixtures))
        normal = random.standard_normal((count, shape.offset))
        means, log_vars = (p.detach().double().cpu().numpy() for p in (self.means, self.log_vars))
        noise = random.standard_normal((count, shape.mixtures, shape.width))
        chosen = np.arange(shape.mixtures), codes
        drawn = means[chosen] + np.exp(0.5 * log_vars[chosen]) * noise
        points: FloatArray = np.concatenate([normal, drawn.reshape(count, -1)], axis=1)
        return points

    def log_prob(self, points: Tensor) -> Tensor:
        """Log density of points [..., D], [...]; of a code its log probability under the uniform prior."""
        shape = self.shape
        normal = gaussian.log_prior(points[..., : shape.offset])
        if shape.discrete:
            return normal - shape.mixtures * math.log(shape.components)
        return normal + mixture_log_density(shape.blocks(points), self.means.to(points), self.log_vars.to(points))


def one_hot(codes: Tensor, log_q: Tensor) -> Tensor:
    """Codes [..., M] of the K components in log q(c|x) as what the decoder reads, [..., M K]."""
    return functional.one_hot(codes, log_q.shape[-1]).flatten(-2).to(log_q.dtype)


def _prior(shape: MixtureShape) -> tuple[Tensor, Tensor]:
    """Means and log-variances [M, K, d], both starting from N(0, 1); the one-hot corners where codes are read."""
    if not shape.discrete:
        sizes = (shape.mixtures, shape.components, shape.dimension)
        return nn.Parameter(torch.randn(sizes)), nn.Parameter(torch.randn(sizes))
    corners = torch.eye(shape.components).repeat(shape.mixtures, 1, 1)
    return nn.Parameter(corners, requires_grad=False), nn.Parameter(
        torch.full_like(corners, NO_VARIANCE), requires_grad=False
    )
