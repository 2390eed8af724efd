from __future__ import annotations

from typing import Any

import pytest

from engine.messages import Branch, SearchOptions
from engine.search.decode import Decoding
from engine.search.trace import Trace
from engine.text import EOS
from tests.engine.search.tiny import TinyModel, found


class Letters:
    def pieces(self, ids: list[int]) -> list[str]:
        return ["_ubEabc"[i] for i in ids]


def traced(model: TinyModel, options: SearchOptions, **settings: Any) -> tuple[Decoding, list[tuple[Branch, ...]]]:
    search = Decoding(model, model.begin(1), options, record=True, **settings)
    trace = Trace(Letters(), options, 50)  # type: ignore[arg-type]
    steps = [trace.branches(decisions) for decisions in search]
    return search, steps


def test_the_tree_can_be_rebuilt_and_its_totals_add_up() -> None:
    model = TinyModel(3)
    search, steps = traced(model, SearchOptions(beam=3, max_length=6))
    prefixes: dict[int, tuple[int, ...]] = {-1: ()}
    for branches in steps:
        for branch in branches:
            prefix = (*prefixes[branch.parent], branch.id)
            assert branch.total == pytest.approx(model.log_prob(0, prefix), abs=1e-10)
            assert branch.log_prob == pytest.approx(float(model.row(0, prefix[:-1])[branch.id]), abs=1e-10)
            if branch.node >= 0:
                assert branch.node not in prefixes
                prefixes[branch.node] = prefix
    finished = {prefixes[b.node] for branches in steps for b in branches if b.reason == "finished"}
    assert finished == {s for s, _ in found(search) if s[-1] == EOS}


def test_every_candidate_is_kept_or_says_by_how_much_it_lost() -> None:
    model = TinyModel(5)
    _, steps = traced(model, SearchOptions(beam=3, max_length=6, stop="exhaust"))
    for branches in steps[:-1]:
        kept = [b for b in branches if b.reason == "kept"]
        ranks = [b for b in branches if b.reason == "rank"]
        assert len(kept) == 3
        least = min(b.score for b in kept)
        assert all(b.margin == 0.0 for b in kept)
        assert any(b.id != EOS for b in ranks) or len(ranks) < 3
        for branch in ranks:
            assert branch.margin == pytest.approx(max(0.0, least - branch.score))
    assert {b.reason for b in steps[-1]} <= {"finished", "rank", "length", "vocabulary"}


def test_reasons_name_the_rule() -> None:
    likely_repeat = TinyModel(8, sharp=0.3)
    _, steps = traced(likely_repeat, SearchOptions(beam=3, max_length=5, no_repeat_ngram=1, min_length=3))
    reasons = {b.reason for branches in steps for b in branches}
    assert {"repeated n-gram", "length", "kept"} <= reasons
    for branches in steps:
        for branch in branches:
            if branch.reason == "repeated n-gram":
                assert branch.node == -1
                assert branch.score >= min((b.score for b in branches if b.reason == "kept"), default=-99)
    _, steps = traced(TinyModel(1), SearchOptions(beam=3, max_length=4), forced=(5,))
    assert [b.id for b in steps[0] if b.reason == "kept"] == [5]
    assert {b.reason for b in steps[0]} == {"kept", "constraint"}
    _, steps = traced(TinyModel(1, end=2.0), SearchOptions(beam=3, max_length=9, stop="patience"))
    assert "patience" in {b.reason for b in steps[-1]}
    options = SearchOptions(strategy="diverse", beam=4, groups=2, diversity=3.0, max_length=4)
    _, steps = traced(TinyModel(1), options)
    assert "group" in {b.reason for branches in steps for b in branches if b.group == 1}
    options = SearchOptions(strategy="constrained", beam=3, max_length=5)
    _, steps = traced(TinyModel(1), options, constraints=[[6, 5]])
    assert "constraint" in {b.reason for branches in steps for b in branches}


def test_recording_changes_no_result_and_notes_ranks_and_alternatives() -> None:
    for strategy in ("beam", "diverse", "stochastic", "sample", "greedy"):
        options = SearchOptions(strategy=strategy, beam=4, groups=2, max_length=5, seed=3)  # type: ignore[arg-type]
        search, _ = traced(TinyModel(4), options)
        plain = Decoding(TinyModel(4), TinyModel(4).begin(1), options)
        assert found(search) == found(plain)
        for frontier in search.frontiers:
            for node in (n for leaf in frontier.finished for n in leaf.path()):
                assert node.parent is not None
                row = TinyModel(4).row(0, tuple(node.parent.tokens()))
                assert node.rank == int((row > row[node.token]).sum()) + 1
                assert node.alternatives[0][0] == int(row.argmax())
                assert [v for _, v in node.alternatives] == pytest.approx(row.topk(5).values.tolist())
