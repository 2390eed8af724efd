"""A latent space that is not Gaussian, under every request of the pad: points on a sphere (Xu and Durrett 2018).

The posterior is a von Mises-Fisher law on the unit sphere of three dimensions, where all is in closed form; the prior
is uniform on it. Nothing but the two laws and a model that gives them is written for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec
import numpy as np
import pytest
import torch
from torch import Tensor

from engine.capabilities import Latent, Posterior, Prior, capabilities_of
from engine.jobs import Context, start
from engine.latent.evaluation import evaluate
from engine.latent.likelihood import log_weights
from engine.latent.posteriors import posteriors
from engine.library import Library
from engine.messages import (
    Analogy,
    AttributeReady,
    Decode,
    Decoded,
    Encode,
    Encoded,
    Event,
    FindAttribute,
    FindNeighbours,
    GridReady,
    InspectLatent,
    Interpolate,
    LatentReport,
    MakeGrid,
    MakePlane,
    ModelCard,
    ModelInfo,
    NeighboursFound,
    PathStep,
    PlaneReady,
    PriorSample,
    Request,
    SamplePrior,
)
from engine.models.registry import register
from engine.models.vae import TextVae, TextVaeConfig
from engine.text import Tokenizer
from engine.training.recipe import Recipe
from engine.training.tasks import make_task
from engine.training.vae import VaeTask
from tests.engine.conftest import SENTENCES

KAPPA = 12.0
LENGTH = 1 / math.tanh(KAPPA) - 1 / KAPPA  # of the mean
LOG_SPHERE = math.log(4 * math.pi)
LOG_CONSTANT = math.log(KAPPA / (2 * math.pi)) - KAPPA - math.log1p(-math.exp(-2 * KAPPA))  # less kappa


class VonMisesFisher(NamedTuple):
    direction: Tensor  # [B, 3], unit vectors

    @property
    def mean(self) -> Tensor:
        return LENGTH * self.direction

    @property
    def log_variance(self) -> Tensor:
        along = 1 - 3 * LENGTH / KAPPA - LENGTH**2
        return (LENGTH / KAPPA + along * self.direction.square()).log()

    @property
    def gaussian(self) -> bool:
        return False

    def sample(self) -> Tensor:
        uniform = torch.rand(len(self.direction), 2).to(self.direction)
        return self._at(uniform[:, None])[:, 0]

    def samples(self, count: int, randoms: Sequence[np.random.Generator]) -> Tensor:
        return self._at(torch.from_numpy(np.stack([r.random((count, 2)) for r in randoms])))

    def log_prob(self, points: Tensor) -> Tensor:
        cosine = torch.einsum("bsd,bd->bs", points, self.direction.to(points))
        return LOG_CONSTANT + KAPPA * cosine

    def kl(self, prior: Prior) -> Tensor | None:
        constant = LOG_CONSTANT + KAPPA * LENGTH + LOG_SPHERE
        return torch.full_like(self.direction[:, :1], constant) if isinstance(prior, Sphere) else None

    def _at(self, uniform: Tensor) -> Tensor:
        """Points from uniform numbers [B, S, 2]: the cosine by its inverse law, then any way round."""
        mu = self.direction.to(uniform)[:, None]  # B, 1, 3
        cosine = 1 + torch.log(uniform[..., :1] + (1 - uniform[..., :1]) * math.exp(-2 * KAPPA)) / KAPPA
        angle = 2 * math.pi * uniform[..., 1:]
        away = torch.eye(3).to(mu)[mu.abs().argmin(-1)]  # an axis that is not the direction
        first = torch.linalg.cross(mu, away)
        first = first / first.norm(dim=-1, keepdim=True)
        second = torch.linalg.cross(mu, first)
        round_it = angle.cos() * first + angle.sin() * second
        return cosine * mu + (1 - cosine.square()).clamp_min(0).sqrt() * round_it


class Sphere(NamedTuple):
    scale: float = 3**-0.5

    def sample(self, count: int, random: np.random.Generator) -> np.ndarray:
        drawn = random.standard_normal((count, 3))
        return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)

    def log_prob(self, points: Tensor) -> Tensor:
        return torch.full(points.shape[:-1], -LOG_SPHERE, dtype=points.dtype)


class SphereVaeConfig(TextVaeConfig, frozen=True, tag="test-sphere-vae", tag_field="kind"):
    pass


@register(SphereVaeConfig)
class SphereVae(TextVae):
    @property
    def prior(self) -> Prior:
        return Sphere()

    def infer(self, tokens: Tensor, lengths: Tensor) -> Posterior:
        mean, _ = self.gaussian_of(self.features(tokens, lengths))
        return VonMisesFisher(mean / mean.norm(dim=1, keepdim=True))


@pytest.fixture(scope="module")
def model(tokenizer: Tokenizer) -> SphereVae:
    torch.manual_seed(0)
    config = SphereVaeConfig(vocabulary=tokenizer.size, latent=3, embedding=6, encoder=5, decoder=8)
    made = SphereVae(config, tokenizer)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.mul_(3.0)
    return made.eval().requires_grad_(False)


@pytest.fixture
def ask(model: SphereVae, tmp_path: Path) -> Callable[[Request], list[Event]]:
    library = Library(torch.device("cpu"), [tmp_path])
    size, card = model.tokenizer.size, ModelCard()
    library.add(model, ModelInfo("sphere", "", "sphere-vae", capabilities_of(model), 1, 0.0, size, {}, card))

    def events(request: Request) -> list[Event]:
        with torch.inference_mode():
            return list(start(request, Context(library, torch.device("cpu"))))

    return events


E = TypeVar("E", bound=Event)


def one(found: list[Event], kind: type[E]) -> E:
    (event,) = (e for e in found if isinstance(e, kind))
    return event


def test_the_laws_agree_with_their_own_samples(model: SphereVae) -> None:
    assert isinstance(model, Latent)
    ids = [model.tokenizer.encode(text) for text in SENTENCES]
    posterior = model.posterior(ids)
    points = posterior.samples(40_000, [np.random.default_rng(i) for i in range(5)])
    torch.testing.assert_close(points.norm(dim=2), torch.ones(5, 40_000, dtype=torch.float64))
    errors = points.std(1) / 200  # standard errors
    assert bool(((points.mean(1) - posterior.mean).abs() < 5 * errors).all())
    assert bool((points.var(1).log() - posterior.log_variance).abs().max() < 0.06)
    exact = posterior.kl(model.prior)
    assert exact is not None
    ratio = posterior.log_prob(points) - model.prior.log_prob(points)
    assert bool(((ratio.mean(1) - exact[:, 0]).abs() < 5 * ratio.std(1) / 200).all())


def test_every_request_of_the_pad_is_answered(model: SphereVae, ask: Callable[[Request], list[Event]]) -> None:
    texts = tuple(SENTENCES)
    encoded = one(ask(Encode(model="sphere", texts=texts, collection="mine")), Encoded)
    posterior = model.posterior([model.tokenizer.encode(t) for t in texts])
    np.testing.assert_allclose(encoded.means, posterior.mean, rtol=1e-4)
    np.testing.assert_allclose(encoded.log_vars, posterior.log_variance, rtol=1e-4)
    drawn = one(ask(SamplePrior(model="sphere", count=5, seed=3)), PriorSample)
    np.testing.assert_allclose(np.linalg.norm(drawn.points, axis=1), 1.0, rtol=1e-6)
    assert len(one(ask(Decode(model="sphere", points=((0.0, 0.6, 0.8),))), Decoded).sentences) == 1
    steps = [e for e in ask(Interpolate(model="sphere", texts=texts[:2], steps=4)) if isinstance(e, PathStep)]
    assert len(steps) == 4
    analogy = Analogy(model="sphere", a=texts[0], b=texts[1], c=texts[2], strengths=(0.0, 1.0))
    assert sum(isinstance(e, PathStep) for e in ask(analogy)) == 2
    attribute = FindAttribute(model="sphere", name="n", negative=texts[:2], positive=texts[2:])
    assert one(ask(attribute), AttributeReady).length > 0
    near = FindNeighbours(model="sphere", point=tuple(encoded.means[1].tolist()), collection="mine", count=1)
    assert one(ask(near), NeighboursFound).texts == (texts[1],)
    plane = one(ask(MakePlane(model="sphere")), PlaneReady)
    assert plane.prior_sigma == pytest.approx(3**-0.5)
    np.testing.assert_allclose(plane.log_prior, -LOG_SPHERE)
    grid = one(ask(MakeGrid(model="sphere", plane=plane.plane, window=plane.window, rows=3, columns=3)), GridReady)
    assert len(grid.texts) == 3


def test_its_figures_come_from_its_own_laws(model: SphereVae, ask: Callable[[Request], list[Event]]) -> None:
    report = one(ask(InspectLatent(model="sphere")), LatentReport)
    exact = LOG_CONSTANT + KAPPA * LENGTH + LOG_SPHERE
    assert report.metrics["kl"].value == pytest.approx(exact, rel=1e-5)
    assert report.metrics["kl"].estimator.startswith("closed form")
    count = len(report.texts)
    assert 0 < report.metrics["mutual_information"].value <= math.log(count)
    ids = [model.tokenizer.encode(text) for text in SENTENCES]
    found = evaluate(model, ids, samples=20, drawn=20)
    assert found["kl"].value == pytest.approx(exact, rel=1e-5)
    assert found["nll"].value < found["negative_elbo"].value
    weights = np.stack([w for _, w in sorted(log_weights(model, ids, 20, 1))])
    assert found["negative_elbo"].value == pytest.approx(-float(weights.mean()))


def test_information_is_by_brute_force(model: SphereVae) -> None:
    ids = [model.tokenizer.encode(text) for text in SENTENCES]
    found = posteriors(model, ids)
    points = found.points(4)
    (part,) = found.parts
    log_q = np.array([part.log_prob(torch.from_numpy(z).expand(5, 1, 3))[:, 0].numpy() for z in points])
    np.testing.assert_allclose(found.densities(points), log_q, rtol=1e-6)


@pytest.mark.parametrize("closed", [True, False])
def test_a_recipe_trains_it_with_the_divergence_that_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: bool
) -> None:
    for split in ("train", "valid", "test"):
        (tmp_path / f"{split}.txt").write_text("\n".join(f"{split} {s}" for s in SENTENCES))
    values = {
        "name": "sphere",
        "task": "vae",
        "model": {"kind": "test-sphere-vae", "latent": 3, "embedding": 6, "encoder": 5, "decoder": 8, "dropout": 0.0},
        "data": [{"path": "{split}.txt"}],
        "tokenizer": {"size": 40},
        "options": {"terms": {"reconstruction": {}, "kl": {"weight": 0.5}}},
    }
    task = make_task(msgspec.convert(values, Recipe), tmp_path)
    assert isinstance(task, VaeTask)
    if not closed:
        monkeypatch.setattr(VonMisesFisher, "kl", lambda self, prior: None)
    torch.manual_seed(0)
    found = task.terms(task.train_sentences * 400, np.random.default_rng(0))
    count = 400 * len(task.train_sentences)
    exact = LOG_CONSTANT + KAPPA * LENGTH + LOG_SPHERE
    assert float(found["kl"].detach()) / count == pytest.approx(exact, rel=1e-4 if closed else 0.1)
    task.objective.weigh(found, 0).backward()  # type: ignore[no-untyped-call]
    assert task.model.to_mean is not None
    assert float(task.model.to_mean.weight.grad.abs().max()) > 0  # type: ignore[union-attr]
