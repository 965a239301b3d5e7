"""How far sigmoids and tanhs sit at their ends where no module is measured for them, against float64."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.watch.watching import at, trace_of, watched

ROWS = 32
EDGE = {"tanh": 0.98, "sigmoid": 0.99}


class Scaled(nn.Module):
    """A function on a multiple of a layer's output."""

    def __init__(self, function, factor):
        super().__init__()
        self.first, self.out = nn.Linear(5, 16), nn.Linear(16, 3)
        self.function, self.factor = function, factor
        self.kept = []

    def forward(self, x):
        h = self.function(self.factor * self.first(x))
        self.kept.append(h.detach().double())
        return self.out(h)


class Product(nn.Module):
    """A module of bare parameters that ends in a tanh, within another."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(3 * torch.randn(16, 5))
        self.kept = []

    def forward(self, x):
        h = torch.tanh(x @ self.weight.T)
        self.kept.append(h.detach().double())
        return h


def run(folder, make, steps=3):
    torch.manual_seed(1)
    with watched(folder):
        model = make()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        for _ in range(steps):
            optimizer.zero_grad()
            F.cross_entropy(model(torch.randn(ROWS, 5)), torch.randint(0, 3, (ROWS,))).backward()
            optimizer.step()
    return trace_of(folder), model


def ends(kept, function):
    low = -EDGE["tanh"] if function == "tanh" else 1 - EDGE["sigmoid"]
    return ((kept < low) | (kept > EDGE[function])).double().mean().item()


@pytest.mark.parametrize(("function", "factor"), [("tanh", 20.0), ("tanh", 1.0), ("sigmoid", 30.0)])
def test_a_function_of_a_multiple(function, factor, tmp_path):
    trace, model = run(tmp_path / "run", lambda: Scaled(getattr(torch, function), factor))
    for step in range(3):
        share = at(trace, "saturated_share", f"{function} after first", step)
        assert share == pytest.approx(ends(model.kept[step], function), abs=1e-6)
    assert (ends(model.kept[0], function) > 0.5) == (factor > 1)


def test_a_module_of_bare_parameters(tmp_path):
    trace, model = run(tmp_path / "run", lambda: nn.Sequential(nn.Linear(5, 5), Product(), nn.Linear(16, 3)))
    place = next(p for p in trace.sampled("saturated_share").places if p.startswith("tanh"))
    assert at(trace, "saturated_share", place, 2) == pytest.approx(ends(model[1].kept[2], "tanh"), abs=1e-6)


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Linear(16, 3)),  # measured themselves
        lambda: Scaled(lambda h: h, 1.0),  # nothing there
    ],
    ids=["modules", "no function"],
)
def test_nothing_is_told_twice(make, tmp_path):
    trace, _ = run(tmp_path / "run", make)
    assert not [p for p in trace.sampled("saturated_share").places if p.startswith("tanh")]


def test_outputs_are_left_out(tmp_path):
    """What lies between the last layer and the loss may be as sure as it likes."""

    class Bounded(nn.Module):
        def __init__(self):
            super().__init__()
            self.out = nn.Linear(5, 3)

        def forward(self, x):
            return 5 * torch.tanh(20 * self.out(x))

    trace, _ = run(tmp_path / "run", Bounded)
    assert not [p for p in trace.sampled("saturated_share").places if "tanh" in p]
