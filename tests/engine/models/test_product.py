from __future__ import annotations

import copy

import pytest
import torch
from torch.nn import functional

from engine.models.parts import product
from engine.models.parts.product import Packed, Product
from tests.engine.rounding import rounding

SAME = rounding(48)  # each side adds at most 24 products of about one


@pytest.mark.parametrize(
    "shape",
    [(0, 24), (1, 24), (1, 1, 24), (5, 24), (7, 24), (9, 24), (11, 24), (3, 7, 24), (80, 24), (127, 24), (129, 24)],
)
def test_every_form_is_the_plain_product(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    layer, x = Product(24, 40), torch.randn(*shape)
    residual = torch.randn(*shape[:-1], 40)
    want = functional.linear(x, layer.weight, layer.bias)
    for grad in (False, True):
        with torch.set_grad_enabled(grad):
            assert torch.allclose(layer(x), want, atol=SAME)
            assert torch.allclose(layer.rectified(x), want.relu(), atol=SAME)
            assert torch.allclose(layer.plus(x, residual), want + residual, atol=SAME)
            without = Packed().product(x, layer.weight, None)
            assert torch.allclose(without, functional.linear(x, layer.weight), atol=SAME)


def test_few_numbers_of_rows_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each would cost memory for good."""
    asked = set()

    class Counting:
        _reorder_linear_weight = staticmethod(lambda weight, _: weight)

        @staticmethod
        def _linear_pointwise(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, *_: object) -> torch.Tensor:
            asked.add(len(x))
            return functional.linear(x, weight, bias)

    monkeypatch.setattr(product, "_ONEDNN", Counting)
    layer = Product(3, 2)
    with torch.no_grad():
        for rows in range(300):
            x = torch.randn(rows, 3)
            assert torch.allclose(layer(x), functional.linear(x, layer.weight, layer.bias), atol=SAME)
    assert asked == set(product._SIZES)
    assert len(asked) <= 8


def test_changed_weights_are_noticed() -> None:
    layer = Product(8, 6).requires_grad_(False)
    for rows in (1, 4):
        x = torch.randn(rows, 8)
        with torch.no_grad():
            layer(x)
            layer.weight.mul_(2.0)
            assert torch.allclose(layer(x), functional.linear(x, layer.weight, layer.bias), atol=SAME)
            layer.load_state_dict(Product(8, 6).state_dict())
            assert torch.allclose(layer(x), functional.linear(x, layer.weight, layer.bias), atol=SAME)
            other = copy.deepcopy(layer)
            other.weight.zero_()
            assert torch.allclose(other(x), other.bias.expand(rows, -1))
            assert not torch.allclose(layer(x), other(x))


def test_gradients_flow() -> None:
    layer, x = Product(4, 3), torch.randn(5, 4, requires_grad=True)
    layer.rectified(x).sum().backward()
    assert x.grad is not None
    assert layer.weight.grad is not None
    assert float(layer.weight.grad.abs().sum()) > 0
