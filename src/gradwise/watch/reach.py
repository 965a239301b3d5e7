"""How far the predictions can reach: the range of an output activation, scaled and shifted perhaps.

``low + (high - low) * sigmoid(x)`` ends in a sum, and autograd keeps no
constants of sums.  But it keeps what the sigmoid put out, so that scale and
shift follow from two of the predictions, and the others tell whether it is so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gradwise.watch.graph import KEEPS_RESULT, SHAPE_ONLY, operation

# Lowest and highest value that each activation can put out.
REACH = {
    "sigmoid": (0.0, 1.0), "hardsigmoid": (0.0, 1.0), "softmax": (0.0, 1.0), "tanh": (-1.0, 1.0),
    "hardtanh": (-1.0, 1.0), "relu": (0.0, math.inf), "relu6": (0.0, 6.0),
    "softplus": (0.0, math.inf), "log_softmax": (-math.inf, 0.0), "log_sigmoid": (-math.inf, 0.0),
}  # fmt: skip

# Layers that end in a tanh of their own, times a gate; torch's other recurrent layers show it in the graph.
RECURRENT = {"MkldnnRnnLayer": "lstm"}
_AFFINE = {"Mul", "Div", "Add", "Sub", "Rsub", "Neg"}
_DEPTH = 12  # nodes between a prediction and its activation
_LEAST_SPREAD = 0.01  # of the activation's values; from closer ones the scale cannot be told
_ROUNDING = 1e-2  # of that spread times the scale: half precision
_DIGITS = 1e-3  # of the scale to which the ends of the range are rounded


@dataclass(frozen=True, slots=True)
class Reach:
    """What predictions can be.

    Args:
        activation: the operation that bounds them.
        module: the module that did it; "" when a function did.
        low, high: ends of the range; infinite where there is none.
        margin: how far beyond an end still counts as the end.
    """

    activation: str
    module: str
    low: float
    high: float
    margin: float = 1e-4  # rounding of targets at the very end of the range

    def ends(self) -> list[float | None]:
        """Both ends as JSON has them: None where there is none."""
        return [end if math.isfinite(end) else None for end in (self.low, self.high)]


def bounding(node: Any) -> tuple[Any, bool]:
    """The node of the activation that bounds a prediction (None: nothing does), and whether bare.

    Args:
        node: autograd node that made the prediction.
    """
    bare = True
    for _ in range(_DEPTH):
        if node is None:
            return None, bare
        name = operation(node)
        if name in REACH or name in RECURRENT:
            return node, bare
        behind = [fn for fn, _ in node.next_functions if fn is not None]
        if name in SHAPE_ONLY:
            node = behind[0] if behind else None
        elif name in _AFFINE and len(behind) == 1:  # the other operand is a constant
            node, bare = behind[0], False
        else:
            return None, bare
    return None, bare


def reach(node: Any, prediction: Tensor, owners: Mapping[int, str]) -> Reach | None:
    """The range of predictions; None where it is unbounded or cannot be told.

    Args:
        node: autograd node that made the prediction.
        prediction: its numbers.
        owners: id of autograd node → module that made its output.

    Cost: behind a scale, one pass over the predictions and one transfer.
    """
    source, bare = bounding(node)
    if source is None:
        return None
    name, module = operation(source), owners.get(id(source), "")
    if bare:
        return Reach(RECURRENT.get(name, name), module, *REACH["tanh" if name in RECURRENT else name])
    found = _scale_and_shift(source, prediction) if name in KEEPS_RESULT else None
    if found is None:
        return None
    scale, shift = found
    digit = 10 ** math.floor(math.log10(abs(scale) * _DIGITS))
    low, high = sorted(_rounded(scale * end + shift, digit) for end in REACH[name])
    return Reach(name, module, low, high, margin=2 * digit)


def _scale_and_shift(source: Any, prediction: Tensor) -> tuple[float, float] | None:
    """Both of ``prediction = scale * activation + shift``; None where they are not the same everywhere."""
    before, after = source._saved_result.detach().reshape(-1).float(), prediction.detach().reshape(-1).float()
    if before.numel() != after.numel() or before.numel() < 2:
        return None
    low, high = before.argmin(), before.argmax()
    spread = before[high] - before[low]
    scale = (after[high] - after[low]) / spread
    shift = after[low] - scale * before[low]
    error = (after - (scale * before + shift)).abs().amax()
    spread, scale, shift, error = torch.stack((spread, scale, shift, error)).tolist()  # one transfer
    if not (spread >= _LEAST_SPREAD and abs(scale) > 0.0 and error <= _ROUNDING * spread * abs(scale)):
        return None
    return scale, shift


def _rounded(value: float, digit: float) -> float:
    return float(f"{round(value / digit) * digit:.6g}") if math.isfinite(value) else value
