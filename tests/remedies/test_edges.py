"""guard-edges: roots, logarithms and quotients are not asked where they break, and are the same elsewhere."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gradwise.heal.treatment import Cure
from tests.remedies.nets import NETS, batches, did, same, sgd, treatment

each_net = pytest.mark.parametrize("kind", NETS)
CURE = Cure("guard-edges")

# What is asked at the edge, and what an edit would write there; both of one argument.
BROKEN = {
    "sqrt": (lambda x: x.sqrt(), lambda x: x.clamp(min=1e-6).sqrt(), 0.0),
    "torch.sqrt": (lambda x: torch.sqrt(x), lambda x: torch.sqrt(x.clamp(min=1e-6)), 0.0),
    "rsqrt": (lambda x: torch.rsqrt(x), lambda x: torch.rsqrt(x.clamp(min=1e-6)), 0.0),
    "log": (lambda x: x.log(), lambda x: x.clamp(min=1e-6).log(), 0.0),
    "log of less": (lambda x: torch.log(x), lambda x: torch.log(x.clamp(min=1e-6)), -0.25),
    "log1p": (lambda x: torch.log1p(x), lambda x: torch.log1p(x.clamp(min=-1 + 1e-6)), -1.0),
    "power": (lambda x: x**0.5, lambda x: x.clamp(min=1e-6) ** 0.5, 0.0),
    "torch.pow": (lambda x: torch.pow(x, -1), lambda x: torch.pow(x.clamp(min=1e-6), -1), 0.0),
    "acos": (lambda x: torch.acos(x), lambda x: torch.acos(x.clamp(max=1 - 1e-6)), 1.0),
    "asin": (lambda x: x.asin(), lambda x: x.clamp(min=-1 + 1e-6).asin(), -1.0),
    "atanh": (lambda x: torch.atanh(x), lambda x: torch.atanh(x.clamp(max=1 - 1e-6)), 1.5),
    "quotient": (lambda x: x / x, lambda x: x / x.clamp(min=1e-6), 0.0),
    "reciprocal": (lambda x: 1 / x, lambda x: 1 / x.clamp(min=1e-6), 0.0),
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_value_and_the_slope_are_those_of_the_edit(name):
    broken, edited, edge = BROKEN[name]

    def slope(function):
        x = torch.tensor([0.5, edge, 0.25], requires_grad=True)
        value = function(x)
        value.sum().backward()
        return value.detach(), x.grad

    value, gradient = slope(broken)
    assert not (value.isfinite().all() and gradient.isfinite().all())
    with treatment(CURE) as run:
        value, gradient = slope(broken)
    torch.testing.assert_close(value, slope(edited)[0], rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(gradient, slope(edited)[1], rtol=1e-4, atol=1e-6)
    assert list(did(run).values()) == [1]
    assert "test_edges.py:" in next(iter(did(run)))


def test_a_sum_of_exponentials_stays_below_overflow():
    x = torch.tensor([1.0, 200.0], requires_grad=True)
    with treatment(CURE):
        share = x.exp() / x.exp().sum()
        share[0].backward()
    assert share.isfinite().all()
    assert x.grad.isfinite().all()


def pairs(kind, *, edit=False, steps=8):
    """A net that learns by distances, of which one is nil in each batch."""
    torch.manual_seed(3)
    net = kind()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for x, y in batches(net, steps):
        out = net(x)
        apart = ((out - torch.cat([out[:1], out[:-1]])) ** 2).sum(dim=1)
        distance = (apart.clamp(min=1e-6) if edit else apart).sqrt()
        loss = ((distance - (y != 1).float()) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return net


@each_net
def test_a_net_that_learns_by_distances_survives_one_that_is_nil(kind):
    with treatment(CURE) as run:
        healed = pairs(kind)
    assert all(p.isfinite().all() for p in healed.parameters())
    assert any(text.startswith("sqrt") for text in did(run))


@each_net
def test_it_learns_what_it_would_with_the_edit(kind):
    with treatment(CURE):
        healed = pairs(kind)
    assert same(healed, pairs(kind, edit=True))
    assert not all(p.isfinite().all() for p in pairs(kind).parameters())


class Shares(nn.Module):
    """Probabilities by hand, their logarithm too."""

    def __init__(self):
        super().__init__()
        self.out = nn.Linear(6, 3)

    def forward(self, x):
        return self.out(x).softmax(1)


def by_hand(p, y):
    return -torch.log(p[torch.arange(len(y)), y]).mean()


def test_an_evaluation_by_the_same_line_is_guarded_and_other_lines_are_not():
    net, y = Shares(), torch.tensor([0, 1])
    with torch.no_grad():
        net.out.weight.fill_(0.0)
        net.out.bias.copy_(torch.tensor([200.0, 0.0, 0.0]))
    with treatment(CURE):
        by_hand(net(torch.zeros(2, 6)), y).backward()
        with torch.no_grad():
            judged = by_hand(net(torch.zeros(2, 6)), y)
            elsewhere = torch.log(torch.zeros(1))
    assert judged.item() == pytest.approx(-0.5 * math.log(1e-6))
    assert elsewhere.item() == -math.inf


@each_net
@pytest.mark.parametrize("make", [sgd, lambda net: torch.optim.Adam(net.parameters(), lr=0.01)])
def test_what_is_off_its_edges_stays_the_same_bits(kind, make):
    def loop():
        torch.manual_seed(3)
        net = kind()
        optimizer = make(net)
        for x, y in batches(net, 4):
            p = net(x).softmax(1)
            loss = by_hand(p, y) + F.cross_entropy(net(x), y) + (p**2).sum().sqrt() / 10
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return net

    with treatment(CURE) as run:
        healed = loop()
    assert same(healed, loop())
    assert run.charts[0].idle


def test_whole_powers_and_small_divisors_are_left():
    x = torch.tensor([0.0, 1e-9], requires_grad=True)
    with treatment(CURE) as run:
        value = (x**2).sum() + (torch.ones(1) / x[1]).sum()
    assert value.item() == pytest.approx(1e9)
    assert run.charts[0].idle


def test_undone_nothing_is_guarded():
    with treatment(CURE):
        pass
    x = torch.zeros(1, requires_grad=True)
    torch.sqrt(x).backward()
    assert x.grad.item() == math.inf
