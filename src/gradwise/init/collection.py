"""Initialisers of a weight matrix by name; torch supplies all but the names."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import Tensor, nn

from gradwise.registry import Registry

Initialiser = Callable[[Tensor], Tensor]  # fills (out, in, ...) in place

SMALL = 0.01  # deviation of plain normal weights: Krizhevsky, Sutskever, Hinton 2012, section 5
RANGE = 0.05  # half-width of plain uniform weights: the default of Keras's RandomUniform
EMPTY = 0.9  # share of zeros of sparse weights
CONSTANT = 0.1  # to show the fault: every unit of a layer learns the same

INITIALISERS = Registry[Initialiser]("initialiser", group="gradwise.initialisers")
# Glorot, Bengio 2010: variance 2 / (inputs + outputs), for tanh and sigmoid.
INITIALISERS.add("glorot-uniform", nn.init.xavier_uniform_, aliases=("xavier-uniform", "glorot", "xavier"))
INITIALISERS.add("glorot-normal", nn.init.xavier_normal_, aliases=("xavier-normal",))
# He, Zhang, Ren, Sun, arXiv 1502.01852: variance 2 / inputs, for ReLU.
INITIALISERS.add(
    "he-normal",
    partial(nn.init.kaiming_normal_, nonlinearity="relu"),
    aliases=("kaiming-normal", "he", "kaiming"),
)
INITIALISERS.add(
    "he-uniform", partial(nn.init.kaiming_uniform_, nonlinearity="relu"), aliases=("kaiming-uniform",)
)
# Saxe, McClelland, Ganguli, arXiv 1312.6120: keeps lengths.
INITIALISERS.add("orthogonal", nn.init.orthogonal_)
INITIALISERS.add("normal", partial(nn.init.normal_, std=SMALL), aliases=("gaussian",))
INITIALISERS.add("uniform", partial(nn.init.uniform_, a=-RANGE, b=RANGE))
INITIALISERS.add("zeros", nn.init.zeros_, aliases=("zero",))
INITIALISERS.add("constant", partial(nn.init.constant_, val=CONSTANT))


def _sparse(weight: Tensor) -> Tensor:
    """Martens 2010, section 5.3: most weights of a unit are zero."""
    flat = weight.flatten(1)  # (out, in * ...)
    return weight.copy_(nn.init.sparse_(flat.clone(), sparsity=EMPTY).view_as(weight))


INITIALISERS.add("sparse", _sparse)
