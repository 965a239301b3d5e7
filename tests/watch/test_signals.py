"""Every sampled signal against an independent float64 computation on tiny models."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gradwise.trace.signals import SAMPLED_SIGNALS, STEP_SIGNALS
from tests.watch.watching import at, trace_of, watched

STEPS = 6
TOLERANCE = 2e-5  # float32 against float64


def close(value):
    return pytest.approx(value, rel=TOLERANCE, abs=1e-6)


def f64(tensor):
    return tensor.detach().double().numpy().copy()


def spread_of_rows(matrix):
    rows = matrix.reshape(len(matrix), -1)
    return np.abs(rows - rows[0]).max() / np.abs(rows).max()


class Twisted(nn.Module):
    """Linear, a module ReLU, Linear, a functional tanh, Linear."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 6)
        self.act = nn.ReLU()
        self.second = nn.Linear(6, 5)
        self.out = nn.Linear(5, 3)

    def forward(self, x):
        self.seen = {"first": self.first(x)}
        self.seen["act"] = self.act(self.seen["first"])
        self.seen["second"] = self.second(self.seen["act"])
        self.seen["out"] = self.out(torch.tanh(self.seen["second"]))
        return self.seen["out"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """One run, and for each step what float64 NumPy makes of the same numbers."""
    folder = tmp_path_factory.mktemp("signals") / "run"
    truth = []
    torch.manual_seed(11)
    with watched(folder):
        model = Twisted()
        with torch.no_grad():
            model.second.weight.mul_(8)  # so that some outputs lie beyond 5
            model.first.bias[2] = -100.0  # a unit that never fires
        optimizer = torch.optim.Adam([{"params": model.first.parameters(), "lr": 1e-2}, {"params": [*model.second.parameters(), *model.out.parameters()], "lr": 3e-3}])  # fmt: skip
        for step in range(STEPS):
            x = torch.randn(10, 4) * torch.tensor([1.0, 5.0, 0.2, 1.0]) + 1.0
            y = torch.randint(0, 3, (10,))
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            now = {"x": f64(x), "y": f64(y), "loss": loss.item()}
            now["seen"] = {name: f64(value) for name, value in model.seen.items()}
            now["grad"] = {name: f64(p.grad) for name, p in model.named_parameters()}
            now["weight"] = {name: f64(p) for name, p in model.named_parameters()}
            optimizer.step()
            now["after"] = {name: f64(p) for name, p in model.named_parameters()}
            truth.append(now)
    return trace_of(folder), truth


@pytest.mark.parametrize("name", ["first.weight", "first.bias", "second.weight", "out.bias"])
def test_norms_of_parameters(name, run):
    trace, truth = run
    for step, now in enumerate(truth):
        assert at(trace, "grad_norm", name, step) == close(np.linalg.norm(now["grad"][name]))
        assert at(trace, "weight_norm", name, step) == close(np.linalg.norm(now["weight"][name]))
        change = np.linalg.norm(now["after"][name] - now["weight"][name])
        assert at(trace, "update_norm", name, step) == pytest.approx(change, rel=1e-3)


def test_rows(run):
    trace, truth = run
    for step, now in enumerate(truth):
        for name in ("first.weight", "second.weight", "out.weight"):
            assert at(trace, "weight_rows", name, step) == close(spread_of_rows(now["weight"][name]))
            assert at(trace, "grad_rows", name, step) == close(spread_of_rows(now["grad"][name]))
    assert set(trace.sampled("weight_rows").places) == {"first.weight", "second.weight", "out.weight"}


@pytest.mark.parametrize("name", ["first", "act", "second", "out"])
def test_activations(name, run):
    trace, truth = run
    for step, now in enumerate(truth):
        out = now["seen"][name]
        assert at(trace, "act_mean", name, step) == close(out.mean())
        assert at(trace, "act_std", name, step) == close(out.std(ddof=1))
        assert at(trace, "act_absmax", name, step) == close(np.abs(out).max())
        assert at(trace, "zero_share", name, step) == close((out == 0).mean())
        assert at(trace, "nonpositive_share", name, step) == close((out <= 0).mean())
        assert at(trace, "saturated_share", name, step) == close((np.abs(out) > 5).mean())
        distance = np.sqrt(((out - out.mean(axis=0)) ** 2).mean() / (out**2).mean())
        assert at(trace, "sample_std", name, step) == close(distance)
        assert at(trace, "act_nonfinite", name, step) == 0
    assert max(at(trace, "saturated_share", "second", step) for step in range(STEPS)) > 0
    assert at(trace, "zero_share", "act", 0) >= 1 / 6  # the unit that never fires


def test_input(run):
    trace, truth = run
    for step, now in enumerate(truth):
        x = now["x"]
        assert at(trace, "batch_size", "Twisted", step) == 10
        assert at(trace, "input_mean", "Twisted", step) == close(x.mean())
        assert at(trace, "input_std", "Twisted", step) == close(x.std(ddof=1))
        assert at(trace, "input_absmax", "Twisted", step) == close(np.abs(x).max())
        assert at(trace, "input_rms", "Twisted", step) == close(np.sqrt((x**2).mean()))
        spread = x.std(axis=0, ddof=1)
        assert at(trace, "input_column_ratio", "Twisted", step) == close(spread.max() / spread.min())
        assert at(trace, "input_nonfinite", "Twisted", step) == 0


def test_predictions_and_labels(run):
    trace, truth = run
    labels = np.zeros(0)
    for step, now in enumerate(truth):
        scores, y = now["seen"]["out"], now["y"].astype(int)
        for name, value in (
            ("mean", scores.mean()),
            ("std", scores.std(ddof=1)),
            ("min", scores.min()),
            ("max", scores.max()),
        ):
            assert at(trace, f"output_{name}", "cross_entropy", step) == close(value)
        assert at(trace, "criterion", "cross_entropy", step) == close(now["loss"])
        assert at(trace, "accuracy", "cross_entropy", step) == close((scores.argmax(axis=1) == y).mean())
        counts = np.bincount(y, minlength=3)
        assert at(trace, "label_top", "cross_entropy", step) == counts.argmax()
        assert at(trace, "label_top_share", "cross_entropy", step) == close(counts.max() / 10)
        assert at(trace, "label_kinds", "cross_entropy", step) == (counts > 0).sum()
        labels = np.concatenate([labels, y])
        shares = np.array([(labels == label).mean() for label in range(3)])
        present = shares[shares > 0]
        assert at(trace, "majority", "cross_entropy", step) == close(shares.max())
        assert at(trace, "trivial", "cross_entropy", step) == close(-(present * np.log(present)).sum())
        expected = sum(1 - (1 - share) ** 10 for share in shares)
        assert at(trace, "label_kinds_expected", "cross_entropy", step) == close(expected)
        assert at(trace, "row_sum_error", "cross_entropy", step) == (
            np.inf if scores.min() < 0 else close(np.abs(scores.sum(axis=1) - 1).max())
        )


def test_every_step_signals(run):
    trace, truth = run
    loss = trace.step_signal("loss")
    assert list(loss.steps) == list(range(STEPS))
    assert list(loss.mean) == [now["loss"] for now in truth]
    assert list(trace.step_signal("rate").mean) == [1e-2] * STEPS  # the largest of two groups
    assert set(trace.series) == set(STEP_SIGNALS)


def test_nothing_is_recorded_under_a_name_that_is_no_signal(run):
    trace, _ = run
    assert set(trace.tables) <= set(SAMPLED_SIGNALS)


def test_structure(run):
    trace, _ = run
    assert [module.name for module in trace.modules] == ["first", "act", "second", "out"]
    assert [module.activation for module in trace.modules][:3] == ["relu", "relu", "tanh"]
    assert [module.is_activation for module in trace.modules] == [False, True, False, False]
    assert [module.units for module in trace.modules] == [6, 6, 5, 3]
    assert [p.name for p in trace.parameters if p.is_matrix] == [
        "first.weight",
        "second.weight",
        "out.weight",
    ]
    assert all(p.in_optimizer and p.requires_grad for p in trace.parameters)
    assert trace.parameter("second.weight").shape == (5, 6)


# ---- activations: silence, bounds, shapes ---------------------------------------------


def test_frozen_parameters_and_absent_gradients(tmp_path):
    with watched(tmp_path / "run"):
        model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
        model[0].requires_grad_(False)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            model(torch.ones(4, 2)).mean().backward()
            optimizer.step()
    trace = trace_of(tmp_path / "run")
    assert "0.weight" not in trace.sampled("grad_norm").places
    assert at(trace, "update_norm", "0.weight", 1) == 0.0
    assert not trace.parameter("0.weight").requires_grad


def test_sparse_gradients(tmp_path):
    with watched(tmp_path / "run"):
        model = nn.Embedding(10, 3, sparse=True)
        optimizer = torch.optim.SparseAdam(model.parameters())
        for _ in range(3):
            optimizer.zero_grad()
            model(torch.tensor([1, 1, 4])).pow(2).sum().backward()
            norm = np.linalg.norm(f64(model.weight.grad.to_dense()))
            optimizer.step()
    assert at(trace_of(tmp_path / "run"), "grad_norm", "weight", 2) == close(norm)


def test_a_large_parameter_is_compared_in_part(tmp_path):
    """Its update norm is an estimate from every k-th element: right within a few percent for noise."""
    torch.manual_seed(0)
    with watched(tmp_path / "run"):
        model = nn.Linear(1500, 700)
        optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
        model.weight.grad = torch.randn_like(model.weight)
        optimizer.step()
        expected = np.linalg.norm(f64(model.weight.grad))
    assert at(trace_of(tmp_path / "run"), "update_norm", "weight", 0) == pytest.approx(expected, rel=0.02)


# ---- gradients that were never cleared ------------------------------------------------
