"""Mixture latent spaces: components, responsibilities, clusters against labels, and how training brought them about.

A mixture model has M mixture variables of K components each. Variable m owns a block of d coordinates of a point;
block m begins at `offset + m d`. S frames of a trace, N sentences, L labels, D coordinates of a whole point.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import numpy as np

from engine.messages.core import Event, FloatArray, IntArray, Metric, Request
from engine.messages.settings import SEED, setting

Model = Annotated[str, setting("Model", effect="Name or path of a model whose prior is a mixture", path=True)]


class Chart(msgspec.Struct, frozen=True):
    """Two axes through one mixture variable's block: the block itself when it has two dimensions."""

    origin: FloatArray  # [d]
    axes: FloatArray  # [2, d], orthonormal
    names: tuple[str, str] = ("", "")
    explained: float = 1.0  # share of the variance of points and means that the two axes hold

    def project(self, blocks: FloatArray) -> FloatArray:
        """Positions [..., 2] of blocks [..., d]; what lies outside the axes is dropped."""
        positions: FloatArray = (np.asarray(blocks) - self.origin) @ np.asarray(self.axes).T
        return positions

    def lift(self, positions: FloatArray) -> FloatArray:
        """Blocks [..., d] of positions [..., 2]."""
        blocks: FloatArray = np.asarray(self.origin) + np.asarray(positions) @ np.asarray(self.axes)
        return blocks

    def spread(self, log_vars: FloatArray) -> FloatArray:
        """Covariances [..., 2, 2] on the axes of Gaussians with log-variances [..., d], for their ellipses."""
        axes = np.asarray(self.axes)
        covariances: FloatArray = np.einsum("id,...d,jd->...ij", axes, np.exp(np.asarray(log_vars)), axes)
        return covariances


class InspectMixture(Request, frozen=True):
    """What the mixture prior of a model looks like; answers `MixtureReport`. Needs no training text.

    Where responsibilities of held-out sentences were recorded, a `ClusterPoints` of them without their texts and a
    `ClusterFigures` follow.
    """

    model: Model


class MixtureReport(Event, frozen=True):
    """The components of a model, its figures on held-out sentences, and whether it has collapsed."""

    model: str
    latent_size: int  # D
    mixtures: int  # M
    components: int  # K
    dimension: int  # d
    offset: int  # of block 0
    discrete: bool  # no Gaussian inside a component: the code itself is what the decoder reads
    means: FloatArray  # [M, K, d]
    log_vars: FloatArray  # [M, K, d]
    weights: FloatArray  # [M, K] of the prior
    usage: FloatArray  # [M, K] mean responsibilities of held-out sentences
    metrics: dict[str, Metric]  # the card's
    verdict: str  # a sentence when the components have collapsed, with the figures that say so; else empty
    charts: tuple[Chart, ...]  # one for each mixture variable
    frames: int  # of the training trace; 0: none was recorded


class EncodeClusters(Request, frozen=True):
    """Encode sentences, labelled or not; answers `Progress`, `ClusterPoints` in chunks, then `ClusterFigures`."""

    model: Model
    texts: Annotated[tuple[str, ...], setting("Sentences", effect="What to encode", option="text")]
    labels: Annotated[tuple[str, ...], setting("Labels", effect="One for each sentence, or none", option="label")] = ()

    def conflicts(self) -> dict[str, str]:
        """Labels that do not fit the sentences."""
        if self.labels and len(self.labels) != len(self.texts):
            return {"labels": f"{len(self.labels)} labels do not match {len(self.texts)} sentences."}
        return {}


class ClusterPoints(Event, frozen=True):
    """Posteriors and responsibilities of a chunk of sentences."""

    start: int
    total: int
    texts: tuple[str, ...]  # empty ones where only the posteriors were recorded
    labels: tuple[str, ...]  # as many as texts, or none
    means: FloatArray  # [N, D]
    log_vars: FloatArray  # [N, D]
    responsibilities: FloatArray  # [N, M, K], q(c|x)
    codes: IntArray  # [N, M], the likeliest component of each variable
    unknown: IntArray  # [N] words the vocabulary does not hold


