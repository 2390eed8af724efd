"""Importing this module registers every kind of job."""

from engine.jobs import clusters, evaluation, latent, models, planes, sampling, search, traces, training

__all__ = ["clusters", "evaluation", "latent", "models", "planes", "sampling", "search", "traces", "training"]
