"""Initialisers by name: the spread that each promises, and what they leave alone."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from gradwise import init
from gradwise.errors import UnknownNameError

IN, OUT = 400, 300


def drawn(name: str) -> torch.Tensor:
    torch.manual_seed(0)
    layer = nn.Linear(IN, OUT)
    init.apply(layer, name)
    assert not layer.bias.any()
    return layer.weight.detach()


@pytest.mark.parametrize(
    ("name", "deviation"),
    [
        ("he-normal", math.sqrt(2 / IN)),
        ("kaiming_uniform", math.sqrt(2 / IN)),
        ("xavier", math.sqrt(2 / (IN + OUT))),
        ("glorot-normal", math.sqrt(2 / (IN + OUT))),
        ("normal", 0.01),
        ("uniform", 0.05 / math.sqrt(3)),
    ],
)
def test_spread(name: str, deviation: float) -> None:
    weight = drawn(name)
    assert weight.std().item() == pytest.approx(deviation, rel=0.01)
    assert abs(weight.mean().item()) < 0.02 * deviation
    largest = weight.abs().max().item() / deviation
    assert largest < math.sqrt(3) + 1e-6 if "uniform" in name or name == "xavier" else largest > 3


def test_orthogonal_sparse_zeros_constant() -> None:
    rows = drawn("orthogonal")
    torch.testing.assert_close(rows @ rows.T, torch.eye(OUT), atol=1e-4, rtol=0)
    assert (drawn("sparse") == 0).float().mean().item() == pytest.approx(0.9, abs=0.001)
    assert not drawn("zeros").any()
    assert drawn("constant").unique().numel() == 1


@pytest.mark.parametrize("name", list(init.INITIALISERS))
def test_every_kind_of_layer_is_drawn_and_the_rest_is_left(name: str) -> None:
    torch.manual_seed(0)
    model = nn.ModuleDict(
        {
            "dense": nn.Linear(4, 4),
            "conv": nn.Conv2d(2, 4, 3),
            "conv1d": nn.Conv1d(2, 4, 3, bias=False),
            "rnn": nn.GRU(3, 4),
            "embedding": nn.Embedding(5, 3),
            "norm": nn.LayerNorm(4),
        }
    )
    before = {word: value.clone() for word, value in model.named_parameters()}
    init.apply(model, name)
    for word, value in model.named_parameters():
        changed = not torch.equal(value, before[word])
        assert changed == (word.split(".")[0] not in ("embedding", "norm")), word


def test_gates_are_drawn_one_by_one_and_memory_stays_open() -> None:
    torch.manual_seed(0)
    layer = nn.LSTM(8, 8)
    nn.init.ones_(layer.bias_ih_l0)
    init.apply(layer, "orthogonal")
    for gate in layer.weight_hh_l0.detach().chunk(4):
        torch.testing.assert_close(gate @ gate.T, torch.eye(8), atol=1e-5, rtol=0)
    assert layer.bias_ih_l0.tolist() == [0.0] * 8 + [1.0] * 8 + [0.0] * 16


def test_unknown_name() -> None:
    with pytest.raises(UnknownNameError, match="orthogonal"):
        init.apply(nn.Linear(1, 1), "ortogonal")
