"""A task with two optimisers and a second named module, as an adversary would be: stopped anywhere, the same bytes."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from torch import Tensor, nn
from torch.optim import SGD, Optimizer

from engine.messages import ModelSaved, Progress, TrainingPoint
from engine.models.lstm import LstmLm
from engine.training import trainer
from engine.training.language_model import LanguageModelTask, pad_sentences
from engine.training.recipe import Optimisation, Recipe, read_recipe
from engine.training.task import MODEL, Batch, Loss
from engine.training.trainer import Trainer
from tests.engine.training.toys import write_text


class Judge(nn.Module):
    """Says whether a mean word vector is of a real sentence, and counts how often it was asked."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.says = nn.Linear(width, 1)
        self.dropout = nn.Dropout(0.2)
        self.register_buffer("asked", torch.zeros((), dtype=torch.long))

    def forward(self, vectors: Tensor) -> Tensor:
        self.asked += len(vectors)
        return self.says(self.dropout(vectors))[:, 0]


class AdversarialTask(LanguageModelTask):
    """The language model's loss, then a judge that tells its word vectors from noise, then the model against it."""

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        super().__init__(recipe, folder)
        assert isinstance(self.model, LstmLm)
        self.judge = Judge(self.model.config.embedding)

    def modules(self) -> Mapping[str, nn.Module]:
        return {**super().modules(), "judge": self.judge}

    def optimisers(self, settings: Optimisation) -> Mapping[str, Optimizer]:
        return {**super().optimisers(settings), "judge": SGD(self.judge.parameters(), lr=0.1, momentum=0.9)}

    def step(self, batch: Batch) -> Iterator[Loss]:
        yield from super().step(batch)
        tokens, _ = pad_sentences([self.train_sentences[i] for i in batch.indices], self.tokenizer)
        vectors = self.model.embedding(tokens.to(batch.device)).mean(1)
        noise = torch.randn(vectors.shape, device=batch.device)
        real, false = self.judge(vectors.detach()), self.judge(noise)
        loss = nn.functional.softplus(-real).sum() + nn.functional.softplus(false).sum()
        yield Loss(loss, 2 * len(vectors), {"told": float((real > 0).float().mean())}, optimiser="judge")
        yield Loss(nn.functional.softplus(self.judge(vectors)).sum(), len(vectors), optimiser=MODEL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_text(tmp_path)


def make(folder: Path) -> Trainer:
    recipe = read_recipe(folder / "toy.toml", {"training.average": 0.9})
    return Trainer(recipe, AdversarialTask(recipe, folder), request="adversaries")


def test_stopped_and_killed_at_random_it_ends_in_the_same_bytes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = make(folder)
    assert isinstance(list(whole.run(folder / "whole.state", folder / "whole.safetensors"))[-1], ModelSaved)
    rng, cuts = random.Random(3), 0
    while cuts < 200:
        part = make(folder)
        torch.manual_seed(rng.randrange(10**6))  # noise of what ran in between
        work, steps = part.run(folder / "part.state", folder / "part.safetensors"), rng.randrange(3)
        last: Any = None
        for last in work:
            steps -= isinstance(last, Progress)
            if steps < 0:
                break
        if isinstance(last, ModelSaved):
            break
        if rng.random() < 0.5:  # killed: only what is on disk already is left of it
            monkeypatch.setattr(trainer, "write_state", lambda *_: None)
        work.close()
        monkeypatch.undo()
        cuts += 1
    assert 5 < cuts < 200
    assert (folder / "part.safetensors").read_bytes() == (folder / "whole.safetensors").read_bytes()
    for name, module in whole.modules.items():
        for key, value in module.state_dict().items():
            assert torch.equal(value, part.modules[name].state_dict()[key]), (name, key)
    assert int(part.modules["judge"].asked) > 0


def test_each_loss_moves_the_weights_of_its_own_optimiser_alone(folder: Path) -> None:
    made = make(folder)
    losses = made.task.step(Batch([0, 1, 2], 5, torch.device("cpu")))
    for expected in (MODEL, "judge", MODEL):
        loss = next(losses)
        before = {n: [p.detach().clone() for p in m.parameters()] for n, m in made.modules.items()}
        made._descend(loss)
        moved = {
            n
            for n, m in made.modules.items()
            if any(not torch.equal(a, b) for a, b in zip(before[n], m.parameters(), strict=True))
        }
        assert (loss.optimiser, moved) == (expected, {expected})
    assert all(p.grad is None for m in made.modules.values() for p in m.parameters())


def test_all_losses_and_terms_are_shown(folder: Path) -> None:
    recipe = msgspec.structs.replace(make(folder).recipe, training=Optimisation(passes=12, batch_tokens=30))
    made = Trainer(recipe, AdversarialTask(recipe, folder))
    events = made.run(folder / "a.state", folder / "a.safetensors")
    point = next(e for e in events if isinstance(e, TrainingPoint) and e.split == "train")
    assert point.terms.keys() == {"loss", "judge_loss", "told"}
