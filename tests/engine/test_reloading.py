"""Models whose files are trained again while they are loaded, and who is told that a model has come in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from engine.checkpoint import Document, save
from engine.library import Library
from engine.messages import (
    Event,
    InspectMixture,
    LoadModel,
    MixtureReport,
    ModelLoaded,
    Request,
    Sample,
    Search,
    SearchOptions,
)
from engine.text import Tokenizer
from engine.worker import Engine
from tests.engine.conftest import tiny_lm
from tests.engine.test_clusters_jobs import tiny_mixture


def write(path: Path, model: Any, *, name: str = "", **about: str) -> None:
    """Save a model where another one stood; the file is newer, however coarse the clock of the disk."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    document = Document(name=name or path.stem, config=msgspec.to_builtins(model.config), tokenizer="word", **about)
    save(path, model, document, half=False)
    os.utime(path, ns=(before + 10**9, before + 10**9))


def retrain(folder: Path, tokenizer: Tokenizer, seed: int, **about: str) -> None:
    write(folder / "tiny.safetensors", tiny_lm(tokenizer, seed=seed), partner="tiny-back", role="forward", **about)


def weights(model: Any) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def told(engine: Engine, request: Request) -> list[str]:
    """The names of the models that a request says it has loaded."""
    return [e.info.name for e in engine.run(request) if isinstance(e, ModelLoaded)]


def test_a_model_whose_file_has_changed_is_read_again(
    library: Library, library_folder: Path, tokenizer: Tokenizer
) -> None:
    first, _ = library.get("tiny")
    retrain(library_folder, tokenizer, seed=5)
    again, _ = library.get("tiny")
    assert again is not first
    assert torch.equal(weights(again), weights(tiny_lm(tokenizer, seed=5)))
    assert library.get(str(library_folder / "tiny.safetensors"))[0] is again


def test_the_last_good_one_stays_while_the_new_file_is_broken(
    library: Library, library_folder: Path, tokenizer: Tokenizer
) -> None:
    library.get("tiny")
    retrain(library_folder, tokenizer, seed=5)
    good, _ = library.get("tiny")
    (library_folder / "tiny.safetensors").write_bytes(b"half of a file")
    assert library.get("tiny")[0] is good
    retrain(library_folder, tokenizer, seed=6)
    assert torch.equal(weights(library.get("tiny")[0]), weights(tiny_lm(tokenizer, seed=6)))


def test_a_file_that_is_gone_costs_nothing(library: Library, library_folder: Path) -> None:
    model, _ = library.get("tiny")
    (library_folder / "tiny.safetensors").unlink()
    assert library.get("tiny")[0] is model


def test_a_file_is_one_model_whatever_it_calls_itself_and_is_read_once(
    library: Library, library_folder: Path, tokenizer: Tokenizer
) -> None:
    old, _ = library.get("tiny")
    retrain(library_folder, tokenizer, seed=5, name="renamed")
    path = str(library_folder / "tiny.safetensors")
    new, info = library.get(path)
    assert (info.name, info.inner, new is old) == ("tiny", "renamed", False)
    assert [list(library.load(name)) for name in ("tiny", "renamed", path)] == [[], [], []]
    assert library.get("tiny")[0] is library.get("renamed")[0] is library.get(path)[0] is new
    assert len(library.loaded()) == 1


def test_clusters_after_a_second_training_show_its_components(tmp_path: Path, tokenizer: Tokenizer) -> None:
    engine = Engine("cpu", inline=True, library=Library(torch.device("cpu"), [tmp_path]))

    def means(seed: int) -> np.ndarray[Any, Any]:
        write(tmp_path / "mixture.safetensors", tiny_mixture(tokenizer, seed=seed))
        (report,) = [e for e in engine.run(InspectMixture(model="mixture")) if isinstance(e, MixtureReport)]
        np.testing.assert_allclose(report.means, tiny_mixture(tokenizer, seed=seed).prior_mean)
        return report.means

    assert not np.array_equal(means(1), means(2))


@pytest.mark.parametrize(
    ("request_", "names"),
    [
        (Sample(model="tiny", steps=1, candidates=4), ["tiny", "tiny-back"]),
        (Search(model="tiny", text="the", options=SearchOptions(beam=1, max_length=2)), ["tiny"]),
        (LoadModel(path="tiny"), ["tiny"]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whichever_job_loads_a_model_says_so(library: Library, request_: Request, names: list[str]) -> None:
    engine = Engine("cpu", inline=True, library=library)
    assert told(engine, request_) == names
    assert told(engine, request_) == (names if isinstance(request_, LoadModel) else [])  # who asked to load is answered


def test_a_model_that_is_read_again_is_said_again(library: Library, library_folder: Path, tokenizer: Tokenizer) -> None:
    engine = Engine("cpu", inline=True, library=library)
    request = Sample(model="tiny", steps=1, candidates=4)
    events: list[Event] = list(engine.run(request))
    assert sum(isinstance(e, ModelLoaded) for e in events) == 2
    retrain(library_folder, tokenizer, seed=5)
    assert told(engine, request) == ["tiny"]
