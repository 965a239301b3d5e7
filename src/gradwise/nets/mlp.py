"""The multi-layer perceptron, on tables (with embeddings for categories) and on flattened images."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gradwise.nets.activations import activation as make_activation
from gradwise.nets.embeddings import CategoryEmbeddings
from gradwise.nets.net import Net
from gradwise.nets.pixels import ImageShape, Pixels


def dense_layers(
    inputs: int, outputs: int, *, units: int, depth: int, dropout: float, activation: str, batch_norm: bool
) -> nn.Sequential:
    """``depth`` hidden layers of ``units`` (linear, norm, activation, dropout) and a linear output."""
    layers: list[nn.Module] = []
    width = inputs
    for _ in range(depth):
        layers.append(nn.Linear(width, units, bias=not batch_norm))
        layers += [nn.BatchNorm1d(units)] if batch_norm else []
        layers.append(make_activation(activation))
        layers += [nn.Dropout(dropout)] if dropout else []
        width = units
    return nn.Sequential(*layers, nn.Linear(width, outputs))


class TableMLP(nn.Module):
    """Dense layers on the columns of a table.

    Args:
        outputs: numbers per example.
        numbers: columns of numbers.
        categories: cardinality of every column of categories, the unknown one included.
        units: of every hidden layer.
        depth: hidden layers.
        dropout: share of hidden units dropped.
        activation: by name.
        batch_norm: whether every hidden layer is normalised.
    """

    def __init__(
        self,
        outputs: int,
        numbers: int,
        categories: Sequence[int] = (),
        *,
        units: int = 128,
        depth: int = 2,
        dropout: float = 0.0,
        activation: str = "relu",
        batch_norm: bool = False,
    ) -> None:
        super().__init__()
        self.embeddings = CategoryEmbeddings(categories) if categories else None
        inputs = numbers + (self.embeddings.width if self.embeddings else 0)
        self.layers = dense_layers(
            inputs,
            outputs,
            units=units,
            depth=depth,
            dropout=dropout,
            activation=activation,
            batch_norm=batch_norm,
        )

    def forward(self, numbers: Tensor, categories: Tensor | None = None) -> Tensor:
        """(N, D) float and, where there are any, (N, C) int64 -> (N, outputs)."""
        features = numbers
        if self.embeddings is not None and categories is not None:
            features = torch.cat([numbers, self.embeddings(categories)], dim=1)  # (N, D + embeddings)
        return self.layers(features)


class ImageMLP(nn.Module):
    """Dense layers on flattened images.

    Args:
        outputs: numbers per example.
        image: shape of the images.
        units: of every hidden layer.
        depth: hidden layers.
        dropout: share of hidden units dropped.
        activation: by name.
        batch_norm: whether every hidden layer is normalised.
    """

    def __init__(
        self,
        outputs: int,
        image: ImageShape,
        *,
        units: int = 256,
        depth: int = 2,
        dropout: float = 0.0,
        activation: str = "relu",
        batch_norm: bool = False,
    ) -> None:
        super().__init__()
        self.pixels = Pixels(image)
        self.layers = dense_layers(
            image.channels * image.height * image.width,
            outputs,
            units=units,
            depth=depth,
            dropout=dropout,
            activation=activation,
            batch_norm=batch_norm,
        )

    def forward(self, pixels: Tensor) -> Tensor:
        """(N, C, H, W) uint8 -> (N, outputs)."""
        return self.layers(self.pixels(pixels).flatten(1))  # (N, C * H * W)


NETS = (
    Net(
        "mlp",
        {"table": TableMLP, "images": ImageMLP},
        "multi-layer perceptron",
        aliases=("dnn", "dense"),
    ),
)
