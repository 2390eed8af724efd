"""A tiny word language model pair and the checkpoints made of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import torch

from engine.checkpoint import Document, save
from engine.library import Library
from engine.models.lstm import LstmLm, LstmLmConfig
from engine.models.parts.adaptive_softmax import AdaptiveSoftmaxConfig
from engine.text import Tokenizer
from tests.engine.rounding import AnotherOrder

SENTENCES = [
    "the dog runs in the park .",
    "a cat sleeps on the bed .",
    "Tom likes the small cat .",
    "we do n't know the way .",
    "the dog and the cat sleep .",
]


@pytest.fixture(scope="session", autouse=True)
def _threads() -> None:
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))


@pytest.fixture(scope="session", autouse=True)
def _seeds() -> Iterator[None]:
    """`TEST_SEED`, added to every seed a test gives torch: what holds must not hang on one draw."""
    plain, more = torch.manual_seed, int(os.environ.get("TEST_SEED", "0"))

    def seeded(seed: int) -> torch.Generator:
        """The engine's own seeds stand in requests and recipes and stay."""
        ours = sys._getframe(1).f_globals["__name__"].startswith("tests.")
        return plain(seed + more if ours else seed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "manual_seed", seeded)
        yield


@pytest.fixture(autouse=True)
def _rounding(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """`TEST_ROUNDING`: sums in an order drawn from this seed, as the kernels of another CPU would have them."""
    seed = int(os.environ.get("TEST_ROUNDING", "0"))
    if not seed:
        yield
        return
    monkeypatch.setattr(torch.backends.mkldnn, "enabled", False)  # its recurrent layers are one operation
    with AnotherOrder(seed):
        yield


@pytest.fixture
def double() -> Iterator[None]:
    """Models and tensors are made with 53 bits: what is equal in exact numbers then agrees on every CPU."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    return Tokenizer.train("word", SENTENCES, 40)


def tiny_lm(tokenizer: Tokenizer, direction: str = "forward", *, seed: int = 0, layers: int = 1) -> LstmLm:
    torch.manual_seed(seed)
    config = LstmLmConfig(
        vocabulary=tokenizer.size,
        direction=direction,
        embedding=8,
        hidden=12,
        layers=layers,
        output=AdaptiveSoftmaxConfig(10, 2),
    )
    return LstmLm(config, tokenizer).eval().requires_grad_(False)


@pytest.fixture
def library_folder(tmp_path: Path, tokenizer: Tokenizer) -> Path:
    """A folder with a forward and a backward checkpoint."""
    for name, partner, direction in (("tiny", "tiny-back", "forward"), ("tiny-back", "tiny", "backward")):
        model = tiny_lm(tokenizer, direction)
        config = msgspec.to_builtins(model.config)
        document = Document(name=name, config=config, tokenizer="word", partner=partner, role=direction)
        save(tmp_path / "library" / f"{name}.safetensors", model, document)
    return tmp_path / "library"


@pytest.fixture
def library(library_folder: Path) -> Library:
    return Library(torch.device("cpu"), [library_folder])
