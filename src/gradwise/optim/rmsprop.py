"""RMSprop: every step divided by a running root mean square of its gradient, ``v ← α v + (1 − α) g²``."""

from __future__ import annotations

from torch.optim import RMSprop

from gradwise.optim.optimizer import OptimizerInfo

OPTIMIZERS = (
    OptimizerInfo(
        "rmsprop",
        RMSprop,
        0.001,
        "Hinton's lecture 6e of 2012",
        "gradient over its running root mean square",
        {"alpha": 0.9},  # the lecture's average over about ten steps; torch's own is 0.99
    ),
)
