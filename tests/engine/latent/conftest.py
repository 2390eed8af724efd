"""A small model with a latent space in a library of its own."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import torch

from engine.checkpoint import Document, save
from engine.library import Library
from engine.text import Tokenizer
from engine.worker import Engine
from tests.engine.conftest import tiny_lm
from tests.engine.models.test_vae import tiny_vae


@pytest.fixture
def latent_folder(tmp_path: Path, tokenizer: Tokenizer) -> Path:
    folder = tmp_path / "models"
    for name, model in (
        ("vae", tiny_vae(tokenizer)),
        ("ae", tiny_vae(tokenizer, variational=False)),
        ("lm", tiny_lm(tokenizer)),
    ):
        document = Document(name=name, config=msgspec.to_builtins(model.config), tokenizer="word")
        save(folder / f"{name}.safetensors", model, document)
    return folder


@pytest.fixture
def engine(latent_folder: Path) -> Engine:
    return Engine("cpu", inline=True, library=Library(torch.device("cpu"), [latent_folder]))
