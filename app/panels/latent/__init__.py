"""Drag through a latent space."""

from app.panels.latent.panel import LatentPanel

__all__ = ["LatentPanel"]
