"""Measuring a model by one forward pass."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from gradwise.anatomy.describing import anatomy
from gradwise.anatomy.facts import Anatomy
from gradwise.anatomy.observing import Observer, calls_through
from gradwise.errors import UsageError


def measure(model: nn.Module, *inputs: Any, training: bool = False, name: str = "", **named: Any) -> Anatomy:
    """What a model is made of, seen in one forward pass.

    The model is left as it was: modes, buffers, gradients and random states; one with uninitialised (lazy)
    parameters is measured on a copy. Costs a forward pass without compilation; on the ``meta`` device that is
    some milliseconds per layer, whatever its size.

    Args:
        model: any module.
        *inputs: what it is called with, e.g. a batch (N, C, H, W).
        training: run it in training mode, else in evaluation mode.
        name: what it is called; its class when empty.
        **named: what it is called with by name.

    Returns:
        Layers with shapes, parameters, FLOPs, receptive fields and the arithmetic of convolutions.

    Raises:
        UsageError: the model fails on these inputs; says in which module, and what that takes.

    >>> net = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.ReLU())
    >>> found = measure(net, torch.zeros(4, 3, 32, 32))
    >>> found.layer("0").outputs, found.layer("0").field, found.weights.parameters
    (((4, 8, 16, 16),), (3, 3), 224)
    >>> found.flops_each  # 16 * 16 positions of 2 * 8 * 3 * 3 * 3
    110592.0
    """
    root = eager(model)
    if any(is_lazy(value) for value in (*root.parameters(), *root.buffers())):
        root = copy.deepcopy(root)
    observer = Observer(root)
    with untouched(root), _uncompiled(root), torch.enable_grad():
        root.train(training)
        try:
            with calls_through(observer.call) as original:
                result = observer.run(original, inputs, named)
        except UsageError:
            raise
        except Exception as error:
            raise UsageError(told(observer, error)) from error
        return anatomy(observer, (inputs, named), result, name=name)


def told(observer: Observer, error: Exception) -> str:
    """One sentence about a forward pass that failed."""
    if observer.failure is not None:
        return observer.failure.sentence()
    return f"the forward pass fails ({type(error).__name__}: {error})."


def eager(model: nn.Module) -> nn.Module:
    """The model itself where torch.compile wrapped it."""
    inner = getattr(model, "_orig_mod", None)
    return inner if isinstance(inner, nn.Module) else model


def _uncompiled(model: nn.Module) -> AbstractContextManager[Any]:
    """Compiled parts run as they are written within the block."""
    compiled = any(
        type(module).__name__ == "OptimizedModule" or getattr(module, "_compiled_call_impl", None) is not None
        for module in model.modules()
    )
    return torch.compiler.set_stance("force_eager") if compiled else nullcontext()


@contextmanager
def untouched(model: nn.Module) -> Iterator[None]:
    """Modes, buffers and random states are afterwards what they were before."""
    modes = [(module, module.training) for module in model.modules()]
    buffers = [
        (module._buffers, name, buffer, buffer.clone())  # noqa: SLF001  a buffer may be replaced, too
        for module in model.modules()
        for name, buffer in module._buffers.items()  # noqa: SLF001
        if buffer is not None and not is_lazy(buffer)
    ]
    devices = sorted({weight.device.index or 0 for weight in model.parameters() if weight.is_cuda})
    with torch.random.fork_rng(devices=devices):
        try:
            yield
        finally:
            for module, training in modes:
                module.training = training
            with torch.no_grad():
                for holder, name, buffer, before in buffers:
                    buffer.copy_(before)
                    holder[name] = buffer
