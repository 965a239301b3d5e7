"""Online learning whose weights become exactly zero: Adagrad's rates with a proximal L1 penalty.

What it is
    At every step the weights are put where the sum of all linearised losses so far is least, with a pull to
    where they have been and an L1 penalty on top.  The penalty is not a slope that a step runs over: a weight
    whose evidence is too small is zero to the last bit.  Without penalties it is Adagrad.

Also called
    ftrl-proximal

Formula
    - ``σ = (√(n + g²) − √n) / α``, ``z ← z + g − σ w``, ``n ← n + g²``
    - ``w ← 0`` where ``|z| ≤ λ₁``
    - ``w ← −(z − sign(z) λ₁) / ((β + √n) / α + λ₂)`` elsewhere
    - n begins at 0 and z at ``−w₀ β / α``, so that it begins at w₀; the paper has w₀ = 0.  Where a schedule
      changes α, z is moved so that w stays.

Shapes
    z and n are as large as the weights: two further copies of the net in memory.

Defaults
    β 1 ("usually good enough", McMahan and others, section 3.1), λ₁ 0, λ₂ 0, rate α 0.1 (ours: with β = 1 the
    first step is a tenth of the gradient; the range test finds a better one).  ``ftrl:l1=1,l2=0.1`` sets the
    penalties.  They count once beside the sum of all losses, so their weight falls with the number of steps.

When
    - a linear model on very many sparse features: most weights shall be zero and the model small
    - rows come one after another: a stream

When not
    - deep nets: `adam` learns faster, and zeros in a hidden layer buy little

Confused with
    - `adagrad`: the same rates; it has no way to zero
    - L1 as a term of the loss: weights then tremble around zero
    - follow the leader without the pull to earlier weights: regularised dual averaging

Example
    Two features with gradients of 2 and 0.5 from the start: only one is worth a penalty of 1.

    >>> import torch
    >>> from gradwise import optim
    >>> w = torch.nn.Parameter(torch.zeros(2, dtype=torch.float64))
    >>> optimizer = optim.make("ftrl", [w], rate=0.3, l1=1.0)
    >>> (w * torch.tensor([2.0, 0.5])).sum().backward()
    >>> optimizer.step()
    >>> [round(value, 3) for value in w.tolist()]  # −(2 − 1) · 0.3 / (1 + 2)
    [-0.1, 0.0]

Claims
    - L1 drives weights to exact zero with a proximal step, not with plain SGD
    - adaptive methods win on sparse features

References
    McMahan and others, Ad Click Prediction: a View from the Trenches, KDD 2013, algorithm 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from gradwise.optim.optimizer import OptimizerInfo

RATE = 0.1  # ours, see above
BETA = 1.0  # McMahan and others, section 3.1


class Ftrl(Optimizer):
    """FTRL-Proximal (McMahan and others 2013, algorithm 1), for dense and sparse gradients.

    Args:
        params: parameters or groups of them.
        lr: α.
        weight_decay: times the weights is added to the gradient, as torch's optimizers do.
        beta: β, above 0.
        l1: λ₁.
        l2: λ₂.

    Raises:
        ValueError: a setting out of range.
    """

    def __init__(
        self,
        params: Any,
        lr: float = RATE,
        weight_decay: float = 0.0,
        *,
        beta: float = BETA,
        l1: float = 0.0,
        l2: float = 0.0,
    ) -> None:
        for word, value in (("learning rate", lr), ("weight_decay", weight_decay), ("l1", l1), ("l2", l2)):
            if value < 0:
                raise ValueError(f"{word} must be 0 at least, got {value}")
        if beta <= 0:
            raise ValueError(f"beta must be above 0, got {beta}")
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, "beta": beta, "l1": l1, "l2": l2})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step; ``closure`` is called first, if given, and its loss returned."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            if group["lr"] == 0:
                continue  # a schedule's last step: nothing moves
            for weight in group["params"]:
                if weight.grad is not None:
                    self._move(weight, weight.grad, group)
        return loss

    def _move(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state, rate = self.state[weight], float(group["lr"])
        if not state:
            state["n"] = torch.zeros_like(weight)
            state["z"] = weight.mul(-group["beta"] / rate)
            state["rate"] = rate
        if rate != state["rate"]:
            shift = 1 / rate - 1 / state["rate"]
            state["z"].sub_((state["n"].sqrt() + group["beta"]) * weight, alpha=shift)
            state["rate"] = rate
        if not gradient.is_sparse:
            dense = gradient + group["weight_decay"] * weight if group["weight_decay"] else gradient
            _advance(weight, state["z"], state["n"], dense, group)
            return
        if group["weight_decay"]:
            raise ValueError("ftrl decays no weights with sparse gradients; take l2 in its place.")
        gradient = gradient.coalesce()
        place = tuple(gradient.indices())
        parts = [tensor[place] for tensor in (weight, state["z"], state["n"])]  # copies of the touched rows
        _advance(parts[0], parts[1], parts[2], gradient.values(), group)
        for tensor, part in zip((weight, state["z"], state["n"]), parts, strict=True):
            tensor[place] = part


def _advance(w: Tensor, z: Tensor, n: Tensor, g: Tensor, group: dict[str, Any]) -> None:
    """The formula, in place."""
    rate, l1 = float(group["lr"]), group["l1"]
    before = n.sqrt()
    n.addcmul_(g, g)
    root = n.sqrt()
    z.add_(g).sub_((root - before) / rate * w)
    excess = z - z.clamp(-l1, l1)  # exactly 0 where |z| ≤ λ₁
    w.copy_(excess / ((root + group["beta"]) / rate + group["l2"]).neg_())
    w.add_(0.0)  # −0 becomes 0


OPTIMIZERS = (
    OptimizerInfo(
        "ftrl",
        Ftrl,
        RATE,
        "ours",
        "Adagrad's rates with exact zeros by L1",
        aliases=("ftrl-proximal",),
        sparse=True,
    ),
)
