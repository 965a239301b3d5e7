"""Weights that turn and do not stretch: rows (or columns) of length one at right angles to one another.

What it is
    A random rotation.  A square layer keeps the length of every vector exactly, not only on average, forward
    and backward; products of many such layers still do.

Also called
    orthonormal

Formula
    - ``W Wᵀ = gain² · I`` where there are no more outputs than inputs, else ``Wᵀ W = gain² · I``
    - drawn as Q of the QR decomposition of normal numbers, signs by the diagonal of R

Shapes
    A convolution (out, in, height, width) is taken as a matrix (out, in · height · width); the stacked gates
    of a recurrent layer are drawn one by one.

Defaults
    ``gain`` auto: that of the activation which follows, see `he-normal`; 1 for recurrent layers.

When
    - the state-to-state weights of recurrent nets: they are multiplied with themselves at every step
    - very deep nets without norm layers or short cuts

When not
    - very wide layers drawn often: the QR decomposition costs the cube of the width

Confused with
    - penalties that keep weights orthogonal while training; here only the start is

Example
    >>> import gradwise, torch
    >>> _ = torch.manual_seed(0)
    >>> layer = torch.nn.Linear(6, 3).double()
    >>> _ = gradwise.init(layer, "orthogonal:gain=1")
    >>> torch.allclose(layer.weight @ layer.weight.T, torch.eye(3, dtype=torch.float64))
    True

Claims
    - none of its own; expect signals of deep nets to last longer than with independent weights

References
    Saxe, McClelland, Ganguli, Exact Solutions to the Nonlinear Dynamics of Learning in Deep Linear Neural
    Networks, arXiv 1312.6120.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from gradwise.init.initialiser import AUTO, GAIN, Fans, Initialiser


def orthogonal(weight: Tensor, fans: Fans, *, gain: float | Literal["auto"] = "auto") -> None:
    """Fill with a random rotation."""
    nn.init.orthogonal_(weight, fans.gain if gain == "auto" else gain)


INITIALISERS = (
    Initialiser(
        "orthogonal",
        "a random rotation",
        orthogonal,
        aliases=("orthonormal",),
        spans={"gain": GAIN},
        words={"gain": AUTO},
    ),
)
