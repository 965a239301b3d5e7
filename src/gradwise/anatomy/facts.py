"""What is told of a model after one forward pass: plain data, no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Shape = tuple[int, ...]
Field = tuple[int, ...] | Literal["all"] | None  # positions per axis; everything; it cannot be told


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """How one axis of an output follows from that of an input, in convolutions and poolings.

    Args:
        kind: ``window``: ⌊(n + p₁ + p₂ − d (k − 1) − 1) / s⌋ + 1, rounded up where ``ceil``; ``transposed``:
            (n − 1) s − p₁ − p₂ + d (k − 1) + extra + 1; ``adaptive``: windows of unequal size.
        size: n, of the input.
        result: of the output.
        kernel: k.
        stride: s.
        padding: p₁ before, p₂ after.
        dilation: d.
        extra: output padding of a transposed convolution.
        ceil: whether a window that hangs over the end counts.

    Source: Dumoulin, Visin, A guide to convolution arithmetic for deep learning, arXiv 1603.07285,
    relationships 6, 14 and 15.
    """

    kind: Literal["window", "transposed", "adaptive"]
    size: int
    result: int
    kernel: int = 1
    stride: int = 1
    padding: tuple[int, int] = (0, 0)
    dilation: int = 1
    extra: int = 0
    ceil: bool = False

    @property
    def computed(self) -> int:
        """The output's size by the formula.

        >>> Arithmetic("window", 224, 112, kernel=7, stride=2, padding=(3, 3)).computed
        112
        """
        if self.kind == "adaptive":
            return self.result
        span = self.dilation * (self.kernel - 1)
        if self.kind == "transposed":
            return (self.size - 1) * self.stride - sum(self.padding) + span + self.extra + 1
        room = self.size + sum(self.padding) - span - 1
        steps = -(-room // self.stride) if self.ceil else room // self.stride
        if self.ceil and steps * self.stride >= self.size + self.padding[0]:
            steps -= 1  # the last window must begin inside the input or the padding before it
        return steps + 1


@dataclass(frozen=True, slots=True)
class Layer:
    """A module, or a convolution or pooling that is called as a function.

    Args:
        name: dotted path; of a function the module that calls it, and the function's name.
        kind: class, or ``function``.
        inputs: shapes of the tensors that it takes, of its first call.
        outputs: shapes of the tensors that it gives.
        calls: how often it ran; 0: only what is inside of it did.
        parameters: in it and below, each once.
        trainable: those of them that need gradients.
        shared: where parameters of this very module stand already; "".
        flops: of all its calls, for the whole batch.
        field: receptive field of one position of its output.
        jump: distance of neighbouring positions, in positions of the input.
        arithmetic: of every axis, of its first call.
        function: whether it is a function.
        children: modules directly in it that ran, or in which something ran.
        windows: convolutions and poolings in it and below.
    """

    name: str
    kind: str
    inputs: tuple[Shape, ...] = ()
    outputs: tuple[Shape, ...] = ()
    calls: int = 1
    parameters: int = 0
    trainable: int = 0
    shared: str = ""
    flops: int = 0
    field: Field = None
    jump: tuple[float, ...] = ()
    arithmetic: tuple[Arithmetic, ...] = ()
    function: bool = False
    children: tuple[str, ...] = ()
    windows: int = 0

    @property
    def depth(self) -> int:
        """Names in the path: 1 for a part of the model itself, 0 for the model."""
        return self.name.count(".") + 1 if self.name else 0


@dataclass(frozen=True, slots=True)
class Unused:
    """A module that the forward pass did not touch.

    Args:
        name: dotted path.
        kind: class.
        parameters: in it and below.
    """

    name: str
    kind: str
    parameters: int


@dataclass(frozen=True, slots=True)
class Weights:
    """Parameters and buffers of a model, each counted once.

    Args:
        parameters: numbers in them.
        trainable: those that need gradients.
        parameter_bytes: memory of all parameters.
        buffers: numbers in buffers, e.g. running means.
        buffer_bytes: memory of all buffers.
    """

    parameters: int
    trainable: int
    parameter_bytes: int
    buffers: int
    buffer_bytes: int

    @property
    def frozen(self) -> int:
        """Parameters that need no gradients."""
        return self.parameters - self.trainable


@dataclass(frozen=True, slots=True)
class Anatomy:
    """A model as one forward pass showed it.

    Args:
        name: what it is called.
        kind: its class.
        layers: in the order in which they first ran, those that contain others before these.
        inputs: shapes and dtypes of what it was given, e.g. ``((32, 3, 224, 224), "uint8")``.
        outputs: shapes of what it gave.
        batch: size of the first axis of the first input; None: it has no input with an axis.
        training: whether it was in training mode.
        weights: parameters and buffers.
        flops: of the whole batch.
        field: receptive field of its first output.
        kept_bytes: what autograd keeps of the batch for the backward pass; None: it ran without gradients.
        unused: outermost modules that were not touched.
        notes: what could not be seen, in clauses.
    """

    name: str
    kind: str
    layers: tuple[Layer, ...]
    inputs: tuple[tuple[Shape, str], ...]
    outputs: tuple[Shape, ...]
    batch: int | None
    training: bool
    weights: Weights
    flops: int
    field: Field = None
    kept_bytes: int | None = None
    unused: tuple[Unused, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def flops_each(self) -> float:
        """FLOPs of one example."""
        return self.flops / (self.batch or 1)

    def layer(self, name: str) -> Layer:
        """The first layer of that name.

        Raises:
            KeyError: there is none.
        """
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(name)
