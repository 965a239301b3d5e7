"""Adam and AdamW with little Python around the fused kernel; updates are torch's own, to the last bit.

For a small net most of an Adam step is Python: torch gathers weights, gradients and state, groups them by
device and dtype, checks them, counts steps one weight after the other, and names the step for a profiler,
anew each time.  Here what does not change between two steps is gathered once.  On an MLP 108-64-64-2 and
batches of 128 a whole training step takes three quarters of the time.  Whatever is out of the ordinary (a
closure, a missing gradient, state that was replaced, a loss scaler, a profiler) goes the way of torch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from torch import Tensor
from torch.autograd import profiler
from torch.optim import optimizer as torch_optimizer

# torch's own, without names for the public; where a release has them no more, its own step is taken
_BEFORE: Any = getattr(torch_optimizer, "_global_optimizer_pre_hooks", None)
_AFTER: Any = getattr(torch_optimizer, "_global_optimizer_post_hooks", None)
_ADAM: Any = getattr(torch, "_fused_adam_", None)
_ADAMW: Any = getattr(torch, "_fused_adamw_", None)
_ABSENT: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class _Held:
    """What the kernel takes of one group beside gradients and settings; ``counts`` (N,) is all its steps."""

    weights: list[Tensor]
    states: list[dict[str, Any]]
    means: list[Tensor]
    squares: list[Tensor]
    steps: list[Tensor]
    counts: Tensor

    @classmethod
    def of(cls, group: dict[str, Any], state: Any) -> _Held | None:
        """Of a group whose weights all have state; None where the kernel is not for them alike."""
        weights = list(group["params"])
        states = [state.get(weight, _ABSENT) for weight in weights]
        alike = {(weight.device, weight.dtype) for weight in weights}
        if not all(states) or len(alike) != 1 or not group["fused"] or _unusual(group):
            return None
        counts = torch.stack([each["step"] for each in states])
        for each, step in zip(states, counts.unbind(), strict=True):
            each["step"] = step  # places of one tensor, so that one addition counts them all
        means, squares, steps = (
            [each[word] for each in states] for word in ("exp_avg", "exp_avg_sq", "step")
        )
        return cls(weights, states, means, squares, steps, counts)

    def gradients(self, state: Any) -> list[Tensor] | None:
        """One per weight; None where one is missing or the state is no longer what is held."""
        found = []
        for weight, held, mean in zip(self.weights, self.states, self.means, strict=True):
            gradient = weight.grad
            if gradient is None or state.get(weight) is not held or held.get("exp_avg") is not mean:
                return None
            found.append(gradient)
        return found


def _unusual(group: dict[str, Any]) -> bool:
    """Whether a group asks for what only torch's own step does."""
    if _ADAM is None or _ADAMW is None:
        return True
    asked = any(group[word] for word in ("amsgrad", "capturable", "differentiable", "foreach"))
    return (
        asked or isinstance(group["lr"], Tensor) or any(isinstance(beta, Tensor) for beta in group["betas"])
    )


def _profiled() -> bool:
    return bool(getattr(profiler, "_is_profiler_enabled", True))


def _plain(step: Any) -> Any:
    """An optimizer class's step without the profiler's name and the hooks around it."""
    return step.__wrapped__ if getattr(step, "hooked", False) else step


class _Prepared(torch.optim.Adam):
    """Both; see this module."""

    _held: list[_Held] | None = None

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One update of all weights that have gradients."""
        if closure is None and self._held is not None and getattr(self, "grad_scale", None) is None:
            found = self._gathered(self._held)
            if found is not None:
                self._update(self._held, found)
                return None
        self._held = None
        loss = _plain(torch.optim.Adam.step)(self, closure)
        held = [_Held.of(group, self.state) for group in self.param_groups]
        self._held = [each for each in held if each is not None] if all(held) else None
        return loss

    def _gathered(self, held: list[_Held]) -> list[list[Tensor]] | None:
        found = []
        for each, group in zip(held, self.param_groups, strict=True):
            gradients = each.gradients(self.state)
            if gradients is None or len(group["params"]) != len(each.weights) or _unusual(group):
                return None
            found.append(gradients)
        return found

    def _update(self, held: list[_Held], found: list[list[Tensor]]) -> None:
        for each, gradients, group in zip(held, found, self.param_groups, strict=True):
            beta1, beta2 = group["betas"]
            kernel = _ADAMW if group["decoupled_weight_decay"] else _ADAM
            each.counts.add_(1)
            kernel(
                each.weights, gradients, each.means, each.squares, [], each.steps,
                lr=group["lr"], beta1=beta1, beta2=beta2, eps=group["eps"],
                weight_decay=group["weight_decay"], amsgrad=False, maximize=group["maximize"],
            )  # fmt: skip

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients, or fill them with zeros."""
        if not set_to_none or _profiled():
            super().zero_grad(set_to_none)
            return
        for group in self.param_groups:
            for weight in group["params"]:
                weight.grad = None

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """See torch."""
        self._held = None
        super().add_param_group(param_group)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Also after `load_state_dict`."""
        self._held = None
        super().__setstate__(state)

    @staticmethod
    def profile_hook_step(func: Any) -> Any:
        """``func`` with torch's hooks after a step; with all that torch does, where anyone asks."""
        full = torch.optim.Optimizer.profile_hook_step(func)
        if _BEFORE is None or _AFTER is None:
            return full

        def step(self: _Prepared, *args: Any, **kwargs: Any) -> Any:
            if _profiled() or _BEFORE or self._optimizer_step_pre_hooks:
                return full(self, *args, **kwargs)
            result = func(self, *args, **kwargs)
            for hook in chain(self._optimizer_step_post_hooks.values(), _AFTER.values()):
                hook(self, (self, *args), kwargs)
            return result

        step.__wrapped__ = func  # type: ignore[attr-defined]
        return step


class Adam(_Prepared):
    """`torch.optim.Adam`."""


class AdamW(_Prepared, torch.optim.AdamW):
    """`torch.optim.AdamW`."""
