"""Requests of earlier versions, read as today's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.messages import (
    Fluency,
    Length,
    Sample,
    SampleStarted,
    Similarity,
    decode_event,
    decode_request,
    encode,
    migrated,
)

FORMER: dict[str, Any] = {"request": "Sample", "model": "m", "source": "a b", "length_goal": 7, "steps": 3}


@pytest.mark.parametrize(
    ("weights", "terms"),
    [
        ({"fluency": 1.0, "similarity": 0.0, "length": 0.0}, (Fluency(),)),
        (
            {"fluency": 0.0, "similarity": 10.0, "length": 0.5},
            (Fluency(weight=0.0), Similarity(weight=10.0, keep=False), Length(weight=0.5, goal=7)),
        ),
        ({}, (Fluency(),)),
    ],
)
def test_a_table_of_weights_becomes_a_list_of_terms(weights: dict[str, float], terms: tuple[Any, ...]) -> None:
    wanted = Sample(model="m", source="a b", steps=3, places="every", terms=terms)
    assert decode_request(json.dumps({**FORMER, "terms": weights})) == wanted
    started = {"words": ["a"], "locked": [False], "sentence": "a", "terms": {"fluency": -1.0}}
    event = decode_event(json.dumps({"event": "SampleStarted", "request": {**FORMER, "terms": weights}, **started}))
    assert isinstance(event, SampleStarted)
    assert event.request == wanted


def test_what_this_version_writes_is_left_as_it_is() -> None:
    for request in (Sample(model="m"), Sample(model="m", terms=(Length(weight=1.0, goal=3),), places="every")):
        assert decode_request(encode(request)) == request
    for other in ({"request": "LoadModel", "path": "x"}, 3, None, ["terms"], {"request": "Sample", "terms": 4}):
        assert migrated(other) == other


def test_a_term_out_of_range_is_one_sentence_that_names_it() -> None:
    data = {**FORMER, "terms": [{"term": "length", "weight": 2000.0}]}
    del data["length_goal"]
    with pytest.raises(ValueError, match="Length weight must lie between 0 and 1,000; 2,000 was given"):
        decode_request(json.dumps(data))
    data["terms"] = [{"term": "charm", "weight": 1.0}]
    with pytest.raises(ValueError, match="charm"):
        decode_request(json.dumps(data))
