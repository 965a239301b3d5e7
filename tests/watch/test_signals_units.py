"""Which units are silent or saturated, and what counts as a unit."""

import numpy as np
import pytest
import torch
from torch import nn

from tests.watch.watching import at, trace_of, watched

TOLERANCE = 2e-5  # float32 against float64


def close(value):
    return pytest.approx(value, rel=TOLERANCE, abs=1e-6)


def f64(tensor):
    return tensor.detach().double().numpy().copy()


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


def test_a_unit_that_puts_out_nan_is_not_silent(tmp_path):
    broken = torch.tensor([[float("nan"), -1.0]]).repeat(5, 1)
    table = silent_scripted([broken] * 4, 2, tmp_path / "run")
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
