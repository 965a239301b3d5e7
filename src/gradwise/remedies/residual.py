"""Add the input of a block to its output.

What it does
    Gives signal and gradient a path around each block, with slope 1, so that depth
    no longer multiplies many small factors.

When
    Networks of ten and more layers whose first layers hardly learn although
    activation and initialisation are right.

When not
    Shallow networks, and blocks whose input and output differ in shape, unless a
    linear map on the shortcut aligns them.

Grade
    changes-model: each block computes its function plus its input.

The edit
    In the forward method of the repeated block.

    At run time every hidden dense layer and convolution that gives as many values as it
    takes becomes a block with the activation that follows it: what enters the layer is
    added to what leaves the activation, whether that is a module or a function; norms
    and dropout may stand between. Where shapes differ (strides, no padding) nothing is
    added. Nothing is trained in addition and names in `state_dict` stay. Undone, blocks
    compute their function alone. Not reached: compiled models, layers without a known
    activation behind them, blocks that hold a recurrent layer.

References
    He, Zhang, Ren, Sun, Deep Residual Learning for Image Recognition, arXiv
    1512.03385.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="residual",
    grade="changes-model",
    summary="add the input of a block to its output",
    edit=Edit(
        before="""\
def forward(self, x):
    return self.block(x)
""",
        after="""\
def forward(self, x):
    return x + self.block(x)
""",
    ),
    undo="exact",
    places=True,
)


ACTIVATIONS = (
    "relu", "sigmoid", "tanh", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish", "softplus",
    "relu6", "hardtanh", "hardswish", "hardsigmoid", "prelu", "softsign",
)  # fmt: skip
BETWEEN = ("Dropout", "Dropout1d", "Dropout2d", "BatchNorm1d", "BatchNorm2d", "LayerNorm", "GroupNorm")


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Add the input of a layer to what the activation behind it gives."""
    del dose
    import torch
    import torch.nn.functional as functional

    paths = _Paths(patient)
    compiling = torch.compiler.is_compiling

    def led(original: Callable[..., Any]) -> Callable[..., Any]:
        def activation(*args: Any, **kwargs: Any) -> Any:
            if compiling() or not paths.open:
                return original(*args, **kwargs)
            path = paths.taken(args[0] if args else kwargs.get("input"))
            out = original(*args, **kwargs)
            return out if path is None else paths.added(out, path)

        return activation

    words = [word for name in ACTIVATIONS for word in (name, f"{name}_")]
    for owner in (functional, torch, torch.Tensor):
        for word in words:
            if hasattr(owner, word):
                patient.around(owner, word, led)
    block = patient.acting(paths.enter, paths.leave)
    between = patient.acting(paths.passing, paths.passed)

    def at_root(root: Any) -> None:
        for name, layer in patient.meant_layers(root):
            if isinstance(layer, patient.affine) and layer.weight.shape[0] == _taken(layer):
                paths.names[id(layer)] = name
                patient.mark(layer, block)
        for module in root.modules():
            if type(module).__name__ in BETWEEN:
                patient.mark(module, between)

    patient.at("root", at_root)
    patient.at("left", paths.over)


def _taken(layer: Any) -> int:
    """Features or channels that a layer takes."""
    return int(layer.weight.shape[1]) * int(getattr(layer, "groups", 1))


class _Paths:
    """What entered layers whose outputs wait for their activation."""

    def __init__(self, patient: Patient) -> None:
        self.patient = patient
        self.names: dict[int, str] = {}  # by id of the layer
        self.open: list[tuple[Any, Any, str]] = []  # what was put out, what had entered, whose it is
        self.inner: list[Any] = []  # inputs of the layers, and paths of the modules between, that run

    def enter(self, _layer: Any, args: tuple[Any, ...]) -> None:
        """A layer is given something."""
        self.inner.append(args[0])

    def leave(self, layer: Any, result: Any) -> None:
        """It has put something out."""
        entered = self.inner.pop()
        if entered.shape == result.shape:
            self.open.append((result, entered, self.names.get(id(layer), type(layer).__name__)))

    def passing(self, _module: Any, args: tuple[Any, ...]) -> None:
        """A norm or a dropout is given something."""
        self.inner.append(self.taken(args[0]))

    def passed(self, _module: Any, result: Any) -> None:
        """It has put something out."""
        path = self.inner.pop()
        if path is not None:
            self.open.append((result, *path))

    def taken(self, value: Any) -> tuple[Any, str] | None:
        """What had entered the layer that put a value out, once."""
        for at, (out, entered, name) in enumerate(self.open):
            if out is value:
                del self.open[at]
                return entered, name
        return None

    def added(self, out: Any, path: tuple[Any, str]) -> Any:
        """An activation's result with what had entered the layer before it."""
        self.patient.did(f"{path[1]} adds its input")
        return out + path[0]

    def over(self, _model: Any) -> None:
        """The model has run."""
        self.open.clear()
        self.inner.clear()
