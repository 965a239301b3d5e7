"""From what an observer saw to plain data: layers as a tree, in the order of their work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.utils import _pytree as pytree

from gradwise.anatomy.facts import Anatomy, Field, Layer, Shape, Unused, Weights
from gradwise.anatomy.observing import Observer, Seen, largest
from gradwise.anatomy.reach import Reach


def anatomy(observer: Observer, inputs: Any, result: Any, *, name: str = "") -> Anatomy:
    """Everything that one forward pass showed.

    Args:
        observer: which watched it.
        inputs: what the model was given.
        result: what it gave.
        name: of the model; its class when empty.
    """
    root = observer.root
    given = [leaf for leaf in pytree.tree_leaves(inputs) if isinstance(leaf, Tensor)]
    batch = next((int(tensor.shape[0]) for tensor in given if tensor.dim()), None)
    return Anatomy(
        name=name or type(root).__name__,
        kind=type(root).__name__,
        layers=tuple(_Tree(observer).layers()) or (_alone(observer),),
        inputs=tuple((_shape(tensor), str(tensor.dtype).removeprefix("torch.")) for tensor in given),
        outputs=tuple(_shape(leaf) for leaf in pytree.tree_leaves(result) if isinstance(leaf, Tensor)),
        batch=batch,
        training=root.training,
        weights=weigh(root),
        flops=observer.meter.total,
        field=_field(largest(observer.order[0].reaches)),
        kept_bytes=None if observer.kept is None else observer.kept.bytes_beside(root, given),
        unused=tuple(_unused(observer)),
        notes=tuple(observer.notes),
    )


def weigh(model: nn.Module) -> Weights:
    """Parameters and buffers of a model, each counted once."""
    weights = [value for value in model.parameters() if not is_lazy(value)]
    buffers = [value for value in model.buffers() if not is_lazy(value)]
    return Weights(
        parameters=_count(weights),
        trainable=_count(value for value in weights if value.requires_grad),
        parameter_bytes=sum(value.numel() * value.element_size() for value in weights),
        buffers=_count(buffers),
        buffer_bytes=sum(value.numel() * value.element_size() for value in buffers),
    )


class _Tree:
    """Modules that ran, those that hold them, and functions that slide, by dotted path.

    Args:
        observer: which watched.
    """

    def __init__(self, observer: Observer) -> None:
        self.observer = observer
        self.modules = {path: module for path, module in observer.modules() if path}
        self.owners: dict[int, str] = {}
        for path, module in self.modules.items():
            for weight in module.parameters(recurse=False):
                self.owners.setdefault(id(weight), path)
        self.below: dict[str, list[tuple[str, Seen | None]]] = {}
        placed: set[str] = set()
        ran = {seen.name for seen in observer.order if seen.module is not None}
        for seen in observer.order:
            parts = seen.name.split(".") if seen.name else []
            for end in range(1, len(parts)):
                path = ".".join(parts[:end])
                if path in self.modules and path not in placed and path not in ran:
                    placed.add(path)
                    self._hang(path, None)
            if parts:
                self._hang(seen.name, seen)

    def _hang(self, path: str, seen: Seen | None) -> None:
        """Below the next longer path that is a module."""
        self.below.setdefault(path.rpartition(".")[0], []).append((path, seen))

    def layers(self, parent: str = "") -> Iterator[Layer]:
        """Every layer below ``parent``, those that hold others before these."""
        for path, seen in self.below.get(parent, ()):
            if seen is not None and seen.module is None:
                yield _function(seen)
                continue
            inner = list(self.layers(path))
            yield self._module(path, seen, inner)
            yield from inner

    def _module(self, path: str, seen: Seen | None, inner: list[Layer]) -> Layer:
        module = self.modules[path]
        direct = [layer for layer in inner if layer.name.rpartition(".")[0] == path]
        weights = [weight for weight in module.parameters() if not is_lazy(weight)]
        elsewhere = [self.owners[id(weight)] for weight in module.parameters(recurse=False)]
        reach = largest(seen.reaches) if seen is not None else None
        last = direct[-1] if direct else None  # of a list of modules, which is not called itself
        return Layer(
            name=path,
            kind=type(module).__name__,
            inputs=seen.inputs if seen else (),
            outputs=seen.outputs if seen else (last.outputs if last else ()),
            calls=seen.calls if seen else 0,
            parameters=_count(weights),
            trainable=_count(weight for weight in weights if weight.requires_grad),
            shared=next((owner for owner in elsewhere if owner != path), ""),
            flops=seen.flops if seen else sum(layer.flops for layer in direct),
            field=_field(reach) if reach else (last.field if last else None),
            jump=_jump(reach) if reach else (last.jump if last else ()),
            arithmetic=seen.arithmetic if seen else (),
            children=tuple(f"{layer.kind}" for layer in direct if not layer.function),
            windows=sum(bool(layer.arithmetic) for layer in inner),
        )


def _alone(observer: Observer) -> Layer:
    """A model without parts, as a layer."""
    root, seen = observer.root, observer.order[0]
    weights = weigh(root)
    reach = largest(seen.reaches)
    return Layer(
        name=type(root).__name__,
        kind=type(root).__name__,
        inputs=seen.inputs,
        outputs=seen.outputs,
        calls=seen.calls,
        parameters=weights.parameters,
        trainable=weights.trainable,
        flops=seen.flops,
        field=_field(reach),
        jump=_jump(reach),
        arithmetic=seen.arithmetic,
    )


def _function(seen: Seen) -> Layer:
    reach = largest(seen.reaches)
    return Layer(
        name=seen.name,
        kind="function",
        inputs=seen.inputs,
        outputs=seen.outputs,
        flops=seen.flops,
        field=_field(reach),
        jump=_jump(reach),
        arithmetic=seen.arithmetic,
        function=True,
    )


def _unused(observer: Observer) -> Iterator[Unused]:
    """The outermost modules that nothing was seen of, neither a call nor a use of their parameters."""
    ran: set[str] = {""}  # modules with anything in them that ran
    for seen in observer.order:
        name = seen.name if seen.module is not None else ""
        while name:
            ran.add(name)
            name = name.rpartition(".")[0]
    found: list[str] = []
    for path, module in observer.modules():
        if any(path.startswith(f"{outer}.") for outer in found) or isinstance(module, torch.jit.ScriptModule):
            continue
        if path in ran:
            continue
        weights = list(module.parameters())
        empty = not weights and not any(True for _ in module.children()) and _holder(module)
        if empty or any(id(weight) in observer.touched for weight in weights):
            continue
        found.append(path)
        yield Unused(path, type(module).__name__, _count(w for w in weights if not is_lazy(w)))


def _holder(module: nn.Module) -> bool:
    """Whether a module only holds others, so that it is never called."""
    return isinstance(module, nn.ModuleList | nn.ModuleDict | nn.ParameterList | nn.ParameterDict)


def _field(reach: Reach) -> Field:
    if reach.kind == "windows":
        return tuple(window.size for window in reach.windows)
    return {"input": (1,), "all": "all"}.get(reach.kind)  # type: ignore[return-value]


def _jump(reach: Reach) -> tuple[float, ...]:
    return tuple(float(window.jump) for window in reach.windows)


def _count(weights: Iterable[Tensor]) -> int:
    return sum(weight.numel() for weight in weights)


def _shape(tensor: Tensor) -> Shape:
    return tuple(int(size) for size in tensor.shape)
