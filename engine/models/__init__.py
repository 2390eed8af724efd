"""One file a paper, readable top to bottom in one sitting. Importing the package registers every kind."""

from engine.models import lstm, mixture_vae, rnn_attention, transformer, translation, vae
from engine.models.registry import build, kinds, read_config

__all__ = ["build", "kinds", "lstm", "mixture_vae", "read_config", "rnn_attention", "transformer", "translation", "vae"]
