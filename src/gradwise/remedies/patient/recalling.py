"""What a few functions were last given, found again by what they put out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as functional
from torch import Tensor

if TYPE_CHECKING:
    from gradwise.remedies.patient.handle import Patient

OWNERS = (functional, torch, Tensor)  # that offer activations as functions
KEPT = 8  # results that are held at once, with what they were made of


@dataclass(frozen=True, slots=True)
class Made:
    """One result of a function.

    Args:
        out: what it gave.
        raw: what it was given.
        name: of the function.
    """

    out: Tensor
    raw: Tensor
    name: str


class Recall:
    """The latest results of some functions.

    Results are known by identity or, where they were reshaped or cut, by the
    memory that they share; what was copied since is not found.

    Args:
        patient: whose run it is.
        names: of functions in torch.nn.functional and torch, and methods of tensors.
    """

    def __init__(self, patient: Patient, names: Sequence[str]) -> None:
        self._made: deque[Made] = deque(maxlen=KEPT)
        for name in names:
            for owner in OWNERS:
                if hasattr(owner, name):
                    patient.around(owner, name, self._noting(name))

    def _noting(self, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        made, compiling, kind = self._made, torch.compiler.is_compiling, Made

        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            def noted(*args: Any, **kwargs: Any) -> Any:
                out = original(*args, **kwargs)
                if not compiling() and not (made and made[-1].out is out):
                    raw = args[0] if args else kwargs["input"]
                    if raw is not out:  # in place, nothing is left of it
                        made.append(kind(out, raw, name))
                return out

            return noted

        return make

    def find(self, value: Any) -> Made | None:
        """How a tensor was made, if a call of one of the functions made it and nothing but its shape changed.

        Returns:
            What was given, cut and shaped as the result was; None where no call is known.
        """
        if not isinstance(value, Tensor):
            return None
        for made in reversed(self._made):
            if value is made.out:
                return made
            raw = _shaped_alike(value, made)
            if raw is not None:
                return Made(value, raw if value.requires_grad else raw.detach(), made.name)
        return None

    def clear(self) -> None:
        """Forget everything."""
        self._made.clear()


def _shaped_alike(value: Tensor, made: Made) -> Tensor | None:
    """What was given, seen as the value sees the result; None where they do not share memory."""
    out = made.out
    if value.layout is not torch.strided or out.layout is not torch.strided:
        return None
    if value.dtype != out.dtype or value.device.type == "meta" or value.device != out.device:
        return None
    if value.untyped_storage().data_ptr() != out.untyped_storage().data_ptr():
        return None
    raw = made.raw
    if raw.shape != out.shape or raw.stride() != out.stride():
        raw = torch.empty_strided(out.shape, out.stride(), dtype=raw.dtype, device=raw.device).copy_(raw)
    start = value.storage_offset() - out.storage_offset() + raw.storage_offset()
    return raw.as_strided(value.shape, value.stride(), start)
