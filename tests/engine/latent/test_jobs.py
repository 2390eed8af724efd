"""Requests about latent spaces and what answers them."""

from __future__ import annotations

import itertools
from typing import Any, TypeVar

import numpy as np
import pytest

from engine.messages import (
    Analogy,
    AttributeReady,
    Decode,
    Decoded,
    Encode,
    Encoded,
    Event,
    Failed,
    FindAttribute,
    FindNeighbours,
    GridReady,
    GridRows,
    InspectLatent,
    Interpolate,
    LatentReport,
    MakeGrid,
    MakePlane,
    NeighboursFound,
    PathStep,
    PlaneReady,
    PriorSample,
    Progress,
    Request,
    SamplePrior,
    SearchOptions,
    decode_event,
    decode_request,
    encode,
)
from engine.worker import Engine
from tests.engine.rounding import rounding

E = TypeVar("E", bound=Event)
A, B, C = "the dog runs in the park .", "a cat sleeps on the bed .", "Tom likes the small cat ."


def events(engine: Engine, request: Request) -> list[Event]:
    job = engine.submit(decode_request(encode(request)))  # what a person does can be written down and done again
    found = [m.event for m in engine.poll() if m.job == job]
    for event in found:
        decode_event(encode(event))
    return found


def answers(engine: Engine, request: Request, kind: type[E]) -> list[E]:
    found = events(engine, request)
    failed = [e.sentence for e in found if isinstance(e, Failed)]
    assert not failed, failed
    return [e for e in found if isinstance(e, kind)]


def refused(engine: Engine, request: Request) -> str:
    (sentence,) = [e.sentence for e in events(engine, request) if isinstance(e, Failed)]
    return sentence


def test_encoding_keeps_the_order_and_decoding_takes_the_points(engine: Engine) -> None:
    texts = (A, B, C, "zyzzyva .", ".") * 60
    chunks = answers(engine, Encode(model="vae", texts=texts), Encoded)
    assert [c.start for c in chunks] == [0, 256]
    assert tuple(t for c in chunks for t in c.texts) == texts
    means = np.concatenate([c.means for c in chunks])
    (alone,) = answers(engine, Encode(model="vae", texts=(B,)), Encoded)
    same = rounding(100)  # a sentence of a few words, a dozen products a step
    np.testing.assert_allclose(means[1], alone.means[0], atol=same)
    np.testing.assert_allclose(means[1::5], np.broadcast_to(alone.means, (60, 3)), atol=same)
    assert chunks[0].unknown[3] == 1
    (decoded,) = answers(engine, Decode(model="vae", points=tuple(map(tuple, means[:40].tolist()))), Decoded)
    assert len(decoded.sentences) == 40
    first = decoded.sentences[0]
    assert first.log_prob == pytest.approx(float(np.log(first.probabilities).sum()), abs=1e-4)
    assert len(first.probabilities) == len(first.words) + first.finished


def test_an_encoding_reports_its_progress(engine: Engine) -> None:
    found = [e for e in events(engine, Encode(model="vae", texts=(A,) * 300)) if isinstance(e, Progress)]
    assert [e.done for e in found if e.unit == "sentences"] == [64, 128, 192, 256, 300]


def test_any_search_decodes_a_point_and_a_preview_is_greedy(engine: Engine) -> None:
    point = ((0.5, -1.0, 2.0),)
    plain = Decode(model="vae", points=point, options=SearchOptions(strategy="greedy", max_length=8))
    (greedy,) = answers(engine, plain, Decoded)
    # the shared search, forced off the short way by a setting that changes nothing
    slow = SearchOptions(strategy="greedy", max_length=8, repetition_penalty=1.0000001, normalisation="off")
    (searched,) = answers(engine, Decode(model="vae", points=point, options=slow), Decoded)
    assert searched.sentences[0].words == greedy.sentences[0].words
    assert searched.sentences[0].log_prob == pytest.approx(greedy.sentences[0].log_prob, abs=1e-3)
    beam = SearchOptions(strategy="beam", beam=4, n_best=4, max_length=8, normalisation="off")
    (wide,) = answers(engine, Decode(model="vae", points=point, options=beam), Decoded)
    assert len(wide.others) == 3
    (preview,) = answers(engine, Decode(model="vae", points=point, options=beam, preview=True), Decoded)
    assert preview.sentences[0].words == greedy.sentences[0].words
    assert preview.others == ()
    for strategy in ("sample", "stochastic", "diverse", "contrastive", "mbr"):
        options = SearchOptions(strategy=strategy, beam=2, groups=2 if strategy == "diverse" else 1, samples=2)
        (found,) = answers(engine, Decode(model="vae", points=point * 2, options=options), Decoded)
        assert len(found.sentences) == 2


