"""How far an optimizer goes in the end for a gradient of one: the step size of a single weight.

A proximal step must shrink a weight by the strength times the very step that the loss takes on that weight,
else the two balance at another point than the one asked for (Parikh, Boyd 2014, section 4.2; with a step of
its own for every weight: Yun, Lozano, Yang, arXiv 2007.07484).  So momentum counts with the sum of its
echoes, 1 / (1 − μ), and adaptive methods with their root.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from gradwise.errors import UsageError


def stepped(optimizer: Optimizer) -> Iterator[tuple[Tensor, dict[str, Any]]]:
    """Weights that the last step moved, each with its group."""
    for group in optimizer.param_groups:
        for weight in group["params"]:
            if weight.grad is not None:
                yield weight, group


def step_size(optimizer: Optimizer, weight: Tensor, group: dict[str, Any]) -> float | Tensor:
    """The step size of a weight after the optimizer's step: a number, or one for every entry.

    Optimizers that are not known are taken to move by rate times gradient.

    Raises:
        UsageError: the optimizer has a proximal step of its own.

    >>> w = torch.nn.Parameter(torch.zeros(1))
    >>> momentum = torch.optim.SGD([w], lr=0.1, momentum=0.9)
    >>> round(step_size(momentum, w, momentum.param_groups[0]), 6)
    1.0
    """
    state, rate = optimizer.state.get(weight, {}), float(group["lr"])
    if "z" in state and "n" in state:
        raise UsageError("optimizer 'ftrl' has an L1 of its own; take --optimizer ftrl:l1=... alone.")
    if "exp_avg_sq" in state:  # the Adam family
        squares = state.get("max_exp_avg_sq", state["exp_avg_sq"])
        return _by_root(rate, squares / (1 - group["betas"][1] ** state["step"]), group["eps"])
    if "acc_delta" in state:  # Adadelta
        ratio: Tensor = (state["acc_delta"] + group["eps"]) / (state["square_avg"] + group["eps"])
        return ratio.sqrt_().mul_(rate)
    if "square_avg" in state:  # RMSprop
        squares = state["square_avg"]
        if group.get("centered"):
            squares = (squares - state["grad_avg"] ** 2).clamp_(min=0)
        return _by_root(rate, squares, group["eps"]) / (1 - float(group.get("momentum", 0)))
    if "sum" in state:  # Adagrad
        return _by_root(
            rate / (1 + (state["step"] - 1) * group.get("lr_decay", 0)), state["sum"], group["eps"]
        )
    if group.get("ratio"):  # adam-to-sgd, after the switch
        return rate * float(group["ratio"])
    if "m" in state and "v" in state and "count" in group:  # adam-to-sgd, before it
        return _by_root(rate, state["v"] / (1 - group["betas"][1] ** group["count"]), group["eps"])
    momentum = float(group.get("momentum", 0))
    return rate * (1 - float(group.get("dampening", 0))) / (1 - momentum) if momentum else rate


def _by_root(rate: Any, squares: Tensor, eps: float) -> Tensor:
    return torch.as_tensor(rate / (torch.sqrt(squares) + eps))
