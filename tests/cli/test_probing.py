"""`gradwise check` asks a copy of the run what no signal tells: real scripts, as users type them."""

import json

import pytest

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


@pytest.mark.parametrize(("rate", "options", "rules"), [
    ("0.05", ("--probe-seconds", 20), ["lr-too-high"]),
    ("0.05", ("--probe", "none"), []),
    ("0.003", (), []),
])  # fmt: skip
def test_a_rate_too_high_for_the_last_part_of_the_way_is_named_by_trying_a_smaller_one(
    rate, options, rules, tmp_path
):
    (tmp_path / "train.py").write_text(NOISE_FLOOR)
    done = gradwise("check", "--quiet", "--json", "out.json", *options, "train.py", rate, cwd=tmp_path)
    told = json.loads((tmp_path / "out.json").read_text())
    assert done.returncode == (1 if rules else 0), done.stderr
    assert [finding["rule"] for finding in told["findings"]] == rules
    assert [probe["probe"] for probe in told["probes"]] == (["rate"] if rules else [])
