"""Importing this module registers every kind of job."""

from engine.jobs import models, search, training

__all__ = ["models", "search", "training"]
