"""Adagrad: every step divided by the root of the sum of all its squared gradients, ``s ← s + g²``."""

from __future__ import annotations

from torch.optim import Adagrad

from gradwise.optim.optimizer import OptimizerInfo

OPTIMIZERS = (
    OptimizerInfo(
        "adagrad",
        Adagrad,
        0.01,
        "Duchi, Hazan, Singer 2011; torch's default",
        "rates that shrink with the sum of squared gradients",
        fused_on=("cpu",),  # torch 2.10: "fused for CPU only"
    ),
)
