"""`gradwise check` asks a copy of the run what no signal tells: real scripts, as users type them."""

import json

from tests.cli.as_typed import gradwise

NOISE_FLOOR = """
import sys
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(2000, 24)
y = torch.tanh(x @ torch.randn(24, 1)) + 0.1 * torch.randn(2000, 1)
net = nn.Sequential(nn.Linear(24, 64), nn.Tanh(), nn.Linear(64, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=float(sys.argv[1]))
for epoch in range(6):
    for rows in torch.randperm(2000).split(16):
        loss = nn.functional.mse_loss(net(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
"""


def told(rate, *options, folder):
    """Rules of the causes, and the probes that were asked."""
    (folder / "train.py").write_text(NOISE_FLOOR)
    done = gradwise("check", "--quiet", "--json", "out.json", *options, "train.py", rate, cwd=folder)
    found = json.loads((folder / "out.json").read_text())
    assert done.returncode == (1 if found["findings"] else 0), done.stderr
    return [one["rule"] for one in found["findings"]], [probe["probe"] for probe in found["probes"]]


def test_a_rate_too_high_for_the_last_part_of_the_way_is_named_by_trying_a_smaller_one(tmp_path):
    rules, probes = told("0.07", "--probe-seconds", 20, "--budget", "100%", folder=tmp_path)
    assert (rules[:1], probes) == (["lr-too-high"], ["rate"])


def test_without_trying_it_no_signal_tells(tmp_path):
    rules, probes = told("0.07", "--probe", "none", folder=tmp_path)
    assert "lr-too-high" not in rules and probes == []


def test_where_nearly_everything_is_learnt_nothing_is_tried(tmp_path):
    assert told("0.003", folder=tmp_path) == ([], [])
