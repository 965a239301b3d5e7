"""What all losses share: a look at what they are given, in one form of sentence.

Shapes and dtypes are looked at in every call, which costs nothing.  Values are looked at in every call on the
CPU (4 µs) and in the first one only on an accelerator, since a look at them waits for the device.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from gradwise.errors import UsageError

SHORT = (torch.float16, torch.bfloat16)  # what autocast makes of a net's outputs
REDUCTIONS = ("mean", "sum", "none")  # torch's


class Criterion(nn.Module):
    """A loss of gradwise's; outputs that are not numbers pass, and make a loss that is none.

    Args:
        name: in messages.
        weights: (K,) of every class, or of every label's positives; None: all 1.

    ``reduction`` is torch's: ``mean`` of the batch (by classes' weights: divided by their sum), ``sum``, or
    ``none``: what is reduced, as it is.
    """

    weights: Tensor | None
    reduction: str = "mean"

    def __init__(self, name: str, weights: Tensor | None = None) -> None:
        super().__init__()
        self.name = name
        self.register_buffer("weights", weights, persistent=False)
        self._seen = False  # whether values on an accelerator were looked at

    def class_ids(self, outputs: Tensor, target: Tensor) -> Tensor:
        """``target`` if it holds ids of the outputs' classes.

        Args:
            outputs: (N, K).
            target: (N,) int64 from 0 to K − 1.

        Raises:
            UsageError: it does not, or the weights are not K.
        """
        self._matrix(outputs, "outputs (rows, classes)")
        self._ids(target, len(outputs))
        self._within(target, 0, outputs.shape[1] - 1, f"class ids from 0 to {outputs.shape[1] - 1}")
        self._weighted(outputs.shape[1])
        return target

    def group_ids(self, features: Tensor, target: Tensor, classes: int | None = None) -> Tensor:
        """``target`` if it holds a class id for every row of features; any from 0 where K is None.

        Raises:
            UsageError: it does not.
        """
        self._matrix(features, "features (rows, numbers)")
        self._ids(target, len(features))
        last = math.inf if classes is None else classes - 1
        self._within(target, 0, last, "class ids from 0" + ("" if classes is None else f" to {last}"))
        return target

    def labels(self, outputs: Tensor, target: Tensor) -> Tensor:
        """(N, K) from 0 to 1, in the outputs' dtype; class ids (N,) become rows with a single 1.

        Raises:
            UsageError: they are neither.
        """
        if target.ndim == 1 and not target.is_floating_point():
            ids = self.class_ids(outputs, target)
            return torch.zeros_like(outputs).scatter(1, ids.unsqueeze(1), 1.0)
        self._matrix(outputs, "outputs (rows, labels)")
        self._alike(outputs, target, "labels")
        self._within(target, 0, 1, "labels from 0 to 1")
        self._weighted(outputs.shape[1])
        return target.to(outputs.dtype)

    def numbers(self, outputs: Tensor, target: Tensor) -> Tensor:
        """``target`` if it holds a number for every output.

        Raises:
            UsageError: it does not; a shape that torch would broadcast is refused too.
        """
        self._alike(outputs, target, "numbers")
        if not target.is_floating_point():
            raise UsageError(
                f"loss {self.name!r} takes numbers of a float dtype, got {_shown(target)}; "
                "give target.float()."
            )
        return target

    def option(
        self, name: str, value: Any, *, low: float, high: float = math.inf, above: bool = False
    ) -> Any:
        """``value`` if it is a number from ``low`` to ``high``, or ``above`` low.

        Raises:
            UsageError: it is not.
        """
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and low <= value <= high and math.isfinite(value) and not (above and value == low):
            return value
        wanted = f"above {low:g}" if above else f"from {low:g} on"
        wanted = wanted if high == math.inf else f"from {low:g} to {high:g}"
        raise UsageError(f"loss {self.name!r} takes {name} {wanted}, got {value!r}.")

    def choice(self, name: str, value: Any, allowed: tuple[Any, ...]) -> Any:
        """``value`` if it is one of those allowed.

        Raises:
            UsageError: it is not.
        """
        if value in allowed and not isinstance(value, bool):
            return value
        words = " or ".join(map(str, allowed))
        raise UsageError(f"loss {self.name!r} takes {name} {words}, got {value!r}.")

    def reduced(self, losses: Tensor) -> Tensor:
        """Losses of any shape -> scalar, or themselves, as ``reduction`` says."""
        if self.reduction == "mean":
            return losses.mean()
        return losses.sum() if self.reduction == "sum" else losses

    def weighed(self, losses: Tensor, ids: Tensor) -> Tensor:
        """(N,) losses, each times the weight of its class, reduced; a mean is over the sum of weights."""
        if self.weights is None:
            return self.reduced(losses)
        each = self.weights.to(losses.dtype)[ids]  # (N,)
        return (each * losses).sum() / each.sum() if self.reduction == "mean" else self.reduced(each * losses)

    def _matrix(self, rows: Tensor, wanted: str) -> None:
        if rows.ndim != 2 or not rows.is_floating_point():
            raise UsageError(f"loss {self.name!r} takes {wanted} of a float dtype, got {_shown(rows)}.")

    def _ids(self, target: Tensor, rows: int) -> None:
        if target.dtype != torch.int64 or target.shape != (rows,):
            hint = "; give target.long()" if target.shape == (rows,) else ""
            raise UsageError(
                f"loss {self.name!r} takes class ids ({rows},) of dtype int64, got {_shown(target)}{hint}."
            )

    def _alike(self, outputs: Tensor, target: Tensor, what: str) -> None:
        if target.shape != outputs.shape:
            raise UsageError(
                f"loss {self.name!r} takes {what} of the outputs' shape {_sizes(outputs)}, got "
                f"{_shown(target)}."
            )

    def _weighted(self, count: int) -> None:
        if self.weights is not None and self.weights.shape != (count,):
            raise UsageError(
                f"loss {self.name!r} takes a weight for each of {count} outputs, got {len(self.weights)}."
            )

    def _within(self, target: Tensor, low: float, high: float, wanted: str) -> None:
        on_cpu = target.device.type == "cpu"
        if (self._seen and not on_cpu) or _unreadable(target) or not target.numel():
            return
        self._seen = True
        least, most = (bound.item() for bound in target.aminmax())
        if not (low <= least and most <= high):
            raise UsageError(f"loss {self.name!r} takes {wanted}, got {least:g} to {most:g}.")


def wide(outputs: Tensor) -> Tensor:
    """In float32 at least: what autocast made short is too coarse for exponentials and distances."""
    return outputs.float() if outputs.dtype in SHORT else outputs


def _unreadable(target: Tensor) -> bool:
    """Whether its values are not there to be looked at: within vmap, or while a graph is compiled."""
    wrapped = torch._C._functorch.is_functorch_wrapped_tensor(target)  # noqa: SLF001  no public way to ask
    return wrapped or torch.compiler.is_compiling()


def _shown(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {_sizes(tensor)}"


def _sizes(tensor: Tensor) -> str:
    return str(tuple(tensor.shape))
