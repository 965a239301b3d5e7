"""Losses of regression: squared, absolute, and what lies between."""

from __future__ import annotations

from torch import nn

from gradwise.losses.loss import Loss


def mse() -> nn.MSELoss:
    """``(y − t)²``."""
    return nn.MSELoss()


def mae() -> nn.L1Loss:
    """``|y − t|``."""
    return nn.L1Loss()


def huber(*, delta: float = 1.0) -> nn.HuberLoss:
    """``(y − t)² / 2`` up to ``delta``, ``delta (|y − t| − delta / 2)`` beyond (Huber 1964)."""
    return nn.HuberLoss(delta=delta)


def smooth_l1(*, beta: float = 1.0) -> nn.SmoothL1Loss:
    """Huber's loss over ``beta`` (Girshick, arXiv 1504.08083, equation 3)."""
    return nn.SmoothL1Loss(beta=beta)


LOSSES = (
    Loss("mse", mse, ("numbers",), "mean squared error", aliases=("l2", "squared-error")),
    Loss("mae", mae, ("numbers",), "mean absolute error", aliases=("l1", "absolute-error")),
    Loss("huber", huber, ("numbers",), "squared near zero, absolute beyond"),
    Loss("smooth-l1", smooth_l1, ("numbers",), "squared near zero, absolute beyond"),
)
