"""The single-file format: what is written is read back, and what is broken gets one clear sentence."""

from __future__ import annotations

import json
import pickle
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file

from engine.checkpoint import CheckpointError, load_model, read_header, read_trace, save
from tests.engine.conftest import tiny_lm


@pytest.fixture
def good(library_folder: Path) -> Path:
    return library_folder / "tiny.safetensors"


def parts(path: Path) -> tuple[dict[str, Any], bytes]:
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def write(path: Path, header: dict[str, Any], body: bytes) -> Path:
    raw = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + body)
    return path


def edit(path: Path, change: Any) -> Path:
    """Rewrite the Textscape document in a file's metadata."""
    header, body = parts(path)
    document = json.loads(header["__metadata__"]["textscape"])
    change(document)
    header["__metadata__"]["textscape"] = json.dumps(document)
    return write(path.with_name("edited.safetensors"), header, body)


def sentence(path: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        load_model(path)
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith(".")
    assert path.name in text
    return text


def test_weights_config_tokenizer_and_card_come_back(good: Path, tokenizer: Any) -> None:
    model, info = load_model(good)
    before = tiny_lm(tokenizer)
    for name, value in before.state_dict().items():
        assert torch.equal(value.half().float(), model.state_dict()[name]), name
    assert model.config == before.config
    assert model.tokenizer.model == tokenizer.model
    assert info.capabilities == ("NextToken", "Scores")
    assert info.partner == "tiny-back"
    assert info.parameters == sum(p.numel() for p in before.parameters())
    assert not model.training


def test_loaded_scores_equal_the_saved_models(good: Path, tokenizer: Any) -> None:
    model, _ = load_model(good)
    same = tiny_lm(tokenizer)
    same.load_state_dict({k: v.half().float() for k, v in same.state_dict().items()})
    tokens, lengths = torch.tensor([[5, 6, 7, 3]]), torch.tensor([4])
    assert torch.equal(model.score(model.begin(1), tokens, lengths), same.score(same.begin(1), tokens, lengths))


def test_the_same_model_gives_the_same_bytes(tmp_path: Path, good: Path) -> None:
    model, _ = load_model(good)
    again = tmp_path / "again.safetensors"
    save(again, model, read_header(good).document)
    assert again.read_bytes() == good.read_bytes()


def test_a_trace_is_stored_beside_the_weights(tmp_path: Path, good: Path) -> None:
    model, _ = load_model(good)
    path = tmp_path / "traced.safetensors"
    save(path, model, read_header(good).document, trace={"means": np.arange(6.0).reshape(2, 3)})
    assert np.array_equal(read_trace(path)["means"], np.arange(6.0).reshape(2, 3))
    load_model(path)


def test_an_absent_file(tmp_path: Path) -> None:
    assert "cannot be opened: No such file" in sentence(tmp_path / "none.safetensors")


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.999])
def test_a_truncated_file(good: Path, share: float) -> None:
    data = good.read_bytes()
    cut = good.with_name("cut.safetensors")
    cut.write_bytes(data[: int(len(data) * share)])
    assert any(words in sentence(cut) for words in ("cut off", "too short", "not a Textscape checkpoint"))


def test_another_programs_file(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"x": torch.zeros(3)}, str(path))
    assert "of another program" in sentence(path)


def test_a_text_file(tmp_path: Path) -> None:
    path = tmp_path / "notes.safetensors"
    path.write_text("these are not weights " * 50)
    assert "not a Textscape checkpoint" in sentence(path)


def test_a_pickle_is_refused_and_never_run(tmp_path: Path) -> None:
    trap = tmp_path / "ran"

    class Trap:
        def __reduce__(self) -> Any:
            return (Path.touch, (trap,))

    path = tmp_path / "trap.safetensors"
    path.write_bytes(pickle.dumps(Trap()))
    assert "is a pickle" in sentence(path)
    with zipfile.ZipFile(tmp_path / "torch.safetensors", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Trap()))
    assert "is a pickle" in sentence(tmp_path / "torch.safetensors")
    assert not trap.exists()


def test_a_newer_version(good: Path) -> None:
    assert "newer Textscape (format 99" in sentence(edit(good, lambda d: d.update(version=99)))


def test_an_older_version_is_migrated(good: Path) -> None:
    def downgrade(document: dict[str, Any]) -> None:
        document["version"] = 0
        document["model_card"] = {**document.pop("card"), "title": "From a draft"}

    _, info = load_model(edit(good, downgrade))
    assert info.card.title == "From a draft"


