from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch

from engine.mcmc.kernel import UNIFORMS, Kernel
from engine.mcmc.ladder import find, scaled_gap, swap_rate
from engine.mcmc.run import BLOCK, Run, Streams
from engine.mcmc.terms import Edits
from engine.messages import MoveWeights

Make = Callable[..., Kernel]


@pytest.fixture(autouse=True)
def _inference() -> Iterator[None]:
    with torch.inference_mode():
        yield


def test_a_chains_numbers_do_not_depend_on_how_many_chains_there_are() -> None:
    alone, among = Streams(7, 1), Streams(7, 8)
    for _ in range(2 * BLOCK + 3):
        one, many = alone.next(), among.next()
        assert many.shape == (8, UNIFORMS)
        np.testing.assert_array_equal(one[0], many[0])
        assert len(np.unique(many)) == many.size
    assert not np.array_equal(Streams(8, 1).next(), Streams(7, 1).next())


def test_chain_0_of_one_is_chain_0_of_eight(kernel_of: Make) -> None:
    """Sentence by sentence; numbers up to the rounding of a larger batch."""
    one, eight = kernel_of(keywords="dog park", chains=1), kernel_of(keywords="dog park", chains=8)
    alone, among = Run(one, 4), Run(eight, 4)
    for _ in range(150):
        a, b = alone.step(), among.step()
        assert one.sentence(0) == eight.sentence(0)
        assert a.accepted[0] == b.accepted[0]
        assert a.log_alpha[0] == pytest.approx(b.log_alpha[0], abs=1e-4)


def test_a_ladder_exchanges_sentences_with_everything_known_of_them(kernel_of: Make) -> None:
    temperatures = (1.0, 1.5, 2.5, 4.0)
    kernel = kernel_of(keywords="dog", ladder=temperatures, seed=1)
    run, pairs, accepted = Run(kernel, 1, ladder=True), set(), 0
    for step in range(80):
        run.step()
        sentences, targets = [kernel.sentence(c) for c in range(4)], kernel.log_target.copy()
        for e in run.exchange():
            assert e.low % 2 == step % 2
            assert e.high == e.low + 1
            ratio = (1 / temperatures[e.low] - 1 / temperatures[e.high]) * (targets[e.high] - targets[e.low])
            assert e.log_alpha == pytest.approx(min(0, ratio))
            pairs.add(e.low)
            if e.accepted:
                accepted += 1
                assert kernel.sentence(e.low) == sentences[e.high]
                assert kernel.sentence(e.high) == sentences[e.low]
        scores = kernel.target.score(Edits.whole(kernel.ids, kernel.lengths, kernel._gaps.tokens().sum(1)))[:, 0]
        np.testing.assert_allclose(scores, kernel.terms, atol=1e-5)
    assert pairs == {0, 1, 2}
    assert accepted > 10


def test_reading_ahead_in_parts_changes_nothing(kernel_of: Make) -> None:
    one, two = (kernel_of(start="the dog runs in the park", chains=40) for _ in range(2))
    whole, parted = Run(one, 2), Run(two, 2)
    looked = 0
    for _ in range(25):
        looked += sum(1 for _ in parted.ahead())
        a, b = whole.step(), parted.step()
        assert [one.sentence(c) for c in range(40)] == [two.sentence(c) for c in range(40)]
        np.testing.assert_allclose(a.log_alpha, b.log_alpha, rtol=1e-6, atol=1e-5)
    assert 25 <= looked <= 50


@pytest.mark.parametrize("ladder", [(), (1.0, 1.5, 2.5)])
def test_a_run_goes_on_where_it_stood_with_the_numbers_it_would_have_drawn(
    kernel_of: Make, ladder: tuple[float, ...]
) -> None:
    """Sentences are the same ones; log densities are read afresh, so they agree up to rounding."""
    asked: dict[str, Any] = {"keywords": "Zyx dog", "start": "Zyx the dog runs", "chains": 3, "ladder": ladder}
    whole = Run(kernel_of(**asked), 9, ladder=bool(ladder))
    for _ in range(BLOCK + 5):
        whole.step()
        whole.exchange()
    words = tuple(whole.kernel.lexicon.words(whole.kernel.sentence(c)) for c in range(3))
    rest = Run(kernel_of(**asked, done=BLOCK + 5, standing=words), 9, ladder=bool(ladder), done=BLOCK + 5)
    for _ in range(BLOCK):
        one, two = whole.step(), rest.step()
        np.testing.assert_array_equal(one.log_u, two.log_u)
        np.testing.assert_allclose(one.log_alpha, two.log_alpha, atol=1e-4)
        assert [e.low for e in whole.exchange()] == [e.low for e in rest.exchange()]
        assert [whole.kernel.sentence(c) for c in range(3)] == [rest.kernel.sentence(c) for c in range(3)]
    assert whole.steps == rest.steps == 2 * BLOCK + 5


def test_a_sentence_outside_the_target_is_nothing_to_go_on_from(kernel_of: Make) -> None:
    with pytest.raises(ValueError, match="lies outside the target"):
        kernel_of(keywords="dog", chains=1, done=3, standing=(("the", "cat"),))


def test_a_ladder_is_found_whose_swaps_are_accepted_as_wanted(kernel_of: Make) -> None:
    def make(temperatures: Any) -> Kernel:
        return kernel_of(start="the dog runs in the park .", ladder=tuple(temperatures), moves=MoveWeights(1, 1, 1))

    work, done = find(make, 1.0, 4, 80, seed=1), []
    while True:
        try:
            done.append(next(work))
        except StopIteration as found:
            temperatures, rates = found.value
            break
    assert done == list(range(1, len(done) + 1))
    assert len(done) <= 5 * 80
    assert temperatures[0] == 1
    assert 3 <= len(temperatures) <= 4
    assert (np.diff(temperatures) > 0).all()
    assert ((rates > 0.1) & (rates < 0.6)).all()
    run, tried = Run(make(temperatures), 7, ladder=True), []
    for _ in range(200):
        run.step()
        tried += [e.accepted for e in run.exchange()]
    assert 0.1 < np.mean(tried) < 0.6


def test_the_gap_between_temperatures_follows_from_the_rate_of_swaps() -> None:
    for rate in (0.05, 0.3, 0.8):
        assert swap_rate(scaled_gap(rate)) == pytest.approx(rate)
    generator, gap = np.random.default_rng(0), scaled_gap(0.3)
    low, high = generator.normal(size=(2, 200_000))  # log densities at two temperatures, of deviation 1
    ratio = gap * (high - gap - low)
    assert np.exp(np.minimum(0, ratio)).mean() == pytest.approx(0.3, abs=0.005)
