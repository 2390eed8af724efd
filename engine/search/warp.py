"""Reshaping a next-token distribution before drawing from it: temperature and truncations.

Every function takes and returns scores [R, V] in nats; what is cut off becomes minus infinity. The order is that of
transformers: temperature, top-k, top-p, min-p, typical, eta.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from engine.messages import SearchOptions


def top_k(scores: Tensor, count: int) -> Tensor:
    """The `count` likeliest tokens (Fan et al. 2018)."""
    least = scores.topk(min(count, scores.shape[1]), 1).values[:, -1:]
    return scores.masked_fill(scores < least, -math.inf)


def top_p(scores: Tensor, mass: float) -> Tensor:
    """The smallest set of likeliest tokens that holds `mass` (Holtzman et al. 2020)."""
    order = scores.argsort(1, descending=True)
    probs = scores.softmax(1).gather(1, order)
    cut = probs.cumsum(1) - probs >= mass  # the mass before a token reaches the goal: it is not needed
    cut[:, 0] = False
    return scores.masked_fill(torch.zeros_like(cut).scatter(1, order, cut), -math.inf)


def min_p(scores: Tensor, share: float) -> Tensor:
    """Tokens at least `share` as likely as the likeliest (Nguyen et al. 2024)."""
    return scores.masked_fill(scores < scores.amax(1, keepdim=True) + math.log(share), -math.inf)


def typical(scores: Tensor, mass: float) -> Tensor:
    """The smallest set holding `mass` of tokens whose surprise is nearest the entropy (Meister et al. 2023)."""
    log_probs = scores.log_softmax(1)
    probs = log_probs.exp()
    entropy = -(probs * log_probs.clamp_min(-1e30)).sum(1, keepdim=True)
    order = (-log_probs - entropy).abs().argsort(1)
    sorted_probs = probs.gather(1, order)
    cut = sorted_probs.cumsum(1) - sorted_probs >= mass
    cut[:, 0] = False
    return scores.masked_fill(torch.zeros_like(cut).scatter(1, order, cut), -math.inf)


def eta(scores: Tensor, epsilon: float) -> Tensor:
    """Tokens above min(epsilon, sqrt(epsilon) exp(-entropy)), the likeliest always kept (Hewitt et al. 2022)."""
    log_probs = scores.log_softmax(1)
    probs = log_probs.exp()
    entropy = -(probs * log_probs.clamp_min(-1e30)).sum(1, keepdim=True)
    least = (math.sqrt(epsilon) * torch.exp(-entropy)).clamp_max(epsilon)
    cut = (probs < least) & (scores < scores.amax(1, keepdim=True))
    return scores.masked_fill(cut, -math.inf)


def cooled(scores: Tensor, temperature: float) -> Tensor:
    """Scores over a temperature, the best of each row at 0: near 0 it alone is left, and nothing is no number."""
    best = scores.amax(1, keepdim=True)
    blocked = scores == -math.inf
    away = (scores - best.masked_fill(best == -math.inf, 0.0)).masked_fill(blocked, 0.0)
    return (away.double() / temperature).to(scores.dtype).masked_fill(blocked, -math.inf)


def warp(scores: Tensor, options: SearchOptions) -> Tensor:
    """The log-probabilities to draw from, [R, V], normalised; a row where all is blocked stays minus infinity."""
    dead = scores.amax(1) == -math.inf
    if bool(dead.any()):
        out = torch.full_like(scores, -math.inf)
        if not bool(dead.all()):
            out[~dead] = warp(scores[~dead], options)
        return out
    if options.temperature != 1.0:
        scores = cooled(scores, options.temperature)
    if options.top_k:
        scores = top_k(scores, options.top_k)
    if options.top_p < 1.0:
        scores = top_p(scores, options.top_p)
    if options.min_p > 0.0:
        scores = min_p(scores, options.min_p)
    if options.typical < 1.0:
        scores = typical(scores, options.typical)
    if options.eta > 0.0:
        scores = eta(scores, options.eta)
    return scores.log_softmax(1)
