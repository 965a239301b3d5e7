"""Functions whose value or slope is infinite somewhere, kept from being asked for it there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from gradwise.remedies.patient.handle import Patient

Off = Callable[[Tensor, float], "tuple[Tensor, float | Tensor]"]  # where to act, and what to put there
Told = Callable[[str, str, int], str]
# Units in the last place that are kept from 1, where the distance asked for is less (half precision).
PLACES = 4.0
SPARE = 8.0  # nats that the largest exponential stays below the largest number, so that sums do not overflow


def _above_zero(x: Tensor, distance: float) -> tuple[Tensor, float]:
    return x < distance, distance


def _not_zero(x: Tensor, distance: float) -> tuple[Tensor, float]:
    return x.abs() < distance, distance


def _no_nil(x: Tensor, distance: float) -> tuple[Tensor, float]:
    return x.abs() < distance * distance, distance  # small divisors are usual, and do no harm


def _above_minus_one(x: Tensor, distance: float) -> tuple[Tensor, float]:
    least = -1 + _near_one(x, distance)
    return x < least, least


def _within_one(x: Tensor, distance: float) -> tuple[Tensor, Tensor]:
    most = 1 - _near_one(x, distance)
    return x.abs() > most, x.detach().clamp(-most, most)


def _below_overflow(x: Tensor, _distance: float) -> tuple[Tensor, float]:
    most = float(torch.log(torch.tensor(torch.finfo(x.dtype).max, dtype=torch.double))) - SPARE
    return x > most, most


def _near_one(x: Tensor, distance: float) -> float:
    return max(distance, PLACES * torch.finfo(x.dtype).eps)


# By name: which argument has an edge, and where that is.
EDGES: dict[str, tuple[int, Off]] = {
    **dict.fromkeys(("sqrt", "rsqrt", "log", "log2", "log10"), (0, _above_zero)),
    "log1p": (0, _above_minus_one),
    **dict.fromkeys(("pow", "__pow__"), (0, _not_zero)),
    "reciprocal": (0, _no_nil),
    **dict.fromkeys(("div", "divide", "true_divide", "__truediv__"), (1, _no_nil)),
    **dict.fromkeys(("acos", "arccos", "asin", "arcsin", "atanh", "arctanh"), (0, _within_one)),
    **dict.fromkeys(("exp", "expm1"), (0, _below_overflow)),
}
OPERATORS = str(torch._tensor.__file__)  # noqa: SLF001
WORDS = ("input", "other")  # of the arguments, where they are given by name


def guard(patient: Patient, distance: float, told: Told) -> None:
    """Give functions with an edge arguments that are off it.

    Args:
        patient: the cure's hold.
        distance: that is kept.
        told: words for a function that was guarded, its file and its line.
    """
    guarded = _Guarded(patient, distance, told)
    for name, (place, off) in EDGES.items():
        for owner in (torch, Tensor):
            if hasattr(owner, name):
                patient.around(owner, name, guarded.wrapper(name.strip("_"), place, off))


class _Guarded:
    """What was kept off an edge, line by line of the script."""

    def __init__(self, patient: Patient, distance: float, told: Told) -> None:
        self.patient, self.distance, self.told = patient, distance, told
        self.learning: set[tuple[str, int]] = set()  # lines whose results were learnt from
        self.lines: dict[str, Any] = {}

    def wrapper(self, name: str, place: int, off: Off) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Makes the function that stands for one with an edge."""
        patient, compiling, frame = self.patient, torch.compiler.is_compiling, sys._getframe  # noqa: SLF001
        contained, word, operators = patient.contained(self._other), WORDS[place], OPERATORS

        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            def function(*args: Any, **kwargs: Any) -> Any:
                if compiling() or patient.busy:
                    return original(*args, **kwargs)
                here = frame(1)
                while here.f_code.co_filename == operators and here.f_back is not None:
                    here = here.f_back  # 1 / x is written there
                other = contained(name, place, off, (here.f_code.co_filename, here.f_lineno), args, kwargs)
                if other is None:
                    return original(*args, **kwargs)
                if len(args) > place:
                    return original(*args[:place], other, *args[place + 1 :], **kwargs)
                return original(*args, **{**kwargs, word: other})

            return function

        return make

    def _other(
        self, name: str, place: int, off: Off, line: tuple[str, int], args: tuple[Any, ...], kwargs: Any
    ) -> Tensor | None:
        """The argument off the edge; None where it is off it already, or nobody learns from the result."""
        given = args[place] if len(args) > place else kwargs.get(WORDS[place])
        if not isinstance(given, Tensor) or not given.is_floating_point() or not self._learnt(line, args):
            return None
        if name == "pow" and _harmless(args[1] if len(args) > 1 else kwargs.get("exponent")):
            return None
        at, instead = off(given.detach(), self.distance)
        if not bool(at.any()):
            return None
        text = self.told(name, Path(line[0]).name, line[1])
        if text not in self.lines:
            self.lines[text] = self.patient.did(text, 0)
        self.lines[text].times += 1
        return torch.where(at, instead, given)

    def _learnt(self, line: tuple[str, int], args: tuple[Any, ...]) -> bool:
        if torch.is_grad_enabled() and any(isinstance(one, Tensor) and one.requires_grad for one in args):
            self.learning.add(line)
        return line in self.learning


def _harmless(exponent: Any) -> bool:
    """Whether a power has a slope everywhere."""
    return isinstance(exponent, int | float) and (exponent >= 1 or exponent == 0)
