"""See clusters form or collapse."""

from app.panels.clusters.panel import ClustersPanel

__all__ = ["ClustersPanel"]
