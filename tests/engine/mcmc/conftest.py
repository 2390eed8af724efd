from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.mcmc.kernel import Kernel
from engine.mcmc.setup import make_kernel
from engine.messages import Sample
from engine.text import Tokenizer
from tests.engine.conftest import tiny_lm


@pytest.fixture(scope="session")
def pair(tokenizer: Tokenizer) -> tuple[Any, Any]:
    return tiny_lm(tokenizer), tiny_lm(tokenizer, "backward", seed=1)


@pytest.fixture
def kernel_of(pair: tuple[Any, Any]) -> Callable[..., Kernel]:
    """A kernel of a request on the tiny pair."""

    def make(**fields: Any) -> Kernel:
        return make_kernel(Sample(**{"model": "tiny", "candidates": 6, "max_length": 9, **fields}), *pair)

    return make
