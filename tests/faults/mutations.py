"""Files that are almost right: seeded changes to a checkpoint, a session, a recipe, a text or a run file."""

from __future__ import annotations

import gzip
import json
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch

from app.panels.sampler.run import Run
from app.session import ModelRef, Scene, Session
from engine.checkpoint import Document, save
from engine.messages import Sample, encode
from engine.models.lstm import LstmLm, LstmLmConfig
from engine.models.mixture_vae import MixtureVae, MixtureVaeConfig
from engine.models.parts.adaptive_softmax import AdaptiveSoftmaxConfig
from engine.models.transformer_translator import Translator, TranslatorConfig
from engine.text import Tokenizer
from engine.training.recipe import RECIPES
from tests.app.panels.made_up import started, steps

SENTENCES = [
    "the dog runs in the park .",
    "a cat sleeps on the bed .",
    "Tom likes the small cat .",
    "we do n't know the way .",
    "the dog and the cat sleep .",
]
ODD = [
    None,
    True,
    0,
    -1,
    2**31,
    2**63,
    10**30,
    1e308,
    -0.0,
    float("nan"),
    float("inf"),
    "",
    "\0",
    "\u202e",
    "😀",
    "../../etc/passwd",
    "/dev/zero",
    "__class__",
    [],
    {},
    [[]],
    {"__class__": "os.system"},
    [1] * 1000,
    "x" * 10_000,
    1_000_000,
    64,
]
ODD_WORDS = [
    "😀" * 50,
    "\u202eabc",
    "e\u0301" * 300,
    "\ufeff",
    "\u2028",
    "\0",
    "a" * 100_000,
    "\ud7ff",
    "\t\t",
    "٣",
    "<unk>",
]


def tiny_models() -> dict[str, tuple[torch.nn.Module, Document, dict[str, np.ndarray[Any, Any]]]]:
    """One random model of each way to work, by a short name; the language model and its partner name each other."""
    tokenizer = Tokenizer.train("word", SENTENCES, 40)
    size, width = tokenizer.size, {"embedding": 8, "output": AdaptiveSoftmaxConfig(10, 2)}
    torch.manual_seed(0)
    lm = LstmLm(LstmLmConfig(size, hidden=12, **width), tokenizer)
    back = LstmLm(LstmLmConfig(size, direction="backward", hidden=12, **width), tokenizer)
    mixture = MixtureVae(MixtureVaeConfig(vocabulary=size, encoder=6, decoder=12, **width), tokenizer)
    translator = Translator(TranslatorConfig(size, width=8, heads=2, feed_forward=16), tokenizer)
    made = {"lm": lm, "lm-back": back, "mixture": mixture, "translator": translator}
    pair = {"lm": ("tiny-lm-back", "forward"), "lm-back": ("tiny-lm", "backward")}
    out = {}
    for name, model in made.items():
        partner, role = pair.get(name, ("", ""))
        config = msgspec.to_builtins(model.config)
        document = Document(f"tiny-{name}", config, "word", partner=partner, role=role)
        out[name] = (model.eval(), document, {})
    return out


def seeds(folder: Path) -> dict[str, Path]:
    """Good files of each kind, to be changed."""
    folder.mkdir(parents=True, exist_ok=True)
    out: dict[str, Path] = {}
    for name, (model, document, trace) in tiny_models().items():
        out[name] = folder / f"{name}.safetensors"
        save(out[name], model, document, trace=trace)
    reference = ModelRef("tiny-lm", "lm.safetensors", "0" * 16)
    request = Sample(model="tiny-lm", keywords="dog cat", steps=5)
    run = Run(started(request))
    for step in steps(request, 5):
        run.append(step)
    parameters = {"mode": "keywords", "sample": msgspec.to_builtins(request)}
    sampler = {"panel": {"parameters": parameters, "run": run.pack(), "step": 2}}
    session = Session(panel="toy", panels={"sampler": sampler}, models=[reference], scenes=[Scene("toy", "one", {})])
    out["session"] = folder / "session.json"
    out["session"].write_bytes(msgspec.json.encode(session))
    out["recipe"] = folder / "recipe.toml"
    out["recipe"].write_bytes((RECIPES / "everyday-forward.toml").read_bytes())
    out["text"] = folder / "text.txt"
    out["text"].write_text("\n".join(SENTENCES * 4), "utf-8")
    out["packed"] = folder / "packed.txt.gz"
    out["packed"].write_bytes(gzip.compress("\n".join(SENTENCES * 4).encode(), mtime=0))
    out["run"] = folder / "run.jsonl"
    out["run"].write_bytes(encode(request) + b"\n")
    return out


