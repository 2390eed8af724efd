"""Files that a stranger made to do harm: run code, read elsewhere, or fill the memory.

`python -m tests.security.hostile FOLDER` opens every one of them as the product does, under an audit of everything the
interpreter is asked for, and prints what was said of each and what was caught.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import pickle
import resource
import struct
import sys
import tarfile
import traceback
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import torch

from engine.training.state import read_state
from tests.faults.mutations import seeds
from tests.faults.opening import sentence_of

ROOM = 400 << 20  # bytes of address space a hostile file may ask for
FORBIDDEN = ("exec", "compile", "import", "pickle.find_class", "ctypes.", "subprocess.", "os.", "socket.", "urllib.")
HARMLESS = ("os.listdir", "os.scandir", "os.walk")


class Trap:
    """Unpickled, it creates the canary."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os.mkdir, (str(self.canary),)


# --- making them -----------------------------------------------------------------------------------------------------


def rewrite(good: bytes, change: Callable[[dict[str, Any], dict[str, Any]], None]) -> bytes:
    """A checkpoint after a change of its header and of the document in it."""
    (length,) = struct.unpack("<Q", good[:8])
    header = json.loads(good[8 : 8 + length])
    document = json.loads(header["__metadata__"]["textscape"])
    change(header, document)
    header["__metadata__"]["textscape"] = json.dumps(document)
    raw = json.dumps(header).encode()
    return struct.pack("<Q", len(raw)) + raw + good[8 + length :]


def bare(header: bytes, body: bytes = b"") -> bytes:
    """A safetensors file with this header."""
    return struct.pack("<Q", len(header)) + header + body


def pickles(canary: Path) -> Iterator[tuple[str, bytes]]:
    """The ways in which a pickle can be packed."""
    for protocol in range(6):
        yield f"pickle-{protocol}", pickle.dumps(Trap(canary), protocol)
    inner = pickle.dumps(Trap(canary), 2)
    zipped, tarred = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("archive/data.pkl", inner)
        archive.writestr("archive/version", "3\n")
    with tarfile.open(fileobj=tarred, mode="w") as tar:
        entry = tarfile.TarInfo("pickle")
        entry.size = len(inner)
        tar.addfile(entry, io.BytesIO(inner))
    yield "pickle-zip", zipped.getvalue()
    yield "pickle-tar", tarred.getvalue()
    yield "pickle-after-header", bare(b"{}", inner)


def headers(good: bytes) -> Iterator[tuple[str, bytes]]:
    """Checkpoints whose headers lie, point elsewhere or unfold."""
    big = 10**12
    yield "shape-10^12", bare(b'{"weights.a":{"dtype":"F32","shape":[%d],"data_offsets":[0,%d]}}' % (big, 4 * big))
    yield "shape-overflow", bare(b'{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}')
    yield "length-2^63", struct.pack("<Q", 2**63) + b"{}"
    yield "nested", bare(b'{"a":' * 150_000)
    yield "many-keys", bare(b"{" + b",".join(b'"%d":[]' % i for i in range(90_000)) + b"}")
    entry = b'{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'
    yield "many-tensors", bare(b"{" + b",".join(b'"%d":%s' % (i, entry) for i in range(15_000)) + b"}")
    for name in ("/etc/passwd", "../../../etc/passwd", "weights./etc/passwd", "file:///etc/passwd"):
        yield (
            f"tensor-{name[:3].strip('./') or 'up'}{len(name)}",
            rewrite(
                good,
                lambda header, _, n=name: header.update({n: header["weights.softmax.bias"]}),  # type: ignore[misc]
            ),
        )
    for key, value in (
        ("kind", "os.system"), ("kind", "__class__"), ("__class__", "subprocess.Popen"), ("__reduce__", ["os.mkdir"]),
        ("vocabulary", 10**12), ("hidden", 1_000_000), ("embedding", 1_000_000), ("layers", 10**9),
        ("output", "__class__"), ("dropout", 1e308), ("direction", "/etc/passwd"),
    ):  # fmt: skip
        yield (
            f"config-{key.strip('_')}-{str(value)[:9].strip('_/').replace('/', '-')}",
            rewrite(
                good,
                lambda _, document, k=key, v=value: document["config"].update({k: v}),  # type: ignore[misc]
            ),
        )
    for key, value in (("kind", "os.system"), ("head", 10**9), ("clusters", 64), ("__reduce__", ["os.mkdir"])):
        yield (
            f"output-{key.strip('_')}",
            rewrite(
                good,
                lambda _, document, k=key, v=value: document["config"]["output"].update({k: v}),  # type: ignore[misc]
            ),
        )
    yield "external", rewrite(good, lambda _, d: d.update(external_data={"location": "/etc/passwd"}))
    yield "partner", rewrite(good, lambda _, d: d.update(partner="../../etc/passwd"))


