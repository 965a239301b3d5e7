"""Operations that make NaN or infinity out of finite numbers, and how each shows it.

Each operation of the table is judged by what autograd saved of it: once for
its result (``forward``), once for its slope (``backward``), which may be
infinite where the result is fine, as that of a square root at 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gradwise.watch.saved import option, saved, stem

Judge = Callable[[Any], "Broken | None"]


@dataclass(frozen=True, slots=True)
class Broken:
    """An operation that broke.

    Args:
        operation: as people call it: ``log``, ``division``.
        cause: one clause, ``log of 0``.
        values: what went in (what came out where only that was saved).
        bad: which of them are to blame, same shape.
        are: ``inputs`` or ``results``.
    """

    operation: str
    cause: str
    values: Tensor
    bad: Tensor
    are: str = "inputs"


@dataclass(frozen=True, slots=True)
class Fragile:
    """How to judge one kind of node: its result, and its slope (None: no worse than its result)."""

    forward: Judge
    backward: Judge | None = None
    reads: tuple[str, ...] = ("self",)  # what it needs of what autograd saved


def _found(
    operation: str, cause: str, values: Tensor | None, bad: Tensor | None, are: str = "inputs"
) -> Broken | None:
    if values is None or bad is None or not bool(bad.any()):
        return None
    return Broken(operation, cause, values, bad, are)


def _log(lowest: float, name: str) -> Judge:
    """A logarithm of what lies at or below ``lowest``."""

    def judge(node: Any) -> Broken | None:
        x = saved(node, "self")
        if x is None:
            return None
        below, at = x < lowest, x == lowest
        cause = f"{name} of a number below {lowest:g}" if bool(below.any()) else f"{name} of {lowest:g}"
        return _found(name, cause, x, below | at)

    return judge


def _result(name: str, cause: str, test: Callable[[Tensor], Tensor]) -> Judge:
    """An operation that saves only its result."""

    def judge(node: Any) -> Broken | None:
        y = saved(node, "result")
        return None if y is None else _found(name, cause, y, test(y), "results")

    return judge


def _beyond(name: str, strict: bool) -> Judge:
    def judge(node: Any) -> Broken | None:
        x = saved(node, "self")
        if x is None:
            return None
        bad = x.abs() > 1 if strict else x.abs() >= 1
        return _found(name, f"{name} {'beyond' if strict else 'at'} +-1", x, bad)

    return judge


def _division(node: Any) -> Broken | None:
    below = saved(node, "other")
    return None if below is None else _found("division", "division by 0", below, below == 0)


def _power(node: Any) -> Broken | None:
    x, exponent = saved(node, "self"), _exponent(node)
    if x is None or exponent is None:
        return None
    bad = torch.isfinite(x) & ~torch.isfinite(x.pow(exponent))
    if not bool(bad.any()):
        return None
    worst = x[bad]
    cause = "0 to a negative power" if bool((worst == 0).any()) else "a power overflows"
    if bool((worst < 0).any()) and _fractional(exponent):
        cause = "a fractional power of a negative number"
    return _found("pow", cause, x, bad)


def _power_slope(node: Any) -> Broken | None:
    x, exponent = saved(node, "self"), _exponent(node)
    if x is None or exponent is None:
        return None
    steep = (exponent < 1) & (exponent != 0)
    return _found("pow", "slope of a power below 1 at 0", x, (x == 0) & steep)


def _exponent(node: Any) -> Any:
    """The exponent of a power: a number or a tensor."""
    tensor = saved(node, "exponent")
    if tensor is not None:
        return tensor
    number = option(node, "exponent")
    return torch.tensor(float(number)) if isinstance(number, int | float) else None


def _fractional(exponent: Tensor) -> bool:
    return bool((exponent != exponent.round()).any())


def _product(node: Any) -> Broken | None:
    x, y = saved(node, "self"), saved(node, "other")
    if x is None or y is None or not (x.is_floating_point() and y.is_floating_point()):
        return None
    bad = (torch.isinf(x) & (y == 0)) | (torch.isinf(y) & (x == 0))
    return _found("multiplication", "0 times infinity", x.expand_as(bad), bad)


def _all_minus_infinity(node: Any) -> Broken | None:
    x = saved(node, "self")
    if x is None or x.dim() == 0:
        return None
    rows = (x == -torch.inf).all(dim=-1, keepdim=True).expand_as(x)
    return _found("logsumexp", "logsumexp over a row that is all -inf", x, rows)


def _arctangent(node: Any) -> Broken | None:
    y, x = saved(node, "self"), saved(node, "other")
    return (
        None
        if x is None or y is None
        else _found("atan2", "slope of atan2 at (0, 0)", x, (x == 0) & (y == 0))
    )


def _deviation(node: Any) -> Broken | None:
    x, y = saved(node, "self"), saved(node, "result")
    if x is None or y is None or not bool(torch.isfinite(x).all()):
        return None
    return _found("std", "standard deviation of a single value", y, torch.isnan(y), "results")


def _never(_: Any) -> Broken | None:
    return None


_EMPTY_ROW = "softmax over a row that is all -inf, or holds +inf"

# Stem of the autograd node → how it breaks.
FRAGILE: dict[str, Fragile] = {
    "Log": Fragile(_log(0.0, "log")),
    "Log2": Fragile(_log(0.0, "log2")),
    "Log10": Fragile(_log(0.0, "log10")),
    "Log1P": Fragile(_log(-1.0, "log1p")),
    "Div": Fragile(_division, reads=("other",)),
    "Reciprocal": Fragile(_result("division", "division by 0", torch.isinf), reads=("result",)),
    "Sqrt": Fragile(
        _result("sqrt", "square root of a negative number", torch.isnan),
        _result("sqrt", "slope of the square root at 0", lambda y: y == 0),
        reads=("result",),
    ),
    "Rsqrt": Fragile(
        _result("rsqrt", "reciprocal square root of 0 or below", lambda y: ~torch.isfinite(y)),
        reads=("result",),
    ),
    "Exp": Fragile(_result("exp", "exp overflows", torch.isinf), reads=("result",)),
    "Expm1": Fragile(_result("expm1", "exp overflows", torch.isinf), reads=("result",)),
    "Pow": Fragile(_power, _power_slope, reads=("self", "exponent")),
    "Acos": Fragile(_beyond("acos", strict=True), _beyond("acos", strict=False)),
    "Asin": Fragile(_beyond("asin", strict=True), _beyond("asin", strict=False)),
    "Atanh": Fragile(_beyond("atanh", strict=False)),
    "Softmax": Fragile(_result("softmax", _EMPTY_ROW, torch.isnan), reads=("result",)),
    "LogSoftmax": Fragile(_result("log_softmax", _EMPTY_ROW, torch.isnan), reads=("result",)),
    "Logsumexp": Fragile(_all_minus_infinity),
    "Mul": Fragile(_product, reads=("self", "other")),
    "Atan2": Fragile(_never, _arctangent, reads=("self", "other")),
    "Std": Fragile(_deviation, reads=("self", "result")),
}

# What hides a broken result from the loss, though not from the gradient (0 times infinity).
GUARDS = frozenset(
    {"Where", "MaskedFill", "MaskedSelect", "Index", "Clamp", "ClampMin", "ClampMax", "Minimum", "Maximum"}
)


def breaks_forward(node: Any) -> Broken | None:
    """What broke in this operation's result; None when nothing did or nothing can be read."""
    known = FRAGILE.get(stem(node))
    return known.forward(node) if known is not None else None


def breaks_backward(node: Any) -> Broken | None:
    """What makes this operation's slope infinite or NaN."""
    known = FRAGILE.get(stem(node))
    if known is None:
        return None
    return (known.backward(node) if known.backward is not None else None) or known.forward(node)


def steep(node: Any) -> bool:
    """Whether the slope can be infinite where the result is finite (square root, power below 1, acos)."""
    known = FRAGILE.get(stem(node))
    if known is None or known.backward is None:
        return False
    exponent = option(node, "exponent")
    return not (isinstance(exponent, int | float) and exponent >= 1)
