from __future__ import annotations

from typing import Any

import pytest
import torch

from engine.messages import PRESETS, SearchOptions, with_preset
from engine.search.node import Node
from engine.search.ranking import top
from engine.text import EOS
from tests.engine.search.tiny import TinyModel, brute_force, found, run

WIDE = {"beam": 110, "n_best": 110, "max_length": 3}  # 27 prefixes, four tokens each


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "ranking",
    [
        {"normalisation": "off"},
        {"normalisation": "power", "length_penalty": 1.0},
        {"normalisation": "power", "length_penalty": -0.5},
        {"normalisation": "gnmt", "length_penalty": 0.6},
    ],
)
@pytest.mark.parametrize("stop", ["bound", "exhaust"])
def test_a_beam_that_holds_everything_finds_all_sentences_in_order(
    seed: int, ranking: dict[str, Any], stop: Any
) -> None:
    model = TinyModel(seed)
    options = SearchOptions(**WIDE, **ranking, stop=stop)
    got, want = found(run(model, options)), brute_force(model, options)
    assert [s for s, _ in got[:40]] == [s for s, _ in want[:40]]
    assert [v for _, v in got[:40]] == pytest.approx([v for _, v in want[:40]], abs=1e-10)


@pytest.mark.parametrize("beam", [2, 3, 5])
@pytest.mark.parametrize("penalty", [0.0, -0.5, 0.3])
def test_the_bound_stops_early_and_loses_nothing(beam: int, penalty: float) -> None:
    shorter = 0
    for seed in range(10):
        model = TinyModel(seed, end=2.0)
        options = SearchOptions(beam=beam, max_length=8, length_penalty=penalty, stop="bound")
        exhaustive = SearchOptions(beam=beam, max_length=8, length_penalty=penalty, stop="exhaust")
        bounded, full = run(model, options), run(model, exhaustive)
        assert found(bounded)[:beam] == found(full)[:beam]
        shorter += len(bounded.frontiers[0].finished) < len(full.frontiers[0].finished)
    assert shorter > 0


@pytest.mark.parametrize("seed", range(10))
def test_one_beam_is_greedy_search_and_both_take_the_likeliest_token(seed: int) -> None:
    model = TinyModel(seed)
    expected: list[int] = []
    while len(expected) < 6 and (not expected or expected[-1] != EOS):
        row = model.row(0, tuple(expected)).clone()
        row[:3] = -torch.inf
        expected.append(int(row.argmax()))
    for options in (SearchOptions(beam=1, max_length=6), SearchOptions(strategy="greedy", beam=7, max_length=6)):
        tokens, _ = found(run(model, options))[0]
        assert list(tokens) == expected or (len(expected) == 6 and tokens[:6] == tuple(expected))


STRATEGIES: list[dict[str, Any]] = [
    {"strategy": "greedy"},
    {"strategy": "beam", "beam": 4},
    {"strategy": "diverse", "beam": 6, "groups": 3},
    {"strategy": "stochastic", "beam": 4},
    {"strategy": "constrained", "beam": 5},
    {"strategy": "sample", "samples": 5},
    {"strategy": "mbr", "samples": 5},
    {"strategy": "beam", "beam": 4, "no_repeat_ngram": 2, "repetition_penalty": 1.5, "min_length": 2},
]


@pytest.mark.parametrize("settings", STRATEGIES)
def test_an_input_is_searched_alike_alone_and_among_others(settings: dict[str, Any]) -> None:
    model = TinyModel(3, end=0.7)
    options = SearchOptions(max_length=5, seed=11, **settings)
    constraints = [[5, 6]] if options.strategy == "constrained" else []
    together = run(model, options, 4, constraints=constraints)
    for index in range(4):
        alone = TinyModel(3, end=0.7)
        alone.row = lambda _, prefix, i=index: model.row(i, prefix)  # type: ignore[misc]
        single = run(alone, options, 1, constraints=constraints)
        among, by_itself = found(together, index), found(single)
        assert [s for s, _ in among] == [s for s, _ in by_itself]
        assert [v for _, v in among] == pytest.approx([v for _, v in by_itself], abs=1e-10)


