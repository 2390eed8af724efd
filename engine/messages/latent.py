"""Latent spaces: encode sentences, decode points, walk between them, and draw the map.

A point is D numbers, one a latent dimension. A plane is a point and three orthonormal directions: two to draw, one for
the wheel. All arrays are float32 or float64; N points, D dimensions, R x C cells of a map.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import numpy as np

from engine.messages.core import Event, FloatArray, IntArray, Metric, Request
from engine.messages.search import SearchOptions
from engine.messages.settings import SEED, setting

FARTHEST = 1e6  # of a coordinate: no decoder has seen anything near it, and squares of it are still numbers
Coordinate = Annotated[float, msgspec.Meta(ge=-FARTHEST, le=FARTHEST)]
Point = tuple[float, ...]
Place = tuple[Coordinate, ...]  # a point that may be asked for
Window = tuple[Coordinate, Coordinate, Coordinate, Coordinate]  # left, right, bottom, top
Model = Annotated[str, setting("Model", effect="Name or path of a model with a latent space", path=True)]
Points = Annotated[
    tuple[Place, ...], setting("Points", effect="As a JSON list of numbers, or a list of such lists", option="z")
]
Dimension = Annotated[int, msgspec.Meta(ge=0, le=100_000)]
Path = Literal["linear", "spherical"]
GREEDY = SearchOptions(strategy="greedy", n_best=1)
"""What a drag is decoded with, and the default everywhere."""


class Plane(msgspec.Struct, frozen=True):
    """A plane through the latent space, with a third direction to leave it by."""

    origin: FloatArray  # [D]
    axes: FloatArray  # [3, D], orthonormal: right, up, wheel
    names: tuple[str, str, str] = ("", "", "")  # of the axes, for labels

    def project(self, points: FloatArray) -> FloatArray:
        """Coordinates of points [N, D] on the three axes, [N, 3]; what lies outside them is dropped."""
        coordinates: FloatArray = (np.asarray(points) - self.origin) @ np.asarray(self.axes).T
        return coordinates

    def lift(self, coordinates: FloatArray) -> FloatArray:
        """Points [N, D] of plane coordinates [N, 2] or [N, 3]."""
        given = np.atleast_2d(coordinates)
        points: FloatArray = np.asarray(self.origin) + given @ np.asarray(self.axes)[: given.shape[1]]
        return points


class DecodedSentence(msgspec.Struct, frozen=True):
    """A sentence read from a point."""

    text: str
    words: tuple[str, ...]  # display forms of its tokens, end mark left out
    probabilities: FloatArray  # [words + 1], p(token | what stands before it, z); the last one is the end mark's
    log_prob: float  # log p(sentence | z), nats, end mark included
    finished: bool = True  # False: cut at the maximum length


# --- sentences to points and back ----------------------------------------------------------------------------------


class Encode(Request, frozen=True):
    """Encode sentences; answers `Progress` and `Encoded` in chunks of at most 256.

    A named collection is kept by the engine as long as the model is loaded (an equal name replaces it), for
    `FindNeighbours`; without a name nothing is kept.
    """

    model: Model
    texts: Annotated[tuple[str, ...], setting("Sentences", effect="What to encode", option="text")]
    collection: Annotated[str, setting("Collection", effect="Name to keep them under", rare=True)] = ""


class Encoded(Event, frozen=True):
    """Posterior q(z|x) of a chunk of sentences."""

    start: int  # place of the chunk's first sentence among those asked for
    total: int
    texts: tuple[str, ...]
    means: FloatArray  # [N, D]
    log_vars: FloatArray  # [N, D]; of an autoencoder, which has no variance, the logarithm of the smallest float32
    unknown: IntArray  # [N] words the vocabulary does not hold


class Decode(Request, frozen=True):
    """Decode points; answers one `Decoded`. Made for a latest-wins slot: one point in a few milliseconds.

    A preview is greedy whatever the options say.
    """

    model: Model
    points: Points
    options: SearchOptions = GREEDY
    preview: Annotated[bool, setting("Preview", effect="Decode greedily, whatever the options say", rare=True)] = False

    def conflicts(self) -> dict[str, str]:
        """No point at all."""
        return {} if self.points else {"points": "Points: give at least one, as a JSON list of numbers."}


class Decoded(Event, frozen=True):
    """The sentence at each point."""

    points: FloatArray  # [N, D], those asked for
    sentences: tuple[DecodedSentence, ...]
    seconds: float  # spent decoding
    preview: bool
    others: tuple[tuple[str, float], ...] = ()  # of a single point: the other hypotheses and their scores


class SamplePrior(Request, frozen=True):
    """Draw points from the prior and decode them; answers a `PriorSample` for each chunk of at most 16."""

    model: Model
    count: Annotated[int, setting("Samples", ge=1, le=100_000, effect="How many points are drawn", option="n")] = 1
    scale: Annotated[
        float,
        setting(
            "Scale",
            ge=0.01,
            le=100,
            unit="standard deviations",
            effect="1 is the prior itself; turning it up gives stranger sentences, turning it down more typical ones",
            rare=True,
            step=0.1,
        ),
    ] = 1.0
    options: SearchOptions = GREEDY
    seed: Annotated[int, setting("Seed", ge=0, le=SEED, effect="The same seed draws the same points")] = 0


class PriorSample(Event, frozen=True):
    """Points of the prior and their sentences."""

    start: int
    points: FloatArray  # [N, D]
    sentences: tuple[DecodedSentence, ...]


# --- walks ---------------------------------------------------------------------------------------------------------


class Interpolate(Request, frozen=True):
    """Walk through two or more anchors, given as sentences or as points; answers one `PathStep` a step."""

    model: Model
    texts: Annotated[
        tuple[str, ...],
        setting("Anchors", effect="Sentences to walk through; used when there are no points", option="text"),
    ] = ()
    points: Points = ()
    steps: Annotated[
        int, setting("Steps", ge=2, le=10_000, effect="Stops of each leg, both ends counted; more make it smoother")
    ] = 16
    path: Annotated[
        Path,
        setting("Path", effect="A straight line, or an arc that keeps to where the prior holds most of its mass"),
    ] = "linear"
    options: SearchOptions = GREEDY


class Analogy(Request, frozen=True):
    """a is to b as c is to what? Decodes c + strength (b - a); answers one `PathStep` a strength."""

    model: Model
    a: Annotated[str, setting("A", effect="The sentence that B changes")]
    b: Annotated[str, setting("B", effect="The sentence that A becomes")]
    c: Annotated[str, setting("C", effect="The sentence to change in the same way")]
    strengths: Annotated[
        tuple[Annotated[float, msgspec.Meta(ge=-100, le=100)], ...],
        setting("Strengths", effect="How far to go: 0 is C, 1 the whole way from A to B", rare=True),
    ] = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5)
    options: SearchOptions = GREEDY


class PathStep(Event, frozen=True):
    """One point of a walk."""

    index: int
    total: int
    t: float  # share of the whole walk in 0..1, or the strength of an analogy
    leg: int  # which pair of anchors it lies between, from 0
    point: FloatArray  # [D]
    sentence: DecodedSentence
    repeated: bool  # the same words as the step before
    changed: tuple[bool, ...]  # for each word: not in the step before (all false in the first)


class FindAttribute(Request, frozen=True):
    """The direction from one list of sentences to another; answers `AttributeReady`."""

    model: Model
    name: Annotated[str, setting("Attribute", effect="What the direction is called")]
    negative: Annotated[tuple[str, ...], setting("Without", effect="Sentences that lack it", min_length=1)]
    positive: Annotated[tuple[str, ...], setting("With", effect="Sentences that have it", min_length=1)]


class AttributeReady(Event, frozen=True):
    """A direction to add to a point, times a strength: 1 is the way from one list's mean to the other's."""

    name: str
    direction: FloatArray  # [D], mean of the positive minus mean of the negative
    length: float  # of the direction, in units of the latent space
    separation: float  # distance of the two means over the pooled standard deviation along the direction (Cohen's d)
    accuracy: float  # share of sentences nearer to their own list's mean than to the other's, each left out of its own
    # and its twin (the sentence of the same place, where the lists are equally long) out of the other


class FindNeighbours(Request, frozen=True):
    """The encoded sentences nearest to a point; answers `NeighboursFound`."""

    model: Model
    point: Annotated[Place, setting("Point", effect="Where to look", option="z")]
    collection: Annotated[
        str,
        setting("Collection", effect="As named when it was encoded; empty: the model's example sentences", rare=True),
    ] = ""
    count: Annotated[int, setting("Neighbours", ge=1, le=100_000, effect="How many are returned", option="n")] = 8


class NeighboursFound(Event, frozen=True):
    """Nearest first."""

    indices: IntArray  # [N], places in the collection
    distances: FloatArray  # [N], Euclidean
    texts: tuple[str, ...]


# --- maps ----------------------------------------------------------------------------------------------------------


class MakePlane(Request, frozen=True):
    """Choose a plane; answers `PlaneReady`.

    principal: the first principal axes of the posterior means. through: the plane of three points, or of three
    sentences (the wheel is the principal axis that is least in it). dimensions: two latent dimensions by number.
    """

    model: Model
    kind: Annotated[
        Literal["principal", "through", "dimensions"], setting("Plane", effect="Which plane through the space")
    ] = "principal"
    texts: tuple[str, ...] = ()  # through: three sentences
    points: Points = ()  # through: three points, used instead of sentences when given
    dimensions: Annotated[
        tuple[Dimension, Dimension],
        setting("Dimensions", effect="Two latent dimensions by number; their order by KL is in the report"),
    ] = (0, 1)


class PlaneReady(Event, frozen=True):
    """A plane, what lies in it, and the densities over a square window of it."""

    plane: Plane
    explained: tuple[float, float, float]  # share of the posterior means' variance along each axis
    anchors: FloatArray  # [N, 3] plane coordinates of the three points, none for the other kinds
    cloud: FloatArray  # [N, 3] plane coordinates of the model's posterior means (those of `LatentReport.means`)
    window: tuple[float, float, float, float]  # left, right, bottom, top: holds 3 sigma, cloud and anchors
    prior_center: tuple[float, float]  # where the plane is nearest to the prior's mean
    prior_sigma: float  # radius of one standard deviation around it: contours are circles of 1, 2, 3 times this
    prior_distance: float  # from the plane to the prior's mean, standard deviations
    log_prior: FloatArray  # [R, C] log prior density of the plane's points, nats; row 0 is the bottom
    aggregate: FloatArray  # [R, C] density of the aggregate posterior projected on the plane, sums to 1


class MakeGrid(Request, frozen=True):
    """Decode a coarse grid over a window of a plane; answers `GridRows` from the middle outwards, then `GridReady`."""

    model: Model
    plane: Plane
    window: Annotated[Window, setting("Window", effect="Left, right, bottom and top on the plane")]
    columns: Annotated[int, setting("Columns", ge=2, le=200, unit="cells", effect="More show finer borders")] = 24
    rows: Annotated[int, setting("Rows", ge=2, le=200, unit="cells", effect="More show finer borders")] = 24
    third: Annotated[
        float, setting("Third axis", ge=-FARTHEST, le=FARTHEST, effect="Coordinate on the axis of the wheel", step=0.1)
    ] = 0.0


class GridRows(Event, frozen=True):
    """Some cells are decoded."""

    rows: tuple[int, ...]  # which, 0 is the bottom
    texts: tuple[tuple[str, ...], ...]  # of each of these rows, left to right
    confidence: FloatArray  # [rows, C] mean token probability


class GridReady(Event, frozen=True):
    """The whole map."""

    texts: tuple[tuple[str, ...], ...]  # [R][C]
    change: FloatArray  # [R, C] where the sentence changes: mean share of words edited to the adjoining cells, 0..1
    confidence: FloatArray  # [R, C]
    distinct: int  # different sentences
    seconds: float


# --- the model's own figures -----------------------------------------------------------------------------------------


class InspectLatent(Request, frozen=True):
    """What the latent space of a model looks like; answers `LatentReport`. Needs no training text."""

    model: Model


class LatentReport(Event, frozen=True):
    """Figures of a latent space, recorded on held-out sentences, and sentences to show in it."""

    model: str
    latent_size: int  # D
    variational: bool  # False: an autoencoder, without a prior to draw from
    kl: FloatArray  # [D] mean KL(q(z_d|x) || p(z_d)), nats; zeros for an autoencoder
    order: IntArray  # [D] dimensions by falling KL (by variance of the means for an autoencoder)
    variance: FloatArray  # [D] variance of the posterior means over sentences
    active: tuple[bool, ...]  # [D] variance at least `threshold`
    threshold: float
    metrics: dict[str, Metric]  # kl, mutual_information, active_units and what else the card holds
    verdict: str  # a sentence when the space has collapsed, and why; else empty
    means: FloatArray  # [N, D] posterior means of held-out sentences, for density and planes
    texts: tuple[str, ...]  # example sentences
    text_means: FloatArray  # [texts, D]
    text_log_vars: FloatArray  # [texts, D]
    source: str  # where means and example sentences come from, for a caption
