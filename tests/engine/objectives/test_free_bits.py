from __future__ import annotations

import torch

from engine.objectives.free_bits import by_dimension, by_entry, by_sentence, free_bits

KL = torch.tensor([[0.1, 1.0], [0.3, 3.0]])  # 2 sentences, 2 dimensions


def test_by_dimension_floors_the_batch_mean_of_each_dimension() -> None:
    torch.testing.assert_close(by_dimension(KL, 0.5), torch.tensor([2.5, 2.5]))  # max(0.5, 0.2) + max(0.5, 2.0)


def test_by_entry_floors_each_dimension_of_each_sentence() -> None:
    torch.testing.assert_close(by_entry(KL, 0.5), torch.tensor([1.5, 3.5]))


def test_by_sentence_floors_the_sum() -> None:
    torch.testing.assert_close(by_sentence(KL, 2.0), torch.tensor([2.0, 3.3]))


def test_below_the_target_the_gradient_is_zero_and_above_it_is_one() -> None:
    for bend, expected in (
        (by_dimension, [[0.0, 1.0], [0.0, 1.0]]),
        (by_entry, [[0.0, 1.0], [0.0, 1.0]]),
        (lambda kl, t: by_sentence(kl, 4 * t), [[0.0, 0.0], [1.0, 1.0]]),
    ):
        kl = KL.clone().requires_grad_()
        bend(kl, 0.5).sum().backward()
        assert kl.grad is not None
        torch.testing.assert_close(kl.grad, torch.tensor(expected))


def test_target_zero_is_the_plain_sum_for_all() -> None:
    for by in ("dimension", "entry", "sentence"):
        torch.testing.assert_close(free_bits(KL, 0.0, by), KL.sum(1))


def test_every_variant_is_at_least_the_plain_kl_summed() -> None:
    generator = torch.Generator().manual_seed(0)
    kl = torch.rand(5, 3, generator=generator)
    for by in ("dimension", "entry", "sentence"):
        assert float(free_bits(kl, 0.4, by).sum()) >= float(kl.sum()) - 1e-6