def tokenizers(good: bytes) -> Iterator[tuple[str, bytes]]:
    """Checkpoints whose tokenizer is made to trip a parser of protocol buffers."""
    (length,) = struct.unpack("<Q", good[:8])
    header = json.loads(good[8 : 8 + length])
    begin, end = header["tokenizer"]["data_offsets"]
    body = good[8 + length :]
    for name, model in (
        ("zeros", b""),
        ("length", b"\x0a\xff\xff\xff\xff\x0f"),  # a first field of four gigabytes
        ("groups", b"\x0b" * 100_000),  # nested a hundred thousand deep
        ("pieces", b"\x0a\x00" * 500_000),  # half a million empty pieces
        ("charsmap", b"\x1a\x0c\x12\x0a\xff\xff\xff\x7f\x00\x00\x00\x00\x00\x00"),  # a trie larger than its bytes
    ):
        filled = (model + bytes(end - begin))[: end - begin]
        yield f"tokenizer-{name}", good[: 8 + length] + body[:begin] + filled + body[end:]


def sessions_of_strangers(canary: Path) -> Iterator[tuple[str, bytes]]:
    """Sessions that unfold, nest, or name what is none of theirs."""

    def sampler(run: str) -> bytes:
        return msgspec.json.encode({"version": 2, "panels": {"sampler": {"panel": {"run": run}}}})

    bomb = zlib.compress(bytes(1 << 30), 9)
    yield "run-bomb", sampler(base64.b64encode(bomb).decode())
    lists = zlib.compress(b"\x92" + b"\xdd\x03\xff\xff\xff" + b"\x90" * (32 << 20), 9)
    yield "run-of-lists", sampler(base64.b64encode(lists).decode())
    yield "run-pickle", sampler(base64.b64encode(zlib.compress(pickle.dumps(Trap(canary)))).decode())
    yield "nested", b'{"version":2,"panels":' + b'{"a":' * 200_000
    yield "class", b'{"version":2,"panels":{"__class__":{"__reduce__":["os.mkdir","/x"]}}}'
    paths = ["/etc/passwd", "/dev/zero", "../../../../etc/passwd", "\\\\server\\share\\x.safetensors", "http://x.y/z"]
    models = [{"name": p, "path": p} for p in paths]
    yield "models", msgspec.json.encode({"version": 2, "models": models})


