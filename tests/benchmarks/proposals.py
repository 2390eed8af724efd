"""One proposal of the sampler, as the engine makes it, against scoring the same candidates from scratch.

Two peers, the same model and the same tables of input gates: `naive` scores every candidate sentence from its first
word, with the whole distribution at each place, cropped to the sentence; `reference` does so at a padded length, as
the released program of Miao et al. (2019) does at 50 places (keywords) and 15 (paraphrase). Process CPU time.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch

from engine.jobs.sampling import proposal
from engine.library import Library
from engine.mcmc.kernel import Kernel
from engine.mcmc.run import Run
from engine.mcmc.setup import make_kernel
from engine.messages import MoveWeights, Sample
from engine.text import EOS
from tests.benchmarks.rows import Row

MODEL = "everyday-forward"
SENTENCE = "my older brother wants to buy a very small house ."
WORDS = {5: "she is reading .", 10: SENTENCE, 20: f"{SENTENCE[:-2]} near the lake because he likes to go swimming ."}
K = 50


def rows() -> list[Row]:
    """All figures of this file; rates count CPU seconds, so that a busy machine changes them little."""
    library = Library(torch.device("cpu"))
    forward, info = library.get(MODEL)
    backward, _ = library.get(info.partner)
    with torch.inference_mode():
        ours, rate = per_proposal(forward, backward, steps=500), {}
        fresh = per_proposal(forward, backward, remember=False)
        naive = cpu(lambda: naive_proposal(forward, backward, 10), 5)
        found = [
            Row("a proposal of a 500-step run, K 50, 10 words: CPU", 1e3 * ours, "ms", "< 40"),
            Row("a proposal at contexts never met before: CPU", 1e3 * fresh, "ms", "< 40", fresh / ours),
            Row("naive, cropped to the sentence: CPU", 1e3 * naive, "ms", ">= 8 x ours", naive / ours),
            Row("the same, by contexts never met before", 1e3 * naive, "ms", "", naive / fresh),
        ]
        for padded in (15, 50):
            peer = cpu(lambda padded=padded: naive_proposal(forward, backward, 10, padded), 2)
            found.append(Row(f"as released, padded to {padded}: CPU", 1e3 * peer, "ms", "", peer / ours))
        for chains in (1, 4, 16, 64):
            rate[chains] = 1 / per_proposal(forward, backward, chains=chains)
            target = ">= 4 x one chain" if chains == 16 else ""
            found.append(
                Row(f"{chains} chains, 100 steps", rate[chains], "proposals a CPU s", target, rate[chains] / rate[1])
            )
        for k in (10, 100, 200):
            cost = per_proposal(forward, backward, candidates=k)
            found.append(Row(f"K {k}: CPU", 1e3 * cost, "ms", "", cost / ours))
        for words in (5, 20):
            cost = per_proposal(forward, backward, words=words)
            found.append(Row(f"{words} words: CPU", 1e3 * cost, "ms", "", cost / ours))
        found.append(Row("cached - uncached log p, largest", disagreement(forward, backward), "nats", "<= 1e-5"))
    return found


def kernel_of(forward: object, backward: object, chains: int, candidates: int, words: int) -> Kernel:
    """Chains held near one length, all moves as likely."""
    start = WORDS[words]
    count = len(forward.tokenizer.words(start))  # type: ignore[attr-defined]
    request = Sample(
        model="",
        start=start,
        chains=chains,
        candidates=candidates,
        min_length=count - 1,
        max_length=count + 1,
        moves=MoveWeights(),
    )
    return make_kernel(request, forward, backward)


def per_proposal(
    forward: object,
    backward: object,
    *,
    chains: int = 1,
    candidates: int = K,
    words: int = 10,
    steps: int = 100,
    remember: bool = True,
) -> float:
    """CPU seconds a proposal, events and all; a move that the length forbids is not counted as one."""
    kernel = kernel_of(forward, backward, chains, candidates, words)
    run = Run(kernel, seed=0)
    done, began = 0, time.process_time()
    for _ in range(steps):
        if not remember:
            kernel.forget()
        step = run.step()
        for chain in range(chains):
            proposal(kernel, step, chain, run.steps)
        done += int((~step.blocked).sum())
    return (time.process_time() - began) / done


def naive_proposal(forward: object, backward: object, words: int, padded: int = 0) -> None:
    """The model passes of one proposal from scratch: the old sentence, both contexts, K candidates."""
    ids = forward.tokenizer.encode(WORDS[words])  # type: ignore[attr-defined]
    place = len(ids) // 2
    length = max(padded, len(ids) + 1)
    sentence = np.asarray([*ids, EOS] + [0] * (length - len(ids) - 1))
    whole(forward, torch.from_numpy(sentence)[None])
    left = last_law(forward, ids[:place])
    right = last_law(backward, ids[:place:-1])
    tokens = torch.from_numpy(np.repeat(sentence[None], K, 0))
    tokens[:, place] = (left + right).topk(K).indices
    whole(forward, tokens)


def whole(model: object, tokens: torch.Tensor) -> torch.Tensor:
    """Log-probability of every token, from the whole distribution at each place, [B, T]."""
    state = model.begin(len(tokens))  # type: ignore[attr-defined]
    scores = []
    for place in range(tokens.shape[1]):
        if place:
            state = model.advance(state, tokens[:, place - 1])  # type: ignore[attr-defined]
        law = model.log_probs(state)  # type: ignore[attr-defined]
        scores.append(law.gather(1, tokens[:, place, None])[:, 0])
    return torch.stack(scores, 1)


def last_law(model: object, ids: list[int]) -> torch.Tensor:
    """The law of the next word after a context read from its beginning, [V]."""
    state = model.begin(1)  # type: ignore[attr-defined]
    for word in ids:
        state = model.advance(state, torch.tensor([word]))  # type: ignore[attr-defined]
    law: torch.Tensor = model.log_probs(state)[0]  # type: ignore[attr-defined]
    return law


def cpu(work: Callable[[], None], repeats: int) -> float:
    """CPU seconds of one call, after one to warm up."""
    work()
    began = time.process_time()
    for _ in range(repeats):
        work()
    return (time.process_time() - began) / repeats


def disagreement(forward: object, backward: object) -> float:
    """Largest difference between the log-probability a run carries along and the sentence scored from scratch."""
    kernel = kernel_of(forward, backward, 4, K, 10)
    run, worst = Run(kernel, seed=1), 0.0
    for _ in range(60):
        run.step()
        for chain in range(kernel.chains):
            tokens = torch.tensor([*kernel.lexicon.for_model(np.asarray(kernel.sentence(chain))), EOS])
            worst = max(worst, abs(float(whole(forward, tokens[None]).double().sum() - kernel.terms[chain, 0])))
    return worst
