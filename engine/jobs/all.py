"""Importing this module registers every kind of job."""

from engine.jobs import clusters, latent, models, planes, sampling, search, traces, training

__all__ = ["clusters", "latent", "models", "planes", "sampling", "search", "traces", "training"]