class ClusterFigures(Event, frozen=True):
    """What all the encoded sentences say together."""

    count: int
    codes: IntArray  # [C, M] the code tuples that occur, most sentences first
    sizes: IntArray  # [C] sentences with each
    label_names: tuple[str, ...]  # sorted
    table: IntArray  # [C, L] sentences of each code tuple with each label
    by_variable: IntArray  # [M, K, L] the same for each mixture variable alone
    metrics: dict[str, Metric]  # mutual_information, occupied_codes, variance_of_means; with labels also
    # homogeneity, nmi, purity, ami, nearest_accuracy
    verdict: str  # as in `MixtureReport`, of these sentences


class MapClusters(Request, frozen=True):
    """Lay points of one mixture variable out in two dimensions; answers one `ClusterMap`, or many for t-SNE.

    plane: the block itself when it has two dimensions, else the principal axes of points and means together.
    tsne: openTSNE over points and means together, in chunks of iterations; cancel it to keep the last layout.
    """

    model: Model
    mixture: Annotated[int, setting("Mixture variable", ge=0, le=10_000, effect="Which one to lay out, from 0")]
    points: FloatArray  # [N, D]
    method: Annotated[
        Literal["plane", "tsne"], setting("Layout", effect="How the points are laid out", labels={"tsne": "t-SNE"})
    ] = "plane"
    perplexity: Annotated[
        float,
        setting(
            "Perplexity",
            ge=2,
            le=500,
            unit="neighbours",
            effect="How many neighbours t-SNE keeps near; turning it up shows the large, down the small structure",
            rare=True,
            step=5,
        ),
    ] = 30.0
    seed: Annotated[int, setting("Seed", ge=0, le=SEED, effect="The same seed gives the same layout")] = 0


class ClusterMap(Event, frozen=True):
    """A layout, or a stage of one."""

    mixture: int
    method: str
    positions: FloatArray  # [N, 2]
    means: FloatArray  # [K, 2]
    covariances: FloatArray  # [K, 2, 2] of the components on the axes; [0, 2, 2] for t-SNE, where none is defined
    chart: Chart | None  # none for t-SNE: a position there is no point of the space
    iteration: int = 0
    iterations: int = 0
    note: str = ""


class ReadTraces(Request, frozen=True):
    """The recorded training of one or more models; answers one `TrainingTrace` each, on axes they share.

    Models that began with the same components share one chart a variable; others are turned to lie like the first.
    """

    models: Annotated[
        tuple[str, ...],
        setting("Models", effect="Whose recorded training is read", min_length=1, max_length=8, path=True),
    ]


class TrainingTrace(Event, frozen=True):
    """Components, a fixed sample of sentences, and loss terms at S steps of a training.

    Also what `Train` streams while it runs (S = 1, the newest frame) when it is asked to record.
    """

    model: str
    steps: IntArray  # [S]
    means: FloatArray  # [S, M, K, d]
    log_vars: FloatArray  # [S, M, K, d]
    weights: FloatArray  # [S, M, K] mean responsibilities of the sample
    points: FloatArray  # [S, N, M, d] posterior means of the sample
    responsibilities: FloatArray  # [S, N, M, K]
    texts: tuple[str, ...]  # [N]
    labels: tuple[str, ...]  # [N], or none
    terms: dict[str, FloatArray]  # loss terms by name, [S] nats a sentence, unweighted, on the sample
    information: FloatArray  # [S] mutual information of sample and codes, nats
    variance: FloatArray  # [S] variance of the component means, see the metric variance_of_means
    charts: tuple[Chart, ...]  # [M], one for all frames
    total: int = 0  # steps of the whole training
