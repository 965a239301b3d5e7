"""A running mean of the weights, judged and used in place of the weights themselves.

What it is
    The last steps of a training jump around the place that they mean.  A copy of the net follows its weights
    with a running mean, and this copy is evaluated and kept.  It costs one copy of the net and one cheap
    operation per step, and the training itself does not change.

Also called
    exponential-moving-average, weight-averaging

Formula
    - ``a ← d a + (1 − d) w`` after every step, with ``d = min(decay, (1 + n) / (10 + n))`` at update n, so
      that a short training is not a mean of its random start
    - running means of batch-norms are averaged alike; counters are copied

Shapes
    A second copy of all weights.

Defaults
    decay 0.999 (a mean over about 1000 steps; TensorFlow's documentation: 0.999 to 0.9999).  In a fit it is
    ``--ema``.  Where `l1` or `elastic` make exact zeros, the mean is zero where the net is.

When
    - the score jumps from epoch to epoch; rates that stay large; small batches; generative nets
    - it is nearly free

When not
    - the rate falls to zero: the last weights hardly differ from their mean
    - fewer steps than 1 / (1 − decay): the mean trails behind; lower the decay

Confused with
    - `swa`: the equal mean of the weights at the ends of the last epochs
    - `ensemble`: averages answers of nets, not weights
    - momentum: a running mean of gradients

Example
    The second update, n = 1, has d = min(0.5, 2 / 11).

    >>> import torch
    >>> from gradwise import regularize
    >>> net = torch.nn.Linear(1, 1, bias=False)
    >>> _ = torch.nn.init.zeros_(net.weight)
    >>> ema = regularize.make("ema:decay=0.5").only(regularize.Ema)
    >>> ema.wrap(net)
    >>> optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    >>> ema.after_step(net, optimizer)
    >>> _ = torch.nn.init.ones_(net.weight)
    >>> ema.after_step(net, optimizer)
    >>> round(ema.average.module.weight.item(), 4)
    0.8182

Claims
    None of its own: expect a smoother and mostly better validation score while the rate is large.

References
    - Polyak, Juditsky, Acceleration of Stochastic Approximation by Averaging, SIAM Journal on Control and
      Optimization 30, 1992
    - Tarvainen, Valpola, Mean teachers are better role models, arXiv 1703.01780
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gradwise.errors import UsageError
from gradwise.registry import Span
from gradwise.regularize.regulariser import Regulariser, RegulariserInfo

DECAY = 0.999  # documentation of TensorFlow's ExponentialMovingAverage: 0.999 to 0.9999
WARM_UP = 10  # updates; the decay grows as (1 + n) / (10 + n), as in TensorFlow's ExponentialMovingAverage


def averaged(model: nn.Module, decay: float) -> AveragedModel:
    """A copy of ``model`` whose weights and buffers follow it as an exponential moving average.

    ``average = d · average + (1 − d) · weights`` with ``d = min(decay, (1 + n) / (10 + n))`` at
    update ``n``.  Counters and other whole-number buffers are copied.  Call ``update_parameters(model)``
    after every step; no host sync, because the count of updates lies on the CPU.

    Raises:
        UsageError: a decay that is not from 0 to 1.

    >>> net = nn.Linear(1, 1, bias=False)
    >>> _ = nn.init.constant_(net.weight, 0.0)
    >>> ema = averaged(net, 0.5)
    >>> ema.update_parameters(net)
    >>> _ = nn.init.constant_(net.weight, 1.0)
    >>> ema.update_parameters(net)  # n = 1: d = 2 / 11
    >>> round(ema.module.weight.item(), 4)
    0.8182
    """
    if not 0.0 <= decay <= 1.0:
        raise UsageError(f"--ema takes a decay from 0 to 1, not {decay:g}.")
    return AveragedModel(model, multi_avg_fn=_warmed(decay), use_buffers=True)


def _warmed(decay: float) -> Any:
    def update(average: list[Tensor], current: list[Tensor], updates: Tensor | int) -> None:
        if not average[0].is_floating_point():
            for old, new in zip(average, current, strict=True):
                old.copy_(new)
            return
        done = int(updates)  # a tensor on the CPU: no sync
        get_ema_multi_avg_fn(min(decay, (1 + done) / (WARM_UP + done)))(average, current, updates)

    return torch.no_grad()(update)


class Ema(Regulariser):
    """A running mean of the weights, in ``average.module``.

    Args:
        decay: d in the long run.
    """

    turn: ClassVar[int] = 2

    def __init__(self, decay: float = DECAY) -> None:
        self.decay = decay
        self.average: AveragedModel | None = None

    def wrap(self, model: nn.Module) -> None:
        """Copy the model."""
        self.average = averaged(model, self.decay)

    def after_step(self, model: nn.Module, optimizer: Optimizer) -> None:
        """Take the weights in."""
        del optimizer
        if self.average is not None:
            self.average.update_parameters(model)


REGULARISERS = (
    RegulariserInfo(
        "ema",
        Ema,
        "a running mean of the weights is what is used",
        aliases=("exponential-moving-average", "weight-averaging"),
        spans={"decay": Span(0, 1)},
        setting=("decay", "ema"),
    ),
)
