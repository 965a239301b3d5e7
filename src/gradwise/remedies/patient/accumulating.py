"""Fewer steps with steadier gradients: those of several steps are averaged and used at once."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from torch import Tensor

if TYPE_CHECKING:
    from gradwise.remedies.patient.handle import Patient


def accumulate(patient: Patient, times: int, unless: Callable[[], bool] = lambda: False) -> None:
    """Have each optimizer use the mean gradient of several of the script's steps at the last of them.

    The steps in between find no gradient and change nothing, no momentum and no
    decay either.  The script's own gradients are there again after each step.

    Args:
        patient: the cure's hold.
        times: how many steps become one.
        unless: asked at each step; while it is so, the step is the script's own.
    """
    sums: dict[int, _Sum] = {}
    line = patient.did(f"gradients of {times} steps were averaged and used at once", 0)

    def collect(optimizer: Any) -> None:
        if unless():
            return
        if type(optimizer).__name__ == "LBFGS":
            patient.could_not("LBFGS asks for several gradients within a step, which cannot be averaged")
            return
        if getattr(optimizer, "found_inf", None) is not None and float(optimizer.found_inf):
            return  # a fused step under a GradScaler leaves itself out
        if all(p.grad is None for group in optimizer.param_groups for p in group["params"]):
            return
        book = sums.get(id(optimizer))
        if book is None or book.optimizer() is not optimizer:
            book = sums[id(optimizer)] = _Sum(optimizer)
        book.add(optimizer)
        if book.count < times:
            patient.leave_out(optimizer)
            return
        scale = book.scale(optimizer)
        patient.lend_gradients(optimizer, lambda p: book.total[id(p)].mul_(scale).div_(times))
        book.clear()
        line.times += 1

    patient.at("gradients", collect)


class _Sum:
    """Gradients of one optimizer added up."""

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = weakref.ref(optimizer)
        self.count = 0
        self.total: dict[int, Tensor] = {}  # by id of the parameter, which the optimizer holds

    def scale(self, optimizer: Any) -> float:
        """What a GradScaler has multiplied these gradients by and the step will divide by."""
        scale = getattr(optimizer, "grad_scale", None)
        return 1.0 if scale is None else float(scale)

    def add(self, optimizer: Any) -> None:
        scale = self.scale(optimizer)
        self.count += 1
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                gradient = parameter.grad.detach() / scale
                known = self.total.get(id(parameter))
                self.total[id(parameter)] = gradient if known is None else known + gradient

    def clear(self) -> None:
        self.count, self.total = 0, {}
