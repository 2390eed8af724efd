"""Matrix products for a few rows at a time, which is all that decoding does.

With one to a few dozen rows the usual kernels stream the weights at half the speed the machine could. On CPUs
oneDNN does the same product in float32 from weights it has laid out beforehand, two to three times faster for the five
rows of a beam, and adds a rectifier or a residual on the way; a single row is fastest from the transposed weights.
A layout is made at first use and again whenever the weights have changed; training and other devices use the plain
product.

For every shape of weights, number of rows and ending oneDNN makes a kernel in a buffer of a quarter of a megabyte and
keeps it for good, a hundred megabytes when sixteen numbers of rows meet the bundled translators. So it is asked for a
few numbers only, to which rows are padded, and where that would be more than half as many again, or where it gains
little, the plain product does as well.
"""

from __future__ import annotations

import os
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

_ONEDNN: Any = torch.ops.mkldnn if torch._C._has_mkldnn else None
_SIZES = (2, 3, 5, 8, 16, 32, 80)  # numbers of rows it is asked for: a beam, a few, sixteen sentences by five beams
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "128")  # read at its first product; 1,024 otherwise
_ROWS = 8  # the number of rows oneDNN's layout is made for; it serves others as well


class Packed:
    """A weight matrix [out, in] and its layouts."""

    def __init__(self) -> None:
        self._weight: Tensor | None = None
        self._key = (0, 0)
        self._transposed: Tensor | None = None
        self._onednn: Tensor | None = None

    def __reduce__(self) -> tuple[type[Packed], tuple[()]]:
        """Copies make their own layouts: oneDNN's cannot be copied."""
        return Packed, ()

    def product(
        self, x: Tensor, weight: Tensor, bias: Tensor | None, *, relu: bool = False, plus: Tensor | None = None
    ) -> Tensor:
        """X times the weight's transpose, plus bias; then rectified, or `plus` added: [..., in] -> [..., out]."""
        if torch.is_grad_enabled() or x.dtype is not torch.float32 or x.device.type != "cpu" or _ONEDNN is None:
            return _finish(functional.linear(x, weight, bias), relu, plus)
        rows = x.numel() // weight.shape[1]
        size = _size(rows)
        if not size:
            return _finish(functional.linear(x, weight, bias), relu, plus)
        self._refresh(weight)
        if rows == 1:
            if self._transposed is None:
                self._transposed = weight.detach().T.contiguous()
            row = x.view(1, -1)
            out = row @ self._transposed if bias is None else torch.addmm(bias, row, self._transposed)
            return _finish(out.view(*x.shape[:-1], -1), relu, plus)
        if self._onednn is None:
            self._onednn = _ONEDNN._reorder_linear_weight(weight.detach(), _ROWS)
        if size == rows:
            return self._few(x, bias, relu, plus)
        out = self._few(_pad(x, rows, size), bias, relu, None if plus is None else _pad(plus, rows, size))
        return out[:rows].view(*x.shape[:-1], -1)

    def _few(self, x: Tensor, bias: Tensor | None, relu: bool, plus: Tensor | None) -> Tensor:
        if plus is not None:
            return _ONEDNN._linear_pointwise.binary(x, plus, self._onednn, bias, "add")  # type: ignore[no-any-return]
        return _ONEDNN._linear_pointwise(  # type: ignore[no-any-return]
            x, self._onednn, bias, "relu" if relu else "none", [], ""
        )

    def _refresh(self, weight: Tensor) -> None:
        """Forget layouts of other weights, or of these before they changed."""
        # tensors made under inference mode count no versions; nothing changes them there
        key = (weight.data_ptr(), 0 if weight.is_inference() else weight._version)
        if self._weight is not weight or self._key != key:
            self._weight, self._key = weight, key
            self._transposed = self._onednn = None


def _size(rows: int) -> int:
    """The number of rows to compute for so many; 0: the plain product does it."""
    if rows == 1:
        return 1
    size = next((size for size in _SIZES if size >= rows), 0)
    return size if 2 * size <= 3 * rows else 0


def _pad(x: Tensor, rows: int, size: int) -> Tensor:
    """Zeros after the rows: [..., in] -> [size, in]."""
    return functional.pad(x.reshape(rows, -1), (0, 0, 0, size - rows))


def _finish(out: Tensor, relu: bool, plus: Tensor | None) -> Tensor:
    if relu:
        return functional.relu(out, inplace=True)
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
