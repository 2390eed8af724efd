"""Other rounding: the sums of products and of probabilities in another order, as another CPU's kernels would add them.

The values are the same in exact numbers; what differs is the last bits of each, as from one machine to the next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

_ATEN = torch.ops.aten
_PRODUCTS = {  # and where the two factors stand among the arguments
    _ATEN.mm.default: 0,
    _ATEN.bmm.default: 0,
    _ATEN.mv.default: 0,
    _ATEN.addmm.default: 1,
    _ATEN.baddbmm.default: 1,
    _ATEN.addmv.default: 1,
}
_SHARES = (_ATEN._softmax.default, _ATEN._log_softmax.default)


def rounding(terms: int, dtype: torch.dtype = torch.float32) -> float:
    """How far two orders of adding so many terms of about one may lie apart: each addition may cost the last bit."""
    return terms * torch.finfo(dtype).eps


class AnotherOrder(TorchDispatchMode):
    """While it is entered, products add their terms, and softmaxes their shares, in an order drawn from a seed."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._seed = seed

    def __torch_dispatch__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call an operation, its sums turned round."""
        kwargs = kwargs or {}
        if func in _PRODUCTS:
            at = _PRODUCTS[func]
            left, right = args[at], args[at + 1]
            order = self._order(left.shape[-1], *left.shape, *right.shape)
            inner = 0 if right.dim() == 1 else -2
            args = (*args[:at], left.index_select(-1, order), right.index_select(inner, order), *args[at + 2 :])
        elif func in _SHARES:
            values, dim, *rest = args
            order = self._order(values.shape[dim], *values.shape)
            turned: Tensor = func(values.index_select(dim, order), dim, *rest, **kwargs)
            return turned.index_select(dim, order.argsort())
        return func(*args, **kwargs)

    def _order(self, count: int, *shapes: int) -> Tensor:
        """The same for the same shapes, as kernels are chosen by them: what is done twice is equal to the last bit."""
        seed = hash((self._seed, *shapes)) % (1 << 60)
        return torch.randperm(count, generator=torch.Generator().manual_seed(seed))
