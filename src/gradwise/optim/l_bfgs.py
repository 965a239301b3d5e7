"""Newton's way downhill from gradients alone: the curvature is read off the last hundred steps.

What it is
    How the gradient changed over earlier steps tells how the loss is curved there.  From the last steps it
    makes an estimate of the inverse Hessian, never written out, and goes where the loss would be least if it
    were a parabola; a line search then finds how far.  One step of the optimizer carries out up to 20 such
    iterations, each with one or a few passes over all rows.

Also called
    lbfgs

Formula
    - ``s = wₜ₊₁ − wₜ``, ``y = gₜ₊₁ − gₜ``, the last 100 pairs
    - ``d = −H g``, where H follows from the pairs by BFGS's update from a multiple of the identity
    - ``w ← w + t d``, where t fulfils the strong Wolfe conditions

Shapes
    200 vectors as large as the weights, with history_size 100.

Defaults
    20 iterations and 25 passes in a step, history of 100 (torch's), line search ``strong_wolfe`` (torch's own
    default is none: steps of the rate's length, which may diverge), rate 1: the first length that is tried.
    All training rows are one batch.

When
    - small data and a small net, or a linear model: few passes to the very bottom
    - physics-informed nets and fits of formulas, after some epochs of `adam`

When not
    - mini-batches or dropout: pairs of different functions tell no curvature.  A smaller batch is allowed,
      since with batches of most rows it works in practice, and a note says what is lost.
    - large nets on much data: `adamw`

Confused with
    - `bfgs`: keeps the whole matrix, for some hundreds of weights
    - `newton-cg`: takes the true Hessian

Example
    A parabola in two directions of very different curvature, to the bottom in one step.

    >>> import torch
    >>> from gradwise import optim
    >>> w = torch.nn.Parameter(torch.tensor([1.0, 1.0], dtype=torch.float64))
    >>> optimizer = optim.make("l-bfgs", [w])
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (w.square() * torch.tensor([1.0, 50.0])).sum()
    ...     loss.backward()
    ...     return loss
    >>> _ = optimizer.step(closure)
    >>> bool(w.abs().max() < 1e-5)
    True

Claims
    - it needs few steps on small problems and does not scale to large ones

References
    - Liu, Nocedal, On the limited memory BFGS method for large scale optimization, Mathematical Programming
      45, 1989
    - Nocedal, Wright, Numerical Optimization, 2nd edition, Springer 2006, algorithms 3.5 and 7.5
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.optim import LBFGS

from gradwise.optim.optimizer import OptimizerInfo

LINE_SEARCHES = ("strong_wolfe", None)


def make_lbfgs(  # noqa: PLR0913 (torch's own settings)
    params: Any,
    lr: float = 1.0,
    weight_decay: float = 0.0,
    *,
    max_iter: int = 20,
    max_eval: int = 25,
    tolerance_grad: float = 1e-7,
    tolerance_change: float = 1e-9,
    history_size: int = 100,
    line_search_fn: str | None = "strong_wolfe",
) -> LBFGS:
    """L-BFGS of torch with weight decay by group, as the other optimizers have it.

    Args:
        params: parameters or groups of them; it moves all as one.
        lr: the first length that the line search tries; without one, of every step.
        weight_decay: of groups that give none; half of it times the squares is added to the loss.
        max_iter: iterations of a step.
        max_eval: losses of a step, looked at after every iteration.
        tolerance_grad: largest component of the gradient at which it is done.
        tolerance_change: of loss and weights, below which it is done.
        history_size: pairs that are kept.
        line_search_fn: ``strong_wolfe`` or None.

    Raises:
        ValueError: a setting out of range.
    """
    if line_search_fn not in LINE_SEARCHES:
        raise ValueError(f"line_search_fn must be strong_wolfe or none, got {line_search_fn!r}")
    for word, value in (("max_iter", max_iter), ("max_eval", max_eval), ("history_size", history_size)):
        if value < 1:
            raise ValueError(f"{word} must be 1 at least, got {value}")
    listed: list[Any] = list(params)
    groups: list[dict[str, Any]] = listed if listed and isinstance(listed[0], dict) else [{"params": listed}]
    decayed = [
        (weight, decay)
        for group in groups
        if (decay := float(group.get("weight_decay", weight_decay))) != 0
        for weight in group["params"]
    ]
    if any(decay < 0 for _, decay in decayed):
        raise ValueError(f"weight_decay must be 0 at least, got {min(decay for _, decay in decayed)}")
    weights = [weight for group in groups for weight in group["params"]]
    optimizer = LBFGS(
        [{"params": weights, "weight_decay": max((decay for _, decay in decayed), default=0.0)}],
        lr=lr,
        max_iter=max_iter,
        max_eval=max_eval,
        tolerance_grad=tolerance_grad,
        tolerance_change=tolerance_change,
        history_size=history_size,
        line_search_fn=line_search_fn,
    )
    optimizer.register_step_pre_hook(lambda _, args, options: _with_decay(args, options, decayed))
    return optimizer


def _with_decay(args: Any, options: Any, decayed: list[tuple[Tensor, float]]) -> tuple[Any, Any]:
    """The arguments of ``step``, their closure with the penalty in loss and gradient."""
    own, closure = args[0], args[1] if len(args) > 1 else options["closure"]
    return (own, _decaying(closure, decayed)), {}


def _decaying(closure: Callable[[], Tensor], decayed: list[tuple[Tensor, float]]) -> Callable[[], Tensor]:
    def with_decay() -> Tensor:
        loss = closure().detach()  # torch makes a number of it, and would warn of its graph
        with torch.no_grad():
            for weight, decay in decayed:
                loss = loss + 0.5 * decay * weight.square().sum()
                if weight.grad is not None:
                    weight.grad.add_(weight, alpha=decay)
        return loss

    return with_decay


OPTIMIZERS = (
    OptimizerInfo(
        "l-bfgs",
        make_lbfgs,
        1.0,
        "Newton's step; torch's default",
        "curvature from the last steps, with a line search",
        aliases=("lbfgs",),
        whole="usually",
        closure=True,
    ),
)
