"""A term of the target is a file and a line: a class probability, made up here, in the toy and in a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from engine.capabilities import Classifier
from engine.mcmc import exact
from engine.mcmc.arrays import Array
from engine.mcmc.run import Run
from engine.mcmc.setup import make_kernel
from engine.mcmc.terms import TERMS, Edits, Fluency, Material
from engine.mcmc.toy import FIRST_WORD, Toy
from engine.messages import ExactToy, Sample, TargetTerm
from engine.messages import Fluency as AskedFluency


class Asked(TargetTerm, frozen=True, tag="class"):
    """What a request would hold: a classifier and the label whose probability counts."""

    weight: float = 1.0
    model: str = "stub"
    label: str = "yes"

    @property
    def models(self) -> tuple[str, ...]:
        return (self.model,)


class ClassProbability:
    """log C(label | x), or log C(label | premise, x); each sentence is asked for once."""

    name = "class"

    def __init__(self, classifier: Classifier, label: str, premise: Sequence[int] = ()) -> None:
        self._classifier, self._label, self._premise = classifier, classifier.labels.index(label), premise
        self._known: dict[tuple[int, ...], float] = {}

    def score(self, edits: Edits) -> Array:
        found = np.zeros(edits.asked.shape)
        made = list(edits.sentences())
        new = list({tuple(s) for _, _, s in made} - self._known.keys())
        if new:
            premises = [self._premise] * len(new) if self._classifier.pairs else []
            scores = self._classifier.label_log_probs(new, premises)[:, self._label].tolist()
            self._known.update(zip(new, scores, strict=True))
        for row, column, sentence in made:
            found[row, column] = self._known[tuple(sentence)]
        return found


class Stub:
    """Label probabilities from how the words lie in the sentence, order included."""

    tokenizer: Any = None
    device = torch.device("cpu")
    labels = ("no", "yes")

    def __init__(self, *, pairs: bool = False) -> None:
        self.pairs = pairs
        self.calls: list[int] = []

    def label_log_probs(self, sentences: Sequence[Sequence[int]], premises: Sequence[Any] = ()) -> torch.Tensor:
        assert len(premises) == (len(sentences) if self.pairs else 0)
        self.calls.append(len(sentences))
        read = [[*p, *s] for p, s in zip(premises, sentences, strict=True)] if self.pairs else sentences
        scores = [sum(np.sin(3.7 * w + 1.3 * i) for i, w in enumerate(s)) for s in read]
        logits = torch.tensor([[0.0, x] for x in scores], dtype=torch.float64)
        return logits.log_softmax(1)


@pytest.fixture(autouse=True)
def stub(monkeypatch: pytest.MonkeyPatch) -> Stub:
    made = Stub()

    def make(asked: Asked, material: Material) -> ClassProbability:
        classifier = material.model(asked.model)
        assert isinstance(classifier, Classifier)
        return ClassProbability(classifier, asked.label)

    monkeypatch.setitem(TERMS, Asked, make)
    return made


@pytest.mark.parametrize("proposal", ["gibbs", "metropolised"])
@pytest.mark.parametrize("space", [{"seed": 1}, {"keyword": True, "similarity": 1.5, "seed": 2}], ids=str)
@pytest.mark.parametrize("pairs", [False, True])
def test_a_class_probability_in_the_target_is_exact(proposal: Any, space: dict[str, Any], pairs: bool) -> None:
    stub, premise = Stub(pairs=pairs), (5, 4)
    toy = Toy(ExactToy(proposal=proposal, **space), more=[(2.5, ClassProbability(stub, "yes", premise))])
    plain = Toy(ExactToy(proposal=proposal, **space))
    scores = stub.label_log_probs(toy.sentences, [premise] * len(toy.sentences) * pairs)[:, 1].numpy()
    law = plain.exact * np.exp(2.5 * scores)
    np.testing.assert_allclose(toy.exact, law / law.sum(), rtol=1e-12)
    assert exact.total_variation(toy.exact, plain.exact) > 0.2
    changes = exact.transitions(toy)
    dense = exact.matrix(toy, changes)
    assert np.abs(toy.exact @ dense - toy.exact).max() <= 1e-12
    assert max(exact.balance_by_move(toy, changes).values()) <= 1e-12
    assert exact.total_variation(exact.stationary(dense), toy.exact) <= 1e-12


def test_a_costly_term_is_asked_only_for_what_is_not_known(stub: Stub) -> None:
    """Of a replacement among K words: those that do not stand there; of a deletion also the sentence without."""
    toy = Toy(ExactToy(candidates=4, full_share=0.0), more=[(1.0, ClassProbability(stub, "yes"))])
    stub.calls.clear()
    kernel = toy.kernel([(4, 5, 6)])
    run = Run(kernel, 0)
    for _ in range(30):
        run.step()
    assert sum(stub.calls) <= 30 * 4


def test_a_term_that_names_a_model_runs_on_a_request(pair: tuple[Any, Any], stub: Stub) -> None:
    fields = {"model": "tiny", "keywords": "dog", "candidates": 6, "max_length": 9, "chains": 2}
    asked: list[str] = []

    def model(name: str) -> object:
        asked.append(name)
        return stub

    with torch.inference_mode():
        target = (AskedFluency(), Asked(weight=3.0))
        run = Run(make_kernel(Sample(terms=target, **fields), *pair, model), 1)  # type: ignore[arg-type]
        assert asked == ["stub"]
        assert run.kernel.target.names == ("fluency", "class")
        for _ in range(25):
            step = run.step()
            for chain in range(2):
                told = stub.label_log_probs([run.kernel.sentence(chain)])[0, 1]
                assert run.kernel.terms[chain, 1] == pytest.approx(3 * float(told), rel=1e-12)
            change = (step.after - step.before).sum(1)
            ratio = np.minimum(0, change + step.log_g_backward - step.log_g_forward)
            np.testing.assert_allclose(step.log_alpha[~step.blocked], ratio[~step.blocked], rtol=1e-12)


def test_a_term_of_weight_zero_changes_no_bit(pair: tuple[Any, Any], stub: Stub) -> None:
    fields = {"model": "tiny", "keywords": "dog park", "candidates": 6, "max_length": 9}
    with torch.inference_mode():
        kernels = [
            make_kernel(Sample(terms=terms, **fields), *pair, lambda name: stub)  # type: ignore[arg-type]
            for terms in ((AskedFluency(),), (AskedFluency(), Asked(weight=0.0)))
        ]
        runs = [Run(kernel, 2) for kernel in kernels]
        for _ in range(40):
            one, two = (run.step() for run in runs)
            np.testing.assert_array_equal(one.log_alpha, two.log_alpha)
            np.testing.assert_array_equal(kernels[0].ids, kernels[1].ids)
    assert not stub.calls


def test_edits_name_the_sentences_they_make() -> None:
    ids = np.asarray([[4, 5, 6, 0], [7, 4, 0, 0]])
    words = np.asarray([[8, 9], [FIRST_WORD, -1]])
    asked = np.asarray([[True, False, True], [True, False, False]])
    edits = Edits(ids, np.asarray([3, 2]), np.asarray([1, 2]), np.asarray([2, 2]), words, np.zeros((2, 3)), asked)
    assert list(edits.sentences()) == [(0, 0, [4, 8, 6]), (0, 2, [4, 6]), (1, 0, [7, 4, FIRST_WORD])]
    assert edits.words_after.tolist() == [[3, 3, 2], [3, 3, 2]]
    assert Fluency().score(edits).tolist() == np.zeros((2, 3)).tolist()
