"""Numbers as a person reads them: three significant digits, a proper minus sign, aligned on the decimal point."""

from __future__ import annotations

import math

MINUS = "\u2212"


def number(value: float, *, digits: int = 3, signed: bool = False) -> str:
    """`value` to so many significant digits; `signed` writes the plus sign too.

    >>> number(-32.149), number(0.5, signed=True), number(1234.5), number(float("-inf"))
    ('−32.1', '+0.500', '1,234', '−∞')
    """
    if math.isnan(value):
        return "–"
    sign = MINUS if value < 0 else "+" if signed and value > 0 else ""
    size = abs(value)
    if math.isinf(size):
        return f"{sign}∞"
    if size and size < 10 ** -(digits + 1):
        mantissa, exponent = f"{size:.{digits - 1}e}".split("e")
        return f"{sign}{mantissa}e{MINUS}{abs(int(exponent))}"
    if not size:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(size)))
    text = f"{size:,.{decimals}f}"
    if text.strip("0.,") in {"", "1"} and float(text.replace(",", "")) > size:  # 9.996 rounds up to one digit more
        text = f"{size:,.{max(0, decimals - 1)}f}"
    return sign + text


def probability(value: float) -> str:
    """A probability of any size: 0.812, 0.0031, < 0.001 written out."""
    return number(value, digits=2) if 0 < value < 0.001 else f"{value:.3f}" if not math.isnan(value) else "–"


def split_at_point(text: str) -> tuple[str, str]:
    """What stands before the decimal point, and the point with what follows, for aligning a column."""
    whole, point, rest = text.partition(".")
    return whole, point + rest
