"""What the autograd graph tells: which operation produced a tensor, what follows a module.

Nodes are read, never run; no saved tensor is unpacked (that could recompute a
checkpointed block).
"""

from __future__ import annotations

import weakref
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from gradwise.trace.model import Fact

# What lies between a hand-written distance loss and its subtraction.
DISTANCE_ARITHMETIC = {
    "Mean", "Sum", "Pow", "Abs", "Sqrt", "Mul", "Div", "Sub", "Add", "Square", "Maximum", "Minimum",
    "Log", "Log1P", "Log2", "Cosh", "Softplus", "Where", "Neg", "Clamp", "ClampMin", "Relu",
}  # fmt: skip

MAX_NODES = 20_000  # of a larger graph only this many nodes are walked

# Operations that only move numbers about: looked through when asking what produced a tensor.
SHAPE_ONLY = {
    "View", "UnsafeView", "ReshapeAlias", "Squeeze", "Unsqueeze", "Transpose", "Permute", "T",
    "Slice", "Select", "Index", "IndexSelect", "ToCopy", "Clone", "Expand", "Alias", "Split",
    "Unbind", "MaskedSelect", "AsStrided", "Flatten", "Reshape", "Detach", "Contiguous", "Cat", "Stack",
}  # fmt: skip

# Autograd node name (without "Backward0") → the operation as people call it.
OPERATIONS = {
    "Softmax": "softmax", "SafeSoftmax": "softmax", "LogSoftmax": "log_softmax",
    "Sigmoid": "sigmoid", "LogSigmoid": "log_sigmoid", "Tanh": "tanh", "Relu": "relu",
    "Addmm": "linear", "Mm": "linear", "Linear": "linear", "Bmm": "linear", "Mv": "linear",
    "Convolution": "conv", "NativeBatchNorm": "batch_norm", "CudnnBatchNorm": "batch_norm",
    "NativeLayerNorm": "layer_norm", "NativeGroupNorm": "group_norm", "NativeDropout": "dropout",
    "LeakyRelu": "leaky_relu", "Elu": "elu", "Gelu": "gelu", "Silu": "silu", "Softplus": "softplus",
    "Hardtanh": "hardtanh", "Hardsigmoid": "hardsigmoid", "Mish": "mish", "PreluKernel": "prelu",
    "MkldnnLinear": "linear", "MkldnnConvolution": "conv",
}  # fmt: skip

ACTIVATIONS = {
    "softmax", "log_softmax", "sigmoid", "log_sigmoid", "tanh", "relu", "relu6", "leaky_relu",
    "elu", "gelu", "silu", "softplus", "hardtanh", "hardsigmoid", "mish", "prelu",
}  # fmt: skip

# Activations whose autograd node keeps what they put out.
KEEPS_RESULT = {"softmax", "log_softmax", "sigmoid", "tanh", "relu"}


def operation(node: Any) -> str:
    """Short name of an autograd node: ``relu`` for ``ReluBackward0``."""
    name = node.name().rsplit("::", 1)[-1]
    stem = name.rsplit("Backward", 1)[0]
    return OPERATIONS.get(stem, stem)


def output_shape(node: Any, index: int = 0) -> tuple[int, ...] | None:
    """Shape of the forward output that this node belongs to, when the node knows it."""
    metadata = getattr(node, "_input_metadata", None)
    if not metadata or index >= len(metadata):
        return None
    return tuple(int(size) for size in metadata[index].shape)


def producer(node: Any, owners: Mapping[int, str]) -> tuple[str, str]:
    """The operation behind an autograd node, and the module that did it ("" when a function did).

    Shape-only operations are looked through.
    """
    for _ in range(20):
        if node is None:
            return ("unknown", "")
        name = operation(node)
        if name not in SHAPE_ONLY:
            return (name, owners.get(id(node), ""))
        node = node.next_functions[0][0] if node.next_functions else None
    return ("unknown", "")


