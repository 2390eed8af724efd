"""The panels, in the order of their tabs."""

from __future__ import annotations

from app.panels.base import Panel

PANELS: tuple[type[Panel], ...] = ()
