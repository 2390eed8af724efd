"""Requests about mixtures and what answers them, and the command."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from engine.__main__ import app, main
from engine.checkpoint import Document, save
from engine.library import Library
from engine.messages import (
    ClusterFigures,
    ClusterMap,
    ClusterPoints,
    Encode,
    EncodeClusters,
    Encoded,
    Event,
    Failed,
    InspectMixture,
    MapClusters,
    Metric,
    MixtureReport,
    ModelCard,
    PriorSample,
    Progress,
    ReadTraces,
    Request,
    SamplePrior,
    TrainingTrace,
    decode_event,
    decode_request,
    encode,
)
from engine.metrics.clusters import mutual_information, variance_of_means
from engine.models.mixture_vae import MixtureVae, MixtureVaeConfig
from engine.models.parts.adaptive_softmax import AdaptiveSoftmaxConfig
from engine.text import Tokenizer
from engine.worker import Engine
from tests.engine.conftest import SENTENCES, tiny_lm

E = TypeVar("E", bound=Event)
A, B, C = "the dog runs in the park .", "a cat sleeps on the bed .", "Tom likes the small cat ."
NAMES = np.frombuffer(b"pets\npeople", dtype=np.uint8).copy()
S, N, M, K, WIDTH = 4, 5, 2, 3, 4


def tiny_mixture(tokenizer: Tokenizer, *, seed: int = 0, **sizes: Any) -> MixtureVae:
    """A small model with weights large enough for codes to differ."""
    torch.manual_seed(seed)
    settings = {"mixtures": M, "components": K, "dimension": WIDTH, "gaussian": 1, "embedding": 6, "encoder": 5}
    settings |= {"decoder": 8, "output": AdaptiveSoftmaxConfig(8, 2)} | sizes
    model = MixtureVae(MixtureVaeConfig(vocabulary=tokenizer.size, **settings), tokenizer)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not name.startswith("prior"):
                parameter.mul_(3.0)
    return model.eval().requires_grad_(False)


def held_out(model: MixtureVae, count: int, *, seed: int = 0, sharp: float = 0.3) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    q = random.dirichlet(np.full(K, sharp), size=(count, M))
    return {
        "means": random.standard_normal((count, model.latent_size)).astype(np.float16),
        "log_vars": np.full((count, model.latent_size), -1, dtype=np.float16),
        "responsibilities": q.astype(np.float16),
        "labels": (np.arange(count) % 2).astype(np.int16),
        "label_names": NAMES,
    }


def frames(tokenizer: Tokenizer, *, seed: int = 0, start: int = 0) -> dict[str, Any]:
    """A made-up training whose components begin where `start` says and then go their own way."""
    random = np.random.default_rng(seed)
    means = random.standard_normal((S, M, K, WIDTH))
    means[0] = np.random.default_rng(100 + start).standard_normal((M, K, WIDTH))
    tokens = [tokenizer.encode(s) for s in SENTENCES]
    longest = max(map(len, tokens))
    return {
        "steps": np.array([0, 100, 200, 300], dtype=np.int32),
        "trace_means": means.astype(np.float16),
        "trace_log_vars": random.standard_normal((S, M, K, WIDTH)).astype(np.float16),
        "trace_points": random.standard_normal((S, N, M, WIDTH)).astype(np.float16),
        "trace_responsibilities": random.dirichlet(np.ones(K), size=(S, N, M)).astype(np.float32),
        "sample_tokens": np.array([t + [0] * (longest - len(t)) for t in tokens], dtype=np.int32),
        "sample_labels": np.array([0, 0, 1, 1, 0], dtype=np.int16),
        "label_names": NAMES,
        "term.dispersion": np.arange(S, dtype=np.float32),
        "term.reconstruction": np.arange(S, dtype=np.float32)[::-1].copy(),
    }


@pytest.fixture
def folder(tmp_path: Path, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Models with everything recorded, with a little, and with nothing."""
    path = tmp_path / "models"
    whole = tiny_mixture(tokenizer)
    without_labels = frames(tokenizer, seed=2)
    del without_labels["sample_labels"]
    broken = frames(tokenizer)
    broken["trace_points"] = broken["trace_points"][:, :, :1]
    made: dict[str, tuple[Any, dict[str, Any]]] = {
        "whole": (whole, held_out(whole, 120) | frames(tokenizer)),
        "kin": (tiny_mixture(tokenizer, seed=1), without_labels),
        "stranger": (tiny_mixture(tokenizer, seed=2), frames(tokenizer, seed=3, start=1)),
        "broken": (tiny_mixture(tokenizer), broken),
        "bare": (tiny_mixture(tokenizer), {}),
        "collapsed": (whole, held_out(whole, 120, sharp=1e4)),
        "flat": (tiny_mixture(tokenizer, dimension=2, gaussian=0), {}),
        "codes": (tiny_mixture(tokenizer, dimension=0, gaussian=0), {}),
        "lm": (tiny_lm(tokenizer), {}),
    }
    for name, (model, trace) in made.items():
        document = Document(
            name=name,
            config=msgspec.to_builtins(model.config),
            tokenizer="word",
            card=ModelCard(metrics={"purity": Metric(0.25, "", "of the whole test split", 9)}),
            trained={"steps": 320},
        )
        save(path / f"{name}.safetensors", model, document, half=False, trace=trace)
    monkeypatch.setenv("TEXTSCAPE_MODELS", str(path))
    return path


