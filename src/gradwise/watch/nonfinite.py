"""Whether a batch brought the non-finite value in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from gradwise.watch.graph import MAX_NODES
from gradwise.watch.saved import saved

# Autograd node → attribute that holds its input, and which next function belongs to that input.
_INPUTS = {
    "AddmmBackward0": ("_saved_mat1", 1),
    "MmBackward0": ("_saved_self", 0),
    "ConvolutionBackward0": ("_saved_input", 0),
}


# Autograd nodes of losses that keep their target.
_TARGETS = ("NllLoss", "MseLoss", "SmoothL1Loss", "HuberLoss", "BinaryCrossEntropy", "L1Loss")


def _nodes(root: Tensor) -> Iterator[Any]:
    """Autograd nodes behind a loss, breadth first."""
    queue: list[Any] = [root.grad_fn] if root.grad_fn is not None else []
    seen = {id(node) for node in queue}
    for node in queue:  # grows while it is walked
        yield node
        for following, _ in node.next_functions:
            if following is not None and id(following) not in seen and len(seen) < MAX_NODES:
                seen.add(id(following))
                queue.append(following)


def bad_target(root: Tensor) -> bool:
    """Whether a target that a loss function kept for its backward holds NaN or infinity."""
    for node in _nodes(root):
        if node.name().startswith(_TARGETS):
            target = getattr(node, "_saved_target", None)
            if isinstance(target, Tensor) and not bool(torch.isfinite(target).all()):
                return True
    return False


def first_inputs(root: Tensor) -> dict[str, Tensor]:
    """What first layers got, and the targets, as far as autograd saved them.

    Names are ``input.0``, ``input.1``, ... and ``target.0``, ...
    """
    found: dict[str, Tensor] = {}
    for node in _nodes(root):
        known = _INPUTS.get(node.name())
        if known is not None and node.next_functions[known[1]][0] is None:
            _add(found, "input", saved(node, known[0].removeprefix("_saved_")))
        elif node.name().startswith("Embedding"):
            _add(found, "input", saved(node, "indices"))
        elif node.name().startswith(_TARGETS):
            _add(found, "target", saved(node, "target"))
    return found


def bare_input(root: Tensor) -> Tensor | None:
    """What the first layer of a network without modules got; None where autograd kept nothing of it."""
    x = first_inputs(root).get("input.0")
    return x.detach() if x is not None and x.dim() > 1 else None


def _add(found: dict[str, Tensor], kind: str, tensor: Tensor | None) -> None:
    if tensor is not None and not any(tensor.data_ptr() == other.data_ptr() for other in found.values()):
        found[f"{kind}.{sum(name.startswith(kind) for name in found)}"] = tensor


# What nodes save of what went in, in the order of their inputs.
_WENT_IN = ("self", "mat1", "input", "other", "mat2", "weight", "batch1", "batch2")


def overflowed(order: Iterable[Any]) -> tuple[Any, str, Tensor] | None:
    """The first node that has saved a NaN or +inf: node, under which name, and the tensor.

    Args:
        order: nodes from the input to the loss.
    """
    for node in order:
        for name in (*_WENT_IN, "result", "result0"):
            tensor = saved(node, name)
            if tensor is None or not tensor.is_floating_point():
                continue
            if bool(((tensor != tensor) | (tensor == torch.inf)).any()):
                return node, name, tensor
    return None


def bad_leaf_inputs(root: Tensor) -> bool:
    """Whether a first layer's input (one that needs no gradient) holds NaN or infinity.

    Looks at what linear and convolution layers saved for their backward; called
    at most once per run, at the first non-finite loss.
    """
    for node in _nodes(root):
        known = _INPUTS.get(node.name())
        if known is not None and node.next_functions[known[1]][0] is None:
            saved = getattr(node, known[0], None)
            if isinstance(saved, Tensor) and not bool(torch.isfinite(saved).all()):
                return True
    return False
