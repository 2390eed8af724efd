"""One file is one model: weights, config, tokenizer, training record and card in a single `.safetensors` file.

The safetensors metadata holds one JSON document under "textscape"; the tokenizer is a byte tensor, weights are
tensors named "weights.*", recorded arrays (a training trace) "trace.*". Nothing in the file is ever executed: the
header is checked against the config's own shapes before the first tensor is read.
"""

from __future__ import annotations

import json
import math
import stat
import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, get_args

import msgspec
import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from engine.capabilities import Latent, NextToken, Seq2Seq, capabilities_of
from engine.files import replacing
from engine.messages import ModelCard, ModelInfo, Progress, brief
from engine.models import build, kinds, read_config
from engine.models.parts.model import TextModel
from engine.models.registry import with_output_layer
from engine.text import Kind, Tokenizer

VERSION = 2
MAX_HEADER = 1 << 20  # bytes; ours are a few thousand
MAX_RANK = 8  # dimensions of a tensor
MAX_SIZE = 1 << 48  # of one dimension, or bytes of the whole
MAX_WEIGHTS = 2 << 30  # parameters a config may declare
SUFFIX = ".safetensors"
_ITEM = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
_PICKLES = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


class CheckpointError(ValueError):
    """A file that cannot be opened as a model; the message is one sentence for a person."""


Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^[^/\\\x00-\x1f]+$")]
"""A model's name: one line, no path."""


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the metadata of a file of this version holds."""

    name: Name
    config: dict[str, Any]
    tokenizer: str
    card: ModelCard = ModelCard()
    partner: str = ""
    role: str = ""
    trained: dict[str, Any] = {}


class Header(msgspec.Struct, frozen=True):
    """A checked header: the document, its config, and where the tensors are."""

    document: Document
    config: msgspec.Struct
    tensors: dict[str, tuple[str, tuple[int, ...]]]  # name: dtype, shape
    info: ModelInfo


def read_header(path: Path) -> Header:
    """Check a file's header, config and tensor shapes without reading a tensor; raises CheckpointError."""
    metadata, tensors, places = _raw_header(path)
    document = _document(metadata, path.name)
    try:
        config = read_config(document.config)
    except ValueError as error:
        raise CheckpointError(f"{path.name}: {error}.") from error
    found = {k.removeprefix("weights."): t for k, t in tensors.items() if k.startswith("weights.")}
    _compare(_expected(config, path.name), found, path.name)
    _refuse_gaps(places, path.name)
    if "tokenizer" not in tensors or tensors["tokenizer"][0] != "U8":
        raise CheckpointError(f"{path.name} has no tokenizer.")
    model_class = kinds()[str(config.__struct_config__.tag)]
    info = ModelInfo(
        name=path.stem,
        inner=document.name,
        path=str(path),
        kind=str(config.__struct_config__.tag),
        capabilities=capabilities_of(model_class),
        parameters=sum(math.prod(shape) for _, shape in found.values()),
        size_mb=round(path.stat().st_size / 1e6, 2),
        vocabulary=int(document.config.get("vocabulary", 0)),
        config=document.config,
        card=document.card,
        partner=document.partner,
        role=document.role,
        trained=document.trained,
    )
    return Header(document, config, tensors, info)


def load(path: Path, device: torch.device) -> Iterator[Progress | tuple[TextModel, ModelInfo]]:
    """Read a model in steps, so that loading can be watched and cancelled; the last value is the model.

    Raises CheckpointError with one sentence for a person.
    """
    header = read_header(path)
    try:
        with safe_open(str(path), framework="pt", device="cpu") as file:
            tokenizer = Tokenizer(_kind(header), file.get_tensor("tokenizer").numpy().tobytes())
            if tokenizer.size != header.info.vocabulary:
                raise CheckpointError(
                    f"{path.name}: the tokenizer has {tokenizer.size} entries, the model {header.info.vocabulary}."
                )
            weights: dict[str, torch.Tensor] = {}
            names = [n for n in header.tensors if n.startswith("weights.")]
            for i, name in enumerate(names):
                tensor = file.get_tensor(name)
                if tensor.is_floating_point():
                    tensor = tensor.to(torch.float32, copy=True)  # no view of the file, which may change or go
                    if not bool(torch.isfinite(tensor).all()):
                        raise CheckpointError(f"{path.name}: the weights {name} hold values that are not numbers.")
                weights[name.removeprefix("weights.")] = tensor
                yield Progress(done=i + 1, total=len(names), unit="tensors", note=f"reading {path.name}")
    except (SafetensorError, OSError, ValueError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"{path.name} cannot be read: {brief(error)}.") from error
    with torch.device("meta"):
        model = build(header.config, tokenizer)
    try:
        model.load_state_dict(weights, assign=True)
        model.requires_grad_(False)
    except RuntimeError as error:  # a dtype or a second entry that the header's first reading did not show
        raise CheckpointError(f"{path.name}: the weights do not fit the model: {brief(error)}.") from error
    model = model.to(device).eval()
    if not _gives_numbers(model):
        raise CheckpointError(f"{path.name}: the weights are so large that the model's answers are not numbers.")
    yield model, header.info


