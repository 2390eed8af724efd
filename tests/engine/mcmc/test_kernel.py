"""The kernel on a small LSTM pair: what it carries along against what the models say from scratch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from engine.mcmc import cache
from engine.mcmc.kernel import MOVE, PART, PLACE, POSSIBLE, UNIFORMS, Kernel
from engine.mcmc.run import Run
from engine.mcmc.setup import make_kernel
from engine.mcmc.slots import DELETE, INSERT, LOG_ZERO, REPLACE
from engine.messages import MoveWeights, Sample
from engine.models import build, read_config
from engine.text import BOS, EOS, UNK, Tokenizer

pytestmark = pytest.mark.usefixtures("_inference")
Make = Callable[..., Kernel]


@pytest.fixture
def _inference() -> Any:
    with torch.inference_mode():
        yield


def log_prob(model: Any, ids: list[int]) -> float:
    """A sentence's log-probability, word by word from the whole distributions."""
    state, total = model.begin(1), 0.0
    for word in [*ids, EOS]:
        total += float(model.log_probs(state)[0, word])
        state = model.advance(state, torch.tensor([word]))
    return total


def law(model: Any, context: list[int]) -> np.ndarray:
    state = model.begin(1)
    for word in context:
        state = model.advance(state, torch.tensor([word]))
    found: np.ndarray = model.log_probs(state)[0].double().numpy()
    return found


def test_carried_log_probabilities_are_those_from_scratch(kernel_of: Make, pair: tuple[Any, Any]) -> None:
    kernel = kernel_of(keywords="dog Zyx park", chains=5, seed=3)
    run = Run(kernel, 3)
    seen = set()
    for _ in range(120):
        run.step()
        for chain in range(kernel.chains):
            ids = kernel.lexicon.for_model(np.asarray(kernel.sentence(chain))).tolist()
            seen.add(tuple(ids))
            assert kernel.terms[chain, 0] == pytest.approx(log_prob(pair[0], ids), abs=1e-5)
            assert kernel.target.support.holds(kernel.sentence(chain))
    assert len(seen) > 50


def test_candidates_scores_and_g_are_brute_force(kernel_of: Make, pair: tuple[Any, Any]) -> None:
    """Q, q, R, g, both log_g and alpha of every move, from whole sentences scored one by one."""
    kernel = kernel_of(start="the dog runs in the park", keywords="park", full_share=0.2, temperature=1.7, chains=1)
    forward, backward = pair
    size = kernel.lexicon.known
    keyword = kernel.lexicon.read("park")[0]
    for move, place in ((REPLACE, 2), (INSERT, 0), (INSERT, 6), (DELETE, 4), (REPLACE, 0)):
        sentence = kernel.sentence(0)
        right = place + (move != INSERT)
        left_words, right_words = sentence[:place], sentence[right:]
        q = np.exp(law(forward, left_words) + law(backward, right_words[::-1]))
        q[:4] = 0
        q /= q.sum()
        chosen = set(np.argsort(-q)[:6].tolist()) | {keyword}
        density = {w: log_prob(forward, [*left_words, w, *right_words]) / 1.7 for w in range(4, size)}
        total = np.logaddexp.reduce([density[w] for w in chosen])
        g = {w: 0.8 * (w in chosen) * np.exp(density[w] - total) + 0.2 * q[w] for w in range(4, size)}
        assert sum(g.values()) == pytest.approx(1)
        step = forced(kernel, move, place)
        assert step.slots is not None
        assert set(step.slots.words[0][step.slots.inside[0]].tolist()) == chosen
        old_density = log_prob(forward, sentence) / 1.7
        without = log_prob(forward, [*left_words, *right_words]) / 1.7
        after = [*left_words, *([] if move == DELETE else [int(step.new[0])]), *right_words]
        places = [len(s) - (s.count(keyword) == 1) for s in (sentence, after)]  # one `park` must stay, two are free
        if move == DELETE:
            new_density = without
            ahead, back = np.log(1 / 3 / places[0]), np.log(1 / 3 / len(sentence) * g[sentence[place]])
        elif move == INSERT:
            new_density = density[after[place]]
            ahead, back = np.log(1 / 3 / len(after) * g[after[place]]), np.log(1 / 3 / places[1])
        else:
            new_density = density[after[place]]
            ahead = np.log(1 / 3 / places[0] * g[after[place]])
            back = np.log(1 / 3 / places[1] * g[sentence[place]])
        assert step.log_g_forward[0] == pytest.approx(ahead, abs=1e-5)
        assert step.log_g_backward[0] == pytest.approx(back, abs=1e-5)
        assert step.log_alpha[0] == pytest.approx(min(0, new_density - old_density + back - ahead), abs=2e-5)
        assert step.log_slot[0] == pytest.approx(total - without, abs=2e-5)
        candidates = step.slots.candidate_g[0][step.slots.inside[0]]
        wanted = [g[w] for w in step.slots.words[0][step.slots.inside[0]].tolist()]
        np.testing.assert_allclose(candidates, wanted, rtol=1e-4)


