"""Requests as earlier versions wrote them, in run files, sessions and scenes, brought to the form of today."""

from __future__ import annotations

from typing import Any

TERMS = (("fluency", 1.0), ("similarity", 0.0), ("length", 0.0))
"""Terms of the sampler's target when their weights were a table, and what each was when it was not named."""


def migrated(values: Any) -> Any:
    """A request's or event's plain values with every former `Sample` in them as this version writes it.

    A former run chose its places among all words and had a table of weights for its terms, of which similarity was by
    word vectors alone; it replays as it was made.
    """
    if not isinstance(values, dict):
        return values
    if isinstance(values.get("request"), dict):  # an event that holds the request it answers
        return {**values, "request": migrated(values["request"])}
    weights = values.get("terms")
    if values.get("request") != "Sample" or not isinstance(weights, dict):
        return values
    terms: list[dict[str, Any]] = [{"term": name, "weight": weights.get(name, usual)} for name, usual in TERMS]
    terms[1]["keep"] = False
    terms[2]["goal"] = values.get("length_goal", 10)
    kept = [t for t in terms if t["weight"] != 0 or t["term"] == "fluency"]
    rest = {name: value for name, value in values.items() if name not in ("terms", "length_goal")}
    return {"places": "every", **rest, "terms": kept}
