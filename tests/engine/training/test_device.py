"""Training on a device that is not the CPU, played by one: mixing the two is refused as CUDA refuses it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree
from torch.utils.weak import WeakIdKeyDictionary

from engine.messages import ModelSaved
from engine.training import trainer
from engine.training.recipe import Recipe
from engine.training.tasks import make_recorder, make_task
from engine.training.trainer import Trainer
from tests.engine.training.toys import sentences

FAKE = torch.device("cuda")
CPU = torch.device("cpu")


UNTOUCHED = ("_parse_to", "_has_compatible_shallow_copy_type")
"""Calls that compute nothing."""
PACKED = ("_pack_padded_sequence", "_pad_packed_sequence", "lstm", "gru")
"""Calls that take lengths or batch sizes second, from the CPU."""


class FakeDevice(TorchFunctionMode):
    """Notes which tensors lie on the device; a call that is given tensors of both sides fails, as on a real one.

    Computation happens on the CPU. A number (a tensor of no dimension) may come from the CPU, and so may an index.
    """

    def __init__(self) -> None:
        super().__init__()
        self.there = WeakIdKeyDictionary()
        self.calls = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        if name in UNTOUCHED:
            return func(*args, **kwargs)
        owner = getattr(getattr(func, "__self__", None), "__name__", "")
        tensors = [t for t in pytree.tree_leaves((args, kwargs)) if isinstance(t, Tensor)]
        if name == "__get__" and owner == "device":
            return FAKE if args[0] in self.there else CPU
        target = self._target(args, kwargs)
        if name in ("to", "cpu", "cuda"):
            like = args[1] if len(args) > 1 and isinstance(args[1], Tensor) else args[0]
            goes = target if target is not None else CPU if name == "cpu" else self._side(like)
            args, kwargs = self._without_device(args, kwargs)
            out = func(*args, **kwargs)
            if (goes == FAKE) != (args[0] in self.there):
                out = out.clone() if out is args[0] else out
            return self._mark(out, goes == FAKE)
        if name in ("numpy", "__array__") and args[0] in self.there:
            raise TypeError("can't convert cuda tensor to numpy")
        if name == "_pack_padded_sequence":
            data, sizes = func(*args, **kwargs)
            return self._mark(data, args[0] in self.there), sizes
        if name == "copy_":
            return self._mark(func(*args, **kwargs), args[0] in self.there)
        if name in PACKED and isinstance(args[1], Tensor) and args[1] not in self.there:
            tensors = [t for t in tensors if t is not args[1]]
        sided = [] if name == "__set__" else [t for t in tensors if t.dim()]
        if name in ("__getitem__", "__setitem__"):
            sided = [t for t in sided if t is args[0] or (name == "__setitem__" and t is args[-1])]
        sides = {t in self.there for t in sided}
        if len(sides) == 2:
            raise RuntimeError(f"Expected all tensors to be on the same device, but {name} was given both")
        on = target == FAKE if target is not None else any(t in self.there for t in tensors)
        args, kwargs = self._without_device(args, kwargs)
        self.calls += on
        out = func(*args, **kwargs)
        if name == "__set__":
            return self._mark(args[0], on) if owner == "data" else out
        return self._mark(out, on)

    def _side(self, tensor: Tensor) -> torch.device:
        return FAKE if tensor in self.there else CPU

    def _target(self, args: Any, kwargs: Any) -> torch.device | None:
        named = [a for a in (*args, kwargs.get("device")) if isinstance(a, torch.device)]
        return named[0] if named else None

    def _without_device(self, args: Any, kwargs: Any) -> tuple[Any, Any]:
        cleaned = tuple(CPU if isinstance(a, torch.device) else a for a in args)
        return cleaned, {k: CPU if isinstance(v, torch.device) else v for k, v in kwargs.items()}

    def _mark(self, out: Any, on: bool) -> Any:
        for tensor in pytree.tree_leaves(out):
            if isinstance(tensor, Tensor):
                if on:
                    self.there[tensor] = True
                else:
                    self.there.pop(tensor, None)
        return out


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDevice]:
    monkeypatch.setattr(trainer, "get_random_state", lambda device: {"cpu": torch.get_rng_state()})
    with FakeDevice() as mode:
        yield mode


def test_the_fake_refuses_what_a_real_one_refuses(fake: FakeDevice) -> None:
    here, there = torch.ones(3), torch.ones(3).to(FAKE)
    assert (there.device, (there * 2).device, there.cpu().device) == (FAKE, FAKE, CPU)
    with pytest.raises(RuntimeError, match="same device"):
        here + there
    with pytest.raises(TypeError, match="numpy"):
        there.numpy()
    layer = torch.nn.Linear(3, 2).to(FAKE)
    assert layer(there).device == FAKE
    with pytest.raises(RuntimeError, match="same device"):
        layer(here)


LM = {"kind": "lstm-lm", "embedding": 8, "hidden": 12, "head": 8, "clusters": 1}
VAE = {"kind": "text-vae", "latent": 2, "embedding": 8, "encoder": 8, "decoder": 12, "head": 8, "clusters": 1}
MIXTURE = {k: v for k, v in VAE.items() if k != "latent"} | {"kind": "mixture-vae", "mixtures": 1, "components": 2}
ELBO = {"reconstruction": {}, "kl": {}}
PAIR = [{"path": "{split}.tsv", "columns": [0, 1], "unique": False}]
TEXT = [{"path": "{split}.tsv", "columns": [1]}]
TRANSFORMER = {"kind": "transformer-translator", "width": 8, "heads": 2, "encoder_layers": 1, "decoder_layers": 1}
RECURRENT = {"kind": "rnn-translator", "embedding": 8, "hidden": 8}
PIECES = {"kind": "unigram", "size": 25}
TASKS: dict[str, dict[str, Any]] = {
    "language-model": {"model": LM, "data": TEXT},
    "averaged": {"task": "language-model", "model": LM, "data": TEXT, "training": {"average": 0.9}},
    "vae": {"model": VAE | {"bag": True}, "data": TEXT, "options": {"terms": {**ELBO, "bag-of-words": {}}}},
    "weighted": {
        "task": "vae",
        "model": VAE | {"bag": True, "cell": "transformer", "heads": 2, "entry": ["memory", "embedding"]},
        "data": TEXT,
        "options": {"terms": {**ELBO, "bag-of-words": {}}, "bag_smoothing": 0.01, "word_dropout": 0.3},
    },
    "aggressive": {
        "task": "vae",
        "model": VAE,
        "data": TEXT,
        "options": {"terms": ELBO, "aggressive": {"until": 3, "most": 2, "check": 1}, "corruption": {}},
    },
    "mixture-vae": {
        "model": MIXTURE | {"dimension": 2},
        "data": PAIR,
        "labels": ["topic"],
        "options": {"terms": {"reconstruction": {}, "mean-prior": {}, "dispersion": {}, "information": {}}},
    },
    "discrete": {
        "task": "mixture-vae",
        "model": MIXTURE | {"dimension": 0, "gaussian": 2},
        "data": PAIR,
        "options": {"terms": {**ELBO, "aggregated-categorical": {}}},
    },
    "translation": {"model": TRANSFORMER, "data": PAIR, "tokenizer": PIECES},
    "recurrent": {"task": "translation", "model": RECURRENT, "data": PAIR, "tokenizer": PIECES},
}


@pytest.mark.parametrize("name", TASKS)
def test_all_of_a_training_lies_on_its_device(name: str, fake: FakeDevice, tmp_path: Path) -> None:
    lines = [f"{'a' if 'T' in s else 'b'}\t{s}" for s in sentences()]
    for split, part in (("train", lines[:-6]), ("valid", lines[-6:-3]), ("test", lines[-3:])):
        (tmp_path / f"{split}.tsv").write_text("\n".join(part))
    given = TASKS[name]
    training = {"passes": 1, "batch_tokens": 200, "warmup_steps": 1} | given.get("training", {})
    evaluation = {"samples": 2, "drawn": 4}
    plain = {"name": "toy", "task": name, "tokenizer": {"size": 40}, "evaluation": evaluation}
    recipe = msgspec.convert(plain | given | {"training": training}, Recipe)
    task = make_task(recipe, tmp_path)
    recorder = make_recorder(task, 2) if name == "mixture-vae" else None
    made = Trainer(recipe, task, device=FAKE, recorder=recorder)
    assert all(p.device == FAKE for p in task.model.parameters())
    for _ in range(2):  # from the beginning, then from the state
        events = list(made.run(tmp_path / "a.state", tmp_path / "a.safetensors"))
        assert isinstance(events[-1], ModelSaved)
        made = Trainer(recipe, make_task(recipe, tmp_path), device=FAKE, recorder=recorder)
    assert fake.calls > 100
