"""What the steps of a script have in common: the wait that each may ask for, and the sentence when it fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

PATIENCE = 60.0  # seconds that something may take to come about, unless a step says otherwise
Step = dict[str, Any]
Say = Callable[..., None]  # one line of answer


class ScriptError(ValueError):
    """A step that is not known, or did not come about; its text is one sentence."""


class Wait(NamedTuple):
    """What must hold before the script goes on, for how long to wait for it, and what to say if it never does."""

    holds: Callable[[], bool] = lambda: True
    seconds: float = PATIENCE
    complaint: Callable[[], str] = lambda: "waited in vain"
