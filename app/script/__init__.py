"""`--script`: the window driven by a list of steps, as a person would drive it, for end-to-end tests."""

from app.script.runner import Script, read_steps
from app.script.step import ScriptError

__all__ = ["Script", "ScriptError", "read_steps"]