@pytest.mark.parametrize(
    ("points", "sentence"), [(((1.0,),), "3 numbers, not 1"), (((1.0, float("inf"), 0.0),), "inf was given")]
)
def test_impossible_points_are_refused(engine: Engine, points: Any, sentence: str) -> None:
    engine.submit(Decode(model="vae", points=points))
    assert any(isinstance(m.event, Failed) and sentence in m.event.sentence for m in engine.poll())


def test_a_model_without_a_latent_space_is_refused(engine: Engine) -> None:
    assert "no latent space" in refused(engine, Encode(model="lm", texts=(A,)))


def test_prior_samples_repeat_and_do_not_depend_on_how_many(engine: Engine) -> None:
    many = answers(engine, SamplePrior(model="vae", count=20, seed=4), PriorSample)
    few = answers(engine, SamplePrior(model="vae", count=3, seed=4), PriorSample)
    other = answers(engine, SamplePrior(model="vae", count=3, seed=5), PriorSample)
    assert [p.start for p in many] == [0, 16]
    np.testing.assert_array_equal(many[0].points[:3], few[0].points)
    assert (few[0].points != other[0].points).all()
    wide = answers(engine, SamplePrior(model="vae", count=3, seed=4, scale=2.0), PriorSample)
    np.testing.assert_allclose(wide[0].points, 2 * few[0].points)


def test_an_interpolation_starts_and_ends_at_its_anchors(engine: Engine) -> None:
    (encoded,) = answers(engine, Encode(model="vae", texts=(A, B, C)), Encoded)
    for path in ("linear", "spherical"):
        steps = answers(engine, Interpolate(model="vae", texts=(A, B, C), steps=4, path=path), PathStep)
        assert [s.index for s in steps] == list(range(7))
        np.testing.assert_allclose([steps[0].point, steps[3].point, steps[6].point], encoded.means, atol=1e-5)
        assert not steps[0].repeated
        assert not any(steps[0].changed)
        for before, after in itertools.pairwise(steps):
            assert after.repeated == (before.sentence.words == after.sentence.words)
            assert after.repeated <= (not any(after.changed))
    assert "two anchors" in refused(engine, Interpolate(model="vae", texts=(A,)))
    assert "missing" in refused(engine, Interpolate(model="vae"))


def test_an_analogy_of_strength_zero_stays_where_it_is(engine: Engine) -> None:
    (encoded,) = answers(engine, Encode(model="vae", texts=(A, B, C)), Encoded)
    steps = answers(engine, Analogy(model="vae", a=A, b=B, c=C, strengths=(0.0, 1.0)), PathStep)
    a, b, c = encoded.means
    np.testing.assert_allclose(steps[0].point, c, atol=1e-5)
    np.testing.assert_allclose(steps[1].point, c + b - a, atol=1e-5)


def test_an_attribute_has_a_direction(engine: Engine) -> None:
    request = FindAttribute(model="vae", name="animals", negative=(C,), positive=(A, B))
    (found,) = answers(engine, request, AttributeReady)
    (encoded,) = answers(engine, Encode(model="vae", texts=(A, B, C)), Encoded)
    np.testing.assert_allclose(found.direction, encoded.means[:2].mean(0) - encoded.means[2], atol=1e-5)


