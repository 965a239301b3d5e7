"""Adam and its kin: steps divided by a running root of squared gradients.

``m ← β₁ m + (1 − β₁) g``, ``v ← β₂ v + (1 − β₂) g²``, ``w ← w − rate · m̂ / (√v̂ + ε)`` with both averages
corrected for their start at zero.
"""

from __future__ import annotations

from torch.optim import Adam, AdamW, NAdam

from gradwise.optim.optimizer import OptimizerInfo

_DEVICES = ("cpu", "cuda", "mps")  # torch 2.10 documentation of the fused form

OPTIMIZERS = (
    OptimizerInfo("adam", Adam, 0.001, "Kingma, Ba, arXiv 1412.6980", "adaptive moments", fused_on=_DEVICES),
    OptimizerInfo(
        "adamw",
        AdamW,
        0.001,
        "Loshchilov, Hutter, arXiv 1711.05101",
        "Adam with weight decay apart from the gradient",
        fused_on=_DEVICES,
    ),
    OptimizerInfo("nadam", NAdam, 0.002, "Dozat 2016", "Adam with Nesterov's look ahead"),
)
