"""Modules that keep their parts elsewhere than torch does: the layers of Keras 3 on torch.

A Keras model is an ``nn.Module``, but its layers stand in a list of its own and
its weights once more in a dictionary at every level.  Here such a model is
read as its users see it: ``dense_1.kernel``.  Keras itself is never imported.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn

_KERAS = "keras.src.backend.torch.layer"
_HIDDEN = ("_torch_params", "_functional")  # children of a Keras layer that hold again what its layers hold


def keras_layer() -> type[nn.Module] | None:
    """The class of all Keras layers on torch, where Keras has been imported."""
    room = sys.modules.get(_KERAS)
    return getattr(room, "TorchLayer", None)


def children(module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The parts of a module and their names."""
    keras = keras_layer()
    foreign = keras is not None and isinstance(module, keras)
    for layer in _layers(module) if foreign else ():
        yield layer.name, layer
    for name, child in module._modules.items():
        if child is not None and child is not module and not (foreign and name in _HIDDEN):
            yield name, child


def inside(module: nn.Module) -> Iterator[nn.Module]:
    """All modules that a module holds directly, under whatever name."""
    yield from (child for _, child in children(module))
    yield from (child for child in module._modules.values() if child is not None and child is not module)


def named_modules(root: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """As ``root.named_modules()``, parts of foreign modules included."""
    if keras_layer() is None:
        yield from root.named_modules()
        return
    met: set[int] = set()
    waiting = [("", root)]
    while waiting:
        name, module = waiting.pop()
        if id(module) in met:
            continue
        met.add(id(module))
        yield name, module
        below = [(f"{name}.{part}".lstrip("."), child) for part, child in children(module)]
        waiting += reversed(below)


def named_parameters(root: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """As ``root.named_parameters()``, weights of foreign modules under their own names."""
    keras = keras_layer()
    if keras is None:
        yield from root.named_parameters()
        return
    met: set[int] = set()
    for name, module in named_modules(root):
        own = _variables(module) if isinstance(module, keras) else module.named_parameters(recurse=False)
        for key, parameter in own:
            if id(parameter) not in met:
                met.add(id(parameter))
                yield f"{name}.{key}".lstrip("."), parameter


def applied_activation(module: nn.Module) -> str:
    """The non-linearity that a Keras layer applies to its own output; "" where there is none."""
    keras = keras_layer()
    if keras is None or not isinstance(module, keras):
        return ""
    name = getattr(getattr(module, "activation", None), "__name__", "")
    return "" if name == "linear" else str(name)


def _layers(module: Any) -> Iterator[Any]:
    for layer in getattr(module, "_layers", ()):
        once_more = layer is module or layer is getattr(module, "_functional", None)
        if isinstance(layer, nn.Module) and type(layer).__name__ != "InputLayer" and not once_more:
            yield layer


def _variables(module: Any) -> Iterator[tuple[str, Tensor]]:
    for variable in (*module._trainable_variables, *module._non_trainable_variables):
        value = variable.value
        if isinstance(value, nn.Parameter) and value.is_floating_point():
            yield variable.name, value
