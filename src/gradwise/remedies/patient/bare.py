"""Matrices of a model's own making, drawn anew when a product first shows which way round they are used.

A bare ``nn.Parameter`` says nothing of what is summed over: ``x @ w`` sums over
its rows, ``linear(x, w)`` over its columns.  So it is drawn right before it first
meets a product, and stays as it is where it meets none before the first step.

Scripts without any module have matrices that nobody lists: what an optimizer is
given and belongs to no module, or, where there is neither, every leaf that wants a
gradient and is the second factor of a product before the first backward pass.
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

# Weight, name, model (None where there is none), inputs, outputs.
Draw = Callable[[Tensor, str, nn.Module | None, int, int], None]
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
        # By id of the weight, which is held.
        self.waiting: dict[int, tuple[Tensor, str, nn.Module | None]] = {}
        self.left: list[str] = []
        self.by_hand = True  # neither a model nor an optimizer was seen, and nothing has been learnt
        self.count = 0  # matrices of no model
        self.drawn: list[Tensor] = []  # of these, held so that their ids stay theirs
        for owner, names in NAMES.items():
            for name in names:
                patient.around(owner, name, self._noting(linear=name == "linear"))
        patient.at("before-step", lambda _optimizer: self.over())
        patient.at("optimizer", self.given)
        patient.at("after-backward", self.learnt)
        patient.later(self.over)

    def expect(self, root: nn.Module, names: list[str]) -> None:
        """A model is about to run.

        Args:
            root: the model.
            names: its parameters that belong to no layer.
        """
        self.by_hand = False
        for name in names:
            owner, weight = root.get_submodule(name.rpartition(".")[0]), root.get_parameter(name)
            if weight.dim() < 2:
                continue  # a scale or a shift, which is no matrix
            if weight.requires_grad and not has_loaded_weights(owner):
                self.waiting[id(weight)] = (weight, name, root)
            else:
                self.left.append(name)

    def given(self, optimizer: Any) -> None:
        """An optimizer was made: what belongs to no module waits."""
        self.by_hand = False
        listed = {id(p) for module in self.patient.run.models.alive() for p in module.parameters()}
        for group in optimizer.param_groups:
            for weight in group["params"]:
                if weight.dim() >= 2 and weight.requires_grad and weight.is_leaf and id(weight) not in listed:
                    self.waiting[id(weight)] = (weight, self._name(weight), None)

    def learnt(self) -> None:
        """A backward pass is over: what is updated by hand is history from now on."""
        self.by_hand = False
        if self.drawn:  # no step will be seen; what is taken back later has learnt
            self.patient.run.stepped()
            self.drawn.clear()

    def _name(self, weight: Tensor) -> str:
        self.count += 1
        return f"matrix {self.count} ({' × '.join(map(str, weight.shape))})"

    def over(self) -> None:
        """The first step is taken: from now on weights have learnt."""
        stay = [*self.left, *(name for _, name, _ in self.waiting.values())]
        self.waiting.clear()
        self.left.clear()
        if stay:
            shown = ", ".join(stay[:4]) + (f" and {len(stay) - 4} more" if len(stay) > 4 else "")
            self.patient.could_not(f"weights of the model's own making stay as they are: {shown}")

    def _noting(self, *, linear: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        waiting, compiling, bare = self.waiting, torch.compiler.is_compiling, self
        meet = self.patient.contained(self._linear if linear else self._product)

        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            def product(*args: Any, **kwargs: Any) -> Any:
                if (waiting or bare.by_hand) and not compiling():
                    meet(*args, **kwargs)
                return original(*args, **kwargs)

            return product

        return make

    def _linear(self, _input: Any, weight: Any, _bias: Any = None) -> None:
        self._met(weight, -1, -2)

    def _product(self, one: Any, *others: Any, **words: Any) -> None:
        self._met(one, -1, -2, second=False)
        for other in (*others, *words.values()):
            self._met(other, -2, -1)

    def _met(self, factor: Any, inputs: int, outputs: int, *, second: bool = True) -> None:
        """A factor, and which of its axes is summed over; a turned weight is a view of it."""
        if not isinstance(factor, Tensor) or factor.dim() < 2:
            return
        if self.by_hand and second:
            self._loose(factor)
        base = factor if id(factor) in self.waiting else factor._base  # noqa: SLF001
        found = self.waiting.pop(id(base), None)
        if found is None:
            return
        weight, name, root = found
        if factor.numel() == weight.numel():
            self.draw(weight, name, root, factor.shape[inputs], factor.shape[outputs])
        else:
            self.left.append(name)

    def _loose(self, factor: Tensor) -> None:
        """A second factor before anything was learnt: a leaf that wants a gradient is a weight."""
        weight = factor if factor._base is None else factor._base  # noqa: SLF001
        known = any(weight is one for one in self.drawn)
        if weight.is_leaf and weight.requires_grad and weight.is_floating_point() and not known:
            self.drawn.append(weight)
            self.waiting[id(weight)] = (weight, self._name(weight), None)
