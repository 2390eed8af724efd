"""What is said of outputs beside a reference, and of the alternatives of a token."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engine.jobs import Context
from engine.jobs.search import score_texts, search
from engine.library import Library
from engine.messages import ScoreTexts, Search, SearchDone, SearchOptions, TextScores
from engine.metrics.bleu import corpus_bleu, corpus_chrf, sentence_bleu, sentence_chrf
from tests.engine.search.test_job import folder as folder


def context(where: Path | None = None) -> Context:
    device = torch.device("cpu")
    return Context(Library(device, [where] if where else []), device)


def test_corpus_figures_are_sacrebleus() -> None:
    outputs, references = ("the dog sleeps in the park .", "a cat"), ("the dog sleeps in a park .", "the cat")
    *_, scores = score_texts(ScoreTexts(outputs=outputs, references=references), context())
    assert isinstance(scores, TextScores)
    assert scores.bleu.value == corpus_bleu(outputs, references).score
    assert scores.chrf.value == corpus_chrf(outputs, references).score
    assert scores.bleu.count == 2
    assert "tok:13a" in scores.bleu.estimator


def test_outputs_without_a_reference_each_are_refused() -> None:
    with pytest.raises(ValueError, match="2 outputs do not match 1 references"):
        list(score_texts(ScoreTexts(outputs=("a", "b"), references=("a",)), context()))


def test_hypotheses_are_compared_with_the_reference(folder: Path) -> None:
    options = SearchOptions(beam=3, max_length=6)
    for reference in ("The dog sleeps.", ""):
        request = Search(model="mt", text="Der Hund schläft.", options=options, reference=reference)
        with torch.inference_mode():
            *_, done = search(request, context(folder))
        assert isinstance(done, SearchDone)
        for found in done.hypotheses:
            if reference:
                quality = {"bleu": sentence_bleu(found.text, reference), "chrf": sentence_chrf(found.text, reference)}
                assert found.quality == quality
            else:
                assert found.quality == {}


def test_alternatives_carry_their_ids(folder: Path) -> None:
    request = Search(model="mt", text="Der Hund.", options=SearchOptions(beam=2, max_length=5), reference="A dog.")
    with torch.inference_mode():
        *_, done = search(request, context(folder))
    assert isinstance(done, SearchDone)
    assert done.reference is not None
    for found in (*done.hypotheses, done.reference):
        for token in found.tokens:
            assert len(token.alternative_ids) == len(token.alternatives)
            if token.rank == 1:
                assert (token.alternative_ids[0], token.alternatives[0][0]) == (token.id, token.piece)