@torch.inference_mode()
def _gives_numbers(model: TextModel) -> bool:
    """Whether the model's first answers are numbers: weights that are may still overflow in what is made of them."""
    words = sorted(set(range(model.tokenizer.size)) - set(model.tokenizer.marks))
    first_word = [words[:1] or [model.tokenizer.unknown]]
    answers: list[torch.Tensor] = []
    readers: list[NextToken] = [model] if isinstance(model, NextToken) else []
    if isinstance(model, Seq2Seq):
        readers.append(model.condition(first_word))
    if isinstance(model, Latent):
        posterior = model.posterior(first_word)
        answers += [posterior.mean, posterior.log_variance]
        readers.append(model.decoder(posterior.mean))
    answers += [reader.log_probs(reader.begin(1)) for reader in readers]
    return not any(bool(a.isnan().any()) for a in answers)


def load_model(path: Path, device: torch.device | None = None) -> tuple[TextModel, ModelInfo]:
    """Read a model at once; raises CheckpointError."""
    for step in load(path, device or torch.device("cpu")):
        if isinstance(step, tuple):
            return step
    raise CheckpointError(f"{path.name} holds no model.")


def read_trace(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    """The recorded arrays of a checkpoint, by name; empty when it has none."""
    header = read_header(path)
    with safe_open(str(path), framework="np") as file:
        return {n.removeprefix("trace."): file.get_tensor(n) for n in header.tensors if n.startswith("trace.")}


def save(
    path: Path,
    model: TextModel,
    document: Document,
    *,
    half: bool = True,
    trace: Mapping[str, np.ndarray[Any, Any]] | None = None,
) -> ModelInfo:
    """Write a checkpoint atomically; weights as float16 unless `half` is off. Raises OSError when it cannot."""
    if not isinstance(model.tokenizer, Tokenizer):
        raise ValueError("only a SentencePiece vocabulary can be written to a checkpoint")
    tensors = {
        f"weights.{k}": (v.half() if half and v.is_floating_point() else v).detach().cpu().contiguous().clone()
        for k, v in model.state_dict().items()
    }
    tensors["tokenizer"] = torch.frombuffer(bytearray(model.tokenizer.model), dtype=torch.uint8)
    for name, array in (trace or {}).items():
        tensors[f"trace.{name}"] = torch.from_numpy(np.ascontiguousarray(array))
    header = {"version": VERSION, **msgspec.to_builtins(document)}
    with replacing(path) as beside:
        _write(tensors, str(beside), {"textscape": json.dumps(header, sort_keys=True)})
    return read_header(path).info


def _write(tensors: Mapping[str, torch.Tensor], path: str, metadata: dict[str, str]) -> None:
    """Safetensors' writer, its complaint about a full disk said as an OSError."""
    try:
        save_file(dict(tensors), path, metadata=metadata)
    except SafetensorError as error:
        raise OSError(f"the checkpoint cannot be written: {brief(error)}") from error


def _kind(header: Header) -> Any:
    if header.document.tokenizer not in get_args(Kind):
        raise CheckpointError(f"the tokenizer kind {header.document.tokenizer!r:.60} is unknown.")
    return header.document.tokenizer


Place = tuple[int, int, str]
"""Where a tensor begins and ends behind the header, and its name; the last one, without a name, is the file's end."""


def _raw_header(path: Path) -> tuple[dict[str, str], dict[str, tuple[str, tuple[int, ...]]], list[Place]]:
    """Metadata, tensors and their places in order, with every declared size checked against the file's own."""
    name = path.name or str(path)  # the root has none
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe would be waited for, a device never ends
            raise CheckpointError(f"{name} is not a file.")
        size = status.st_size
        with path.open("rb") as file:
            start = file.read(8)
            if any(start.startswith(p) for p in _PICKLES):
                raise CheckpointError(
                    f"{name} is a pickle, which can run code when opened; Textscape does not open it."
                )
            if len(start) < 8:
                raise CheckpointError(f"{name} is too short to be a checkpoint.")
            (length,) = struct.unpack("<Q", start)
            if length > MAX_HEADER:
                raise CheckpointError(f"{name} is not a Textscape checkpoint (no safetensors header).")
            if length + 8 > size:
                raise CheckpointError(f"{name} is cut off: its header is {length:,} bytes, the file {size:,}.")
            raw = _json(file.read(length))
    except OSError as error:
        raise CheckpointError(f"{name} cannot be opened: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:  # no UTF-8, no JSON, or a number of thousands of digits
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"{name} is not a Textscape checkpoint (its header is not readable).") from error
    if not isinstance(raw, dict):
        raise CheckpointError(f"{name} is not a Textscape checkpoint (its header is not a table).")
    metadata = raw.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise CheckpointError(f"{name}: the header's metadata are not all text.")
    tensors: dict[str, tuple[str, tuple[int, ...]]] = {}
    places: list[Place] = []
    for key, entry in raw.items():
        try:
            kind, shape, (begin, end) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
            if len(shape) > MAX_RANK or not all(type(n) is int and 0 <= n < MAX_SIZE for n in (*shape, begin, end)):
                raise ValueError(key)
            declared = math.prod(shape) * _ITEM[kind]
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"{name}: the entry of tensor {key!r:.60} is broken.") from error
        if end - begin != declared:
            raise CheckpointError(
                f"{name}: tensor {key!r:.60} declares {declared:,} bytes but occupies {end - begin:,}."
            )
        tensors[key] = (kind, shape)
        places.append((begin, end, key))
    size -= 8 + length
    if (ends := max((end for _, end, _ in places), default=0)) > size:
        raise CheckpointError(f"{name} is cut off: it declares {ends:,} bytes of tensors and has {size:,}.")
    return metadata, tensors, [*sorted(places), (size, size, "")]


