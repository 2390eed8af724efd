from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.mcmc import gaps
from engine.mcmc.kernel import Kernel
from engine.mcmc.run import Run


def walked(kernel: Kernel, steps: int) -> list[tuple[int, ...]]:
    """The sentences of a chain, and at each step no more kept than there is room for."""
    run, found = Run(kernel, 1), []
    reader = kernel._gaps
    for _ in range(steps):
        run.step()
        found.append(kernel.sentence(0))
        assert len(reader._kept) <= reader._room
        assert all(len(laws._kept) <= laws._room for laws in (reader._laws_before, reader._laws_after))
    return found


def test_gaps_and_laws_are_kept_in_so_much_memory_and_forgetting_costs_only_time(
    kernel_of: Callable[..., Kernel], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: Any = {"start": "the dog runs in the park", "seed": 3}
    whole = kernel_of(**settings)
    sentences = walked(whole, 60)
    monkeypatch.setattr(gaps, "MEMORY", 0)  # room for the chains' present gaps only
    small = kernel_of(**settings)
    assert walked(small, 60) == sentences
    assert len(small._gaps._kept) <= 4 < len(whole._gaps._kept)
