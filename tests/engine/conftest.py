"""A tiny word language model pair and the checkpoints made of it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import torch

from engine.checkpoint import Document, save
from engine.library import Library
from engine.models.lstm import LstmLm, LstmLmConfig
from engine.text import Tokenizer

SENTENCES = [
    "the dog runs in the park .",
    "a cat sleeps on the bed .",
    "Tom likes the small cat .",
    "we do n't know the way .",
    "the dog and the cat sleep .",
]


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


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
        head=10,
        clusters=2,
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
