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


def silent_scripted(outputs, units, folder):
    """silent_share of a layer that puts out what is scripted; one tensor per step."""

    class Scripted(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(units))

        def forward(self, x):
            return x * self.weight.abs().clamp(min=1.0)

    with watched(folder):
        model = nn.Sequential(Scripted())
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-9)
        for out in outputs:
            optimizer.zero_grad()
            model(out).sum().backward()
            optimizer.step()
    return trace_of(folder).sampled("silent_share")


def test_silence_takes_three_samples_and_ends_at_once(tmp_path):
    fires, silent = 1.0, -1.0
    # one row per step, one number per unit
    script = [
        [fires, silent, silent, silent],
        [fires, silent, fires, silent],
        [fires, silent, silent, silent],  # units 1 and 3 silent for three samples
        [fires, silent, silent, fires],  # unit 1 only
        [silent, silent, silent, silent],  # 1 and 2
        [fires, fires, fires, fires],
    ]
    outputs = [torch.tensor(row).repeat(5, 1) for row in script]
    table = silent_scripted(outputs, 4, tmp_path / "run")
    assert list(table.steps) == [2, 3, 4, 5] or np.isnan(table.column("0")[:2]).all()
    values = dict(zip(table.steps.tolist(), table.column("0").tolist(), strict=True))
    assert [values[step] for step in (2, 3, 4, 5)] == [0.5, 0.25, 0.5, 0.0]


def test_a_unit_that_fires_on_one_input_in_fifty_is_not_silent(tmp_path):
    rare = torch.full((50, 2), -1.0)
    rare[7, 0] = 1.0  # 2 % of the inputs
    table = silent_scripted([rare] * 4, 2, tmp_path / "run")
    assert table.column("0")[-1] == 0.5


@pytest.mark.parametrize(
    ("module", "low", "high"),
    [
        (nn.Sigmoid(), 0.0, 1.0),
        (nn.Tanh(), -1.0, 1.0),
        (nn.Hardtanh(), -1.0, 1.0),
        (nn.Hardsigmoid(), 0.0, 1.0),
    ],
)
def test_saturation_of_bounded_activations(module, low, high, tmp_path):
    torch.manual_seed(1)
    with watched(tmp_path / "run"):
        model = nn.Sequential(nn.Linear(3, 7), module)
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-9)
        out = model(torch.randn(20, 3) * 12)
        out.sum().backward()
        optimizer.step()
    margin = 0.01 * (high - low)
    ends = (f64(out) < low + margin) | (f64(out) > high - margin)
    assert 0 < ends.mean() < 1
    assert at(trace_of(tmp_path / "run"), "saturated_share", "1", 0) == close(ends.mean())


def test_units_of_images_are_channels(tmp_path):
    torch.manual_seed(2)
    with watched(tmp_path / "run"):
        model = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 9, 2))
        with torch.no_grad():
            model[0].bias[1] = -100.0
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-9)
        for _ in range(4):
            x = torch.rand(6, 2, 5, 5)
            conv = model[0](x)
            optimizer.zero_grad()
            model(x).sum().backward()
            optimizer.step()
    trace = trace_of(tmp_path / "run")
    units = {module.name: module.units for module in trace.modules}
    assert (units["0"], units["1"], units["3"]) == (4, 4, 2)
    assert at(trace, "silent_share", "1", 3) == pytest.approx(0.25)
    out = f64(conv)
    assert at(trace, "act_mean", "0", 3) == close(out.mean())
    spread = f64(x).std(axis=(0, 2, 3), ddof=1)  # of the channels
    assert at(trace, "input_column_ratio", "Sequential", 3) == close(spread.max() / spread.min())


def test_units_of_sequences_are_features(tmp_path):
    with watched(tmp_path / "run"):
        model = nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-9)
        for _ in range(3):
            optimizer.zero_grad()
            model(torch.randint(0, 9, (5, 11))).sum().backward()
            optimizer.step()
    units = {module.name: module.units for module in trace_of(tmp_path / "run").modules}
    assert units == {"0": 4, "1": 6, "2": 6, "3": 2}


def test_a_nonfinite_output_is_told(tmp_path):
    with watched(tmp_path / "run"):
        model = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for value in (1.0, float("inf")):
            optimizer.zero_grad()
            model(torch.full((4, 2), value)).mean().backward()
            optimizer.step()
    trace = trace_of(tmp_path / "run")
    assert list(trace.sampled("act_nonfinite").column("0")) == [0, 1]
    assert list(trace.sampled("input_nonfinite").column("Sequential")) == [0, 8]
    assert trace.step_signal("loss").nonfinite.tolist() == [0, 1]


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


