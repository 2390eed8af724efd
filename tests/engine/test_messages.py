"""Requests and events survive JSON, and nothing else passes for one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.messages import (
    Diagnostics,
    Failed,
    ListModels,
    LoadModel,
    MoveWeights,
    Request,
    Sample,
    Search,
    SearchOptions,
    Train,
    UnloadModel,
    Visited,
    decode_event,
    decode_request,
    encode,
)

REQUESTS = [
    LoadModel(path="a/b.safetensors"),
    UnloadModel(name="x"),
    ListModels(),
    Train(recipe="r.toml", data="d", run="runs", output="o.safetensors", threads=2),
    Sample(model="m", keywords="juice natural", locked=(0, 2), moves=MoveWeights(replace=0.5), ladder=(1.0, 2.0)),
    Search(model="m", text="hallo", options=SearchOptions(strategy="diverse", beam=4, groups=2, constraints=("a b",))),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda r: type(r).__name__)
def test_a_request_comes_back_as_it_was(request_: Request) -> None:
    line = encode(request_)
    assert decode_request(line) == request_
    assert encode(decode_request(line)) == line
    assert b"\n" not in line


@given(
    keywords=st.text(max_size=40),
    seed=st.integers(0, 2**31),
    chains=st.integers(1, 256),
    temperature=st.floats(0.01, 100),
)
def test_any_sampling_request_comes_back(keywords: str, seed: int, chains: int, temperature: float) -> None:
    request = Sample(model="m", keywords=keywords, seed=seed, chains=chains, temperature=temperature)
    assert decode_request(encode(request)) == request


def test_requests_are_values() -> None:
    with pytest.raises(AttributeError):
        REQUESTS[0].path = "elsewhere"  # type: ignore[attr-defined]
    assert Sample(model="m") == Sample(model="m")


def test_events_with_arrays_come_back() -> None:
    event = Diagnostics(
        step=3,
        acceptance={"replace": 0.5},
        r_hat=float("nan"),
        ess=20.0,
        autocorrelation=np.array([1.0, 0.5]),
        most_visited=(Visited("a", 2, -1.0), Visited("b", 1, float("nan"))),
        proposals_per_second=9.0,
    )
    again = decode_event(encode(event))
    assert isinstance(again, Diagnostics)
    assert again.autocorrelation.tolist() == [1.0, 0.5]
    assert math.isnan(again.r_hat)
    assert again.most_visited[0] == event.most_visited[0]
    assert math.isnan(again.most_visited[1].log_target)
    assert decode_event(encode(Failed(sentence="no"))) == Failed(sentence="no")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"[]",
        b'{"request":"Nothing"}',
        b'{"request":"LoadModel"}',
        b'{"request":"LoadModel","path":3}',
        b'{"request":"Sample","model":"m","chains":0}',
        b'{"request":"Sample","model":"m","temperature":0}',
        b'{"request":"LoadModel","path":"x","surprise":1}',
    ],
)
def test_what_is_no_request_says_so_in_one_sentence(line: bytes) -> None:
    with pytest.raises(ValueError, match="not a request") as caught:
        decode_request(line)
    assert "\n" not in str(caught.value)


def test_tensors_do_not_belong_in_messages() -> None:
    with pytest.raises(TypeError, match="does not belong in a message"):
        encode({"x": object()})
