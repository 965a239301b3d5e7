"""Gradient descent that measures each step by the size of the steps before it; no rate needs choosing.

What it is
    Steps are gradients over their running root mean square, as in `rmsprop`, times the running root mean
    square of the steps themselves.  So a step has the unit of the weights, whatever the unit of the loss.

Formula
    - ``v ← ρ v + (1 − ρ) g²``, from 0
    - ``d = √(u + ε) / √(v + ε) · g``
    - ``u ← ρ u + (1 − ρ) d²``, from 0
    - ``w ← w − rate · d``

Shapes
    u and v are as large as the weights: two further copies of the net in memory.

Defaults
    ρ 0.95, ε 1e-6 (Zeiler, section 4), rate 1, which leaves the paper's formula as it is.

When
    - the scale of gradients changes much during a training
    - no rate shall be chosen at all

When not
    - the first results are needed soon: it begins with steps of about √ε and must work its way up
    - `adam` is usually faster

Confused with
    - `rmsprop`: the same division, with a rate in place of √u
    - `adagrad`: a sum in place of the running mean

Example
    The first step is √ε / √(1 − ρ), whatever the size of the gradient.

    >>> import torch
    >>> from gradwise import optim
    >>> w = torch.nn.Parameter(torch.tensor([1.0, 1.0], dtype=torch.float64))
    >>> optimizer = optim.make("adadelta", [w])
    >>> (w * torch.tensor([1.0, 1e3])).sum().backward()
    >>> optimizer.step()
    >>> [round(1 - value, 5) for value in w.tolist()]
    [0.00447, 0.00447]

Claims
    - its rate does not die as Adagrad's does

References
    Zeiler, ADADELTA: An Adaptive Learning Rate Method, arXiv 1212.5701.
"""

from __future__ import annotations

from torch.optim import Adadelta

from gradwise.optim.optimizer import OptimizerInfo

OPTIMIZERS = (
    OptimizerInfo(
        "adadelta",
        Adadelta,
        1.0,
        "Zeiler, arXiv 1212.5701: there is none",
        "steps measured by the steps before",
        {"rho": 0.95},  # section 4; torch's own is 0.9
    ),
)
