"""The multi-layer perceptron, on tables (with embeddings for categories) and on flattened images."""

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
