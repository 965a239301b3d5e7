"""Optimizers by name, and which weights decay."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gradwise import optim
from gradwise.errors import UnknownNameError, UsageError


def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 1))


@pytest.mark.parametrize(
    ("name", "cls", "settings"),
    [
        ("sgd", torch.optim.SGD, {"momentum": 0}),
        ("SGD_momentum", torch.optim.SGD, {"momentum": 0.9, "nesterov": False}),
        ("nag", torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
        ("rmsprop", torch.optim.RMSprop, {"alpha": 0.9}),
        ("adamw", torch.optim.AdamW, {"lr": 0.001}),
        ("nadam", torch.optim.NAdam, {"lr": 0.002}),
        ("adagrad", torch.optim.Adagrad, {"lr": 0.01}),
    ],
)
def test_names_mean_torchs_classes_with_their_settings(name: str, cls: type, settings: dict) -> None:
    optimizer = optim.make(name, net().parameters())
    assert isinstance(optimizer, cls)
    assert type(optimizer).__name__ == cls.__name__
    assert {word: optimizer.defaults[word] for word in settings} == settings


def test_only_matrices_decay() -> None:
    model = net()
    optimizer = optim.make("adamw", model.parameters(), rate=0.1, weight_decay=0.5)
    before = {name: value.clone() for name, value in model.named_parameters()}
    for weight in model.parameters():
        weight.grad = torch.zeros_like(weight)
    optimizer.step()
    for name, value in model.named_parameters():
        factor = 0.95 if value.ndim == 2 else 1.0  # 1 - rate * decay
        torch.testing.assert_close(value.data, before[name] * factor, msg=name)


def test_groups_hold_every_trained_weight_once() -> None:
    model = net()
    model[0].weight.requires_grad_(False)
    for decay in (0.0, 0.1):
        groups = optim.decay_groups(model.parameters(), decay)
        held = [id(weight) for group in groups for weight in group["params"]]
        assert sorted(held) == sorted(id(w) for w in model.parameters() if w.requires_grad)
    assert len(optim.decay_groups(model.parameters(), 0.0)) == 1


def test_fused_and_plain_take_the_same_steps() -> None:
    for name in optim.OPTIMIZERS:
        if "cpu" not in optim.OPTIMIZERS[name].fused_on:
            continue
        ends = []
        for fused in (False, True):
            model = net()
            optimizer = optim.make(name, model.parameters(), weight_decay=0.01, fused=fused)
            assert all(group["fused"] == fused for group in optimizer.param_groups)
            for _ in range(5):
                optimizer.zero_grad()
                model(torch.ones(2, 3)).square().sum().backward()
                optimizer.step()
            ends.append(torch.cat([weight.detach().flatten() for weight in model.parameters()]))
        torch.testing.assert_close(ends[0], ends[1])


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("sgd", {"betas": (0.9, 0.99)}, "no option betas; it takes momentum"),
        ("rmsprop", {"fused": True}, "fused form on no device, not on cpu"),
        ("adam", {"betas": (0.9, 1.5)}, "refuses its settings: Invalid beta"),
        ("adam", {"rate": -1.0}, "Invalid learning rate"),
    ],
)
def test_what_an_optimizer_refuses(name: str, options: dict, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        optim.make(name, net().parameters(), **options)


def test_unknown_name_and_nothing_to_train() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'rmsprop'"):
        optim.make("rmspro", net().parameters())
    with pytest.raises(UsageError, match="at least one parameter"):
        optim.make("adam", [])