def test_the_nearest_sentence_to_a_point_is_its_own(engine: Engine) -> None:
    (encoded,) = answers(engine, Encode(model="vae", texts=(A, B, C), collection="mine"), Encoded)
    request = FindNeighbours(model="vae", point=tuple(encoded.means[1].tolist()), collection="mine", count=2)
    (found,) = answers(engine, request, NeighboursFound)
    assert found.texts[0] == B
    assert found.distances[0] < 1e-5
    (bundled,) = answers(engine, FindNeighbours(model="vae", point=(0.0, 0.0, 0.0)), NeighboursFound)
    assert len(bundled.texts) == 8
    unknown = FindNeighbours(model="vae", point=(0.0, 0.0, 0.0), collection="theirs")
    assert "'theirs'" in refused(engine, unknown)


@pytest.mark.parametrize("model", ["vae", "ae"])
def test_planes_hold_what_they_say(engine: Engine, model: str) -> None:
    (report,) = answers(engine, InspectLatent(model=model), LatentReport)
    for request in (
        MakePlane(model=model),
        MakePlane(model=model, kind="through", texts=(A, B, C)),
        MakePlane(model=model, kind="dimensions", dimensions=(2, 0)),
    ):
        (ready,) = answers(engine, request, PlaneReady)
        np.testing.assert_allclose(ready.cloud, ready.plane.project(report.means), atol=1e-4)
        assert ready.aggregate.sum() == pytest.approx(1.0)
        row, column = np.unravel_index(ready.log_prior.argmax(), ready.log_prior.shape)
        left, right, bottom, _ = ready.window
        cell = (right - left) / ready.log_prior.shape[1]
        assert left + (column + 0.5) * cell == pytest.approx(ready.prior_center[0], abs=cell)
        assert bottom + (row + 0.5) * cell == pytest.approx(ready.prior_center[1], abs=cell)
        assert len(ready.anchors) == (3 if request.kind == "through" else 0)
    assert "three sentences, not 2" in refused(engine, MakePlane(model=model, kind="through", texts=(A, B)))


def test_a_grid_is_decoded_from_the_middle_and_agrees_with_single_points(engine: Engine) -> None:
    (ready,) = answers(engine, MakePlane(model="vae"), PlaneReady)
    request = MakeGrid(model="vae", plane=ready.plane, window=(-2.0, 2.0, -2.0, 2.0), rows=3, columns=4, third=0.5)
    found = events(engine, request)
    rows = [e for e in found if isinstance(e, GridRows)]
    (grid,) = [e for e in found if isinstance(e, GridReady)]
    assert [r.rows for r in rows] == [(1,), (0,), (2,)]
    assert grid.texts[1] == rows[0].texts[0]
    assert grid.change.shape == grid.confidence.shape == (3, 4)
    assert grid.distinct == len({t for row in grid.texts for t in row})
    corner = ready.plane.lift(np.array([[-1.5, -2 + 2 / 3, 0.5]]))[0]
    (one,) = answers(engine, Decode(model="vae", points=(tuple(corner.tolist()),)), Decoded)
    assert one.sentences[0].text == grid.texts[0][0]
    assert "5 dimensions, the model has 3" in refused(
        engine,
        MakeGrid(model="vae", plane=type(ready.plane)(np.zeros(5), np.eye(5)[:3]), window=(0, 1, 0, 1)),
    )


def test_the_report_sorts_dimensions_and_judges_the_space(engine: Engine) -> None:
    (report,) = answers(engine, InspectLatent(model="vae"), LatentReport)
    assert report.variational
    assert (np.diff(report.kl[report.order]) <= 0).all()
    assert report.metrics["kl"].value == pytest.approx(float(report.kl.sum()), rel=1e-5)
    assert report.text_means.shape == (len(report.texts), 3)
    (plain,) = answers(engine, InspectLatent(model="ae"), LatentReport)
    assert not plain.variational
    assert not plain.kl.any()
    assert plain.verdict == ""
    assert (np.diff(plain.variance[plain.order]) <= 0).all()
