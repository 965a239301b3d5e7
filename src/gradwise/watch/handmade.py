"""Losses written out by hand: what they compare, read off the autograd graph.

``((model(x) - y) ** 2).mean()`` calls no loss function, yet the graph tells all:
the power keeps the difference, the model's output is known, so the target is
their sum.  Only what stands directly before the loss is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gradwise.watch.graph import KEEPS_RESULT, SHAPE_ONLY, operation

# What may lie between the loss and the term that is averaged.
_AVERAGING = {"Mean", "Sum", "Div", "Mul", "Neg", "Sqrt", "Add"}
_DEPTH = 8  # nodes between the loss and that term


@dataclass(frozen=True, slots=True)
class HandMade:
    """A hand-written loss, as the library function that it equals.

    Args:
        function: ``mse_loss``, ``l1_loss`` or ``cross_entropy``.
        prediction: what was compared, detached.
        target: with what, detached.
        source: autograd node that produced the prediction.
    """

    function: str
    prediction: Tensor
    target: Tensor
    source: Any


def recognise(root: Tensor, outputs: Mapping[int, Tensor]) -> HandMade | None:
    """The hand-written loss behind ``root``; None when it is none of those known.

    Args:
        root: the tensor whose backward is about to run.
        outputs: id of autograd node → output of the module that it belongs to.
    """
    node = root.grad_fn
    for _ in range(_DEPTH):
        if node is None:
            return None
        name = operation(node)
        if name == "Pow" and getattr(node, "_saved_exponent", None) == 2:
            return _distance("mse_loss", node, outputs)
        if name == "Abs":
            return _distance("l1_loss", node, outputs)
        if name in ("Gather", "Index"):
            return _likelihood(name, node, outputs)
        if name not in _AVERAGING and name not in SHAPE_ONLY:
            return None
        behind = [fn for fn, _ in node.next_functions if fn is not None]
        node = behind[0] if len(behind) == 1 else None  # a sum of several terms is not read
    return None


def _distance(function: str, node: Any, outputs: Mapping[int, Tensor]) -> HandMade | None:
    difference = node._saved_self
    minus = node.next_functions[0][0]
    if minus is None or operation(minus) not in ("Sub", "Rsub"):
        return None
    sides = [fn for fn, _ in minus.next_functions]
    known = [fn for fn in sides if fn is not None]
    if len(known) != 1:
        return None
    prediction = _value(known[0], outputs)
    if prediction is None or prediction.numel() != difference.numel():
        return None
    prediction = prediction.reshape(difference.shape)
    first = len(sides) > 1 and sides[0] is known[0]  # prediction - target, not the other way round
    target = prediction - difference if first else prediction + difference
    return HandMade(function, prediction, target.detach(), _source(known[0]))


def _likelihood(name: str, node: Any, outputs: Mapping[int, Tensor]) -> HandMade | None:
    behind = node.next_functions[0][0]
    if behind is None or operation(behind) != "log_softmax":
        return None
    if name == "Gather":
        index = node._saved_index
        target = index.squeeze(1) if index.dim() == 2 and index.shape[1] == 1 else None
    else:
        indices = [i for i in node._saved_indices if i is not None]
        target = indices[1] if len(indices) == 2 else None
    scores = behind.next_functions[0][0]
    if target is None or scores is None:
        return None
    prediction = _value(scores, outputs)
    if prediction is None or prediction.dim() != 2 or len(prediction) != len(target):
        return None
    return HandMade("cross_entropy", prediction, target.detach(), _source(scores))


def _source(node: Any) -> Any:
    """The node that made the numbers, behind what only moves them about."""
    while operation(node) in SHAPE_ONLY and node.next_functions and node.next_functions[0][0] is not None:
        node = node.next_functions[0][0]
    return node


def _value(node: Any, outputs: Mapping[int, Tensor]) -> Tensor | None:
    """The numbers that a node stands for: a module's output, or what an activation kept."""
    for _ in range(_DEPTH):
        if id(node) in outputs:
            return outputs[id(node)]
        if operation(node) in KEEPS_RESULT:
            kept = node._saved_result
            return kept.detach() if isinstance(kept, Tensor) else None
        if operation(node) not in SHAPE_ONLY or not node.next_functions:
            return None
        node = node.next_functions[0][0]
        if node is None:
            return None
    return None


def value_of(found: HandMade) -> Tensor:
    """The loss as a mean, whatever factor the script put before it."""
    if found.function in ("cross_entropy", "nll_loss"):  # no function of torch that is watched itself
        return -found.prediction.float().log_softmax(1).gather(1, found.target[:, None]).mean()
    distance = (found.prediction - found.target).float()
    if found.function == "mse_loss":
        return distance.square().mean()
    size = distance.abs()
    if found.function == "l1_loss":
        return size.mean()
    return torch.where(size < 1, 0.5 * distance.square(), size - 0.5).mean()  # both bend at 1 unless told
