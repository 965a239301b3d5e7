"""Begins with Adam and goes on with momentum SGD, at the rate that Adam's steps have shown.

What it is
    Adam gets somewhere quickly, SGD with momentum often ends better.  At every step of Adam it works out
    which rate SGD would have needed for a step with the same projection; once that number agrees with its
    own running mean, SGD takes over with it.  A schedule goes on to scale the rate after the switch.

Also called
    swats, adam-sgd

Formula
    - ``p`` is Adam's step; ``γ = p·p / (−p·g)``, over all weights together, in units of the rate
    - ``λ ← β₂ λ + (1 − β₂) γ``; the switch comes where ``|λ̂ − γ| < tolerance · λ̂`` with ``λ̂ = λ / (1 −
      β₂ᵗ) > 0``
    - afterwards ``v ← β₁ v + g`` from 0 and ``w ← w − (1 − β₁) λ̂ · rate · v``
    - with ``share=0.5`` the switch comes after half of the training, at ``λ̂ = Σ p·p / Σ (−p·g)`` of
      running sums

Shapes
    m and v of Adam are as large as the weights; after the switch v alone.  Until the switch one number goes
    to the host in every step, unless a share is given.

Defaults
    rate 0.001, β₁ 0.9, β₂ 0.999, ε 1e-8 (as Adam).  The paper's tolerance is 1e-9 and absolute, which noisy
    gradients hardly ever meet, and others that carried it out took more; ours is 0.01 of λ̂.  Before
    10 steps, in which λ̂ is a mean over next to nothing, there is no switch (ours).

When
    - the early epochs of `adam` are wanted and the end of `momentum`

When not
    - the end must be the best that can be had: tune `momentum` itself
    - gradients are sparse: Adam's advantage there is lost at the switch

Confused with
    - two trainings one after the other: here the second rate needs no choosing
    - `nadam`: Adam all the way

Example
    After half of the steps it is momentum SGD.

    >>> import torch
    >>> from gradwise import optim
    >>> w = torch.nn.Parameter(torch.tensor([1.0]))
    >>> optimizer = optim.make("adam-to-sgd", [w], share=0.5, steps=10)
    >>> phases = []
    >>> for _ in range(10):
    ...     phases.append(optimizer.phase)
    ...     optimizer.zero_grad()
    ...     w.square().sum().backward()
    ...     optimizer.step()
    >>> phases.count("adam"), phases.count("sgd")
    (5, 5)

Claims
    - Adam starts faster, tuned SGD with momentum can end better, and the switch gets both

References
    Keskar, Socher, Improving Generalization Performance by Switching from Adam to SGD, arXiv 1712.07628,
    algorithm 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from gradwise.optim.optimizer import OptimizerInfo

TOLERANCE = 1e-2  # of λ̂: ours, see the page
LEAST = 10  # steps: ours, see the page


class AdamToSGD(Optimizer):
    """Adam, then SGD with momentum (arXiv 1712.07628).

    Args:
        params: parameters or groups of them; all switch together.
        lr: of Adam; afterwards it scales the rate that was found.
        betas: β₁, which is the momentum afterwards, and β₂.
        eps: ε.
        weight_decay: times the weights is added to the gradient.
        tolerance: relative difference of γ and λ̂ at which it switches.
        share: of ``steps`` after which it switches, whatever γ; 0: when γ has settled.
        steps: of the whole training; needed by ``share``.

    Raises:
        ValueError: a setting out of range, or a share of nobody knows how many steps.
    """

    def __init__(
        self,
        params: Any,
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        *,
        tolerance: float = TOLERANCE,
        share: float = 0.0,
        steps: int | None = None,
    ) -> None:
        for word, value in (("learning rate", lr), ("eps", eps), ("weight_decay", weight_decay)):
            if value < 0:
                raise ValueError(f"{word} must be 0 at least, got {value}")
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"betas must be from 0 to below 1, got {tuple(betas)}")
        if tolerance <= 0:
            raise ValueError(f"tolerance must be above 0, got {tolerance}")
        if not 0 <= share < 1:
            raise ValueError(f"share must be from 0 to below 1, got {share}")
        if share and steps is None:
            raise ValueError("share needs the number of steps of the training; give steps")
        at = max(1, round(share * steps)) if share and steps is not None else 0
        defaults = {"lr": lr, "betas": tuple(betas), "eps": eps, "weight_decay": weight_decay}
        super().__init__(
            params, {**defaults, "tolerance": tolerance, "switch_at": at, "count": 0, "ratio": 0.0}
        )
        for group in self.param_groups:
            group |= {"mean": 0.0, "squares": None, "falls": None}

    @property
    def phase(self) -> str:
        """``adam`` or ``sgd``."""
        return "sgd" if self.param_groups[0]["ratio"] else "adam"

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step; ``closure`` is called first, if given, and its loss returned."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        count = self.param_groups[0]["count"] + 1
        self._tell(count=count)
        if self.phase == "sgd":
            self._descend()
            return loss
        squares, falls = self._adapt(count)
        if self.param_groups[0]["lr"] > 0 and squares is not None and falls is not None:
            self._judge(count, squares, falls)
        return loss

    def _adapt(self, count: int) -> tuple[Tensor | None, Tensor | None]:
        """A step of Adam; p·p and −p·g over all weights, both in units of the rate."""
        squares: Tensor | None = None
        falls: Tensor | None = None
        for group in self.param_groups:
            (first, second), eps, rate = group["betas"], group["eps"], group["lr"]
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                gradient, state = _gradient(weight, group), self.state[weight]
                if not state:
                    state |= {"m": torch.zeros_like(weight), "v": torch.zeros_like(weight)}
                state["m"].lerp_(gradient, 1 - first)
                state["v"].mul_(second).addcmul_(gradient, gradient, value=1 - second)
                root = (state["v"] / (1 - second**count)).sqrt_().add_(eps)
                step = state["m"] / root / (first**count - 1)  # p in units of the rate, downhill
                weight.add_(step, alpha=rate)
                mine, fall = step.square().sum(), -(step * gradient).sum()
                squares = mine if squares is None else squares + mine.to(squares.device)
                falls = fall if falls is None else falls + fall.to(falls.device)
        return squares, falls

    def _judge(self, count: int, squares: Tensor, falls: Tensor) -> None:
        """Whether it is time for SGD."""
        group = self.param_groups[0]
        second = group["betas"][1]
        if group["switch_at"]:
            kept = group["squares"], group["falls"]
            squares, falls = (
                new if old is None else old.to(new.device).lerp(new, 1 - second)
                for old, new in zip(kept, (squares, falls), strict=True)
            )
            self._tell(squares=squares, falls=falls)
            if count >= group["switch_at"]:
                ratio = float(squares / falls)
                if ratio > 0 and math.isfinite(ratio):
                    self._switch(ratio)
            return
        gamma = float(squares / falls)  # waits for the device
        if not math.isfinite(gamma):
            return
        mean = second * group["mean"] + (1 - second) * gamma
        self._tell(mean=mean)
        corrected = mean / (1 - second**count)
        if count >= LEAST and corrected > 0 and abs(corrected - gamma) < group["tolerance"] * corrected:
            self._switch(corrected)

    def _switch(self, ratio: float) -> None:
        self._tell(ratio=ratio, squares=None, falls=None)
        for weight in list(self.state):
            self.state[weight] = {"v": torch.zeros_like(weight)}

    def _descend(self) -> None:
        """A step of SGD with momentum."""
        for group in self.param_groups:
            momentum = group["betas"][0]
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                speed = state.setdefault("v", torch.zeros_like(weight))
                speed.mul_(momentum).add_(_gradient(weight, group))
                weight.add_(speed, alpha=-(1 - momentum) * group["ratio"] * group["lr"])

    def _tell(self, **values: Any) -> None:
        for group in self.param_groups:
            group.update(values)


def _gradient(weight: Tensor, group: dict[str, Any]) -> Tensor:
    """With weight decay."""
    gradient: Tensor = weight.grad  # type: ignore[assignment]
    if gradient.is_sparse:
        raise ValueError("adam-to-sgd takes no sparse gradients; take adagrad or ftrl.")
    return gradient.add(weight, alpha=group["weight_decay"]) if group["weight_decay"] else gradient


OPTIMIZERS = (
    OptimizerInfo(
        "adam-to-sgd",
        AdamToSGD,
        0.001,
        "Kingma, Ba, arXiv 1412.6980",
        "Adam first, momentum SGD once its rate is known",
        aliases=("swats", "adam-sgd"),
    ),
)
