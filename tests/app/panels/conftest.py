"""A tiny random autoencoder and its variational twin, the latent panel on them, and requests that a test answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from PySide6.QtGui import QUndoStack

from app.bridge import Bridge
from app.commands import CommandRegistry
from app.notices import Notices
from app.panels.base import Panel
from app.panels.latent import LatentPanel
from app.services import Services
from app.settings import Settings
from app.theme import Theme
from engine.checkpoint import Document, save
from engine.library import Library
from engine.messages import Event, Finished, Message, Request
from engine.models.parts.adaptive_softmax import AdaptiveSoftmaxConfig
from engine.models.vae import TextVae, TextVaeConfig
from engine.text import Tokenizer
from engine.worker import Engine

LATENT_TEXTS = [
    "she is reading a book in the garden .",
    "we will take the train to the sea tomorrow .",
    "the dog runs in the park .",
    "a cat sleeps on the bed .",
    "Tom likes the small cat .",
    "are you at home ?",
]
LATENT_SIZE = 5


@pytest.fixture(scope="module")
def latent_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random VAE and a random autoencoder in one library folder."""
    torch.set_num_threads(1)
    where = tmp_path_factory.mktemp("library")
    tokenizer = Tokenizer.train("word", LATENT_TEXTS, 60)
    for name, variational in (("tiny-vae", True), ("tiny-ae", False)):
        torch.manual_seed(3)
        config = TextVaeConfig(
            vocabulary=tokenizer.size,
            variational=variational,
            latent=LATENT_SIZE,
            embedding=8,
            encoder=6,
            decoder=12,
            dropout=0.0,
            output=AdaptiveSoftmaxConfig(20, 2),
        )
        model = TextVae(config, tokenizer).eval().requires_grad_(False)
        model.to_mean.weight.mul_(12.0)  # so that different sentences lie apart
        save(where / f"{name}.safetensors", model, Document(name, msgspec.to_builtins(config), "word"))
    return where


@pytest.fixture
def latent_services(latent_folder: Path, qapp: object) -> Iterator[Services]:
    """What the panel gets."""
    bridge = Bridge(Engine("cpu", inline=True, library=Library(torch.device("cpu"), [latent_folder])))
    services = Services(bridge, CommandRegistry(), Theme(), QUndoStack(), Notices(), Settings())
    bridge.refresh_models()
    assert bridge.wait_for(lambda: len(bridge.models) == 2)
    yield services
    bridge.close()


@pytest.fixture
def latent_panel(latent_services: Services, qtbot: Any) -> Iterator[LatentPanel]:
    """The empty panel."""
    panel = LatentPanel(latent_services)
    qtbot.addWidget(panel)
    panel.resize(1200, 760)
    panel.show()
    yield panel
    panel.stop()


@pytest.fixture
def latent(latent_panel: LatentPanel) -> LatentPanel:
    """The panel after its demonstration."""
    latent_panel.demo()
    assert latent_panel.bridge.wait_for(latent_panel.ready, 20)
    settle(latent_panel)
    return latent_panel


def settle(panel: Panel) -> None:
    """Until the engine has nothing more to say."""
    quiet = [0]

    def still() -> bool:
        quiet[0] = quiet[0] + 1 if not panel.bridge.jobs else 0
        return quiet[0] > 3

    assert panel.bridge.wait_for(still, 20)


@dataclass
class Held:
    """A request that the engine has not seen; its owner hears what the test lets it hear."""

    job: int
    request: Any
    listener: Callable[[Message], None]
    engine: Engine
    wanted: bool = True  # until its owner forgets it
    events: Iterator[Event] | None = None

    def answer(self, kind: type[Event] = Finished, count: int = 1) -> None:
        """What the engine would send next, until it has sent so many events of a kind."""
        if self.events is None:
            self.events = chain(self.engine.run(self.request), (Finished(seconds=0.0),))
        for event in self.events:
            self.send(event)
            count -= isinstance(event, kind)
            if not count:
                return

    def send(self, event: Event) -> None:
        """One event, unless nobody wants to hear it any more."""
        if self.wanted:
            self.listener(Message(self.job, event))


@dataclass
class Holding:
    """Requests of some kinds, kept from the engine."""

    requests: list[Held] = field(default_factory=list)

    @property
    def newest(self) -> Held:
        return self.requests[-1]


@pytest.fixture
def hold(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Holding]:
    """Keeps requests of the given kinds from the engine, so that a test decides what comes back and when."""

    def begin(bridge: Bridge, *kinds: type[Request]) -> Holding:
        held, submit, forget = Holding(), bridge.submit, bridge.forget

        def keep(request: Request, listener: Callable[[Message], None], **how: Any) -> int:
            if not isinstance(request, kinds):
                return submit(request, listener, **how)
            held.requests.append(Held(-len(held.requests) - 1, request, listener, bridge._engine))
            return held.newest.job

        def silence(job: int) -> None:
            if job < 0:
                held.requests[-job - 1].wanted = False
            else:
                forget(job)

        monkeypatch.setattr(bridge, "submit", keep)
        monkeypatch.setattr(bridge, "forget", silence)
        return held

    return begin
