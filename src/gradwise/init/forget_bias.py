"""A larger bias of an LSTM's forget gate, so that its memory is kept from the start.

What it is
    The forget gate decides which share of the cell's state survives a step.  With a bias of 0 it starts at a
    half, and what was read 20 steps ago is down to a millionth, as is the gradient on its way back.  A bias
    of 1 lets 73 % through, one of 5 lets 99 % through.  Nothing else of the model is touched.

Also called
    forget-gate

Formula
    - ``f = σ(W x + U h + b_f)`` with ``b_f = value``; after n steps ``σ(value)ⁿ`` of the state is left

Shapes
    torch stacks the gates i, f, g, o: the second quarter of the bias is f.  It has two biases, which are
    added: the value stands in the first, zero in the second.

Defaults
    ``value`` 1 (Jozefowicz, Zaremba, Sutskever 2015, section 2).  The ``lstm`` of `gradwise fit` has it
    already, and other initialisers leave it as it is.  For dependencies over T steps try ``log(T − 1)``.

When
    - sequences whose beginning matters at the end: raise it
    - any `torch.nn.LSTM`, which torch starts with a bias around 0

When not
    - GRU and vanilla nets, which have no such gate

Confused with
    - keeping the state from batch to batch
    - `constant`, which fills weights

Example
    >>> import gradwise, torch
    >>> layer = torch.nn.LSTM(4, 2)
    >>> _ = gradwise.init(layer, "forget-bias:value=2")
    >>> (layer.bias_ih_l0 + layer.bias_hh_l0)[2:4].tolist()
    [2.0, 2.0]

Claims
    - a larger bias helps over long lags
    - LSTM and GRU remember where a vanilla net forgets

References
    Gers, Schmidhuber, Cummins, Learning to Forget: Continual Prediction with LSTM, Neural Computation, 2000.
    Jozefowicz, Zaremba, Sutskever, An Empirical Exploration of Recurrent Network Architectures, ICML 2015.
"""

from __future__ import annotations

import math

import torch
from torch import nn

from gradwise.errors import UsageError
from gradwise.init.initialiser import Initialiser
from gradwise.registry import Span

VALUE = 1.0  # Jozefowicz, Zaremba, Sutskever 2015, section 2


@torch.no_grad()
def forget_bias(model: nn.Module, *, value: float = VALUE) -> list[str]:
    """Set the forget gate's bias of every LSTM layer.

    Raises:
        UsageError: the model has no LSTM layer with biases.
    """
    done = 0
    for module in model.modules():
        if isinstance(module, nn.LSTM | nn.LSTMCell):
            for name, bias in module.named_parameters():
                if name.startswith("bias"):
                    gate = slice(len(bias) // 4, len(bias) // 2)
                    bias[gate] = value if name.startswith("bias_ih") else 0.0
                    done += name.startswith("bias_ih")
    if not done:
        raise UsageError(
            "initialiser 'forget-bias' sets a bias of LSTM layers, and this model has none; choose another."
        )
    kept = 1 / (1 + math.exp(-value))
    layers = "layer" if done == 1 else "layers"
    return [f"forget gates of {done} LSTM {layers} open at {kept:.0%}: {kept**10:.0%} is left after 10 steps"]


INITIALISERS = (
    Initialiser(
        "forget-bias",
        "an LSTM's forget gate open from the start",
        whole=forget_bias,
        aliases=("forget-gate",),
        spans={"value": Span(-math.inf)},
    ),
)
