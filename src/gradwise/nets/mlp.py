"""The multi-layer perceptron: dense layers one after the other, on tables and on flattened images.

What it is
    Every unit of a layer sees every unit of the layer before: a weighted sum, then an activation that is not
    linear, without which any number of layers would be one.  Columns of categories become vectors of numbers
    that are learnt like weights.

Also called
    dnn, dense

Formula
    - ``h₁ = φ(W₁ x + b₁)``, ``h₂ = φ(W₂ h₁ + b₂)`` ..., ``outputs = W h + b``
    - weights of D inputs, ``depth`` layers of u units and K outputs:
      ``(D + 1) u + (depth − 1) (u + 1) u + (u + 1) K``
    - a category of n values becomes min(50, ⌈n / 2⌉) numbers

Shapes
    numbers (N, D) and categories (N, C), or pixels (N, C, H, W) -> (N, outputs).

Defaults
    2 hidden layers (one can do anything, but with more units) of 128 units on tables and 256 on images, ReLU,
    no dropout, no norm.  `gradwise fit` takes 32 to 512 units on tables: the widest net that has no more
    weights than can fit any targets (Zhang and others, theorem 1).  The width of embeddings is fast.ai's rule
    of 2018.  Category 0, which training never saw, stays at zero.

When
    - columns of a table, which have no order or neighbourhood that a net could use
    - the first net on anything that fits into a few hundred numbers

When not
    - images and sequences: a net that shares weights over places needs fewer of them (`cnn`, `cnn1d`)
    - a few hundred rows: compare with `gradwise baselines` first

Confused with
    - `perceptron`: no hidden layer
    - one-hot columns, which give a category as many inputs as it has values

Example
    4 · 16 + 16 weights into the hidden layer, 16 · 3 + 3 out of it.

    >>> from gradwise import nets
    >>> net = nets.make("mlp", outputs=3, numbers=4, units=16, depth=1)
    >>> sum(weight.numel() for weight in net.parameters())
    131

Claims
    - on shifted images a convolutional net of as many weights does better
    - with as many weights, deep does better than shallow
    - with zero weights at the start all units of a layer stay alike

References
    Rumelhart, Hinton, Williams, Learning representations by back-propagating errors, Nature, 1986.
    Guo, Berkhahn, Entity Embeddings of Categorical Variables, arXiv 1604.06737.
    Zhang, Bengio, Hardt, Recht, Vinyals, Understanding deep learning requires rethinking generalization,
    arXiv 1611.03530.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn

from gradwise.nets import norms
from gradwise.nets.activations import activation as make_activation
from gradwise.nets.embeddings import CategoryEmbeddings
from gradwise.nets.net import Net
from gradwise.nets.norms.norm import ROWS
from gradwise.nets.pixels import ImageShape, Pixels

TABLE_UNITS = 128  # units of a hidden layer where none are asked for
IMAGE_UNITS = 256  # the same for images, which have more to tell apart


def dense_layers(
    inputs: int, outputs: int, *, units: int, depth: int, dropout: float, activation: str, norm: str
) -> nn.Sequential:
    """``depth`` hidden layers of ``units`` (linear, norm, activation, dropout) and a linear output."""
    layers: list[nn.Module] = []
    width = inputs
    for _ in range(depth):
        layers.append(nn.Linear(width, units, bias=norms.needs_bias(norm)))
        layers += norms.layers(norm, units, axes=ROWS)
        layers.append(make_activation(activation))
        layers += [nn.Dropout(dropout)] if dropout else []
        width = units
    return nn.Sequential(*layers, nn.Linear(width, outputs))


class MLP(nn.Module):
    """Dense layers on the columns of a table, or on flattened images.

    Args:
        outputs: numbers per example.
        numbers: of a table: columns of numbers.
        categories: of a table: cardinality of every column of categories, the unknown one included.
        image: shape of the images; None: a table.
        units: of every hidden layer; None: 128 for tables, 256 for images.
        depth: hidden layers.
        dropout: share of hidden units dropped.
        activation: by name.
        norm: of every hidden layer, before the activation, by name.
    """

    def __init__(  # noqa: PLR0913 -- a parameter for each setting
        self,
        outputs: int,
        numbers: int = 0,
        categories: Sequence[int] = (),
        image: ImageShape | None = None,
        *,
        units: int | None = None,
        depth: int = 2,
        dropout: float = 0.0,
        activation: str = "relu",
        norm: str = norms.NONE,
    ) -> None:
        super().__init__()
        self.pixels = Pixels(image) if image is not None else None
        self.embeddings = CategoryEmbeddings(categories) if categories else None
        inputs = numbers + (self.embeddings.width if self.embeddings is not None else 0)
        if image is not None:
            inputs = image.channels * image.height * image.width
        self.layers = dense_layers(
            inputs,
            outputs,
            units=units or (TABLE_UNITS if image is None else IMAGE_UNITS),
            depth=depth,
            dropout=dropout,
            activation=activation,
            norm=norm,
        )

    def forward(self, inputs: Tensor, categories: Tensor | None = None) -> Tensor:
        """(N, D) float and, where there are any, (N, C) int64; or (N, C, H, W) uint8 -> (N, outputs)."""
        features = inputs if self.pixels is None else self.pixels(inputs).flatten(1)
        if self.embeddings is not None and categories is not None:
            features = torch.cat([features, self.embeddings(categories)], dim=1)  # (N, D + embeddings)
        return self.layers(features)


NETS = (
    Net(
        "mlp",
        {"table": partial(MLP, image=None), "images": partial(MLP, numbers=0, categories=())},
        "multi-layer perceptron",
        aliases=("dnn", "dense"),
    ),
)
