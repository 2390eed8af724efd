"""One file a paper, readable top to bottom in one sitting, built from `parts`. Importing the package registers all.

Models: `lstm`, `mixture_vae`, `rnn_translator`, `transformer_lm`, `transformer_translator`, `vae`. Output layers, for
any of them: `parts.adaptive_softmax`, `parts.softmax`.
"""

from engine.models import lstm, mixture_vae, rnn_translator, transformer_lm, transformer_translator, vae
from engine.models.parts import adaptive_softmax, softmax
from engine.models.registry import build, kinds, read_config

__all__ = [
    "adaptive_softmax",
    "build",
    "kinds",
    "lstm",
    "mixture_vae",
    "read_config",
    "rnn_translator",
    "softmax",
    "transformer_lm",
    "transformer_translator",
    "vae",
]
