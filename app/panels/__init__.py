"""The panels, in the order of their tabs."""

from __future__ import annotations

from app.panels.base import Panel
from app.panels.beams import BeamsPanel
from app.panels.clusters import ClustersPanel
from app.panels.latent import LatentPanel
from app.panels.sampler import SamplerPanel
from app.panels.toy import ToyPanel

PANELS: tuple[type[Panel], ...] = (SamplerPanel, BeamsPanel, LatentPanel, ClustersPanel, ToyPanel)
