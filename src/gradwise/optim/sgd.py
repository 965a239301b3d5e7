"""Gradient descent on mini-batches: plain, with momentum, with Nesterov's look ahead.

``v ← μ v + g``, ``w ← w − rate · v``; Nesterov's form takes ``g + μ v`` for the step.
"""

from __future__ import annotations

from torch.optim import SGD

from gradwise.optim.optimizer import OptimizerInfo

MOMENTUM = 0.9  # Sutskever, Martens, Dahl, Hinton 2013; what nearly all published recipes take
_RATE = 0.01  # the rate of Keras's SGD
_DEVICES = ("cpu", "cuda", "mps")  # torch 2.10 documentation of SGD's fused form

OPTIMIZERS = (
    OptimizerInfo("sgd", SGD, _RATE, "Keras", "plain gradient descent on mini-batches", {}, _DEVICES),
    OptimizerInfo(
        "momentum",
        SGD,
        _RATE,
        "Keras",
        "gradient descent with a running sum of gradients",
        {"momentum": MOMENTUM},
        _DEVICES,
        ("sgd-momentum", "sgdm"),
    ),
    OptimizerInfo(
        "nesterov",
        SGD,
        _RATE,
        "Keras",
        "momentum that looks one step ahead",
        {"momentum": MOMENTUM, "nesterov": True},
        _DEVICES,
        ("nag", "sgd-nesterov"),
    ),
)
