"""Importing this module registers every kind of job."""

from engine.jobs import latent, models, planes, sampling, search, training

__all__ = ["latent", "models", "planes", "sampling", "search", "training"]
