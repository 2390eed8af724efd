"""What goes wrong inside the engine: each job ends with one sentence, and the next one works."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from engine import jobs
from engine.checkpoint import CheckpointError, load_model, save
from engine.library import Library
from engine.messages import (
    Encode,
    EncodeClusters,
    Event,
    Failed,
    Finished,
    InspectLatent,
    ListModels,
    LoadModel,
    ModelLoaded,
    Progress,
    Request,
    Sample,
    SamplePrior,
    Search,
)
from engine.worker import Engine
from tests.faults.mutations import tiny_models

PANEL_REQUESTS: dict[str, type[Request]] = {
    "sampler": Sample,
    "beams": Search,
    "latent": InspectLatent,
    "clusters": EncodeClusters,
}


@pytest.fixture
def engine(models: Path, tmp_path: Path) -> Iterator[Engine]:
    folder = tmp_path / "models"
    shutil.copytree(models, folder)
    engine = Engine("cpu", inline=True, library=Library(torch.device("cpu"), [folder]))
    yield engine
    engine.close()


def ask(engine: Engine, request: Request) -> list[Event]:
    engine.poll()
    job = engine.submit(request)
    return [m.event for m in engine.poll() if m.job == job]


def sentence(engine: Engine, request: Request) -> str:
    """What the job that cannot be done says; the engine does another one afterwards."""
    last = ask(engine, request)[-1]
    assert isinstance(last, Failed), last
    assert last.sentence.strip()
    assert "\n" not in last.sentence
    assert isinstance(ask(engine, LoadModel(path="tiny"))[-1], Finished)
    return last.sentence


def request_for(kind: type[Request], model: str) -> Request:
    values: dict[str, Any] = {
        "sampler": {"keywords": "dog", "steps": 20, "candidates": 6},
        "beams": {"text": "the dog"},
        "clusters": {"texts": ("the dog",)},
    }.get(next(k for k, v in PANEL_REQUESTS.items() if v is kind), {})
    return kind(model=model, **values)


RAISED = [
    (MemoryError(), "Memory ran out"),
    (
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried\nto allocate"),
        "Memory ran out",
    ),
    (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), "Memory ran out"),
    (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/data/x"), "/data/x: No space left on device."),
    (ValueError("the numbers\ndo not fit"), "the numbers do not fit"),
    (KeyError("weight"), "ListModels failed: 'weight'"),
    (ValueError(), "ListModels failed: ValueError"),
    (RecursionError("too deep"), "ListModels failed: too deep"),
]


@pytest.mark.parametrize(("error", "said"), RAISED, ids=lambda value: str(value)[:20])
@pytest.mark.parametrize("late", [False, True])
def test_a_job_that_raises(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str, late: bool
) -> None:
    def job(request: ListModels, context: jobs.Context) -> Iterator[Event]:
        if late:
            yield Progress(done=0, total=1, unit="files")
        raise error
        yield

    monkeypatch.setitem(jobs._JOBS, ListModels, job)
    assert said in sentence(engine, ListModels())


@pytest.mark.parametrize(
    ("panel", "model", "said"),
    [
        ("sampler", "tiny-mixture", "backward partner"),
        ("sampler", "tiny-translator", "backward partner"),
        ("sampler", "tiny-back", "needs a forward and a backward model"),
        ("beams", "tiny-mixture", "does not write text"),
        ("beams", "tiny-back", "from right to left"),
        ("latent", "tiny-lm", "no latent space"),
        ("latent", "tiny-translator", "no latent space"),
        ("clusters", "tiny-lm", "no mixture"),
        ("clusters", "nowhere", "no model named 'nowhere'"),
    ],
)
def test_a_model_for_another_panel(engine: Engine, panel: str, model: str, said: str) -> None:
    assert said in sentence(engine, request_for(PANEL_REQUESTS[panel], model))


@pytest.mark.parametrize("kind", ["lm", "mixture", "translator"])
@pytest.mark.parametrize(("value", "said"), [(float("nan"), "not numbers"), (1e38, "so large")])
def test_weights_that_give_no_numbers(tmp_path: Path, kind: str, value: float, said: str) -> None:
    model, document, _ = tiny_models()[kind]
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.where(torch.rand_like(parameter) < 0.5, value, -value))
    path = tmp_path / "wild.safetensors"
    save(path, model, document, half=False)
    with pytest.raises(CheckpointError, match=said):
        load_model(path)


# --- files that change under the engine's feet ------------------------------------------------------------------------


def test_a_file_deleted_while_its_model_is_in_use(engine: Engine) -> None:
    assert isinstance(ask(engine, LoadModel(path="tiny-mixture"))[-1], Finished)
    folder = engine.folders[0]
    before = ask(engine, SamplePrior(model="tiny-mixture", count=3, seed=1))
    (folder / "tiny-mixture.safetensors").unlink()
    assert repr(ask(engine, SamplePrior(model="tiny-mixture", count=3, seed=1))[2:-1]) == repr(before[2:-1])
    assert isinstance(ask(engine, Encode(model="tiny-mixture", texts=("the dog",)))[-1], Finished)


def test_a_file_overwritten_in_place_while_its_model_is_in_use(engine: Engine) -> None:
    """The model is no view of its file: emptying that would end the process."""
    path = engine.folders[0] / "whole.safetensors"
    model, document, _ = tiny_models()["mixture"]
    save(path, model, document, half=False)
    ask(engine, LoadModel(path=str(path)))
    before = ask(engine, SamplePrior(model=str(path), count=3, seed=1))
    with path.open("rb+") as file:
        file.truncate(0)
    assert repr(ask(engine, SamplePrior(model=str(path), count=3, seed=1))[2:-1]) == repr(before[2:-1])


def test_a_file_replaced_by_a_broken_one_is_refused_and_the_loaded_one_stays(engine: Engine) -> None:
    path = engine.folders[0] / "tiny-lm.safetensors"
    ask(engine, LoadModel(path="tiny-lm"))
    path.write_bytes(path.read_bytes()[:400])
    assert isinstance(ask(engine, Search(model="tiny-lm", text="the dog"))[-1], Finished)
    assert "cut off" in sentence(engine, LoadModel(path=str(path.parent / ".." / "models" / path.name)))
    assert isinstance(ask(engine, Search(model="tiny-lm", text="the dog"))[-1], Finished)


def test_what_is_no_file_is_not_waited_for(engine: Engine, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.safetensors")
    for name in ("pipe.safetensors", "models"):
        assert "is not a file" in sentence(engine, LoadModel(path=str(tmp_path / name)))
    assert "is not a file" in sentence(engine, LoadModel(path="/dev/zero"))


def test_a_model_loaded_again_is_the_same(engine: Engine) -> None:
    events = ask(engine, LoadModel(path="tiny-lm"))
    assert any(isinstance(e, ModelLoaded) for e in events)
