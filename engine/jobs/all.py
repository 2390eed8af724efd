"""Importing this module registers every kind of job."""

from engine.jobs import models, training

__all__ = ["models", "training"]