@pytest.fixture
def engine(folder: Path) -> Engine:
    return Engine("cpu", inline=True, library=Library(torch.device("cpu"), [folder]))


def events(engine: Engine, request: Request) -> list[Event]:
    job = engine.submit(decode_request(encode(request)))
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


# --- the report ----------------------------------------------------------------------------------------------------


def test_the_report_shows_what_was_recorded(engine: Engine, tokenizer: Tokenizer) -> None:
    (report,) = answers(engine, InspectMixture(model="whole"), MixtureReport)
    model = tiny_mixture(tokenizer)
    recorded = held_out(model, 120)
    assert (report.latent_size, report.mixtures, report.components) == (9, M, K)
    assert (report.dimension, report.offset, report.discrete, report.frames) == (WIDTH, 1, False, S)
    np.testing.assert_allclose(report.means, model.prior_mean)
    np.testing.assert_allclose(report.usage, recorded["responsibilities"].astype(float).mean(0), atol=1e-3)
    assert report.metrics["variance_of_means"].value == pytest.approx(variance_of_means(report.means))
    assert report.metrics["mutual_information"].value == pytest.approx(
        mutual_information(recorded["responsibilities"].astype(float)), abs=1e-2
    )
    assert report.metrics["purity"].value == 0.25  # the card's own figure stays
    assert report.metrics["homogeneity"].count == 120
    assert report.verdict == ""
    assert len(report.charts) == M
    block = recorded["means"].astype(np.float32)[:, 1 + WIDTH :]
    np.testing.assert_allclose(
        report.charts[1].origin, np.concatenate([block, report.means[1]]).mean(0), atol=1e-5
    )  # block 1 begins behind the Gaussian part and block 0


def test_recorded_sentences_are_answered_without_texts_and_with_their_figures(
    engine: Engine, tokenizer: Tokenizer
) -> None:
    recorded = held_out(tiny_mixture(tokenizer), 120)
    (points,) = answers(engine, InspectMixture(model="whole"), ClusterPoints)
    assert (points.start, points.total) == (0, 120)
    assert points.texts == ("",) * 120
    assert points.labels == ("pets", "people") * 60
    np.testing.assert_array_equal(points.means, recorded["means"].astype(np.float32))
    np.testing.assert_array_equal(points.codes, points.responsibilities.argmax(-1))
    (figures,) = answers(engine, InspectMixture(model="whole"), ClusterFigures)
    assert figures.count == 120
    assert figures.label_names == ("people", "pets")
    for m in range(M):
        for k in range(K):
            row = [
                sum(points.codes[i, m] == k and points.labels[i] == name for i in range(120))
                for name in figures.label_names
            ]
            assert figures.by_variable[m, k].tolist() == row
    assert {"homogeneity", "mutual_information", "variance_of_means", "occupied_codes"} <= set(figures.metrics)
    assert not answers(engine, InspectMixture(model="bare"), ClusterFigures)
    assert not answers(engine, InspectMixture(model="bare"), ClusterPoints)


def test_a_collapsed_model_is_called_so(engine: Engine) -> None:
    (report,) = answers(engine, InspectMixture(model="collapsed"), MixtureReport)
    assert "The code has collapsed" in report.verdict
    assert "120 sentences" in report.verdict


@pytest.mark.parametrize(
    ("name", "width", "discrete"), [("bare", WIDTH, False), ("flat", 2, False), ("codes", K, True)]
)
def test_a_model_that_recorded_nothing_is_shown_by_its_prior(
    engine: Engine, name: str, width: int, discrete: bool
) -> None:
    (report,) = answers(engine, InspectMixture(model=name), MixtureReport)
    assert report.dimension == width
    assert report.discrete == discrete
    assert report.frames == 0
    assert report.verdict == ""
    assert set(report.metrics) == {"purity"}
    np.testing.assert_allclose(report.usage, np.full((M, K), 1 / K), atol=1e-6)
    for chart in report.charts:
        np.testing.assert_allclose(chart.axes @ chart.axes.T, np.eye(2), atol=1e-9)


