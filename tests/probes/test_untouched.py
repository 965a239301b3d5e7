"""All probes together leave model, optimizer, buffers, modes, gradients and random states as they are."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
import torch
from torch import nn

import gradwise
from gradwise.probes.collection import all_probes
from gradwise.probes.examining import run_probes
from tests.probes.recorded import blobs, cross_entropy, mlp, same, snapshot, train
from tests.probes.test_time import Clock
from tests.watch.test_unchanged import SCRIPTS, differences, read


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.2)
        )
        self.head = nn.Linear(4 * 36, 3)

    def forward(self, x):
        return self.head(self.body(x).flatten(1))


def images(number):
    torch.manual_seed(number)
    return torch.randn(8, 1, 6, 6), torch.randint(0, 3, (8,))


def recurrent(number):
    torch.manual_seed(number)
    return torch.randn(6, 5, 2), torch.randint(0, 2, (6,))


class Last(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = nn.LSTM(2, 4, batch_first=True), nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.body(x)[0][:, -1])


@pytest.mark.parametrize("kind", ["mlp", "cnn", "lstm"])
def test_nothing_of_the_users_changes(kind):
    torch.manual_seed(0)
    model, batch = {
        "mlp": lambda: (mlp(4, 6, 2), blobs(8)),
        "cnn": lambda: (Net(), images),
        "lstm": lambda: (Last(), recurrent),
    }[kind]()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    captured = train(model, batch, cross_entropy, optimizer=optimizer, steps=14)
    before = snapshot(captured)
    drawn = torch.get_rng_state(), random.getstate(), np.random.get_state()
    facts = run_probes(captured, seconds=4.0, clock=Clock(0.002))  # the same looks on any machine
    assert same(snapshot(captured), before)
    assert torch.equal(torch.get_rng_state(), drawn[0])
    assert random.getstate() == drawn[1]
    assert all(np.array_equal(a, b) for a, b in zip(np.random.get_state(), drawn[2], strict=True))
    assert [fact.where for fact in facts] == list(all_probes())
    answered = {fact.where for fact in facts if fact.data["status"] == "answered"}
    assert {"rate", "sample-mixing", "standardised-input", "overfit-one-batch", "hessian"} <= answered
    assert {fact.data["replayed"] for fact in facts} == {"to the last bit"}
    json.dumps([dict(fact.data) for fact in facts])


def test_the_comparison_sees_one_changed_number():
    captured = train(mlp(4, 6, 2), blobs(8), cross_entropy, steps=8)
    before = snapshot(captured)
    with torch.no_grad():
        captured.model[0].bias[0] += 1e-7
    assert not same(snapshot(captured), before)


@pytest.mark.parametrize("name", ["mlp", "cnn", "lstm"])
def test_the_command_with_all_probes_leaves_the_run_bit_identical(name, server, tmp_path):
    """Capturing happens within the run: the script's own weights and states say that nothing changed."""
    script = SCRIPTS / f"{name}.py"
    plain = server.python(script, "plain", cwd=tmp_path)
    options = ("--out", "run", "--budget", "100%", "--probe", "all", "--probe-seconds", "1")
    under = server.check(*options, "--json", "diagnosis.json", script, "watched", cwd=tmp_path)
    assert plain.code == 0, plain.err
    assert under.code in (0, 1), under.err
    assert under.out == plain.out
    assert differences(read(tmp_path / "plain"), read(tmp_path / "watched")) == set()
    told = read(tmp_path / "diagnosis.json")
    assert told["notes"] == []
    assert {one["probe"] for one in told["probes"]} == set(all_probes())
    assert any(one["status"] == "answered" for one in told["probes"])
    assert "probes" in under.err
    assert 'id="h-probes"' in (tmp_path / "run" / "report.html").read_text()


def test_probing_in_the_middle_of_a_live_run_changes_nothing_of_what_follows(tmp_path):
    def run(probing):
        torch.manual_seed(5)
        model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.3), nn.Linear(8, 2))
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        told = []
        with gradwise.watch(model, optimizer, out=tmp_path / f"run-{probing}") as watcher:
            for number in range(40):
                x = torch.randn(16, 4)
                optimizer.zero_grad()
                cross_entropy(model(x), (x[:, 0] > 0).long()).backward()
                optimizer.step()
                if probing and number in (11, 25):
                    told += [watcher.probe("hessian", seconds=0.5), watcher.probe("rate", seconds=0.5)]
            trace = watcher.run().trace
        return model, trace, told

    plain, quiet, _ = run(probing=False)
    model, trace, told = run(probing=True)
    for one, two in zip(plain.state_dict().values(), model.state_dict().values(), strict=True):
        assert torch.equal(one, two)
    assert [one["status"] for one in told] == ["answered"] * 4
    assert trace.steps == quiet.steps == 40
    assert np.array_equal(trace.step_signal("loss").mean, quiet.step_signal("loss").mean)
    assert len(trace.sampled("val_loss")) == 0
    assert [f for f in trace.facts if f.kind == "note"] == []
    assert len(trace.facts_of("probe")) == 4