def test_a_version_before_all_migrations(good: Path) -> None:
    assert "cannot bring up to date" in sentence(edit(good, lambda d: d.update(version=-1)))


def test_an_unknown_kind(good: Path) -> None:
    assert "model kind 'oracle' is unknown" in sentence(edit(good, lambda d: d["config"].update(kind="oracle")))


@pytest.mark.parametrize("hidden", [0, -3, 10**9, "many"])
def test_an_impossible_config(good: Path, hidden: object) -> None:
    assert "config is invalid" in sentence(edit(good, lambda d: d["config"].update(hidden=hidden)))


def test_a_huge_declared_model_is_refused_before_memory_is_taken(good: Path) -> None:
    text = sentence(edit(good, lambda d: d["config"].update(hidden=900_000)))
    assert "declares more than" in text


def test_shapes_must_match_the_config(good: Path) -> None:
    assert "the config calls for" in sentence(edit(good, lambda d: d["config"].update(hidden=13)))


def test_a_missing_and_an_extra_tensor(good: Path) -> None:
    header, body = parts(good)
    gone = {k: v for k, v in header.items() if k != "weights.project.bias"}
    assert "project.bias is missing" in sentence(write(good.with_name("missing.safetensors"), gone, body))
    more = {**header, "weights.extra": header["weights.project.bias"]}
    assert "'extra' does not belong" in sentence(write(good.with_name("extra.safetensors"), more, body))


def test_a_tensor_that_lies_about_its_size(good: Path) -> None:
    header, body = parts(good)
    header["weights.project.bias"]["shape"] = [2**40]
    assert "declares" in sentence(write(good.with_name("liar.safetensors"), header, body))


def moved(header: dict[str, Any], first: str, by: int) -> dict[str, Any]:
    """The header with one tensor, and all that lie behind it, moved by so many bytes."""
    start = header[first]["data_offsets"][0]
    out = json.loads(json.dumps(header))
    for key, entry in out.items():
        if key != "__metadata__" and entry["data_offsets"][0] >= start:
            entry["data_offsets"] = [o + by for o in entry["data_offsets"]]
    return out


def hostile(good: Path, how: str) -> Path:
    header, body = parts(good)
    last = max((k for k in header if k != "__metadata__"), key=lambda k: header[k]["data_offsets"][1])
    bias = header["weights.project.bias"]
    match how:
        case "hole":
            return write(good.with_name("hole.safetensors"), moved(header, last, 8), body + bytes(8))
        case "overlap":
            return write(good.with_name("overlap.safetensors"), moved(header, last, -8), body[:-8])
        case "tail":
            return write(good.with_name("tail.safetensors"), header, body + bytes(8))
        case "number":
            header["__metadata__"]["format"] = 3
        case "list":
            header["__metadata__"] = [header["__metadata__"]]
        case "integers":
            bias["dtype"] = "I16"
        case "bytes":
            bias["dtype"], bias["shape"] = "I8", [2 * n for n in bias["shape"]]
        case "dtype":
            bias["dtype"] = "F8_E5M2"
        case "surrogate":
            header["__metadata__"]["\ud800"] = "x"
        case "inner value" | "inner key":
            inner = json.loads(header["__metadata__"]["textscape"])
            inner |= {"name": "\ud800"} if how == "inner value" else {"trained": {"\udfff": 1}}
            header["__metadata__"]["textscape"] = json.dumps(inner)
        case "space":
            raw = b" " + json.dumps(header).encode()
            path = good.with_name("space.safetensors")
            path.write_bytes(struct.pack("<Q", len(raw)) + raw + body)
            return path
        case "twice":
            raw = json.dumps(header).encode()
            raw = raw[:-1] + b', "tokenizer": ' + json.dumps(header["tokenizer"]).encode() + b"}"
            path = good.with_name("twice.safetensors")
            path.write_bytes(struct.pack("<Q", len(raw)) + raw + body)
            return path
    return write(good.with_name(f"{how}.safetensors"), header, body)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("hole", "has 8 bytes before tensor"),
        ("overlap", "overlaps the one before"),
        ("tail", "has 8 bytes at its end that belong to no tensor"),
        ("number", "metadata are not all text"),
        ("list", "metadata are not all text"),
        ("integers", "has I16 numbers"),
        ("bytes", "the config calls for"),
        ("dtype", "is broken"),
        ("surrogate", "not readable"),
        ("inner value", "not readable"),
        ("inner key", "not readable"),
        ("space", "not readable"),
        ("twice", "not readable"),
    ],
)
def test_a_hostile_header_is_refused_by_its_first_reading_already(good: Path, how: str, words: str) -> None:
    path = hostile(good, how)
    with pytest.raises(CheckpointError) as caught:
        read_header(path)
    assert words in str(caught.value)
    assert sentence(path) == str(caught.value)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_header_and_weights_are_judged_alike(good: Path, data: st.DataObject) -> None:
    """What the header's check lets through, safetensors opens; sizes, offsets, types and order are drawn."""
    header, body = parts(good)
    keys = [k for k in header if k != "__metadata__"]
    for _ in range(data.draw(st.integers(1, 2))):
        entry = header[data.draw(st.sampled_from(keys))]
        match data.draw(st.sampled_from(["offset", "dtype", "shape", "key", "meta"])):
            case "offset":
                entry["data_offsets"] = [o + data.draw(st.integers(-4, 4)) for o in entry["data_offsets"]]
            case "dtype":
                entry["dtype"] = data.draw(
                    st.sampled_from(["F16", "BF16", "F32", "I16", "U8", "BOOL", "U16", "F8_E4M3"])
                )
            case "shape":
                entry["shape"] = data.draw(st.lists(st.integers(0, 20), max_size=3))
            case "key":
                entry[data.draw(st.sampled_from(["more", "dtypes"]))] = 1
            case "meta":
                header["__metadata__"][data.draw(st.text(max_size=3))] = data.draw(st.one_of(st.text(), st.integers()))
    path = write(good.with_name("drawn.safetensors"), header, body[: data.draw(st.sampled_from([len(body), -2, 0]))])
    try:
        read_header(path)
    except CheckpointError:
        with pytest.raises(CheckpointError):
            load_model(path)
    else:
        with safe_open(str(path), framework="pt") as file:
            assert set(file.keys()) == set(keys)


