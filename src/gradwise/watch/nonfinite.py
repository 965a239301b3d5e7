"""Whether a batch brought the non-finite value in."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gradwise.watch.graph import MAX_NODES

# Autograd node → attribute that holds its input, and which next function belongs to that input.
_INPUTS = {
    "AddmmBackward0": ("_saved_mat1", 1),
    "MmBackward0": ("_saved_self", 0),
    "ConvolutionBackward0": ("_saved_input", 0),
}


def bad_leaf_inputs(root: Tensor) -> bool:
    """Whether a first layer's input (one that needs no gradient) holds NaN or infinity.

    Looks at what linear and convolution layers saved for their backward; called
    at most once per run, at the first non-finite loss.
    """
    queue: list[Any] = [root.grad_fn]
    seen = {id(root.grad_fn)}
    for node in queue:
        if node is None or len(seen) > MAX_NODES:
            break
        known = _INPUTS.get(node.name())
        if known is not None and node.next_functions[known[1]][0] is None:
            saved = getattr(node, known[0], None)
            if isinstance(saved, Tensor) and not bool(torch.isfinite(saved).all()):
                return True
        for following, _ in node.next_functions:
            if following is not None and id(following) not in seen:
                seen.add(id(following))
                queue.append(following)
    return False