def test_n_best_cuts_the_list_and_changes_nothing_else() -> None:
    for settings in STRATEGIES[1:5]:
        constraints = [[5, 6]] if settings["strategy"] == "constrained" else []
        lists = [
            found(run(TinyModel(5), SearchOptions(n_best=n, max_length=5, **settings), constraints=constraints))
            for n in (1, 3, 20)
        ]
        assert lists[0] == lists[1] == lists[2]


def test_log_probabilities_are_the_models_own_also_under_penalties() -> None:
    model = TinyModel(1)
    options = SearchOptions(beam=4, max_length=5, repetition_penalty=1.7, no_repeat_ngram=2, min_length=1)
    search = run(model, options)
    nodes: list[Node] = search.frontiers[0].finished
    assert nodes
    for node in nodes:
        assert node.total == pytest.approx(model.log_prob(0, node.tokens()), abs=1e-10)
        assert node.total >= node.merit - 1e-6
    assert any(n.total > n.merit + 1e-3 for n in nodes)


def test_patience_stops_at_its_count() -> None:
    for patience, beam in ((1.0, 3), (2.0, 3), (0.5, 4)):
        model = TinyModel(2, end=1.0)
        search = run(model, SearchOptions(beam=beam, patience=patience, stop="patience", max_length=12))
        finished = len(search.frontiers[0].finished)
        assert beam * patience <= finished < beam * patience + beam


def test_diverse_groups_without_penalty_are_plain_beams_side_by_side() -> None:
    for seed in range(5):
        diverse = run(TinyModel(seed), SearchOptions(strategy="diverse", beam=6, groups=3, diversity=0.0, max_length=5))
        plain = found(run(TinyModel(seed), SearchOptions(beam=2, max_length=5)))
        for frontier in diverse.frontiers:
            assert {tuple(n.tokens()) for n in frontier.finished} == {s for s, _ in plain if s[-1] == EOS}


def test_a_heavy_penalty_sends_groups_apart_at_every_step() -> None:
    options = SearchOptions(strategy="diverse", beam=3, groups=3, diversity=100.0, max_length=3)
    search = run(TinyModel(0, end=-50.0), options)
    written = [n.tokens() for f in search.frontiers for n in f.cut]
    assert len(written) == 3
    assert all(len(set(step)) == 3 for step in zip(*written, strict=True))


def test_a_beam_that_does_not_divide_is_refused() -> None:
    with pytest.raises(ValueError, match="does not divide into 2 groups"):
        run(TinyModel(), SearchOptions(strategy="diverse", beam=5, groups=2))


@pytest.mark.parametrize(("rows", "width", "count"), [(1, 7, 7), (3, 900, 10), (2, 40_000, 10), (4, 2_111, 6)])
def test_top_in_two_rounds_is_top(rows: int, width: int, count: int) -> None:
    scores = torch.randn(rows, width, generator=torch.Generator().manual_seed(width))
    scores[:, ::3] = -torch.inf
    values, places = top(scores, count)
    want = scores.topk(count, 1)
    assert torch.equal(values, want.values)
    live = values > -torch.inf
    assert torch.equal(places[live], want.indices[live])


@pytest.mark.parametrize(("parts", "length"), [(5, 8000), (5, 6001), (3, 10)])
def test_top_adds_each_part_its_offset(parts: int, length: int) -> None:
    generator = torch.Generator().manual_seed(length)
    scores, offsets = torch.randn(2, parts * length, generator=generator), torch.randn(2, parts, generator=generator)
    offsets[1, -1] = -torch.inf
    values, places = top(scores, 10, offsets)
    want = (scores.view(2, parts, length) + offsets[:, :, None]).view(2, -1).topk(10, 1)
    assert torch.equal(values, want.values)
    assert torch.equal(places, want.indices)


def test_presets_mean_what_they_say() -> None:
    options = SearchOptions(beam=7)
    for name in PRESETS:
        assert with_preset(options, name).beam == 7
    assert with_preset(options, "as transformers").divisor(12) == 12
    assert with_preset(options, "as GNMT").divisor(7) == pytest.approx(2**0.2)
    assert with_preset(options, "as fairseq").stop == "patience"
    with pytest.raises(ValueError, match="the presets are as transformers"):
        with_preset(options, "as nobody")
