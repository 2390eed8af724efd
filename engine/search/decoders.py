"""Every decoder there is: a new one is a line here."""

from __future__ import annotations

from engine.messages.strategies import STRATEGIES
from engine.search.autoregressive import Autoregressive
from engine.search.generates import generate, register
from engine.search.strategies import KINDS

for _name in KINDS:
    register(STRATEGIES[_name], Autoregressive)

__all__ = ["generate"]
