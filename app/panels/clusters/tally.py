"""Clusters counted: which sentences and labels each holds; and the file their names are exported to."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np
import numpy.typing as npt

from app.panels.clusters.choices import Choices, code_key, code_text, component_key

Codes = npt.NDArray[np.integer]
EXAMPLES = 5
MANY = 16  # clusters: more are sorted by size


@dataclass(frozen=True)
class Cluster:
    """A component of one variable, or a tuple of components of all."""

    key: str  # in the names
    id: str  # as shown
    members: npt.NDArray[np.intp]  # places of its sentences, the surest first
    component: int | None  # of the variable on show; None for a whole code


@dataclass(frozen=True)
class Tally:
    """R clusters by L labels."""

    clusters: tuple[Cluster, ...]
    labels: tuple[str, ...] = ()
    counts: Codes = field(default_factory=lambda: np.empty((0, 0), dtype=np.int64))  # [R, L]

    @property
    def sizes(self) -> Codes:
        """Sentences of each cluster, [R]."""
        if len(self.labels):
            return np.asarray(self.counts.sum(1))
        return np.array([len(c.members) for c in self.clusters], dtype=np.int64)

    def of_cell(self, row: int, column: int, labels: Sequence[str]) -> npt.NDArray[np.intp]:
        """The sentences of a cluster with a label."""
        members = self.clusters[row].members
        return members[np.asarray(labels, dtype=object)[members] == self.labels[column]]


def by_component(codes: Codes, confidence: npt.ArrayLike, labels: Sequence[str], mixture: int, count: int) -> Tally:
    """The K components of a variable, also those without a sentence; codes [N]."""
    order = np.argsort(-np.asarray(confidence), kind="stable")
    clusters = [Cluster(component_key(mixture, k), str(k + 1), order[codes[order] == k], k) for k in range(count)]
    return _counted(clusters, labels)


def counted_over(tally: Tally, labels: Sequence[str], counts: Codes) -> Tally:
    """The same components with the counts [K, L] of more sentences than those at hand; K in the tally's order."""
    return Tally(tally.clusters, tuple(labels), np.asarray(counts)) if len(labels) else tally


def largest_first(tally: Tally) -> Tally:
    """Of many clusters those with sentences, the largest first; few keep their order."""
    if len(tally.clusters) <= MANY:
        return tally
    sizes = tally.sizes
    order = [int(i) for i in np.argsort(-sizes, kind="stable") if sizes[i]]
    return Tally(tuple(tally.clusters[i] for i in order), tally.labels, tally.counts[order])


def by_code(codes: Codes, confidence: npt.ArrayLike, labels: Sequence[str]) -> Tally:
    """The tuples that occur, most sentences first; codes [N, M]."""
    if not len(codes):
        return Tally(())
    order = np.argsort(-np.asarray(confidence), kind="stable")
    base = int(codes.max()) + 1
    numbers = codes.astype(np.int64) @ base ** np.arange(codes.shape[1])[::-1]  # one number sorts faster than a tuple
    _, first, place, sizes = np.unique(numbers, return_index=True, return_inverse=True, return_counts=True)
    tuples = codes[first]
    clusters = [
        Cluster(code_key(tuples[c]), code_text(tuples[c]), order[place[order] == c], None)
        for c in np.argsort(-sizes, kind="stable")
    ]
    return _counted(clusters, labels)


def _counted(clusters: Sequence[Cluster], labels: Sequence[str]) -> Tally:
    names, place = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
    counts = [np.bincount(place[c.members], minlength=len(names)) if len(names) else [] for c in clusters]
    return Tally(tuple(clusters), tuple(str(n) for n in names), np.asarray(counts, dtype=np.int64))


class Named(msgspec.Struct, frozen=True):
    """A line of the export."""

    code: str  # "2.3": component 3 of variable 2; "c.1.4.2": a whole code
    name: str
    sentences: int
    examples: tuple[str, ...]


def named(tallies: Sequence[Tally], texts: Sequence[str], choices: Choices, model: str) -> list[Named]:
    """Every component, and every whole code that has been named."""
    return [
        Named(c.key, name, len(c.members), tuple(texts[int(i)] for i in c.members[:EXAMPLES]))
        for tally in tallies
        for c in tally.clusters
        if (name := choices.name_of(model, c.key)) or c.component is not None
    ]


def as_json(model: str, rows: Sequence[Named]) -> bytes:
    """The export as JSON."""
    return msgspec.json.format(msgspec.json.encode({"model": model, "clusters": rows}), indent=2) + b"\n"


def as_tsv(rows: Sequence[Named]) -> bytes:
    """The export as a table: code, name, sentences, then the examples."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(["code", "name", "sentences", *(f"example {i + 1}" for i in range(EXAMPLES))])
    writer.writerows([r.code, r.name, r.sentences, *r.examples] for r in rows)
    return text.getvalue().encode()
