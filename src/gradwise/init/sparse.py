"""Most incoming weights of every unit are zero, the rest are normal.

What it is
    Each unit listens to a few inputs only.  Its sum then does not grow with the width of the layer, and units
    differ more from one another than when all of them mix everything.

Formula
    - of each unit, ``k = max(1, round((1 − sparsity) · inputs))`` weights ``~ N(0, std²)``, the others 0
    - unless given, ``std = gain/√k``, which keeps the scale of the signal as `he-normal` does

Defaults
    ``sparsity`` 0.9.  Martens uses 15 weights per unit, whatever the width; ``sparse:sparsity=0.98`` has as
    many of 750.  torch's `sparse_` zeroes by input instead and takes a deviation of 0.01, with which signals
    die in deep nets; here every unit has the same number, as in the paper.

When
    - wide dense nets without norm layers, above all those trained by second-order methods
    - vanilla recurrent nets

When not
    - narrow layers: few weights of few are next to none
    - sparse weights are wanted at the end: training fills the zeros; L1 with a proximal step keeps them

Confused with
    - pruning and L1, which make trained weights sparse
    - dropout, which drops other units at every step

Example
    >>> import gradwise, torch
    >>> _ = torch.manual_seed(0)
    >>> layer = torch.nn.Linear(50, 4)
    >>> _ = gradwise.init(layer, "sparse:sparsity=0.8")
    >>> (layer.weight != 0).sum(dim=1).tolist()
    [10, 10, 10, 10]

Claims
    - none of its own; expect little difference to `he-normal` with first-order methods

References
    Martens, Deep Learning via Hessian-free Optimization, ICML 2010, section 5.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from gradwise.init.initialiser import AUTO, Fans, Initialiser
from gradwise.registry import Span

SPARSITY = 0.9  # share of zeros; torch's example of `sparse_` has 0.1, which is hardly sparse; ours


def sparse(
    weight: Tensor, fans: Fans, *, sparsity: float = SPARSITY, std: float | Literal["auto"] = "auto"
) -> None:
    """Fill each row with a few normal numbers and zeros."""
    rows = weight.flatten(1)  # (out, in * ...); a view
    count = max(1, round((1 - sparsity) * rows.shape[1]))
    deviation = fans.gain / math.sqrt(count * fans.inputs / rows.shape[1]) if std == "auto" else std
    chosen = torch.rand_like(rows).topk(count, dim=1).indices  # (out, count)
    values = torch.randn(chosen.shape, dtype=rows.dtype, device=rows.device) * deviation
    rows.zero_().scatter_(1, chosen, values)


INITIALISERS = (
    Initialiser(
        "sparse",
        "a few weights per unit",
        sparse,
        spans={"sparsity": Span(0, 1), "std": Span(0, beyond=True)},
        words={"std": AUTO},
    ),
)
