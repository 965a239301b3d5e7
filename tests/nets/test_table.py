"""Perceptrons and embeddings."""

from __future__ import annotations

import torch
from torch import nn

from gradwise import nets
from gradwise.nets.embeddings import CategoryEmbeddings


def test_embeddings_equal_one_table_per_column() -> None:
    torch.manual_seed(0)
    together = CategoryEmbeddings((3, 8, 2))
    tables, begin = [], 0
    for cardinality, width in ((3, 2), (8, 4), (2, 1)):
        end = begin + cardinality * width
        tables.append(
            nn.Embedding(cardinality, width, _weight=together.weight.detach()[begin:end].view(-1, width))
        )
        begin = end
    assert begin == together.weight.numel()
    rows = torch.tensor([[0, 7, 1], [2, 0, 0], [1, 3, 1]])
    apart = torch.cat([table(rows[:, column]) for column, table in enumerate(tables)], 1)
    assert torch.equal(together(rows), apart)


def test_embedding_gradient_reaches_only_the_rows_that_were_read() -> None:
    embeddings = CategoryEmbeddings((3, 4))
    embeddings(torch.tensor([[2, 1], [2, 3]])).sum().backward()
    # 3 x 2 numbers of the first column, then 4 x 2 of the second
    assert embeddings.weight.grad.tolist() == [0, 0, 0, 0, 2, 2, 0, 0, 1, 1, 0, 0, 1, 1]


def test_the_unknown_category_says_nothing() -> None:
    assert CategoryEmbeddings((5, 9))(torch.zeros(1, 2, dtype=torch.int64)).abs().sum() == 0


def test_a_table_without_categories_or_without_numbers() -> None:
    assert nets.make("mlp", outputs=2, numbers=3)(torch.randn(4, 3)).shape == (4, 2)
    empty = torch.zeros(4, 0, dtype=torch.int64)
    assert nets.make("mlp", outputs=2, numbers=3, categories=())(torch.randn(4, 3), empty).shape == (4, 2)
    only = nets.make("mlp", outputs=2, numbers=0, categories=(3,))
    assert only(torch.zeros(4, 0), torch.ones(4, 1, dtype=torch.int64)).shape == (4, 2)


def test_the_usual_width_is_that_of_the_kind_of_input() -> None:
    assert nets.make("mlp", outputs=2, numbers=3).layers[0].weight.shape == (128, 3)
    assert nets.make("mlp", outputs=2, channels=1, height=4, width=5).layers[0].weight.shape == (256, 20)
    assert "image" not in nets.options("mlp", "images")
    assert nets.options("mlp", "table") == nets.options("mlp", "images")


def test_depth_width_dropout_and_norm_are_what_was_asked() -> None:
    net = nets.make(
        "mlp", outputs=2, numbers=7, units=5, depth=3, dropout=0.25, activation="tanh", norm="batch-norm"
    )
    kinds = [type(layer).__name__ for layer in net.layers]
    assert kinds == ["Linear", "BatchNorm1d", "Tanh", "Dropout"] * 3 + ["Linear"]
    assert [tuple(layer.weight.shape) for layer in net.layers if isinstance(layer, nn.Linear)] == [
        (5, 7),
        (5, 5),
        (5, 5),
        (2, 5),
    ]
    assert net.layers[3].p == 0.25