def _json(data: bytes) -> Any:
    """A header's JSON, read no more kindly than safetensors reads it; raises ValueError."""

    def table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in pairs}) < len(pairs):
            raise ValueError("a name stands twice")
        return dict(pairs)

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no JSON")

    if not data.startswith(b"{"):
        raise ValueError("no table")
    raw = json.loads(data.decode("utf-8"), object_pairs_hook=table, parse_constant=refuse)
    _require_bytes(raw)
    return raw


def _require_bytes(values: object) -> None:
    """Raises ValueError for a text that cannot be written: a lone surrogate, escaped in JSON, has no bytes."""
    json.dumps(values, ensure_ascii=False).encode("utf-8")


def _refuse_gaps(places: Sequence[Place], name: str) -> None:
    """Raises CheckpointError unless the tensors lie end to end over all bytes behind the header, as they must."""
    at = 0
    for begin, end, key in places:
        where = f"before tensor {key!r:.60}" if key else "at its end"
        if begin < at:
            raise CheckpointError(f"{name}: tensor {key!r:.60} overlaps the one before it.")
        if begin > at:
            raise CheckpointError(f"{name} has {begin - at:,} bytes {where} that belong to no tensor.")
        at = end


def _document(metadata: Mapping[str, str], name: str) -> Document:
    if not isinstance(metadata.get("textscape"), str):
        raise CheckpointError(f"{name} is a safetensors file of another program, not a Textscape checkpoint.")
    try:
        values = json.loads(metadata["textscape"])
        _require_bytes(values)
        version = values.pop("version")
        if not isinstance(version, int):
            raise TypeError("version")
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError) as error:
        raise CheckpointError(f"{name}: the Textscape header is not readable.") from error
    if version > VERSION:
        raise CheckpointError(
            f"{name} was written by a newer Textscape (format {version}; this one reads up to {VERSION})."
        )
    for step in range(version, VERSION):
        if step not in MIGRATIONS:
            raise CheckpointError(f"{name} has format {version}, which this Textscape cannot bring up to date.")
        values = MIGRATIONS[step](values)
    try:
        return msgspec.convert(values, Document)
    except msgspec.ValidationError as error:
        raise CheckpointError(f"{name}: the Textscape header is invalid: {brief(error)}.") from error


def _from_draft(values: dict[str, Any]) -> dict[str, Any]:
    """Format 0, of the first drafts, called the card's table `model_card`."""
    values = dict(values)
    if "model_card" in values:
        values["card"] = values.pop("model_card")
    return values


def _with_output_layer(values: dict[str, Any]) -> dict[str, Any]:
    """Format 1 had the sizes of the adaptive softmax, then the only choice, among those of the model."""
    return {**values, "config": with_output_layer(values.get("config"))}


MIGRATIONS = {0: _from_draft, 1: _with_output_layer}
"""From each older format to the next."""


def _expected(config: msgspec.Struct, name: str) -> dict[str, tuple[bool, tuple[int, ...]]]:
    """Whether each tensor has real numbers, and its shape, from a model without memory that needs no tokenizer."""
    try:
        with torch.device("meta"):
            model = build(config, None)
        tensors = {k: (v.is_floating_point(), tuple(v.shape)) for k, v in model.state_dict().items()}
    except (RuntimeError, ValueError, TypeError, OverflowError) as error:
        raise CheckpointError(f"{name}: the config describes an impossible model: {brief(error)}.") from error
    if sum(math.prod(shape) for _, shape in tensors.values()) > MAX_WEIGHTS:
        raise CheckpointError(f"{name} declares more than {MAX_WEIGHTS:,} parameters.")
    return tensors


def _compare(
    wanted: Mapping[str, tuple[bool, tuple[int, ...]]], found: Mapping[str, tuple[str, tuple[int, ...]]], name: str
) -> None:
    for key, (real, shape) in wanted.items():
        if key not in found:
            raise CheckpointError(f"{name}: tensor {key} is missing.")
        kind, given = found[key]
        if shape != given:
            raise CheckpointError(f"{name}: tensor {key} has shape {given}, the config calls for {shape}.")
        if real != ("F" in kind):
            raise CheckpointError(f"{name}: tensor {key} has {kind} numbers, which weights of this kind are not.")
    if extra := sorted(set(found) - set(wanted)):
        raise CheckpointError(f"{name}: tensor {extra[0]!r:.60} does not belong to this kind of model.")
