"""How each kind of request is done: a generator of events over the loaded models.

A job yields often (a few milliseconds of work between two yields): between yields it can be paused, stepped,
cancelled or overtaken. It raises with one sentence for a person when it cannot go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import torch

from engine.library import Library
from engine.messages import Event, Request, validated


@dataclass
class Context:
    """What a job may use. Only the engine thread holds one."""

    library: Library
    device: torch.device


Job = Callable[[Any, Context], Iterator[Event]]
_Job = TypeVar("_Job", bound=Job)
_JOBS: dict[type[Request], Job] = {}


def handles(request: type[Request]) -> Callable[[_Job], _Job]:
    """Decorator: this generator function answers requests of this kind."""

    def note(job: _Job) -> _Job:
        _JOBS[request] = job
        return job

    return note


def start(request: Request, context: Context) -> Iterator[Event]:
    """The generator that answers a request; raises ValueError with one sentence when a value in it is wrong."""
    validated(request)
    return _JOBS[type(request)](request, context)