@pytest.mark.parametrize(
    "request_",
    [
        InspectMixture(model="lm"),
        EncodeClusters(model="lm", texts=(A,)),
        MapClusters(model="lm", mixture=0, points=np.zeros((1, 2))),
        ReadTraces(models=("lm",)),
    ],
    ids=lambda r: type(r).__name__,
)
def test_a_model_without_a_mixture_is_refused(engine: Engine, request_: Request) -> None:
    assert "lm has no mixture" in refused(engine, request_)


# --- sentences -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["whole", "codes"])
def test_sentences_are_encoded_in_order_and_counted(engine: Engine, name: str) -> None:
    texts, labels = (A, B, C, "zyzzyva .") * 70, ("x", "y", "y", "x") * 70
    request = EncodeClusters(model=name, texts=texts, labels=labels)
    chunks = answers(engine, request, ClusterPoints)
    assert [c.start for c in chunks] == [0, 256]
    assert tuple(t for c in chunks for t in c.texts) == texts
    assert tuple(t for c in chunks for t in c.labels) == labels
    q = np.concatenate([c.responsibilities for c in chunks])
    codes = np.concatenate([c.codes for c in chunks])
    np.testing.assert_allclose(q.sum(-1), 1, atol=1e-5)
    np.testing.assert_array_equal(codes, q.argmax(-1))
    (encoded,) = answers(engine, Encode(model=name, texts=(C,)), Encoded)
    np.testing.assert_allclose(
        chunks[1].means[2::4], np.broadcast_to(encoded.means, (6, encoded.means.shape[1])), atol=1e-5
    )
    assert chunks[0].unknown[3] == 1
    (figures,) = answers(engine, request, ClusterFigures)
    assert figures.count == figures.sizes.sum() == figures.table.sum() == 280
    assert figures.label_names == ("x", "y")
    for code, size, row in zip(figures.codes, figures.sizes, figures.table, strict=True):
        inside = (codes == code).all(1)
        assert inside.sum() == size
        assert row.tolist() == [sum(np.array(labels)[inside] == n) for n in ("x", "y")]
    np.testing.assert_array_equal(figures.by_variable.sum(1), [[140, 140]] * M)
    assert figures.metrics["mutual_information"].value == pytest.approx(mutual_information(q), abs=1e-6)


def test_an_encoding_reports_its_progress_and_needs_no_labels(engine: Engine) -> None:
    found = events(engine, EncodeClusters(model="whole", texts=(A, B) * 60))
    assert [e.done for e in found if isinstance(e, Progress) and e.unit == "sentences"] == [64, 120]
    (figures,) = [e for e in found if isinstance(e, ClusterFigures)]
    assert figures.label_names == ()
    assert "homogeneity" not in figures.metrics
    assert {"mutual_information", "variance_of_means", "occupied_codes"} <= set(figures.metrics)


def test_sentences_that_are_all_alike_look_collapsed_only_when_there_are_enough(engine: Engine) -> None:
    (many,) = answers(engine, EncodeClusters(model="whole", texts=(A,) * 60), ClusterFigures)
    (few,) = answers(engine, EncodeClusters(model="whole", texts=(A,) * 5), ClusterFigures)
    assert "60 sentences" in many.verdict
    assert few.verdict == ""


def test_labels_must_match_and_sentences_must_be_there(engine: Engine) -> None:
    assert "1 labels do not match 2" in refused(engine, EncodeClusters(model="whole", texts=(A, B), labels=("x",)))
    assert "no sentences" in refused(engine, EncodeClusters(model="whole", texts=()))


# --- maps ----------------------------------------------------------------------------------------------------------


def test_a_plane_holds_points_means_and_covariances_of_one_variable(engine: Engine) -> None:
    points = np.random.default_rng(0).standard_normal((40, 9))
    (report,) = answers(engine, InspectMixture(model="whole"), MixtureReport)
    (found,) = answers(engine, MapClusters(model="whole", mixture=1, points=points), ClusterMap)
    assert found.chart is not None
    block = points[:, 1 + WIDTH :]
    np.testing.assert_allclose(found.positions, found.chart.project(block), atol=1e-5)
    np.testing.assert_allclose(found.means, found.chart.project(report.means[1]), atol=1e-5)
    np.testing.assert_allclose(found.covariances, found.chart.spread(report.log_vars[1]), atol=1e-5)
    assert "of the variance" in found.note
    (flat,) = answers(engine, MapClusters(model="flat", mixture=0, points=np.ones((3, 4))), ClusterMap)
    np.testing.assert_array_equal(flat.positions, np.ones((3, 2)))
    assert flat.note == ""
    (empty,) = answers(engine, MapClusters(model="whole", mixture=0, points=np.zeros((0, 9))), ClusterMap)
    assert empty.positions.shape == (0, 2)
    assert empty.means.shape == (K, 2)


