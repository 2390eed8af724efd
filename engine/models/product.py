"""Matrix products for a few rows at a time, which is all that decoding does.

With one to a few dozen rows the usual kernels stream the weights at half the speed the machine could. On CPUs
oneDNN does the same product in float32 from weights it has laid out beforehand, two to three times faster for the five
rows of a beam, and adds a rectifier or a residual on the way. The layout is made at first use and again whenever
the weights have changed; training and other devices use the plain product.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

_ONEDNN: Any = torch.ops.mkldnn if torch._C._has_mkldnn else None
_ROWS = 8  # the number of rows the layout is made for; it serves others as well
_SMALL = 500_000  # multiplications up to which the plain kernel is faster


class Packed:
    """A weight matrix [out, in] and its layout for oneDNN."""

    def __init__(self) -> None:
        self._weight: Tensor | None = None
        self._key = (0, 0)
        self._layout: Tensor | None = None

    def __reduce__(self) -> tuple[type[Packed], tuple[()]]:
        """Copies make their own layout; this one cannot be copied."""
        return Packed, ()

    def product(
        self, x: Tensor, weight: Tensor, bias: Tensor | None, *, relu: bool = False, plus: Tensor | None = None
    ) -> Tensor:
        """X times the weight's transpose, plus bias; then rectified, or `plus` added: [..., in] -> [..., out]."""
        if _ONEDNN is None or torch.is_grad_enabled() or x.dtype is not torch.float32 or x.device.type != "cpu":
            return self._plain(x, weight, bias, relu, plus)
        if x.numel() * len(weight) < _SMALL:
            return self._plain(x, weight, bias, relu, plus)
        layout = self._of(weight)
        if plus is not None:
            out: Tensor = _ONEDNN._linear_pointwise.binary(x, plus, layout, bias, "add")
        else:
            out = _ONEDNN._linear_pointwise(x, layout, bias, "relu" if relu else "none", [], "")
        return out

    def _of(self, weight: Tensor) -> Tensor:
        # tensors made under inference mode count no versions; nothing changes them there
        key = (weight.data_ptr(), 0 if weight.is_inference() else weight._version)
        if self._layout is None or self._weight is not weight or self._key != key:
            self._layout = _ONEDNN._reorder_linear_weight(weight.detach(), _ROWS)
            self._weight, self._key = weight, key
        return self._layout

    @staticmethod
    def _plain(x: Tensor, weight: Tensor, bias: Tensor | None, relu: bool, plus: Tensor | None) -> Tensor:
        out = functional.linear(x, weight, bias)
        if relu:
            return functional.relu(out, inplace=not torch.is_grad_enabled())
        return out if plus is None else out + plus


class Product(nn.Linear):
    """A linear layer whose product suits a few rows."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self._packed = Packed()

    def forward(self, x: Tensor) -> Tensor:
        """[..., in] -> [..., out]."""
        return self._packed.product(x, self.weight, self.bias)

    def rectified(self, x: Tensor) -> Tensor:
        """The product, negative values set to zero."""
        return self._packed.product(x, self.weight, self.bias, relu=True)

    def plus(self, x: Tensor, residual: Tensor) -> Tensor:
        """The product plus a residual [..., out]."""
        return self._packed.product(x, self.weight, self.bias, plus=residual)
