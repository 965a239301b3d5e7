"""How far sigmoids, tanhs and softmaxes sit at their ends where no module is measured, against float64."""

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


class Attending(nn.Module):
    """Attention by hand over six entries, its scores times a factor."""

    def __init__(self, factor, mask=None):
        super().__init__()
        self.query, self.key, self.out = nn.Linear(5, 16), nn.Linear(5, 16), nn.Linear(16, 3)
        self.factor, self.mask = factor, mask
        self.kept = []

    def forward(self, x):
        parts = x.unsqueeze(1) * torch.arange(1.0, 7.0).view(1, 6, 1).cos()  # (N, 6, 5)
        keys = self.key(parts)
        scores = self.query(parts) @ keys.transpose(1, 2) * self.factor
        if self.mask is not None:
            scores = scores.masked_fill(self.mask, -torch.inf)
        share = F.softmax(scores, dim=-1)
        self.kept.append(share.detach().double())
        return self.out((share @ keys).mean(1))


@pytest.mark.parametrize("factor", [400.0, 3.0, 0.25])
def test_rows_of_a_softmax_between_layers(factor, tmp_path):
    trace, model = run(tmp_path / "run", lambda: Attending(factor))
    for step in range(3):
        share = at(trace, "saturated_share", "softmax after query", step)
        assert share == pytest.approx((model.kept[step].amax(2) > 0.99).double().mean().item(), abs=1e-6)
    told = (model.kept[0].amax(2) > 0.99).double().mean().item()
    assert (told > 0.7) == (factor > 10)


def test_masked_rows_are_sure_for_another_reason(tmp_path):
    """Under a causal mask the first row has one entry to choose from, and is not counted."""
    mask = torch.ones(6, 6).triu(1).bool()
    trace, model = run(tmp_path / "run", lambda: Attending(8.0, mask))
    kept = model.kept[0]
    free = (kept[:, 3:].amax(2) > 0.99).double().mean().item()  # rows with four and more entries
    assert (kept[:, 0].amax(1) > 0.99).all()
    assert 0 < at(trace, "saturated_share", "softmax after query", 0) == pytest.approx(free, abs=1e-6)


class Choosing(nn.Module):
    """A softmax over ``width`` gates, before the output's map or as the output itself."""

    def __init__(self, width, last):
        super().__init__()
        self.gate, self.out, self.last = nn.Linear(5, width), nn.Linear(width, 3), last

    def forward(self, x):
        share = F.softmax(40 * self.gate(x), dim=1)
        return torch.log(share + 1e-6) if self.last else self.out(share)


@pytest.mark.parametrize(("width", "last", "told"), [(8, False, 1), (3, False, 0), (8, True, 0)])
def test_softmaxes_of_few_gates_and_of_outputs_are_left_out(width, last, told, tmp_path):
    trace, _ = run(tmp_path / "run", lambda: Choosing(width, last))
    assert len([p for p in trace.sampled("saturated_share").places if "softmax" in p]) == told


@pytest.mark.parametrize("threshold", [0.2, 1.2, 9.0])
def test_units_that_never_pass_a_threshold(threshold, tmp_path):
    """Counted over the last three sampled steps, against float64."""
    function = lambda h: torch.relu(h - threshold)  # noqa: E731
    trace, model = run(tmp_path / "run", lambda: Scaled(function, 1.0), steps=6)
    for step in range(2, 4):  # later on the graph is walked more rarely
        fired = torch.cat(model.kept[step - 2 : step + 1]) > 0
        silent = (~fired.any(dim=0)).double().mean().item()
        assert at(trace, "silent_share", "relu after first", step) == pytest.approx(silent, abs=1e-6)
    assert (silent == 1.0) == (threshold == 9.0)


def test_relus_of_layers_and_of_sequences_are_no_places_of_their_own(tmp_path):
    class Steps(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.out = nn.Linear(1, 4), nn.Linear(20, 3)

        def forward(self, x):
            return self.out(torch.relu(self.first(x.unsqueeze(2)) - 0.5).flatten(1))

    for name, make in {
        "own": lambda: Scaled(torch.relu, 1.0),
        "module": lambda: nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 3)),
        "sequence": Steps,
    }.items():
        trace, _ = run(tmp_path / name, make, steps=4)
        found = [place for place in trace.sampled("silent_share").places if place.startswith("relu")]
        assert found == (["relu after first"] if name == "own" else [])


def test_a_net_of_plain_tensors_is_told_layer_by_layer(tmp_path):
    torch.manual_seed(0)
    with watched(tmp_path / "run"):
        first = (-torch.rand(5, 16)).requires_grad_()  # inputs are positive: nothing fires
        second, out = (torch.randn(*size).requires_grad_() for size in ((5, 8), (24, 3)))
        optimizer = torch.optim.SGD([first, second, out], lr=0.01)
        for _ in range(4):
            x = torch.rand(ROWS, 5)
            hidden = torch.cat(
                [torch.relu(torch.relu(x @ second) @ torch.ones(8, 8)), torch.relu(x @ first)], 1
            )
            optimizer.zero_grad()
            F.cross_entropy(hidden @ out, torch.randint(0, 3, (ROWS,))).backward()
            optimizer.step()
    table = trace_of(tmp_path / "run").sampled("silent_share")
    places = [place for place in table.places if place.startswith("relu")]
    assert sorted(places) == [f"relu {number} before the loss" for number in (1, 2, 3)]
    assert sorted(table.column(place)[-1] for place in places)[-1] == 1.0
