"""One proposal of the sampler, as the engine makes it, against scoring the same candidates from scratch.

The peers score the old sentence, both contexts and every candidate sentence from its first word, by a pass of the
same model with the whole distribution at each place: cropped to the sentence, or padded as the released program of
Miao et al. (2019) does to 50 places (keywords) and 15 (paraphrase). One peer is lent our step and its table of input
gates, so that only what is computed again differs. Process CPU time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

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
from tests.benchmarks.rows import Row, Target, ratio

MODEL = "everyday-forward"
SENTENCE = "my older brother wants to buy a very small house ."
K = 50


def rows() -> Iterator[Row]:
    """All figures of this file; rates count CPU seconds, so that a busy machine changes them little."""
    forward, backward = models()
    with torch.inference_mode():
        ours, rate = per_proposal(forward, backward, steps=500), {}
        fresh = per_proposal(forward, backward, remember=False)
        held = per_proposal(forward, backward, steps=500, keywords="brother buy house")
        naive = cpu(lambda: naive_proposal(forward, backward, whole), 10)
        lent = cpu(lambda: naive_proposal(forward, backward, stepwise), 10)
        most, least = Target("<", 40), ratio(">=", 8)
        yield Row("a proposal of a 500-step run, K 50, 10 words", 1e3 * ours, "CPU ms", most)
        yield Row("the same with 3 keywords held", 1e3 * held, "CPU ms", most, held / ours, "of it")
        yield Row("a proposal at contexts never met before", 1e3 * fresh, "CPU ms", most, fresh / ours, "of it")
        yield Row(
            "the same scored naively, cropped to the sentence", 1e3 * naive, "CPU ms", least, naive / ours, "x ours"
        )
        yield Row("naive, over the run with keywords", 1e3 * naive, "CPU ms", None, naive / held, "x ours")
        yield Row("naive, over contexts never met before", 1e3 * naive, "CPU ms", None, naive / fresh, "x ours")
        yield Row("naive with our step and gate table", 1e3 * lent, "CPU ms", None, lent / ours, "x ours")
        for padded, target in ((15, None), (50, least)):
            peer = cpu(lambda padded=padded: naive_proposal(forward, backward, whole, padded), 3)
            name = f"naive as released, padded to {padded}"
            yield Row(name, 1e3 * peer, "CPU ms", target, peer / ours, "x ours")
        for chains, target in ((1, None), (16, ratio(">=", 4))):
            rate[chains] = 1 / per_proposal(forward, backward, chains=chains)
            name, unit = f"{chains} chains in a batch, 100 steps", "proposals a CPU s"
            yield Row(name, rate[chains], unit, target, rate[chains] / rate[1], "x one chain")
        worst = disagreement(forward, backward)
        yield Row("cached - uncached log p, largest difference", worst, "nats", Target("<=", 1e-5))


def models() -> tuple[LstmLm, LstmLm]:
    """The bundled pair."""
    library = Library(torch.device("cpu"))
    forward, info = library.get(MODEL)
    return forward, library.get(info.partner)[0]


def kernel_of(
    forward: LstmLm, backward: LstmLm, chains: int, candidates: int, start: str, keywords: str = ""
) -> Kernel:
    """Chains held near the length of the first sentence, all moves as likely."""
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
    start: str = SENTENCE,
    steps: int = 100,
    remember: bool = True,
    keywords: str = "",
    seed: int = 0,
) -> float:
    """CPU seconds a proposal, events and all; a move that length or keywords forbid is not counted as one."""
    kernel = kernel_of(forward, backward, chains, candidates, start, keywords)
    run = Run(kernel, seed)
    done, began = 0, time.process_time()
    for _ in range(steps):
        if not remember:
            kernel.forget()
        for _ in run.ahead():  # as the engine does, sixteen chains at a time
            pass
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
    laws = model.softmax.log_probs(model.project(hidden).flatten(0, 1))
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
    kernel = kernel_of(forward, backward, 4, K, SENTENCE)
    run, worst = Run(kernel, seed=1), 0.0
    for _ in range(60):
        run.step()
        for chain in range(kernel.chains):
            tokens = torch.tensor([*kernel.lexicon.for_model(np.asarray(kernel.sentence(chain))), EOS])
            worst = max(worst, abs(float(whole(forward, tokens[None]).double().sum() - kernel.terms[chain, 0])))
    return worst
