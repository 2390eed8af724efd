"""One proposal of the sampler, as the engine makes it, against scoring the same candidates from scratch.

The peers score the old sentence, both contexts and every candidate sentence from its first word, by a pass of the
same model with the whole distribution at each place: cropped to the sentence, or padded as the released program of
Miao et al. (2019) does to 50 places (keywords) and 15 (paraphrase). One peer is lent our step and its table of input
gates, so that only what is computed again differs. Process CPU time.
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
from engine.models.lstm import LstmLm
from engine.text import BOS, EOS
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
        held = per_proposal(forward, backward, steps=500, keywords="brother buy house")
        naive = cpu(lambda: naive_proposal(forward, backward, whole), 10)
        lent = cpu(lambda: naive_proposal(forward, backward, stepwise), 10)
        found = [
            Row("a proposal of a 500-step run, K 50, 10 words: CPU", 1e3 * ours, "ms", "< 40"),
            Row("the same with 3 keywords held: CPU", 1e3 * held, "ms", "< 40", held / ours),
            Row("a proposal at contexts never met before: CPU", 1e3 * fresh, "ms", "< 40", fresh / ours),
            Row("naive, cropped to the sentence: CPU", 1e3 * naive, "ms", ">= 8 x ours", naive / ours),
            Row("naive, over the run with keywords", 1e3 * naive, "ms", "", naive / held),
            Row("naive, over contexts never met before", 1e3 * naive, "ms", "", naive / fresh),
            Row("naive with our step and gate table: CPU", 1e3 * lent, "ms", "", lent / ours),
        ]
        for padded in (15, 50):
            peer = cpu(lambda padded=padded: naive_proposal(forward, backward, whole, padded), 3)
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


def kernel_of(
    forward: LstmLm, backward: LstmLm, chains: int, candidates: int, words: int, keywords: str = ""
) -> Kernel:
    """Chains held near one length, all moves as likely."""
    start = WORDS[words]
    count = len(forward.tokenizer.words(start))
    request = Sample(
        model="",
        start=start,
        keywords=keywords,
        chains=chains,
        candidates=candidates,
        min_length=count - 1,
        max_length=count + 1,
        moves=MoveWeights(),
    )
    return make_kernel(request, forward, backward)


def per_proposal(
    forward: LstmLm,
    backward: LstmLm,
    *,
    chains: int = 1,
    candidates: int = K,
    words: int = 10,
    steps: int = 100,
    remember: bool = True,
    keywords: str = "",
) -> float:
    """CPU seconds a proposal, events and all; a move that length or keywords forbid is not counted as one."""
    kernel = kernel_of(forward, backward, chains, candidates, words, keywords)
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


def naive_proposal(
    forward: LstmLm, backward: LstmLm, score: Callable[[LstmLm, torch.Tensor], torch.Tensor], padded: int = 0
) -> None:
    """The model passes of one proposal from scratch: the old sentence, both contexts, K candidates; 10 words."""
    ids = forward.tokenizer.encode(SENTENCE)
    place = len(ids) // 2
    length = max(padded, len(ids) + 1)
    sentence = np.asarray([*ids, EOS] + [0] * (length - len(ids) - 1))
    score(forward, torch.from_numpy(sentence)[None])
    left = last_law(forward, ids[:place])
    right = last_law(backward, ids[:place:-1])
    tokens = torch.from_numpy(np.repeat(sentence[None], K, 0))
    tokens[:, place] = (left + right).topk(K).indices
    score(forward, tokens)


def whole(model: LstmLm, tokens: torch.Tensor) -> torch.Tensor:
    """Log-probability of every token by one pass, from the whole distribution at each place, [B, T]."""
    read = torch.cat([torch.full((len(tokens), 1), BOS), tokens[:, :-1]], 1)
    hidden, _ = model.lstm(model.embedding(read))
    laws = model.softmax.log_probs(model.embedding.weight, model.project(hidden).flatten(0, 1))
    return laws.gather(1, tokens.reshape(-1, 1)).view(tokens.shape)


def stepwise(model: LstmLm, tokens: torch.Tensor) -> torch.Tensor:
    """The same, a step of all rows after the other, [B, T]."""
    state = model.begin(len(tokens))
    scores = []
    for place in range(tokens.shape[1]):
        if place:
            state = model.advance(state, tokens[:, place - 1])
        law = model.log_probs(state)
        scores.append(law.gather(1, tokens[:, place, None])[:, 0])
    return torch.stack(scores, 1)


def last_law(model: LstmLm, ids: list[int]) -> torch.Tensor:
    """The law of the next word after a context read from its beginning, [V]."""
    state = model.begin(1)
    for word in ids:
        state = model.advance(state, torch.tensor([word]))
    law: torch.Tensor = model.log_probs(state)[0]
    return law


def cpu(work: Callable[[], None], repeats: int) -> float:
    """CPU seconds of one call, after one to warm up."""
    work()
    began = time.process_time()
    for _ in range(repeats):
        work()
    return (time.process_time() - began) / repeats


def disagreement(forward: LstmLm, backward: LstmLm) -> float:
    """Largest difference between the log-probability a run carries along and the sentence scored from scratch."""
    kernel = kernel_of(forward, backward, 4, K, 10)
    run, worst = Run(kernel, seed=1), 0.0
    for _ in range(60):
        run.step()
        for chain in range(kernel.chains):
            tokens = torch.tensor([*kernel.lexicon.for_model(np.asarray(kernel.sentence(chain))), EOS])
            worst = max(worst, abs(float(whole(forward, tokens[None]).double().sum() - kernel.terms[chain, 0])))
    return worst
