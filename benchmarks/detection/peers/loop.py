"""The loop of an unmodified script: who trains what, and when a step is over.

A diagnoser's documentation asks for two or three lines in the loop.  These are the places where such lines
would stand: before the first pass, after a backward pass, after a step.
"""

from __future__ import annotations

import functools
import gc
import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from benchmarks.detection.peers.watchers import Beat, FirstLoss, Place, Watcher

# Backward passes without any step of the optimizer, after which each counts as a step.
PATIENCE = 8
LOSSES = (
    "cross_entropy",
    "nll_loss",
    "mse_loss",
    "l1_loss",
    "smooth_l1_loss",
    "huber_loss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "kl_div",
    "poisson_nll_loss",
    "gaussian_nll_loss",
)


class Loop:
    """Patches torch so that a watcher is told what a user's lines would tell it.

    Args:
        watcher: the adapter; when it raises it is told no more, and ``why`` holds the error.
    """

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        self.attached = False
        self.why = ""
        self.steps = 0
        self._optimizers: list[weakref.ref[torch.optim.Optimizer]] = []
        self._optimizer: torch.optim.Optimizer | None = None
        self._called: nn.Module | None = None
        self._trained: list[torch.nn.Parameter] = []
        self._backwards = self._own_steps = 0
        self._stepping = False
        self._loss = self._norm = 0.0
        self._evals: list[float] = []
        self._loss_told = False

    def install(self) -> None:
        """Put the patches in place, before the script runs."""
        self._call: Callable[..., Any] = nn.Module.__call__
        self._backward: Callable[..., Any] = torch.Tensor.backward
        nn.Module.__call__ = self._patched_call()  # type: ignore[method-assign]
        torch.Tensor.backward = self._patched_backward()  # type: ignore[method-assign]
        made, loop = torch.optim.Optimizer.__init__, self

        @functools.wraps(made)
        def init(optimizer: torch.optim.Optimizer, *args: Any, **kwargs: Any) -> None:
            made(optimizer, *args, **kwargs)
            loop._optimizers.append(weakref.ref(optimizer))

        torch.optim.Optimizer.__init__ = init  # type: ignore[method-assign,assignment]
        register_optimizer_step_pre_hook(lambda o, *_: self._step_begins(o))
        register_optimizer_step_post_hook(lambda o, *_: self._step_ends(o))
        for name in LOSSES:
            setattr(nn.functional, name, self._patched_loss(getattr(nn.functional, name)))

    # -- what the patches do

    def _patched_call(self) -> Callable[..., Any]:
        original, loop = self._call, self

        @functools.wraps(original)
        def call(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
            if loop.attached or loop.why or not torch.is_grad_enabled() or not _has_parameters(module):
                return original(module, *args, **kwargs)
            loop._called = module
            if not loop._alive():
                return original(module, *args, **kwargs)
            loop._attach(args, kwargs)
            output = original(module, *args, **kwargs)
            loop._passed(output)
            return output

        return call

    def _patched_backward(self) -> Callable[..., Any]:
        original, loop = self._backward, self

        @functools.wraps(original)
        def backward(tensor: torch.Tensor, *args: Any, **kwargs: Any) -> None:
            if not loop.attached and not loop.why:
                loop._attach((), {})
            original(tensor, *args, **kwargs)
            loop._backward_ends(tensor)

        return backward

    def _patched_loss(self, original: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
        loop = self

        @functools.wraps(original)
        def loss(*args: Any, **kwargs: Any) -> torch.Tensor:
            value = original(*args, **kwargs)
            if loop.attached and value.numel() == 1:
                if not value.requires_grad:
                    loop._evals.append(value.item())
                elif not loop._loss_told and len(args) == 2:
                    loop._loss_told = True
                    first = FirstLoss(original, args[0].detach().clone(), args[1], kwargs)
                    loop._tell(lambda: loop.watcher.first_loss(first))
            return value

        return loss

    def _passed(self, output: Any) -> None:
        if self.attached:
            self._tell(lambda: self.watcher.first_pass(output))

    def _backward_ends(self, tensor: torch.Tensor) -> None:
        if not self.attached or self.why:
            return
        self._backwards += 1
        self._loss = tensor.detach().sum().item()
        if self.watcher.wants_norm:
            self._norm = self._grad_norm()
        self._tell(lambda: self.watcher.after_backward(self.steps, self._loss))
        if (
            not self._own_steps
            and not self._stepping
            and (self._optimizer is None or self._backwards > PATIENCE)
        ):
            self._beat()

    def _step_begins(self, optimizer: torch.optim.Optimizer) -> None:
        self._stepping = True

    def _step_ends(self, optimizer: torch.optim.Optimizer) -> None:
        self._stepping = False
        if self.attached and optimizer is self._optimizer:
            self._own_steps += 1
            self._beat()

    # -- what the watcher is told

    def _attach(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        called, optimizers = self._called, self._alive()
        if called is None:
            if self.watcher.needs_model:
                self.why = "no module with parameters is called before the first backward pass"
                return
            self._optimizer = optimizers[-1] if optimizers else None
            self._trained = [p for o in optimizers for group in o.param_groups for p in group["params"]]
            self.attached = True
            self._tell(self.watcher.attach_without_model)
            return
        model, whole = places(called, optimizers)
        self._trained = list(whole.parameters())
        self._optimizer = holder(self._trained, optimizers)
        if model is not called:
            args, kwargs = (), {}
        self.attached = True
        self._tell(lambda: self.watcher.attach(Place(model, whole, self._optimizer, args, kwargs)))

    def _beat(self) -> None:
        rate = float(self._optimizer.param_groups[0]["lr"]) if self._optimizer is not None else None
        mean = sum(self._evals) / len(self._evals) if self._evals else None
        self._evals.clear()
        norm = self._norm if self.watcher.wants_norm else None
        beat = Beat(self.steps, self._loss, norm, rate, mean)
        self.steps += 1
        self._tell(lambda: self.watcher.after_step(beat))

    def _tell(self, what: Callable[[], None]) -> None:
        if self.why:
            return
        try:
            what()
        except Exception as error:  # noqa: BLE001 - a diagnoser's failure must not end the user's run
            self.why = f"{type(error).__name__}: {error}"[:300]
            self.attached = False

    def _grad_norm(self) -> float:
        grads = [p.grad for p in self._trained if p.grad is not None and not p.grad.is_sparse]
        return float(torch.nn.utils.get_total_norm(grads)) if grads else 0.0

    def _alive(self) -> list[torch.optim.Optimizer]:
        return [o for o in (ref() for ref in self._optimizers) if o is not None]


def places(called: nn.Module, optimizers: list[torch.optim.Optimizer]) -> tuple[nn.Module, nn.Module]:
    """The outermost module around the called one, and all that is trained as one module."""
    modules = [o for o in gc.get_objects() if issubclass(type(o), nn.Module)]
    inner = {id(child) for m in modules for child in m._modules.values() if child is not None}  # noqa: SLF001
    roots = [m for m in modules if id(m) not in inner and _has_parameters(m)]
    model = next((r for r in roots if any(m is called for m in r.modules())), called)
    held = {id(p) for o in optimizers for group in o.param_groups for p in group["params"]}
    trained = [r for r in roots if r is model or any(id(p) in held for p in r.parameters())]
    return model, model if len(trained) < 2 else nn.ModuleList(trained)


def holder(
    parameters: list[nn.Parameter], optimizers: list[torch.optim.Optimizer]
) -> torch.optim.Optimizer | None:
    """The optimizer that holds most of the parameters; the last one built when none holds any."""
    wanted = {id(p) for p in parameters}

    def held(optimizer: torch.optim.Optimizer) -> int:
        return sum(id(p) in wanted for group in optimizer.param_groups for p in group["params"])

    return max(reversed(optimizers), key=held, default=None)


def _has_parameters(module: nn.Module) -> bool:
    return next(module.parameters(), None) is not None