def make(folder: Path, canary: Path) -> list[Path]:
    """All of them."""
    folder.mkdir(parents=True, exist_ok=True)
    good = seeds(folder / "good")
    lm = good["lm"].read_bytes()
    made: list[Path] = []
    for name, data in (*pickles(canary), *headers(lm), *tokenizers(lm)):
        made.append(folder / f"{name}.safetensors")
        made[-1].write_bytes(data)
    for name, data in (*sessions_of_strangers(canary), *pickles(canary)):
        made.append(folder / f"session-{name}.json")
        made[-1].write_bytes(data)
    for name, data in pickles(canary):
        made.append(folder / f"{name}.state")
        made[-1].write_bytes(data)
    packed = {"bomb": bytes(256 << 20), "lines": b"the same words\n" * (8 << 20), "pickle": pickle.dumps(Trap(canary))}
    for name, text in packed.items():
        made.append(folder / f"{name}.txt.gz")
        made[-1].write_bytes(gzip.compress(text, 9))
    for name, text in (
        ("nested", b"a=" + b"[" * 100_000),
        ("keys", b"a" + b".a" * 50_000 + b"=1"),
        ("digits", b"a=" + b"9" * 9000),
    ):
        made.append(folder / f"{name}.toml")
        made[-1].write_bytes(text)
    made.append(folder / "request.jsonl")
    made[-1].write_bytes(b'{"request":"Train","recipe":"/etc/passwd","data":"/","run":"/","output":"/x"}\n')
    return made


# --- opening them ----------------------------------------------------------------------------------------------------


def open_state(path: Path) -> None:
    """A training's state."""
    read_state(path, "", lambda values: None)


def said_of(path: Path) -> str:
    """What a person is told; anything but a sentence is raised."""
    if path.suffix != ".state":
        return sentence_of(path)
    try:
        open_state(path)
    except ValueError as error:
        return str(error)
    return ""


class Audit:
    """Notes what the interpreter is asked for while a file is open."""

    def __init__(self) -> None:
        self.path: Path | None = None
        self.caught: list[str] = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        path, self.path = self.path, None  # what is asked for in here counts for nothing
        if path is None:
            return
        if event == "open":
            place = arguments[0]
            if not (isinstance(place, str | os.PathLike) and Path(os.fspath(place)) == path):
                self.caught.append(f"{path.name}: open {place!r}")
        elif event.startswith(FORBIDDEN) and not event.startswith(HARMLESS):
            self.caught.append(f"{path.name}: {event} {arguments!r:.100}")
        self.path = path

    @contextmanager
    def on(self, path: Path) -> Iterator[None]:
        """While this file is opened."""
        self.path = path
        try:
            yield
        finally:
            self.path = None


def warm_up(folder: Path, canary: Path) -> None:
    """Open good and bad files of each kind once, so that all imports of our own have happened."""
    for path in seeds(folder / "good").values():
        sentence_of(path)
    for kind in ("safetensors", "json", "toml", "jsonl"):
        (folder / f"warm.{kind}").write_bytes(b"[")
        said_of(folder / f"warm.{kind}")
    (folder / "warm.jsonl").write_bytes(b"{}")
    said_of(folder / "warm.jsonl")
    torch.save({"counters": [0, 0, 0, 0]}, folder / "warm.state")
    for data in (b"", (folder / "warm.state").read_bytes(), b"PK\x03\x04", *(d for _, d in pickles(canary))):
        with suppress(ValueError):
            (folder / "warm.state").write_bytes(data)
            open_state(folder / "warm.state")
    traceback.format_exception(ValueError("warm"))


def limit_memory() -> None:
    """From now on no more than so much room."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + ROOM, resource.RLIM_INFINITY))


def main(folder: Path) -> int:
    """1 when anything was caught, or refused in other words than one sentence."""
    canary = folder / "canary"
    paths = make(folder, canary)
    warm_up(folder, canary)
    audit = Audit()
    limit_memory()
    for path in paths:
        try:
            with audit.on(path):
                said = said_of(path)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is caught
            audit.caught.append(f"{path.name}: {type(error).__name__}: {error!s:.200}")
            continue
        sys.stdout.write(f"{path.name}: {said or 'opened'}\n")
        if canary.exists():
            audit.caught.append(f"{path.name}: the canary was created")
            canary.rmdir()
    sys.stdout.write(f"{len(paths)} hostile files, {len(audit.caught)} caught\n")
    sys.stdout.write("".join(f"CAUGHT {line}\n" for line in audit.caught))
    return 1 if audit.caught else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