@pytest.mark.parametrize("how", ["none", "zero", "model", "by hand", "never"])
def test_stale_gradients(how, tmp_path):
    torch.manual_seed(5)
    stale = []
    with watched(tmp_path / "run"):
        model = nn.Linear(3, 2)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for _ in range(5):
            if how in ("none", "zero"):
                optimizer.zero_grad(set_to_none=how == "none")
            elif how == "model":
                model.zero_grad()
            elif how == "by hand":
                for p in model.parameters():
                    p.grad = None
            grads = [f64(p.grad).ravel() for p in model.parameters() if p.grad is not None]
            stale.append(np.linalg.norm(np.concatenate(grads)) if grads else 0.0)
            F.mse_loss(model(torch.randn(6, 3)), torch.zeros(6, 2)).backward()
            optimizer.step()
    trace = trace_of(tmp_path / "run")
    (place,) = trace.sampled("stale_grad_norm").places
    assert place.startswith("SGD")
    for step in range(1, 5):
        assert at(trace, "stale_grad_norm", place, step) == close(stale[step])
    assert (stale[-1] > 0) == (how == "never")


def test_accumulation_is_not_stale(tmp_path):
    with watched(tmp_path / "run"):
        model = nn.Linear(3, 2)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        losses = []
        for _ in range(4):
            for _ in range(3):
                loss = F.mse_loss(model(torch.randn(6, 3)), torch.zeros(6, 2)) / 3
                loss.backward()
                losses.append(loss.item())
            optimizer.step()
            optimizer.zero_grad()
    trace = trace_of(tmp_path / "run")
    (place,) = trace.sampled("stale_grad_norm").places
    assert [at(trace, "stale_grad_norm", place, step) for step in (1, 2, 3)] == [0, 0, 0]
    assert list(trace.step_signal("loss").mean) == pytest.approx(np.mean(np.reshape(losses, (4, 3)), axis=1))
    (fact,) = trace.facts_of("accumulation")
    assert fact.data == {"backwards_per_step": 3}


# ---- every step -------------------------------------------------------------------------


def test_rate_follows_a_schedule_over_thousands_of_steps(tmp_path):
    with watched(tmp_path / "run"):
        model = nn.Linear(1, 1, bias=False)
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
        rates, losses = [], []
        for step in range(2500):
            optimizer.param_groups[0]["lr"] = 1e-3 / (1 + step)
            loss = model(torch.ones(1, 1)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rates.append(optimizer.param_groups[0]["lr"])
            losses.append(loss.item())
    trace = trace_of(tmp_path / "run")
    assert list(trace.step_signal("rate").mean) == rates
    assert list(trace.step_signal("loss").mean) == losses


def test_a_rate_that_is_a_tensor_is_read_when_it_is_used(tmp_path):
    with watched(tmp_path / "run"):
        model = nn.Linear(1, 1)
        optimizer = torch.optim.Adam(model.parameters(), lr=torch.tensor(1.0))
        for step in range(60):
            optimizer.param_groups[0]["lr"].fill_(1.0 / (step + 1))
            optimizer.zero_grad()
            model(torch.ones(1, 1)).sum().backward()
            optimizer.step()
    rates = trace_of(tmp_path / "run").step_signal("rate").mean
    assert rates == pytest.approx([1 / (step + 1) for step in range(60)])


def test_an_optimizer_without_a_rate(tmp_path):
    class Plain(torch.optim.Optimizer):
        def __init__(self, params):
            super().__init__(params, {})

        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    p.data.sub_(p.grad, alpha=0.01)

    with watched(tmp_path / "run"):
        model = nn.Linear(1, 1)
        optimizer = Plain(model.parameters())
        for _ in range(60):
            optimizer.zero_grad()
            model(torch.ones(1, 1)).sum().backward()
            optimizer.step()
    trace = trace_of(tmp_path / "run")
    assert trace.steps == 60
    assert np.isnan(trace.step_signal("rate").mean).all()


def test_scaled_losses_are_told_before_the_factor(tmp_path):
    losses = []
    with watched(tmp_path / "run"):
        model = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
        for _ in range(30):
            optimizer.zero_grad()
            loss = F.mse_loss(model(torch.ones(4, 2)), torch.zeros(4, 1))
            scaler.scale(loss).backward()
            scaler.unscale_(optimizer)
            norm = np.linalg.norm(f64(model.weight.grad))
            scaler.step(optimizer)
            scaler.update()
            losses.append(loss.item())
    trace = trace_of(tmp_path / "run")
    assert list(trace.step_signal("loss").mean) == pytest.approx(losses)
    if 29 in trace.sampled("grad_norm").steps:
        assert at(trace, "grad_norm", "weight", 29) == close(norm)


def test_data_and_step_seconds(tmp_path):
    from time import sleep

    from torch.utils.data import DataLoader, Dataset

    class Slow(Dataset):
        def __len__(self):
            return 8

        def __getitem__(self, index):
            sleep(0.03)
            return torch.ones(2)

    with watched(tmp_path / "run"):
        model = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for x in DataLoader(Slow(), batch_size=2):
            optimizer.zero_grad()
            model(x).sum().backward()
            sleep(0.02)
            optimizer.step()
    trace = trace_of(tmp_path / "run")
    data, step = trace.step_signal("data_seconds").mean, trace.step_signal("step_seconds").mean
    assert np.isnan(step[0])  # there is no step before
    assert (data >= 0.06).all() and (step[1:] >= data[1:] + 0.02).all()
    assert data.max() < 3 and step[1:].max() < 5
