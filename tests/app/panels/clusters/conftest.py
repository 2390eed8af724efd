"""Two tiny random mixtures with a made-up training each, one without, an inline engine, and the panel on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from PySide6.QtCore import QPoint, QPointF
from PySide6.QtGui import QUndoStack

from app.bridge import Bridge
from app.commands import CommandRegistry
from app.notices import Notices
from app.panels.clusters import ClustersPanel
from app.panels.clusters.stage import Stage
from app.services import Services
from app.settings import Settings
from app.theme import Theme
from engine.checkpoint import Document, save
from engine.library import Library
from engine.messages import ModelCard
from engine.models.mixture_vae import MixtureVae, MixtureVaeConfig
from engine.models.parts.adaptive_softmax import AdaptiveSoftmaxConfig
from engine.text import Tokenizer
from engine.worker import Engine

TEXTS = [
    "book a table for two people .",
    "what is the weather like today ?",
    "play some music in the kitchen .",
    "move money to my other account .",
    "is it going to rain tomorrow ?",
    "turn the music down please .",
    "how much money do i have ?",
    "find me a good place to eat .",
]
LABELS = ["food", "weather", "music", "bank", "weather", "music", "bank", "food"]
M, K, WIDTH, S, COPIES = 3, 5, 5, 6, 8
N = COPIES * len(TEXTS)


def tiny_mixture(tokenizer: Tokenizer, seed: int, *, apart: bool) -> MixtureVae:
    """A random model whose components stand apart, with codes that differ; or one that has collapsed."""
    torch.manual_seed(seed)
    config = MixtureVaeConfig(
        vocabulary=tokenizer.size,
        mixtures=M,
        components=K,
        dimension=WIDTH,
        embedding=8,
        encoder=6,
        decoder=12,
        output=AdaptiveSoftmaxConfig(12, 2),
    )
    model = MixtureVae(config, tokenizer)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not name.startswith("prior"):
                parameter.mul_(3.0)
        model.to_code[2].weight.mul_(4.0 if apart else 1e-4)
        model.to_code[2].bias.zero_()
        model.prior_mean.copy_(torch.from_numpy(start() * (2.0 if apart else 0.02)))
        model.prior_log_var.fill_(-1.0)
    return model.eval().requires_grad_(False)


def start() -> np.ndarray[Any, Any]:
    """Where the components of all models begin, [M, K, d]."""
    return 1.4 * np.random.default_rng(1).standard_normal((M, K, WIDTH))


def training(model: MixtureVae) -> dict[str, Any]:
    """A made-up training that goes straight from the common beginning to the model as it is."""
    tokens = [model.tokenizer.encode(text) for text in TEXTS * COPIES]
    with torch.inference_mode():
        points = model.blocks(model.posterior(tokens).mean).numpy()  # N, M, d
        q = model.responsibilities(tokens).numpy()
        end = model.components()[0].numpy()
    noise = np.random.default_rng(2).standard_normal(points.shape)
    share = np.linspace(0, 1, S)[:, None, None, None]
    labels, longest = sorted(set(LABELS)), max(map(len, tokens))
    return {
        "steps": np.array([0, 100, 400, 900, 1600, 2500], dtype=np.int32),
        "trace_means": ((1 - share) * start() + share * end).astype(np.float16),
        "trace_log_vars": np.full((S, M, K, WIDTH), -1.0, dtype=np.float16),
        "trace_points": ((1 - share) * noise + share * points).astype(np.float16),
        "trace_responsibilities": ((1 - share) / K + share * q).astype(np.float32),
        "sample_tokens": np.array([t + [0] * (longest - len(t)) for t in tokens], dtype=np.int32),
        "sample_labels": np.array([labels.index(x) for x in LABELS * COPIES], dtype=np.int16),
        "label_names": np.frombuffer("\n".join(labels).encode(), dtype=np.uint8).copy(),
        "means": model_points(model, tokens).astype(np.float16),
        "log_vars": np.full((N, model.latent_size), -1.0, dtype=np.float16),
        "responsibilities": q.astype(np.float16),
        "term.reconstruction": np.linspace(40, 20, S).astype(np.float32),
        "term.mean-prior": np.linspace(0, 4, S).astype(np.float32),
        "term.dispersion": np.linspace(2, 1, S).astype(np.float32),
        "term.aggregated-categorical": np.full(S, 0.05, dtype=np.float32),
        "term.information": np.linspace(0, 1, S).astype(np.float32),
    }


def model_points(model: MixtureVae, tokens: list[list[int]]) -> np.ndarray[Any, Any]:
    """Posterior means, [N, D]."""
    with torch.inference_mode():
        return model.posterior(tokens).mean.numpy()


@pytest.fixture(scope="session")
def mixtures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library folder."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("mixtures")
    tokenizer = Tokenizer.train("word", TEXTS, 80)
    for seed, name in enumerate(("tiny-gmvae", "tiny-dgmvae", "tiny-bare")):
        model = tiny_mixture(tokenizer, seed, apart=name != "tiny-gmvae")
        trace = {} if name == "tiny-bare" else training(model)
        weights = {"mean-prior": 1.0, "dispersion": 0.3 if "-d" in name else 1.0, "information": float("-g" in name)}
        options = {"terms": {} if name == "tiny-bare" else {n: {"weight": w} for n, w in weights.items()}}
        config, card = msgspec.to_builtins(model.config), ModelCard(title=name)
        document = Document(name, config, "word", card=card, trained={"options": options})
        save(folder / f"{name}.safetensors", model, document, trace=trace)
    return folder


@pytest.fixture
def cluster_services(mixtures: Path, qapp: object, theme: Theme) -> Iterator[Services]:
    """What the panel gets."""
    bridge = Bridge(Engine("cpu", inline=True, library=Library(torch.device("cpu"), [mixtures])))
    services = Services(bridge, CommandRegistry(), theme, QUndoStack(), Notices(), Settings(reduce_motion=True))
    bridge.refresh_models()
    assert bridge.wait_for(lambda: len(bridge.models) == 3)
    yield services
    services.undo.clear()  # while its commands are all there; a collector's order may be another
    bridge.close()


@pytest.fixture
def panel(cluster_services: Services, qtbot: Any) -> Iterator[ClustersPanel]:
    """The empty panel."""
    panel = ClustersPanel(cluster_services)
    qtbot.addWidget(panel)
    panel.resize(1440, 820)
    panel.show()
    yield panel
    panel.stop()


@pytest.fixture
def shown(panel: ClustersPanel) -> ClustersPanel:
    """The panel after its demonstration: both models side by side at the end of their training."""
    panel.demo()
    assert panel.bridge.wait_for(panel.ready, 20)
    settle(panel)
    return panel


def settle(panel: ClustersPanel) -> None:
    """Until the engine has nothing more to say and the tables are up to date."""
    quiet = [0]

    def still() -> bool:
        quiet[0] = quiet[0] + 1 if not panel.bridge.jobs else 0
        return quiet[0] > 3

    assert panel.bridge.wait_for(still, 20)
    panel.views.show_tables()
    for stage in panel.stages:
        stage.show_scene()


def free_spot(stage: Stage) -> QPoint:
    """A pixel of the map with nothing under it."""
    for x in range(40, stage.map.width() - 40, 17):
        for y in range(60, int(stage.map.view.height) - 40, 17):
            at = QPointF(x, y)
            if stage.map.point_at(at) < 0 and stage.map.component_at(at) < 0:
                return QPoint(x, y)
    raise AssertionError("the map is full")