def forced(kernel: Kernel, move: int, place: int) -> Any:
    """One step of chain 0 with this move at this place."""
    uniforms = np.full((1, UNIFORMS), 0.5)
    uniforms[0, MOVE] = (move + 0.5) / 3
    free = np.flatnonzero(kernel.free[0]).tolist() or [0]
    count, index = (kernel.lengths[0] + 1, place) if move == INSERT else (len(free), free.index(place))
    uniforms[0, PLACE] = (index + 0.5) / count
    uniforms[0, PART] = 0.9
    step = kernel.step(uniforms)
    assert (step.moves[0], step.places[0]) == (move, place)
    return step


def test_the_backward_model_reads_from_the_end(kernel_of: Make, pair: tuple[Any, Any]) -> None:
    kernel = kernel_of(start="the dog runs in the park", chains=1)
    sentence = kernel.sentence(0)
    step = forced(kernel, INSERT, 2)
    assert step.slots is not None
    state = pair[1].begin(1)
    for word in sentence[:1:-1]:  # park the in runs
        state = pair[1].advance(state, torch.tensor([word]))
    words = step.slots.words[0, :-1]
    log_backward = step.slots.log_law[0, :-1] + step.slots.gaps[0].log_z - step.slots.log_forward[0, :-1]
    np.testing.assert_allclose(log_backward, pair[1].log_probs(state)[0].numpy()[words], atol=1e-5)


def test_no_mark_and_no_unknown_word_is_ever_proposed(kernel_of: Make) -> None:
    kernel = kernel_of(keywords="dog Zyx", chains=8, full_share=1.0)
    run = Run(kernel, 0)
    for _ in range(60):
        new = run.step().new
        assert ((new == -1) | ((new >= 4) & (new < kernel.lexicon.known))).all()
        assert not np.isin(new, (UNK, BOS, EOS)).any()


def test_a_move_without_its_way_back_is_never_made(kernel_of: Make) -> None:
    kernel = kernel_of(start="the dog runs", moves=MoveWeights(delete=0.0), chains=6)
    run = Run(kernel, 0)
    for _ in range(30):
        step = run.step()
        assert (kernel.lengths == 3).all()
        insert = step.moves == INSERT
        assert (step.log_g_backward[insert] == LOG_ZERO).all()
        assert (step.log_alpha[insert] < -1e8).all()
        assert not step.accepted[insert].any()


def test_a_blocked_move_leaves_the_sentence_and_says_why(kernel_of: Make) -> None:
    kernel = kernel_of(keywords="dog park", chains=1, min_length=2, max_length=2)
    for move, place in ((REPLACE, 0), (INSERT, 1), (DELETE, 0)):
        before = kernel.sentence(0)
        step = forced(kernel, move, place)
        assert step.reason[0] != POSSIBLE
        assert step.log_alpha[0] == LOG_ZERO
        assert kernel.sentence(0) == before


def test_remembered_gaps_change_nothing(kernel_of: Make) -> None:
    first, second = (kernel_of(start="the dog runs in the park .", chains=3) for _ in range(2))
    one, two = Run(first, 5), Run(second, 5)
    for _ in range(80):
        second.forget()
        a, b = one.step(), two.step()
        assert [first.sentence(c) for c in range(3)] == [second.sentence(c) for c in range(3)]
        np.testing.assert_allclose(a.log_alpha, b.log_alpha, rtol=1e-6, atol=1e-5)


def test_a_transformer_pair_runs_as_well_and_reading_starts_anew(
    tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Transformers' states differ in length from row to row and grow until reading starts anew."""
    monkeypatch.setattr(cache, "AFRESH", 30)
    torch.manual_seed(0)
    sizes = {"width": 16, "heads": 2, "layers": 1, "feed_forward": 16}
    config = read_config({"kind": "transformer-lm", "vocabulary": tokenizer.size, **sizes})
    forward, backward = (build(config, tokenizer).eval().requires_grad_(False) for _ in range(2))
    request = Sample(model="", keywords="dog park", chains=2, candidates=6, max_length=8)
    kernel = make_kernel(request, forward, backward)
    run = Run(kernel, 0)
    most = 0
    for _ in range(60):
        kernel.forget()
        run.step()
        most = max(most, kernel._gaps._prefixes._states.held)
    for chain in range(2):
        assert kernel.terms[chain, 0] == pytest.approx(log_prob(forward, kernel.sentence(chain)), abs=5e-5)
    assert 8 < most < 30 + 10
