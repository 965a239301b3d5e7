"""A learning rate that is smaller the farther a layer is from the output.

What it is
    The first layers of a trained net look for what is common to most tasks, the last ones for what its own
    task asked.  So the last stage learns at the full rate, and each one before it at a share of the rate of
    the one after it.

Also called
    rate-decay, layer-wise-rate-decay, llrd

Formula
    - ``rate_s = rate · decay^(S − s)`` for stages s = 1 to S
    - at every moment of a schedule, which multiplies all of them alike

Defaults
    None: one rate for all.  ``--rate-decay 0.8`` is a mild one, ours; the paper divides by 2.6, which is
    0.38, between layers of a language model, and nets of many stages take values nearer to 1.

When
    - a whole net learns on from weights of another task
    - together with `gradual-unfreezing`

When not
    - weights drawn at random: the first layers have everything to learn
    - optimizers that find the length of their steps themselves (`l-bfgs`); they are refused

Confused with
    - a schedule, which changes the rate over time and not over depth
    - the rates of each weight inside `adam`

Example
    >>> import torch
    >>> from gradwise.train.transfer import rate_factors
    >>> net = torch.nn.Sequential(*(torch.nn.Linear(2, 2, bias=False) for _ in range(3)))
    >>> [round(factor, 2) for factor in rate_factors(net, 0.5).values()]
    [0.25, 0.5, 1.0]

Claims
    Expect a little over one rate for all, and more the less the two tasks have in common.

References
    Howard, Ruder, Universal Language Model Fine-tuning for Text Classification, arXiv 1801.06146,
    section 3.2.
"""

from __future__ import annotations

from torch import Tensor, nn

from gradwise.train.transfer.stages import stages


def rate_factors(net: nn.Module, decay: float) -> dict[Tensor, float]:
    """By what the rate of every weight is multiplied.

    Args:
        net: whose stages count.
        decay: from one stage to the one before it, above 0 and up to 1.
    """
    found = stages(net)
    return {
        weight: decay ** (len(found) - 1 - number)
        for number, stage in enumerate(found)
        for weight in stage.parameters
    }


def rates_told(net: nn.Module, decay: float) -> str:
    """The stages with the factors of their rates, as a clause."""
    found = stages(net)
    factors = [decay ** (len(found) - 1 - number) for number in range(len(found))]
    shown = [f"{stage.name} {factor:.2g}" for stage, factor in zip(found, factors, strict=True)]
    if len(shown) > 6:
        shown = [*shown[:2], "...", *shown[-2:]]
    return "times the rate: " + ", ".join(shown)
