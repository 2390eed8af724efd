"""Compare decoders: one input, many searches, and each search made visible."""

from app.panels.beams.panel import BeamsPanel

__all__ = ["BeamsPanel"]