def test_tsne_comes_in_stages_and_lays_means_among_points(engine: Engine) -> None:
    points = np.random.default_rng(0).standard_normal((30, 9))
    request = MapClusters(model="whole", mixture=0, points=points, method="tsne", perplexity=5)
    stages = answers(engine, request, ClusterMap)
    assert stages[0].iteration == 0
    assert stages[-1].iteration == stages[-1].iterations
    assert len(stages) > 20
    assert all(s.positions.shape == (30, 2) and s.means.shape == (K, 2) and s.chart is None for s in stages)
    assert all(s.covariances.shape == (0, 2, 2) for s in stages)
    again = answers(engine, request, ClusterMap)
    np.testing.assert_array_equal(stages[-1].positions, again[-1].positions)


@pytest.mark.parametrize(
    ("points", "mixture", "sentence"),
    [
        (np.zeros((2, 4)), 0, "9 numbers, not 4"),
        (np.zeros((2, 9)), 5, "no mixture variable 5"),
        (np.full((2, 9), np.inf), 0, "not finite"),
    ],
)
def test_impossible_maps_are_refused(engine: Engine, points: np.ndarray, mixture: int, sentence: str) -> None:
    engine.submit(MapClusters(model="whole", mixture=mixture, points=points))
    assert any(isinstance(m.event, Failed) and sentence in m.event.sentence for m in engine.poll())


def test_prior_samples_come_from_the_mixture_and_repeat(engine: Engine) -> None:
    many = answers(engine, SamplePrior(model="codes", count=20, seed=4), PriorSample)
    few = answers(engine, SamplePrior(model="codes", count=3, seed=4), PriorSample)
    np.testing.assert_array_equal(many[0].points[:3], few[0].points)
    points = np.concatenate([p.points for p in many]).reshape(20, M, K)
    np.testing.assert_allclose(points.sum(2), 1, atol=1e-6)  # corners, one of each variable
    assert len({tuple(p) for p in points.argmax(2).tolist()}) > 1


# --- recorded trainings --------------------------------------------------------------------------------------------


def test_a_trace_is_read_back(engine: Engine, tokenizer: Tokenizer) -> None:
    (found,) = answers(engine, ReadTraces(models=("whole",)), TrainingTrace)
    made = frames(tokenizer)
    np.testing.assert_array_equal(found.steps, [0, 100, 200, 300])
    assert found.total == 320
    np.testing.assert_array_equal(found.means, made["trace_means"].astype(np.float32))
    np.testing.assert_allclose(found.weights, found.responsibilities.mean(1))
    assert found.texts == tuple(tokenizer.decode(tokenizer.encode(s)) for s in SENTENCES)
    assert found.labels == ("pets", "pets", "people", "people", "pets")
    assert set(found.terms) == {"dispersion", "reconstruction"}
    np.testing.assert_array_equal(found.terms["dispersion"], [0, 1, 2, 3])
    assert found.information[2] == pytest.approx(mutual_information(made["trace_responsibilities"][2]), abs=1e-5)
    assert found.variance[0] == pytest.approx(variance_of_means(made["trace_means"][0].astype(float)))
    assert len(found.charts) == M


def test_trainings_from_one_start_share_their_axes_and_another_is_laid_on_them(engine: Engine) -> None:
    whole, kin, stranger = answers(engine, ReadTraces(models=("whole", "kin", "stranger")), TrainingTrace)
    assert kin.labels == ()
    for m in range(M):
        np.testing.assert_array_equal(whole.charts[m].axes, kin.charts[m].axes)
        np.testing.assert_array_equal(whole.charts[m].origin, kin.charts[m].origin)
        chart = stranger.charts[m]
        assert np.abs(chart.axes - whole.charts[m].axes).max() > 0.1
        there = whole.charts[m].project(whole.points[-1, :, m])
        here = chart.project(stranger.points[-1, :, m])
        np.testing.assert_allclose(here.mean(0), there.mean(0), atol=1e-5)
        laid = ((here - there) ** 2).sum()
        for angle in np.linspace(0, 6.28, 50):  # no other turn of the same plane comes nearer
            turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
            centred, target = here - here.mean(0), there - there.mean(0)
            assert laid <= ((centred @ turn - target) ** 2).sum() + 1e-4
            assert laid <= ((centred @ turn @ np.diag([1, -1]) - target) ** 2).sum() + 1e-4


