"""Training ends when the validation loss has not fallen for some epochs; the best weights are kept.

What it is
    The training loss falls for ever, the validation loss turns.  What is kept are the weights of the epoch
    with the best validation loss, and after so many epochs without a better one nothing more is tried.  It
    costs nothing, needs no change of the loss, and saves time.

Also called
    early-stop

Formula
    stop after epoch t when ``min(v₁ … v_t)`` is that of epoch ``t − patience`` or earlier

Defaults
    patience 10 epochs (ours).  In a fit it is ``--patience``, where it is on by default: half of the epochs
    and 10 at least for a rate that falls to zero, 10 for others; 0 never stops and still keeps the best
    epoch.

When
    - nearly always, where there are rows to validate on

When not
    - the rate still falls by plan: the end of the schedule gains most; let patience cover it
    - very few validation rows: the best epoch is then best by chance
    - the validation rows shall give an honest score: they chose the epoch; keep test rows apart

Confused with
    - fewer epochs: a guess made beforehand
    - a schedule on a plateau, which lowers the rate where this stops

Example
    The third epoch is best; two without gain end it.

    >>> import torch
    >>> from gradwise import regularize
    >>> net = torch.nn.Linear(1, 1)
    >>> stopping = regularize.make("early-stopping:patience=2")
    >>> [stopping.after_epoch(net, loss) for loss in (3.0, 2.0, 1.0, 1.5, 1.2)]
    [False, False, False, False, True]

Claims
    - it helps

References
    Prechelt, Early Stopping, But When?, in Neural Networks: Tricks of the Trade, Springer, 1998.
"""

from __future__ import annotations

import math

from torch import Tensor, nn

from gradwise.registry import Span
from gradwise.regularize.regulariser import Regulariser, RegulariserInfo

PATIENCE = 10  # epochs; ours, as fits without an annealed rate have it


class EarlyStopping(Regulariser):
    """Tells when to stop, and keeps the weights of the best epoch in ``best``.

    Args:
        patience: epochs without a better loss; 0: never stops.
    """

    def __init__(self, patience: int = PATIENCE) -> None:
        self.patience = patience
        self.best: dict[str, Tensor] = {}
        self._loss, self._waited = math.inf, 0

    def after_epoch(self, model: nn.Module, loss: float) -> bool:
        """True after ``patience`` epochs without a lower loss."""
        if loss < self._loss:
            self._loss, self._waited = loss, 0
            self.best = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
        else:
            self._waited += 1
        return 0 < self.patience <= self._waited


REGULARISERS = (
    RegulariserInfo(
        "early-stopping",
        EarlyStopping,
        "ends training when the validation loss no longer falls",
        aliases=("early-stop",),
        spans={"patience": Span(0, 1_000_000, whole=True)},
        setting=("patience", "patience"),
    ),
)
