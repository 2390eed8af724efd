"""A decoder that is no search: it writes every word of a sentence in one step. Tried, not shipped."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from engine.messages import STRATEGIES, Branch, Hypothesis, SearchOptions, StrategyInfo, Token
from engine.search import generates
from engine.search.generates import Detail, register

INFO = StrategyInfo(
    name="at once",
    label="all at once",
    title="{o.max_length} words at once",
    tip="Every word at the same time, none knowing of the others",
    formula="y = argmax of every p(y<sub>t</sub> | x)",
    help="Writes all words in one step.",
    uses=("max_length",),
    instead="All words are written at once, none knowing of the others: log p = {log_p}.",
)


class AllAtOnce:
    """Word t is the t-th likeliest first word of the source."""

    def __init__(self, model: Any, texts: Sequence[str], options: SearchOptions, detail: Detail) -> None:
        self.model, self.options = model, options
        self.inputs = [model.tokenizer.encode(text) for text in texts]
        self.written: list[list[tuple[int, float]]] = []

    def read(self) -> Iterator[float]:
        reader = self.model.condition(self.inputs)
        values, ids = reader.log_probs(reader.begin(len(self.inputs))).topk(self.options.max_length, 1)
        rows = zip(ids.tolist(), values.tolist(), strict=True)
        self.written = [list(zip(i, v, strict=True)) for i, v in rows]
        yield 1.0

    def steps(self) -> Iterator[Sequence[Branch]]:
        pieces, total = self.model.tokenizer.pieces, 0.0
        branches = []
        for node, (token, value) in enumerate(self.written[0]):
            total += value
            branches.append(Branch(node - 1, node, pieces([token])[0], token, value, total, total, "kept"))
        yield branches

    def hypotheses(self, index: int) -> Generator[int, None, list[Hypothesis]]:
        yield 1
        ids = [token for token, _ in self.written[index]]
        found = zip(self.model.tokenizer.pieces(ids), self.written[index], strict=True)
        tokens = tuple(Token(piece, token, value, rank) for rank, (piece, (token, value)) in enumerate(found, 1))
        total = sum(t.log_prob for t in tokens)
        return [Hypothesis(self.model.tokenizer.decode(ids), tokens, total, total / self.options.divisor(len(ids)))]

    def attended(self, found: Sequence[Hypothesis], index: int) -> list[Hypothesis]:
        return list(found)

    def reference(self, index: int, text: str) -> Hypothesis | None:
        return None

    def source(self, index: int) -> tuple[str, ...]:
        return tuple(self.model.tokenizer.pieces(self.inputs[index]))


@contextmanager
def registered() -> Iterator[StrategyInfo]:
    """The decoder known for a while."""
    register(INFO, AllAtOnce)
    try:
        yield INFO
    finally:
        del STRATEGIES[INFO.name], generates._MAKERS[INFO.name]


def wanted(model: Any, text: str, count: int) -> list[int]:
    """The token ids it writes."""
    reader = model.condition([model.tokenizer.encode(text)])
    with torch.inference_mode():
        return [int(i) for i in reader.log_probs(reader.begin(1))[0].topk(count).indices]
