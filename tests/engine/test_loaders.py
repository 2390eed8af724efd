"""Another kind of file is one loader: a table of bigrams in JSON, listed, loaded and searched like any model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from engine import loaders
from engine.capabilities import Model, capabilities_of
from engine.checkpoint import CheckpointError
from engine.library import Library
from engine.mcmc.toy import Bigram, ToyVocabulary
from engine.messages import ModelCard, ModelInfo, Progress, SearchOptions
from engine.search.batch import translate_each


class Tables:
    def can_open(self, path: Path) -> bool:
        return path.suffix == ".bigrams"

    def header(self, path: Path) -> ModelInfo:
        try:
            size = len(json.loads(path.read_text()))
        except ValueError as error:
            raise CheckpointError(f"{path.name} is no table.") from error
        return ModelInfo(path.stem, str(path), "bigrams", capabilities_of(Bigram), size**2, 0.0, size, {}, ModelCard())

    def load(self, path: Path, device: torch.device) -> Iterator[Progress | tuple[Model, ModelInfo]]:
        info = self.header(path)
        yield Progress(done=1, total=1, unit="tables")
        table = np.array(json.loads(path.read_text()), dtype=np.float64)
        yield Bigram(np.log(np.maximum(table, 1e-300)), ToyVocabulary(len(table) - 4)), info


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    monkeypatch.setattr(loaders, "LOADERS", (*loaders.LOADERS, Tables()))
    chain = np.zeros((6, 6))  # ant, then bee, then the end
    chain[2, 4] = chain[4, 5] = chain[5, 3] = 1.0
    (tmp_path / "chain.bigrams").write_text(json.dumps(chain.tolist()))
    (tmp_path / "broken.bigrams").write_text("{")
    (tmp_path / "notes.txt").write_text("not a model")
    return Library(torch.device("cpu"), [tmp_path])


def test_what_a_loader_opens_is_listed_and_what_it_cannot_is_said(library: Library) -> None:
    infos, broken = library.scan()
    assert [(i.name, i.kind, i.capabilities) for i in infos] == [("chain", "bigrams", ("NextToken", "Scores"))]
    assert [b.sentence for b in broken] == ["broken.bigrams is no table."]


def test_what_it_loads_is_a_model_like_any_other(library: Library) -> None:
    model, info = library.get("chain")
    assert library.get(info.path)[0] is model
    ((_, found),) = translate_each(model, [""], SearchOptions(strategy="greedy"))
    assert [h.text for h in found] == ["ant bee"]
    with pytest.raises(CheckpointError, match="no model named"):
        library.get("notes")