@dataclass
class LossGraph:
    """What a walk from the loss found.

    Args:
        activation_after: module name → activation applied to its output.
        operations: names of the nodes nearest the loss, in breadth-first order.
        broadcast: shapes (prediction, result) of a subtraction that blew a
            column up to a square, when there was one.
        leaves: ids of the leaf tensors that the loss depends on.
        nodes: number of autograd nodes met, at most MAX_NODES.
    """

    activation_after: dict[str, str] = field(default_factory=dict)
    operations: list[str] = field(default_factory=list)
    broadcast: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    leaves: dict[int, Any] = field(default_factory=dict)
    nodes: int = 0

    def strays(self, known: Container[int]) -> dict[int, weakref.ref[Tensor]]:
        """Parameters among the leaves that are not ``known``, by id."""
        stray = {k: leaf for k, leaf in self.leaves.items() if isinstance(leaf, nn.Parameter)}
        return {k: weakref.ref(leaf) for k, leaf in stray.items() if k not in known}

    def facts(self, step: int) -> list[Fact]:
        """The square that a subtraction made of a column, where there was one."""
        if self.broadcast is None:
            return []
        prediction, result = self.broadcast
        shapes = {"prediction_shape": list(prediction), "target_shape": [prediction[0]]}
        return [Fact(step, "broadcast", "custom", {**shapes, "result_shape": list(result), "share": 1.0})]


def walk(root: Any, owners: Mapping[int, str], outputs: Mapping[int, str]) -> LossGraph:
    """Walk the graph behind a loss.

    Args:
        root: the loss tensor.
        owners: id of autograd node → name of the module whose output it made.
        outputs: the same for whole models: the walk's "near the loss" part ends there.
    """
    found = LossGraph()
    for node, near, plain in _breadth_first(root.grad_fn, set(owners) | set(outputs)):
        name = operation(node)
        found.nodes += 1
        if name == "AccumulateGrad":
            found.leaves[id(node.variable)] = node.variable
            continue
        if near and len(found.operations) < 12 and name not in SHAPE_ONLY:
            found.operations.append(node.name())
        if name in ACTIVATIONS:
            before = _behind_shape_only(node)
            owner = owners.get(id(before), "")
            if owner:
                found.activation_after[owner] = name
        if near and plain and name in ("Sub", "Rsub") and found.broadcast is None:
            found.broadcast = _squared_up(node)
    return found


def _breadth_first(start: Any, borders: set[int]) -> Iterator[tuple[Any, bool, bool]]:
    """Nodes from the loss down, each with two flags.

    The first says that no module output lies between loss and node, the second
    that only the arithmetic of an averaged distance does.
    """
    if start is None:
        return
    seen = {id(start)}
    queue: list[tuple[Any, bool, bool]] = [(start, id(start) not in borders, True)]
    position = 0
    while position < len(queue) and position < MAX_NODES:
        node, near, plain = queue[position]
        position += 1
        yield node, near, plain
        goes_on = plain and operation(node) in DISTANCE_ARITHMETIC
        for following, _ in node.next_functions:
            if following is not None and id(following) not in seen:
                seen.add(id(following))
                queue.append((following, near and id(following) not in borders, goes_on))


def _behind_shape_only(node: Any) -> Any:
    for _ in range(10):
        node = node.next_functions[0][0] if node.next_functions else None
        if node is None or operation(node) not in SHAPE_ONLY:
            return node
    return node


def _squared_up(node: Any) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """(prediction, result) when (N, 1) or (N,) met a constant and became (N, N)."""
    result = output_shape(node)
    sides = [(fn, index) for fn, index in node.next_functions if fn is not None]
    if result is None or len(result) != 2 or result[0] != result[1] or result[0] < 2 or len(sides) != 1:
        return None
    if operation(sides[0][0]) == "Unsqueeze":  # a column made on purpose, to pair all with all
        return None
    prediction = output_shape(*sides[0])
    n = result[0]
    return (prediction, result) if prediction in ((n, 1), (n,)) else None
