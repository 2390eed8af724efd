"""Terms of mixture and discrete latents: what ties q(z, c|x) to a mixture prior, split so that each can be weighed.

Mixture m has K components N(mu_k, sigma_k^2) over its own d dimensions, the posteriors q(z|x) and q(c|x) are
independent, and the prior of c is uniform. As exponential families (Shi et al. 2020, equations 4 to 8):

    E_q(c|x) KL(q(z|x) || p(z|c))  =  KL(q(z|x) || p_hat(z|x))  +  E_q(c|x) A(eta_c) - A(E_q(c|x) eta_c)
                                      to the mean prior            dispersion

p_hat has the averaged natural parameters. The dispersion, a Jensen gap, is what draws the components together.

    E_x KL(q(c|x) || U)  =  KL(E_x q(c|x) || U)  +  I(x; c)

Shapes: B sentences, M mixtures, K components, d dimensions of a mixture. Results are in nats and not yet summed over
mixtures.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from engine.objectives import gaussian


def natural(means: Tensor, log_vars: Tensor) -> tuple[Tensor, Tensor]:
    """Natural parameters of Gaussians: eta1 = mu / sigma^2 and eta2 = -1 / (2 sigma^2)."""
    precision = torch.exp(-log_vars)
    return means * precision, -0.5 * precision


def log_partition(eta1: Tensor, eta2: Tensor) -> Tensor:
    """A(eta) = -eta1^2 / (4 eta2) - log(-2 eta2) / 2 of each dimension."""
    return -eta1.square() / (4 * eta2) - 0.5 * torch.log(-2 * eta2)


def mean_prior(log_q: Tensor, means: Tensor, log_vars: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and log-variance [B, M, d] of the prior with averaged natural parameters, p_hat(z|x).

    Args:
        log_q: [B, M, K], log q(c|x).
        means: [M, K, d] of the components.
        log_vars: [M, K, d].
    """
    eta1, eta2 = _averaged(log_q.exp(), *natural(means, log_vars))
    return -0.5 * eta1 / eta2, -torch.log(-2 * eta2)


def kl_to_mean_prior(mean: Tensor, log_var: Tensor, log_q: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    """KL(q(z|x) || p_hat(z|x)) of each mixture, [B, M]; `mean` and `log_var` are [B, M, d]."""
    return gaussian.kl_between(mean, log_var, *mean_prior(log_q, means, log_vars)).sum(-1)


def dispersion(log_q: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    """E_q(c|x) A(eta_c) - A(E_q(c|x) eta_c) of each mixture, [B, M]; never negative.

    With one variance sigma^2 for all components it is Var_q(c|x)(mu_c) / (2 sigma^2), the lecture's theorem 2.
    """
    q = log_q.exp()
    eta1, eta2 = natural(means, log_vars)
    each = log_partition(eta1, eta2).sum(-1)  # M, K
    mean = log_partition(*_averaged(q, eta1, eta2)).sum(-1)  # B, M
    return (q * each).sum(-1) - mean


def kl_to_components(mean: Tensor, log_var: Tensor, log_q: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    """E_q(c|x) KL(q(z|x) || p(z|c)) of each mixture, [B, M]: the two terms above together, computed directly."""
    each = gaussian.kl_between(mean[:, :, None], log_var[:, :, None], means, log_vars).sum(-1)  # B, M, K
    return (log_q.exp() * each).sum(-1)


def categorical_kl(log_q: Tensor) -> Tensor:
    """KL(q(c|x) || U) of each sentence and variable, [B, M]."""
    return (log_q.exp() * log_q).sum(-1) + math.log(log_q.shape[-1])


def aggregated_kl(log_q: Tensor) -> Tensor:
    """KL(mean of q(c|x) over the batch || U) of each variable, [M] (Zhao et al. 2018, batch prior regularisation)."""
    log_mean = log_q.logsumexp(0) - math.log(len(log_q))  # M, K
    return (log_mean.exp() * log_mean).sum(-1) + math.log(log_q.shape[-1])


def information(log_q: Tensor) -> Tensor:
    """I(x; c) = H(mean of q(c|x)) - mean of H(q(c|x)) over the batch, of each variable, [M]."""
    return categorical_kl(log_q).mean(0) - aggregated_kl(log_q)


def relaxed(log_q: Tensor, temperature: float, *, straight_through: bool) -> Tensor:
    """Gumbel-softmax sample of each variable, [B, M, K] (Jang et al. 2017); the global generator gives the noise.

    Straight through: one-hot forward, the soft sample's gradient backward.
    """
    return functional.gumbel_softmax(log_q, tau=temperature, hard=straight_through, dim=-1)


def mixture_log_density(points: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    """Log of the prior's density under equal weights, summed over mixtures: points [..., M, d] -> [...]."""
    each = gaussian.log_density(points.unsqueeze(-2), means, log_vars)  # ..., M, K
    return (each.logsumexp(-1) - math.log(means.shape[1])).sum(-1)


def _averaged(q: Tensor, eta1: Tensor, eta2: Tensor) -> tuple[Tensor, Tensor]:
    """Natural parameters averaged over components: [B, M, K] and [M, K, d] -> two of [B, M, d]."""
    return torch.einsum("bmk,mkd->bmd", q, eta1), torch.einsum("bmk,mkd->bmd", q, eta2)
