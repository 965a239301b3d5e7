"""A loss as a function of one float64 vector that holds all parameters."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Vector = NDArray[np.float64]


class EnoughError(Exception):
    """All passes of a step are used up."""


class FlatProblem:
    """A closure as a function of one float64 vector, with gradient and Hessian products.

    Args:
        groups: of the optimizer.
        closure: see `gradwise.optim.full_batch`.
        notes: takes a sentence where Hessian products are not exact.
    """

    def __init__(
        self, groups: Sequence[dict[str, Any]], closure: Callable[..., Any], notes: list[str]
    ) -> None:
        self.weights: list[Tensor] = [weight for group in groups for weight in group["params"]]
        self.closure, self.notes = closure, notes
        self.home = self.weights[0].device
        decays = [
            np.full(weight.numel(), float(group["weight_decay"]))
            for group in groups
            for weight in group["params"]
        ]
        self.decay = np.concatenate(decays)  # (N,)
        self.left = math.inf  # passes
        self.iterations = self.evaluations = self.products = 0
        self.loss: Any = None  # of the last pass
        self.moved = 0.0  # length of the last iteration's step
        self.start = self._flat(self.weights)
        self.best = self.start
        self._x: Vector | None = None  # where value and gradient are known
        self._value, self._gradient = math.nan, self.start
        self._sloped: Vector | None = None  # where the graph of the gradient is known
        self._slopes: list[Tensor] = []
        self._exact = _takes_backward(closure)

    def at(self, x: Vector) -> float:
        """The loss."""
        if not self.known(x):
            self._pass()
            self.put(x)
            with torch.enable_grad():
                self.loss = self.closure()
            self.evaluations += 1
            self._x = x.copy()
            self._value = _number(self.loss) + 0.5 * float(self.decay @ (x * x))
            gradients = [torch.zeros_like(w) if w.grad is None else w.grad for w in self.weights]
            self._gradient = (
                self._flat([g.to_dense() if g.is_sparse else g for g in gradients]) + self.decay * x
            )
        return self._value

    def gradient_at(self, x: Vector) -> Vector:
        """(N,)."""
        self.at(x)
        return self._gradient.copy()

    def product_at(self, x: Vector, direction: Vector) -> Vector:
        """(N,): the Hessian times a direction."""
        self.products += 1
        if self._exact:
            try:
                return self._exact_product(x, direction) + self.decay * direction
            except torch.OutOfMemoryError:
                raise
            except RuntimeError as error:
                self._exact = False
                self._tell(f"this net has no second derivatives ({str(error).splitlines()[0].rstrip('.')})")
        else:
            self._tell("the closure takes no backward=False")
        return self._difference(x, direction)

    def _exact_product(self, x: Vector, direction: Vector) -> Vector:
        self._pass()
        if self._sloped is None or not np.array_equal(self._sloped, x):
            self.put(x)
            with torch.enable_grad():
                loss = self.closure(backward=False)
                slopes = torch.autograd.grad(loss, self.weights, create_graph=True, allow_unused=True)
            self._slopes = [_or_zero(slope, w) for slope, w in zip(slopes, self.weights, strict=True)]
            self.evaluations += 1
            self._sloped = x.copy()
        curved = [slope for slope in self._slopes if slope.requires_grad]
        parts = zip(self._slopes, self._parts(direction), strict=True)
        along = [part for slope, part in parts if slope.requires_grad]
        if not curved:
            return np.zeros_like(direction)
        products = torch.autograd.grad(curved, self.weights, along, retain_graph=True, allow_unused=True)
        if all(product is None for product in products):  # torch does not always raise
            raise RuntimeError("its gradient leads back to no parameter")
        return self._flat([_or_zero(product, w) for product, w in zip(products, self.weights, strict=True)])

    def _difference(self, x: Vector, direction: Vector) -> Vector:
        """Central difference of gradients; the length balances rounding and curvature (ε^⅓)."""
        norm = float(np.linalg.norm(direction))
        if norm == 0:
            return np.zeros_like(direction)
        rounding = torch.finfo(self.weights[0].dtype).eps ** (1 / 3)
        length = rounding * (1 + float(np.linalg.norm(x))) / norm
        ahead, behind = (self.gradient_at(x + sign * length * direction) for sign in (1, -1))
        return np.asarray((ahead - behind) / (2 * length), np.float64)

    def accept(self, x: Vector) -> None:
        """An iteration is done."""
        self.iterations += 1
        moved = float(np.linalg.norm(x - self.best))
        self.moved = moved or self.moved
        self.best = np.array(x, np.float64)

    def known(self, x: Vector) -> bool:
        """Whether the last pass was there."""
        return self._x is not None and np.array_equal(self._x, x)

    def steepest(self) -> float:
        """Largest component of the gradient of the last pass."""
        return float(np.abs(self._gradient).max())

    def norm(self) -> float:
        """Of the gradient of the last pass."""
        return float(np.linalg.norm(self._gradient))

    @torch.no_grad()
    def put(self, x: Vector) -> None:
        """Copy a vector into the parameters, in their dtypes; a graph through them is of no more use."""
        self._sloped, self._slopes = None, []
        for weight, part in zip(self.weights, self._parts(x), strict=True):
            weight.copy_(part)

    def _parts(self, x: Vector) -> list[Tensor]:
        """(N,) as tensors like the parameters."""
        flat = torch.from_numpy(np.ascontiguousarray(x))
        flat = flat.to(self.weights[0].dtype).to(self.home) if self._alike() else flat
        pieces = flat.split([weight.numel() for weight in self.weights])
        pairs = zip(pieces, self.weights, strict=True)
        return [piece.to(weight.dtype).to(weight.device).view(weight.shape) for piece, weight in pairs]

    def _alike(self) -> bool:
        """One dtype on one device: one transfer moves all."""
        return len({(weight.dtype, weight.device) for weight in self.weights}) == 1

    def _flat(self, tensors: Sequence[Tensor]) -> Vector:
        flat = torch.cat([tensor.detach().reshape(-1).to(self.home) for tensor in tensors])
        return np.asarray(flat.cpu().double().numpy(), np.float64)

    def _pass(self) -> None:
        if self.left <= 0:
            raise EnoughError
        self.left -= 1

    def _tell(self, why: str) -> None:
        note = f"Hessian products are differences of gradients, not exact: {why}."
        if note not in self.notes and not any(known.startswith(note[:40]) for known in self.notes):
            self.notes.append(note)


def _takes_backward(closure: Callable[..., Any]) -> bool:
    try:
        inspect.signature(closure).bind(backward=False)
    except (TypeError, ValueError):
        return False
    return True


def _number(loss: Any) -> float:
    return float(loss.detach()) if isinstance(loss, Tensor) else float(loss)


def _or_zero(gradient: Tensor | None, weight: Tensor) -> Tensor:
    return torch.zeros_like(weight) if gradient is None else gradient
