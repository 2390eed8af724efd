"""Everything that computes: models, sampling, search and training. Knows no Qt and no screen."""

__version__ = "0.1.0"