class Mutator:
    """Draws a kind of file, a few changes to a good one, and writes the outcome."""

    def __init__(self, rng: random.Random, good: dict[str, Path]) -> None:
        self.random = rng
        self._good = {kind: (path.read_bytes(), "".join(path.suffixes)) for kind, path in good.items()}

    def write(self, folder: Path, stem: str, kind: str = "") -> Path:
        """One broken (or by luck still good) file."""
        kind = kind or self.random.choice(list(self._good))
        data, suffix = self._good[kind]
        path = folder / f"{stem}{suffix}"
        path.write_bytes(self.change(data, suffix))
        return path

    def change(self, data: bytes, suffix: str) -> bytes:
        """The bytes after one to three changes that this kind of file knows."""
        known: list[Callable[[bytes], bytes]] = [self._cut, self._flip, self._splice, self._overwrite]
        if suffix == ".safetensors":
            known += [self._header, self._header, self._config, self._config, self._length, self._weights, self._double]
        elif suffix in (".json", ".jsonl"):
            known += [self._json, self._json, self._json, self._deep]
        elif suffix == ".toml":
            known += [self._toml, self._toml, self._toml]
        else:
            known += [self._words, self._words]
        for _ in range(self.random.choice((1, 1, 1, 2, 3))):
            data = self.random.choice(known)(data)
        return data

    # --- any file ---

    def _cut(self, data: bytes) -> bytes:
        return data[: self.random.randrange(len(data) + 1)]

    def _flip(self, data: bytes) -> bytes:
        out = bytearray(data)
        for _ in range(self.random.choice((1, 4, 64))):
            if out:
                out[self._place(len(out))] ^= 1 << self.random.randrange(8)
        return bytes(out)

    def _splice(self, data: bytes) -> bytes:
        begin = self._place(len(data) + 1)
        return (
            data[:begin] + self.random.randbytes(self.random.choice((0, 1, 9, 200))) + data[begin + self._place(64) :]
        )

    def _overwrite(self, data: bytes) -> bytes:
        begin = self._place(len(data) + 1)
        fill = self.random.choice((b"\0", b"\xff", b"[", b'"', b"9")) * self.random.choice((1, 8, 300))
        return data[:begin] + fill + data[begin + len(fill) :]

    def _place(self, size: int) -> int:
        """Anywhere, but half the time near the beginning, where headers are."""
        return self.random.randrange(min(size, 4096) if self.random.random() < 0.5 else size)

    # --- checkpoints ---

    def _header(self, data: bytes) -> bytes:
        return self._reheader(data, self._vary)

    def _config(self, data: bytes) -> bytes:
        def change(header: Any) -> Any:
            document = json.loads(header["__metadata__"]["textscape"])
            place = document["config"] if self.random.random() < 0.8 else document
            place[self.random.choice(list(place))] = self._odd()
            header["__metadata__"]["textscape"] = json.dumps(document)
            return header

        return self._reheader(data, change)

    def _length(self, data: bytes) -> bytes:
        return struct.pack("<Q", self.random.choice((0, 1, 2**20, 2**31, 2**62, 2**64 - 1))) + data[8:]

    def _weights(self, data: bytes) -> bytes:
        """Values that are no numbers, or bytes anywhere in the tensors."""
        out = bytearray(data)
        odd = self.random.choice((b"\x00\x7e", b"\x00\x7c", b"\xff\xff", b"\xff\x7b")) * self.random.choice((1, 50))
        begin = len(out) // 2 + 2 * self.random.randrange(max(1, len(out) // 4))
        out[begin : begin + len(odd)] = odd[: max(0, len(out) - begin)]
        return bytes(out)

    def _double(self, data: bytes) -> bytes:
        """A key twice, with another entry."""
        raw, body = _parts(data)
        entry = b'{"dtype":"F32","shape":[%d],"data_offsets":[0,%d]}' % ((2 ** self.random.randrange(41),) * 2)
        key = self.random.choice((b'"tokenizer":', b'"weights.lstm.bias_hh_l0":', b'"__metadata__":'))
        raw = b"{" + key + entry + b"," + raw[1:]
        return struct.pack("<Q", len(raw)) + raw + body

    def _reheader(self, data: bytes, change: Callable[[Any], Any]) -> bytes:
        raw, body = _parts(data)
        try:
            raw = json.dumps(change(json.loads(raw))).encode()
        except (ValueError, KeyError, TypeError, IndexError, RecursionError):
            return self._flip(data)
        return struct.pack("<Q", len(raw)) + raw + body

    # --- JSON, TOML, text ---

    def _json(self, data: bytes) -> bytes:
        try:
            return json.dumps(self._vary(json.loads(data))).encode()
        except (ValueError, RecursionError):
            return self._flip(data)

    def _deep(self, data: bytes) -> bytes:
        depth = self.random.choice((100, 2_000, 100_000))
        begin = self._place(len(data) + 1)
        return data[:begin] + self.random.choice((b"[", b'{"a":')) * depth + data[begin:]

    def _toml(self, data: bytes) -> bytes:
        lines = data.decode("utf-8", "replace").splitlines()
        for _ in range(self.random.choice((1, 3))):
            if lines:
                place = self.random.randrange(len(lines))
                name, given, _ = lines[place].partition("=")
                value = self.random.choice(
                    ["-1", "[]", "{}", "nan", "1e400", '"""', '"\\ud800"', str(10**30), "'x", "true"]
                )
                lines[place] = (
                    f"{name}= {value}" if given else self.random.choice(["[", "[training", "", "[[data]]", "=1"])
                )
        return "\n".join(lines).encode()

    def _words(self, data: bytes) -> bytes:
        begin = self._place(len(data) + 1)
        return data[:begin] + self.random.choice(ODD_WORDS).encode("utf-8", "surrogatepass") + data[begin:]

    def _odd(self) -> Any:
        return self.random.choice([*ODD, self.random.randrange(-5, 70), self.random.randrange(10**7)])

    def _vary(self, value: Any) -> Any:
        """Something inside replaced by something odd, removed, or put in a second time under another name."""
        places = list(_places(value))
        if not places:
            return self._odd()
        box, key = self.random.choice(places)
        match self.random.randrange(5):
            case 0:
                del box[key]
            case 1 if isinstance(box, dict):
                box[self.random.choice(["extra", "", "weights.", "__class__", "\u202e"])] = box[key]
            case 2 if isinstance(box[key], int) and not isinstance(box[key], bool):
                box[key] += self.random.choice((-1, 1, 7, 2**40))
            case 3 if isinstance(box[key], str):
                box[key] = self.random.choice((box[key] * 2, box[key][:-1], box[key].upper()))
            case _:
                box[key] = self._odd()
        return value


def _places(value: Any) -> Any:
    for key, inner in (
        list(value.items()) if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield value, key
        yield from _places(inner)


def _parts(data: bytes) -> tuple[bytes, bytes]:
    length = struct.unpack("<Q", data[:8])[0] if len(data) >= 8 else 0
    length = min(length, len(data))
    return data[8 : 8 + length], data[8 + length :]
