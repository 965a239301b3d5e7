"""Both ends of the spectrum, the trace and the verdict against a dense Hessian in float64."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from gradwise.probes import hessian
from gradwise.probes.lanczos import extremes
from gradwise.probes.probe import Abstain


class Recurrent(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.body, self.head = kind(2, 4, batch_first=True), nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.body(x)[0][:, -1])


def dense(model, loss, x, y):
    """All second derivatives, by autograd row by row."""
    names = [name for name, p in model.named_parameters() if p.requires_grad]
    held = dict(model.named_parameters())
    sizes = [held[name].numel() for name in names]
    buffers = {name: b.clone() for name, b in model.named_buffers()}

    def value(flat):
        parts = flat.split(sizes)
        weights = {n: part.reshape(held[n].shape) for n, part in zip(names, parts, strict=True)}
        fresh = {n: b.clone() for n, b in buffers.items()}
        return loss(torch.func.functional_call(model, {**weights, **fresh}, (x,)), y)

    flat = torch.cat([held[name].detach().reshape(-1) for name in names])
    return torch.autograd.functional.hessian(value, flat)


def problem(name):
    torch.manual_seed(3)
    x, y = torch.randn(24, 5, dtype=torch.float64), torch.randint(0, 3, (24,))
    if name == "mlp":
        return nn.Sequential(nn.Linear(5, 6), nn.Tanh(), nn.Linear(6, 3)), F.cross_entropy, x, y
    if name == "batch-norm":
        net = nn.Sequential(nn.Linear(5, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 3))
        return net, F.cross_entropy, x, y
    if name == "cnn":
        net = nn.Sequential(
            nn.Conv2d(1, 3, 3), nn.Softplus(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(12, 2)
        )
        return net, F.cross_entropy, torch.randn(10, 1, 6, 6, dtype=torch.float64), torch.randint(0, 2, (10,))
    kind = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[name]
    return (
        Recurrent(kind),
        F.cross_entropy,
        torch.randn(9, 5, 2, dtype=torch.float64),
        torch.randint(0, 2, (9,)),
    )


@pytest.mark.parametrize("name", ["mlp", "batch-norm", "cnn", "rnn", "lstm", "gru"])
def test_both_ends_and_trace_agree_with_a_dense_hessian(name):
    model, loss, x, y = problem(name)
    model = model.double()
    whole = dense(model, loss, x, y)
    values = torch.linalg.eigvalsh(whole)
    found = hessian(model, loss, (x, y), seconds=60)
    scale = float(values.abs().amax())
    assert found.parameters == len(values)
    assert found.top == pytest.approx(float(values[-1]), abs=max(1e-6 * scale, 2 * found.top_error))
    assert found.bottom == pytest.approx(float(values[0]), abs=max(1e-6 * scale, 2 * found.bottom_error))
    assert found.sharpness == found.top
    assert abs(found.trace - float(whole.trace())) < 4 * found.trace_error + 1e-9 * scale
    assert found.kind == ("strict saddle" if values[0] < -1e-3 * scale else found.kind)


def test_residuals_bound_the_errors_when_few_products_are_allowed():
    torch.manual_seed(0)
    a = torch.randn(60, 60, dtype=torch.float64)
    a = a + a.T
    values = torch.linalg.eigvalsh(a)
    for most in (4, 8, 15, 60):
        found = extremes(lambda v: a @ v, 60, most=most)
        assert float((values - found.top).abs().min()) <= found.top_error + 1e-9
        assert float((values - found.bottom).abs().min()) <= found.bottom_error + 1e-9
        assert found.products <= most
    assert found.products < 60  # both ends were found earlier
    assert found.top == pytest.approx(float(values[-1]), rel=1e-6)


def test_an_invariant_start_still_finds_what_lies_outside():
    diagonal = torch.tensor([1.0] * 5 + [-7.0], dtype=torch.float64)
    found = extremes(lambda v: diagonal * v, 6)
    assert (round(found.bottom, 9), round(found.top, 9)) == (-7.0, 1.0)


class Point(nn.Module):
    """Two weights, at zero; the loss is a function of them."""

    def __init__(self, dtype=torch.float64):
        super().__init__()
        self.at = nn.Parameter(torch.zeros(2, dtype=dtype))

    def forward(self, _):
        return self.at


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (lambda x, y: x**2 + 3 * y**2, "minimum"),
        (lambda x, y: x**2 - 3 * y**2, "strict saddle"),
        (lambda x, y: x**2 - 1e-3 * y**2, "strict saddle"),
        (lambda x, y: -(x**2) - 3 * y**2, "maximum"),
        (lambda x, y: x**2 + y**3, "saddle"),
        (lambda x, y: x**2 - y**4, "saddle"),
        (lambda x, y: x**2 + y**4, "minimum"),
        (lambda x, y: x**2 + 0 * y, "minimum"),
        (lambda x, y: 0 * x + 0 * y, "flat"),
        (lambda x, y: x**2 + 2 * y, "minimum"),  # a slope is no saddle
    ],
)
def test_the_verdict_on_known_places(function, kind):
    found = hessian(Point(), lambda at: function(at[0], at[1]), (torch.zeros(1),))
    assert found.kind == kind


def test_float32_noise_makes_no_saddle():
    torch.manual_seed(0)
    model = nn.Linear(6, 1)
    x, y = torch.randn(64, 6), torch.randn(64, 1)
    with torch.no_grad():
        solved = torch.linalg.lstsq(torch.cat([x, torch.ones(64, 1)], 1), y).solution
        model.weight.copy_(solved[:-1].T)
        model.bias.copy_(solved[-1])
    found = hessian(model, F.mse_loss, (x, y))
    assert found.kind == "minimum"
    assert found.gradient < 1e-4


def test_dropout_is_off_and_nothing_is_touched():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 2))
    x, y = torch.randn(16, 4), torch.randint(0, 2, (16,))
    kept = {name: t.clone() for name, t in model.state_dict().items()}
    versions = [p._version for p in model.parameters()]
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()
    one = hessian(model, F.cross_entropy, (x, y))
    two = hessian(model, F.cross_entropy, (x, y))
    assert one == two
    assert all(torch.equal(t, kept[name]) for name, t in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())
    assert [p._version for p in model.parameters()] == versions
    assert model.training and model[2].training
    assert torch.equal(torch.get_rng_state(), states[0])
    assert random.getstate() == states[1]
    assert (np.random.get_state()[1] == states[2]).all()


def test_attention_and_frozen_weights():
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True).double()
    layer.linear1.weight.requires_grad_(False)
    x = torch.randn(3, 4, 8, dtype=torch.float64)
    found = hessian(layer, lambda out, y: F.mse_loss(out, y), (x, torch.zeros_like(x)), seconds=20)
    assert found.parameters == sum(p.numel() for p in layer.parameters() if p.requires_grad)
    assert found.top > 0


def test_nothing_to_train_is_said():
    model = nn.Linear(2, 2).requires_grad_(False)
    with pytest.raises(Abstain, match="no weights to train"):
        hessian(model, F.mse_loss, (torch.ones(1, 2), torch.ones(1, 2)))
