"""Optimizers of the package pytorch_optimizer by their names there."""

from __future__ import annotations

import sys

import pytest
import torch
from torch import nn

from gradwise import optim
from gradwise.errors import UnknownNameError, UsageError
from gradwise.optim.package import PackageOptimizers


@pytest.mark.parametrize("name", ["lion", "ada-belief", "RAdam", "lamb"])
def test_it_descends_a_bowl(name: str) -> None:
    torch.manual_seed(0)
    weight = nn.Parameter(torch.tensor([[2.0, -3.0]]))
    optimizer = optim.make(name, [weight], rate=0.01)
    start = weight.square().sum().item()
    for _ in range(100):
        optimizer.zero_grad()
        weight.square().sum().backward()
        optimizer.step()
    assert weight.square().sum().item() < 0.9 * start


def test_options_stand_in_the_name() -> None:
    optimizer = optim.make("lion:betas=(0.8,0.9)", [nn.Parameter(torch.zeros(2))], rate=0.1)
    assert optimizer.param_groups[0]["betas"] == (0.8, 0.9)
    with pytest.raises(UsageError, match="optimizer 'lion' has no option beta;"):
        optim.make("lion:beta=0.8", [nn.Parameter(torch.zeros(2))])


def test_our_own_names_stay_ours() -> None:
    assert isinstance(optim.make("adamw", [nn.Parameter(torch.zeros(2))]), torch.optim.AdamW)


def test_near_names_of_the_package_are_offered() -> None:
    with pytest.raises(UnknownNameError, match=r"there is no optimizer 'lionn' \(did you mean 'lion'"):
        optim.OPTIMIZERS.name("lionn")


def test_without_the_package_its_names_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "sophiah" in PackageOptimizers()
    monkeypatch.setitem(sys.modules, "pytorch_optimizer", None)  # importing it fails from now on
    assert "sophiah" not in PackageOptimizers()
    with pytest.raises(UnknownNameError, match="there is no optimizer 'sophiah'"):
        optim.OPTIMIZERS.name("sophiah")