def test_a_model_without_a_trace_says_how_to_get_one(engine: Engine) -> None:
    assert "train --trace" in refused(engine, ReadTraces(models=("whole", "bare")))
    assert "trace_points has shape (4, 5, 1, 4)" in refused(engine, ReadTraces(models=("broken",)))


# --- the command ---------------------------------------------------------------------------------------------------


def lines(*arguments: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(app, ["clusters", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_the_command_prints_a_line_a_sentence(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text(f"{A}\n\n{B}\n")
    found = lines("--model", "whole", "--input", str(tmp_path / "text.txt"))
    assert [f["text"] for f in found] == [A, B]
    assert list(found[0]) == ["text", "code", "responsibilities", "z", "label"]
    assert found[0]["label"] is None
    assert found[0]["code"] == np.argmax(found[0]["responsibilities"], axis=-1).tolist()
    assert len(found[0]["z"]) == 9


def test_the_command_ends_with_figures_when_there_are_labels(folder: Path, tmp_path: Path) -> None:
    with gzip.open(tmp_path / "text.tsv.gz", "wt") as file:
        file.write(f"x\t1\t{A}\ny\t2\t{B}\ny\t1\t{C}\n")
    path = str(tmp_path / "text.tsv.gz")
    *rows, last = lines("--model", "whole", "--input", path, "--labels")
    assert [r["label"] for r in rows] == ["x", "y", "y"]
    assert last["count"] == 3
    assert last["occupied_codes"] == len({tuple(r["code"]) for r in rows})
    assert {"homogeneity", "nmi", "purity", "mutual_information"} <= set(last)
    assert {"homogeneity", "nmi", "purity"} <= set(last["chance"])
    assert last["mutual_information"] == pytest.approx(
        mutual_information(np.array([r["responsibilities"] for r in rows])), abs=1e-5
    )
    assert last["variance_of_means"] > 0
    *rows, _ = lines("--model", "whole", "--input", path, "--label-column", "1")
    assert [r["label"] for r in rows] == ["1", "2", "1"]


def test_the_command_finds_sentences_and_labels_wherever_they_stand(folder: Path, tmp_path: Path) -> None:
    found = []
    for name, text in (
        ("a.tsv", f"x\t{A}\ny\t{B}\ny\t{C}\n"),
        ("b.tsv", f"{A}\tx\n{B}\ty\n{C}\ty\n"),
        ("c.csv", f'sentence;kind\n"{A}";x\n"{B}";"y"\n{C};y\n'),
        ("d.tsv", f"id\tlabel\ttext\n1\tx\t{A}\n2\ty\t{B}\n3\ty\t{C}\n"),
    ):
        (tmp_path / name).write_text(text)
        found.append(lines("--model", "whole", "--input", str(tmp_path / name), "--labels"))
    assert found[1:] == found[:1] * 3
    assert [r.get("label") for r in found[0][:3]] == ["x", "y", "y"]


@pytest.mark.parametrize(
    ("text", "arguments", "sentence"),
    [
        ("\n", [], "holds no sentence"),
        (f"{A}\n", ["--labels"], "text.txt has no column that looks like labels; name it by --label-column"),
        (
            f"x\t{A}\n\t{B}\n",
            ["--labels"],
            "1 of 2 sentences of text.txt have no label in column 0 (the first is line 2)",
        ),
        (f"x\t{A}\n", ["--text-column", "4"], "text.txt has no column 4: its columns are 0 to 1"),
    ],
)
def test_the_command_says_what_is_wrong(
    folder: Path, tmp_path: Path, text: str, arguments: list[str], sentence: str
) -> None:
    (tmp_path / "text.txt").write_text(text)
    command = ["clusters", "--model", "whole", "--input", str(tmp_path / "text.txt"), *arguments]
    result = CliRunner().invoke(app, command)
    assert isinstance(result.exception, ValueError)
    assert sentence in str(result.exception)


def test_the_shell_sees_one_sentence_and_exit_code_two(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for model, path in (("whole", "none.txt"), ("lm", "text.txt")):
        (tmp_path / "text.txt").write_text(A)
        monkeypatch.setattr(sys, "argv", ["engine", "clusters", "--model", model, "--input", str(tmp_path / path)])
        with pytest.raises(SystemExit) as left:
            main()
        assert left.value.code == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith("textscape: ")
        assert said.err.count("\n") == 1
