"""Matrices of a model's own making, drawn anew when a product first shows which way round they are used.

A bare ``nn.Parameter`` says nothing of what is summed over: ``x @ w`` sums over
its rows, ``linear(x, w)`` over its columns.  So it is drawn right before it first
meets a product, and stays as it is where it meets none before the first step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from gradwise.remedies.patient.models import has_loaded_weights

if TYPE_CHECKING:
    from gradwise.remedies.patient.handle import Patient

Draw = Callable[[Tensor, str, nn.Module, int, int], None]  # weight, name, model, inputs, outputs
# Products, by who offers them: `linear` has its weight second, with the inputs last; of all others the inputs
# of a second factor stand second to last, and those of a first one last.
NAMES = {
    functional: ("linear",),
    torch: ("matmul", "mm", "bmm"),
    Tensor: ("matmul", "mm", "bmm", "__matmul__"),
}


class Bare:
    """Waits for products with matrices that belong to no layer.

    Args:
        patient: the cure's hold.
        draw: draws one that was met.
    """

    def __init__(self, patient: Patient, draw: Draw) -> None:
        self.patient, self.draw = patient, draw
        self.waiting: dict[int, tuple[Tensor, str, nn.Module]] = {}  # by id of the weight, which is held
        self.left: list[str] = []
        for owner, names in NAMES.items():
            for name in names:
                patient.around(owner, name, self._noting(linear=name == "linear"))
        patient.at("before-step", lambda _optimizer: self.over())
        patient.later(self.over)

    def expect(self, root: nn.Module, names: list[str]) -> None:
        """A model is about to run.

        Args:
            root: the model.
            names: its parameters that belong to no layer.
        """
        for name in names:
            owner, weight = root.get_submodule(name.rpartition(".")[0]), root.get_parameter(name)
            if weight.dim() < 2:
                continue  # a scale or a shift, which is no matrix
            if weight.requires_grad and not has_loaded_weights(owner):
                self.waiting[id(weight)] = (weight, name, root)
            else:
                self.left.append(name)

    def over(self) -> None:
        """The first step is taken: from now on weights have learnt."""
        stay = [*self.left, *(name for _, name, _ in self.waiting.values())]
        self.waiting.clear()
        self.left.clear()
        if stay:
            shown = ", ".join(stay[:4]) + (f" and {len(stay) - 4} more" if len(stay) > 4 else "")
            self.patient.could_not(f"weights of the model's own making stay as they are: {shown}")

    def _noting(self, *, linear: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        waiting, compiling = self.waiting, torch.compiler.is_compiling
        meet = self.patient.contained(self._linear if linear else self._product)

        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            def product(*args: Any, **kwargs: Any) -> Any:
                if waiting and not compiling():
                    meet(*args, **kwargs)
                return original(*args, **kwargs)

            return product

        return make

    def _linear(self, _input: Any, weight: Any, _bias: Any = None) -> None:
        self._met(weight, -1, -2)

    def _product(self, one: Any, *others: Any, **words: Any) -> None:
        self._met(one, -1, -2)
        for other in (*others, *words.values()):
            self._met(other, -2, -1)

    def _met(self, factor: Any, inputs: int, outputs: int) -> None:
        """A factor, and which of its axes is summed over; a turned weight is a view of it."""
        if not isinstance(factor, Tensor) or factor.dim() < 2:
            return
        base = factor if id(factor) in self.waiting else factor._base  # noqa: SLF001
        found = self.waiting.pop(id(base), None)
        if found is None:
            return
        weight, name, root = found
        if factor.numel() == weight.numel():
            self.draw(weight, name, root, factor.shape[inputs], factor.shape[outputs])
        else:
            self.left.append(name)
