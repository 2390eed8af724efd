"""The sampler panel: watch Metropolis-Hastings edit a sentence."""

from app.panels.sampler.panel import SamplerPanel

__all__ = ["SamplerPanel"]
