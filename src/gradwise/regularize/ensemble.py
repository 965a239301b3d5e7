"""Several nets with seeds of their own, whose answers are averaged.

What it is
    Nets that start from other weights and meet the rows in another order make other mistakes.  Where mistakes
    differ they cancel in the mean.  It is the surest gain there is, for as many times the work.

Also called
    ensembles, several-runs

Formula
    - classes and labels: the mean of the nets' probabilities; numbers: the mean of the numbers
    - squared error: that of the mean = mean of the errors − variance of the answers (Krogh, Vedelsby)

Shapes
    As many copies of the weights as there are nets, in the file and in every prediction.

Defaults
    runs 5 (Lakshminarayanan and others).  In a fit it is ``--runs``: seeds follow each other from ``--seed``
    on, small nets train in one stack of weights where that is faster, and scores are told with their spread.

When
    - the last per cent counts and predictions may cost a multiple
    - the spread over seeds is wanted anyway, to know what a difference in scores means

When not
    - predictions must be fast or small: distil the ensemble into one net, or take `swa`
    - all nets make the same mistake: bad labels, a shifted test set

Confused with
    - `swa` and `ema`: average weights of one training; one net comes out
    - `dropout`: acts like an ensemble of thin nets, in one
    - cross-validation: other rows for every net, to judge and not to predict

Example
    Answers 1 and 3 for a truth of 2.5: errors 2.25 and 0.25, mean 1.25; of the mean answer 0.25.

    >>> import torch
    >>> from gradwise import regularize
    >>> ones = torch.ones(1, 1)
    >>> nets = [torch.nn.Linear(1, 1, bias=False) for _ in range(2)]
    >>> for net, answer in zip(nets, (1.0, 3.0)):
    ...     _ = torch.nn.init.constant_(net.weight, answer)
    >>> errors = [(net(ones) - 2.5).square().item() for net in nets]
    >>> errors, (regularize.mean_answer(nets, "numbers", ones) - 2.5).square().item()
    ([2.25, 0.25], 0.25)

Claims
    - averaging several runs helps

References
    - Hansen, Salamon, Neural Network Ensembles, IEEE Transactions on Pattern Analysis and Machine
      Intelligence 12, 1990
    - Krogh, Vedelsby, Neural Network Ensembles, Cross Validation, and Active Learning, NIPS 1994
    - Lakshminarayanan, Pritzel, Blundell, Simple and Scalable Predictive Uncertainty Estimation using Deep
      Ensembles, arXiv 1612.01474
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gradwise.registry import Span
from gradwise.regularize.regulariser import Regulariser, RegulariserInfo

RUNS = 5  # Lakshminarayanan and others, section 3


class Ensemble(Regulariser):
    """How many nets are wanted; a fit trains them.

    Args:
        runs: nets.
    """

    def __init__(self, runs: int = RUNS) -> None:
        self.runs = runs


@torch.no_grad()
def mean_answer(nets: Sequence[nn.Module], kind: str, *inputs: Tensor) -> Tensor:
    """(N, K) probabilities of classes or labels, or numbers: the mean over nets.

    Args:
        nets: in evaluation mode.
        kind: ``classes``, ``labels`` or ``numbers``.
        *inputs: of each net.
    """
    answers = [net(*inputs) for net in nets]
    if kind == "classes":
        answers = [answer.softmax(1) for answer in answers]
    elif kind == "labels":
        answers = [answer.sigmoid() for answer in answers]
    return torch.stack(answers).mean(0)


REGULARISERS = (
    RegulariserInfo(
        "ensemble",
        Ensemble,
        "answers of several nets are averaged",
        aliases=("ensembles", "several-runs"),
        spans={"runs": Span(1, 1000, whole=True)},
        setting=("runs", "runs"),
    ),
)
