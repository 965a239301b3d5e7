"""What is read off the autograd graph."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from gradwise.watch.graph import producer, walk


def broadcast_of(loss: torch.Tensor, output: torch.Tensor) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    outputs = {id(output.grad_fn): "model"}
    return walk(loss, outputs, outputs).broadcast


def column() -> torch.Tensor:
    """Predictions of a one-unit model, shape (6, 1)."""
    return nn.Linear(3, 1)(torch.randn(6, 3))


def test_column_against_vector_is_told():
    prediction = column()
    assert broadcast_of(((prediction - torch.randn(6)) ** 2).mean(), prediction) == ((6, 1), (6, 6))


def test_log_cosh_and_quantiles_are_distances_too():
    prediction, target = column(), torch.randn(6)
    apart = prediction - target
    assert broadcast_of(torch.log(torch.cosh(apart)).mean(), prediction) == ((6, 1), (6, 6))
    assert broadcast_of((apart + F.softplus(-2 * apart)).mean(), prediction) == ((6, 1), (6, 6))
    quantile = torch.where(apart > 0, 0.9 * apart, -0.1 * apart)
    assert broadcast_of(quantile.mean(), prediction) == ((6, 1), (6, 6))


def test_vector_minus_column_is_told_whatever_the_order():
    prediction = column()
    assert broadcast_of((torch.randn(6) - prediction).abs().mean(), prediction) == ((6, 1), (6, 6))


def test_equal_shapes_are_not_told():
    prediction = column()
    assert broadcast_of(((prediction - torch.randn(6, 1)) ** 2).mean(), prediction) is None


def test_kernel_of_all_pairs_is_not_told():
    prediction = column()
    kernel = torch.exp(-((prediction - torch.randn(6)) ** 2)).mean()
    assert broadcast_of(kernel, prediction) is None


def test_column_made_on_purpose_is_not_told():
    prediction = column()
    pairs = prediction.squeeze(1).unsqueeze(1) - torch.randn(6).unsqueeze(0)
    assert broadcast_of((pairs**2).mean(), prediction) is None


def test_producer_looks_through_reshaping():
    probabilities = torch.softmax(nn.Linear(3, 4)(torch.randn(5, 3)), dim=1)
    assert producer(probabilities.view(5, 2, 2)[:, 0].grad_fn, {})[0] == "softmax"


def test_activation_after_a_module_is_found_behind_a_view():
    layer = nn.Linear(3, 4)
    out = layer(torch.randn(5, 3))
    owners = {id(out.grad_fn): "fc1"}
    loss = torch.relu(out.view(5, 2, 2)).sum()
    assert walk(loss, owners, {}).activation_after == {"fc1": "relu"}
