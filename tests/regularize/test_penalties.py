"""L1, L2 and elastic against scikit-learn, and the proximal step with every optimizer."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import ElasticNet, Lasso, LogisticRegression, Ridge
from torch import nn
from torch.nn import functional

from gradwise import optim, regularize
from gradwise.errors import UsageError
from gradwise.regularize.step_size import step_size
from tests.regularize.steps import cancer, descend, diabetes, digits, linear, take_step


def fitted(parts, rows, target, loss, *, optimizer="momentum", rate=0.05, steps=400):
    net = linear(rows.shape[1])
    made = optim.make(optimizer, net.parameters(), rate=rate)
    descend(net, made, lambda: loss(net(rows), target), regularize.make(parts), steps)
    return net


@pytest.mark.parametrize("alpha", [0.02, 0.1])
def test_l1_is_scikit_learns_lasso(alpha):
    rows, target = diabetes()
    net = fitted(f"l1:strength={2 * alpha}", rows, target, functional.mse_loss)
    wanted = Lasso(alpha=alpha, tol=1e-8).fit(rows.numpy(), target.numpy().ravel())
    np.testing.assert_allclose(net.weight.detach().numpy()[0], wanted.coef_, atol=1e-3)
    assert (net.weight[0] == 0).tolist() == (wanted.coef_ == 0).tolist()
    assert 0 < (net.weight == 0).sum() < 10


def test_l1_is_scikit_learns_logistic_regression():
    rows, target = cancer()
    rows, strength = rows[:, ::3].contiguous(), 0.02
    loss, optimizer = functional.binary_cross_entropy_with_logits, "momentum:momentum=0.97"
    net = fitted(f"l1:strength={strength}", rows, target, loss, optimizer=optimizer, rate=0.3, steps=600)
    wanted = LogisticRegression(
        C=1 / (strength * len(rows)), l1_ratio=1, solver="saga", tol=1e-6, max_iter=5000
    ).fit(rows.numpy(), target.numpy().ravel())
    np.testing.assert_allclose(net.weight.detach().numpy(), wanted.coef_, atol=1e-2)
    assert (net.weight == 0).sum() == (wanted.coef_ == 0).sum() == 5


def test_l2_is_ridge():
    rows, target = diabetes()
    net = fitted("l2:strength=0.5", rows, target, functional.mse_loss)
    wanted = Ridge(alpha=0.5 * len(rows) / 2).fit(rows.numpy(), target.numpy().ravel())
    np.testing.assert_allclose(net.weight.detach().numpy()[0], wanted.coef_.ravel(), atol=1e-4)


@pytest.mark.parametrize("ratio", [0.2, 0.8])
def test_elastic_is_scikit_learns(ratio):
    rows, target = diabetes()
    net = fitted(f"elastic:strength=0.2,ratio={ratio}", rows, target, functional.mse_loss)
    wanted = ElasticNet(alpha=0.1, l1_ratio=ratio, tol=1e-8).fit(rows.numpy(), target.numpy().ravel())
    np.testing.assert_allclose(net.weight.detach().numpy()[0], wanted.coef_, atol=1e-3)


def test_only_the_proximal_step_makes_zeros():
    rows, target = cancer()
    loss = functional.binary_cross_entropy_with_logits
    zeros = {}
    for way in ("yes", "no"):
        net = fitted(
            f"l1:strength=0.05,proximal={way}", rows, target, loss, optimizer="sgd", rate=0.3, steps=300
        )
        zeros[way] = int((net.weight == 0).sum())
        assert ((net(rows) > 0) == (target > 0.5)).double().mean() > 0.9
    assert zeros["yes"] >= 15 and zeros["no"] == 0


# Rates with which each comes to rest within 600 annealed steps.
OPTIMIZERS = {
    "sgd": 0.1,
    "momentum": 0.02,
    "momentum:momentum=0.5,dampening=0.5": 0.1,
    "nesterov": 0.02,
    "adam": 0.05,
    "adam:amsgrad=true": 0.05,
    "adamw": 0.05,
    "nadam": 0.05,
    "rmsprop": 0.02,
    "rmsprop:momentum=0.5": 0.01,
    "adagrad": 0.5,
    "adadelta": 1.0,
    "adam-to-sgd:share=0.5": 0.05,
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_balance_of_loss_and_penalty_is_the_one_asked_for(name):
    """Least value of Σ a/2 (w − c)² + λ Σ |w|: c drawn towards zero by λ/a."""
    slopes = torch.tensor([[1.0, 4.0, 0.5, 2.0]], dtype=torch.float64)
    goals = torch.tensor([[2.0, -1.0, 0.5, 0.1]], dtype=torch.float64)
    wanted = torch.tensor([[1.5, -0.875, 0.0, 0.0]], dtype=torch.float64)  # λ = 0.5
    net = linear(4)
    nn.init.constant_(net.weight, 0.3)
    steps = 2500 if name == "adadelta" else 600
    optimizer = optim.make(name, [net.weight], rate=OPTIMIZERS[name], steps=steps)

    def loss():
        return (slopes / 2 * (net.weight - goals).square()).sum()

    descend(net, optimizer, loss, regularize.make("l1:strength=0.5"), steps, annealed=True)
    torch.testing.assert_close(net.weight.detach(), wanted, atol=1e-2, rtol=0)
    assert (net.weight == 0).tolist() == [[False, False, True, True]]


@pytest.mark.parametrize("name", ["adam", "adamw", "rmsprop", "adagrad", "sgd"])
def test_the_step_size_times_the_gradient_is_the_step_where_the_gradient_stays(name):
    weight = nn.Parameter(torch.tensor([[0.5, -2.0]], dtype=torch.float64))
    optimizer = optim.make(name, [weight], rate=0.01)
    pull = torch.tensor([[0.3, -5.0]], dtype=torch.float64)
    for _ in range(40):
        before = weight.detach().clone()
        weight.grad = pull.clone()
        optimizer.step()
    size = step_size(optimizer, weight, optimizer.param_groups[0])
    if name == "adam":
        assert size[0].tolist() == pytest.approx((0.01 / pull.abs())[0].tolist(), rel=1e-4)
    torch.testing.assert_close(before - weight.detach(), size * pull, rtol=1e-4, atol=0)


def test_ftrl_is_told_that_it_has_its_own():
    net = linear(2)
    optimizer = optim.make("ftrl", net.parameters())
    with pytest.raises(UsageError, match="'ftrl' has an L1 of its own"):
        take_step(net, optimizer, lambda: net.weight.sum(), regularize.make("l1"))


def test_biases_frozen_weights_and_weights_without_gradient_stay():
    net = nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2), nn.Linear(2, 2), nn.Linear(2, 2))
    net[3].weight.requires_grad_(False)
    before = [weight.detach().clone() for weight in net.parameters()]
    optimizer = torch.optim.SGD([w for w in net.parameters() if w.requires_grad], lr=0.1)
    for weight in [*net[0].parameters(), *net[1].parameters()]:
        weight.grad = torch.zeros_like(weight)
    regularize.make("l1:strength=100").after_step(net, optimizer)
    assert not net[0].weight.any()
    assert all(old.equal(new) for old, new in zip(before[1:], list(net.parameters())[1:], strict=True))
    regularize.make("l1:strength=100,biases=yes").after_step(net, optimizer)
    assert not any(weight.any() for weight in [*net[0].parameters(), *net[1].parameters()])


def test_a_penalty_joins_the_gradient_or_the_loss_and_both_agree():
    rows, target = diabetes()
    for names in ("l2:strength=0.3", "l1:strength=0.3,proximal=no", "l2:strength=1, l1:proximal=no"):
        parts = regularize.make(names)
        slopes = []
        for way in ("loss", "gradient"):
            net = linear(10)
            nn.init.constant_(net.weight, 0.2)
            loss = functional.mse_loss(net(rows), target)
            if way == "loss":
                parts.added(loss, net).backward()
            else:
                loss.backward()
                parts.gradient(net, torch.optim.SGD(net.parameters(), lr=0.1))
            slopes.append(net.weight.grad)
        torch.testing.assert_close(*slopes)
    assert regularize.make("max-norm").penalty(linear(2)) is None


def test_zeros_are_counted_on_a_net_for_digits():
    torch.manual_seed(0)
    rows, target = digits()
    net = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    parts = regularize.make("l1:strength=0.002")
    optimizer = optim.make("adam", net.parameters(), rate=0.01)
    descend(net, optimizer, lambda: functional.cross_entropy(net(rows), target), parts, 60)
    zeros = sum(int((layer.weight == 0).sum()) for layer in (net[0], net[2]))
    assert zeros > 0.3 * 2368
    assert parts.told(net, net.state_dict()) == (
        f"l1: {100 * zeros / 2368:.3g} % of 2,368 weights are exactly zero"
    )
    assert (net(rows).argmax(1) == target).float().mean() > 0.95
