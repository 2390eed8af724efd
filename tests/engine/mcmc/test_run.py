from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

from engine.mcmc.kernel import UNIFORMS, Kernel
from engine.mcmc.run import BLOCK, Run, Streams
from engine.mcmc.terms import Edits

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