def test_a_huge_header_length(good: Path) -> None:
    path = good.with_name("huge.safetensors")
    path.write_bytes(struct.pack("<Q", 2**62) + good.read_bytes()[8:])
    assert "not a Textscape checkpoint" in sentence(path)


def test_weights_that_are_not_numbers(tmp_path: Path, good: Path) -> None:
    model, _ = load_model(good)
    with torch.no_grad():
        model.project.bias[0] = float("nan")
    path = tmp_path / "nan.safetensors"
    save(path, model, read_header(good).document)
    assert "not numbers" in sentence(path)


def test_another_vocabulary_than_the_models(good: Path) -> None:
    header, body = parts(good)
    begin, end = header["tokenizer"]["data_offsets"]
    path = write(good.with_name("text.safetensors"), header, body[:begin] + bytes(end - begin) + body[end:])
    assert "SentencePiece" in sentence(path)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 0.999), flips=st.lists(st.integers(0, 255), min_size=1, max_size=6))
def test_a_mutated_file_opens_or_says_one_sentence(good: Path, place: float, flips: list[int]) -> None:
    data = bytearray(good.read_bytes())
    start = int(place * len(data))
    data[start : start + len(flips)] = bytes(flips)
    path = good.with_name("mutated.safetensors")
    path.write_bytes(bytes(data))
    said = ""
    try:
        load_model(path)
    except CheckpointError as error:
        said = str(error)
    assert "\n" not in said


def test_saving_over_a_model_never_leaves_half_a_file(good: Path) -> None:
    """A writer killed at any moment leaves the old file or the new one."""
    code = (
        "import sys; from pathlib import Path; from engine.checkpoint import *\n"
        "p = Path(sys.argv[1]); model, _ = load_model(p); d = read_header(p).document\n"
        "print('ready', flush=True)\n"
        "while True: save(p, model, d)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(good)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    import time

    time.sleep(0.15)
    process.kill()
    process.wait()
    process.stdout.close()
    load_model(good)


def test_the_sizes_of_a_softmax_may_stand_among_those_of_the_model_as_they_once_did(good: Path) -> None:
    def as_before(document: dict[str, Any]) -> None:
        config = document["config"]
        output = config.pop("output")
        config.update(head=output["head"], clusters=output["clusters"])
        document["version"] = 1

    _, new = load_model(good)
    edit(good, as_before)
    _, old = load_model(good)
    assert old.config == new.config
    assert old.config["output"] == {"kind": "adaptive-softmax", "head": 10, "clusters": 2}
