"""Other diagnosers on the detection corpus: where they are attached, and what they are told."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from benchmarks.detection.peers import attach
from benchmarks.detection.peers.alarms import Alarm, Said, gathered
from benchmarks.detection.peers.loop import holder, places
from benchmarks.detection.peers.onebatch import loss_function
from benchmarks.detection.peers.watchers import PEERS, FirstLoss, Watcher

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="runs are forked")


class Probe(Watcher):
    """In the place of a diagnoser: what it is told becomes its alarms."""

    wants_norm = True

    def __init__(self):
        self.told = []

    def attach(self, place):
        names = [type(x).__name__ for x in (place.model, place.whole, place.optimizer)]
        self.told.append(["attach", *names, len(place.args)])

    def attach_without_model(self):
        self.told.append(["numbers only"])

    def first_pass(self, output):
        self.told.append(["pass", list(output.shape)])

    def first_loss(self, loss):
        self.told.append(["loss", loss.function.__name__])

    def after_step(self, beat):
        loss = round(beat.loss, 4)
        self.told.append(["step", beat.step, loss, beat.grad_norm > 0, beat.rate, beat.eval_loss])

    def alarms(self):
        return [Alarm(json.dumps(told), "warning") for told in self.told]


class Numb(Probe):
    needs_model = False


class Broken(Probe):
    def after_step(self, beat):
        raise RuntimeError("boom")


def run(tmp_path, script, kind=Probe):
    """What a probe says of a script, in a process of its own, for the patches stay; and what it was told."""
    path = tmp_path / "train.py"
    path.write_text(script, "utf-8")

    def work():
        watcher = kind()
        return {"probe": attach._under(watcher, path, 0, watcher.alarms)}

    said = attach.forked(work, ["probe"])["probe"]
    return said, [json.loads(a.kind) for a in said.alarms]


LOOP = """
import torch
from torch import nn
import torch.nn.functional as F
torch.manual_seed(0)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(3, 4)
    def forward(self, x):
        return self.body(x)
net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
x, y = torch.randn(8, 3), torch.randint(0, 4, (8,))
for i in range(3):
    optimizer.zero_grad()
    F.cross_entropy(net(x), y).backward()
    optimizer.step()
    with torch.no_grad():
        F.cross_entropy(net(x), y)
"""


@needs_fork
class TestLoop:
    def test_tells_what_a_user_would_log(self, tmp_path):
        _, told = run(tmp_path, LOOP)
        assert told[:3] == [["attach", "Net", "Net", "SGD", 1], ["pass", [8, 4]], ["loss", "cross_entropy"]]
        steps = told[3:]
        assert [s[1] for s in steps] == [0, 1, 2]
        assert [s[3:5] for s in steps] == [[True, 0.5]] * 3
        # Each step's loss without gradients belongs to the next step: nothing before the first.
        assert [s[5] is None for s in steps] == [True, False, False]
        assert steps[1][5] == pytest.approx(steps[1][2], abs=1e-3)

    def test_steps_without_an_optimizer_step_count_after_a_while(self, tmp_path):
        script = LOOP.replace("    optimizer.step()\n", "").replace("range(3)", "range(11)")
        assert [t[1] for t in run(tmp_path, script)[1] if t[0] == "step"] == [0, 1, 2]

    def test_accumulation_is_one_step_per_optimizer_step(self, tmp_path):
        script = LOOP.replace("    optimizer.step()\n", "    if i % 2: optimizer.step()\n").replace(
            "range(3)", "range(6)"
        )
        assert [t[1] for t in run(tmp_path, script)[1] if t[0] == "step"] == [0, 1, 2]

    def test_two_nets_of_two_optimizers_are_one(self, tmp_path):
        script = LOOP.replace(
            "optimizer = ",
            "head = nn.Linear(4, 4); other = torch.optim.Adam(head.parameters())\noptimizer = ",
        ).replace(
            "F.cross_entropy(net(x), y).backward()",
            "F.cross_entropy(head(net(x)), y).backward(); other.step()",
        )
        _, told = run(tmp_path, script)
        assert told[0] == ["attach", "Net", "ModuleList", "SGD", 1]
        assert [t[1] for t in told if t[0] == "step"] == [0, 1, 2]

    def test_raw_tensors_give_numbers_but_no_model(self, tmp_path):
        script = "import torch\nw = torch.ones(2, requires_grad=True)\no = torch.optim.SGD([w], lr=0.1)\n"
        script += "for _ in range(3):\n    o.zero_grad(); (w ** 2).sum().backward(); o.step()\n"
        model, _ = run(tmp_path, script)
        assert not model.attached and "no module" in model.why
        numb, told = run(tmp_path, script, Numb)
        assert numb.attached and told[0] == ["numbers only"]
        assert told[1][:3] == ["step", 0, 2.0]

    def test_a_failing_diagnoser_does_not_end_the_script(self, tmp_path):
        said, _ = run(tmp_path, LOOP, Broken)
        assert not said.attached and said.why == "RuntimeError: boom"
        assert said.script_error == ""

    def test_a_failing_script_is_reported_with_what_was_said(self, tmp_path):
        said, told = run(tmp_path, LOOP + "raise ValueError('mine')\n")
        assert said.script_error == "ValueError: mine"
        assert said.attached and [t[0] for t in told].count("step") == 3

    def test_a_script_without_training_is_not_attached(self, tmp_path):
        assert run(tmp_path, "print(1)")[0].why == "no training loop was seen"


class TestPlaces:
    def test_the_outermost_module_is_the_model(self):
        net = nn.Sequential(nn.Sequential(nn.Linear(2, 2)), nn.Linear(2, 1))
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        model, whole = places(net[0][0], [optimizer])
        assert model is net and whole is net

    def test_the_holder_is_the_optimizer_with_most_of_the_model(self):
        net, other = nn.Linear(2, 2), nn.Linear(2, 2)
        mine, foreign = torch.optim.SGD(net.parameters(), lr=0.1), torch.optim.SGD(other.parameters(), lr=0.1)
        assert holder(list(net.parameters()), [mine, foreign]) is mine
        assert holder(list(nn.Linear(1, 1).parameters()), [mine, foreign]) is foreign
        assert holder([], []) is None


class TestLossFunction:
    def first(self, outputs, targets):
        return FirstLoss(nn.functional.cross_entropy, outputs, targets, {"reduction": "mean"})

    @pytest.mark.parametrize("between", [lambda o: o, lambda o: o.softmax(-1), lambda o: o.log_softmax(-1)])
    def test_finds_what_stands_between_output_and_loss(self, between):
        out, y = torch.randn(5, 3), torch.tensor([0, 1, 2, 0, 1])
        function = loss_function(self.first(between(out), y), out)
        fresh = torch.randn(5, 3)
        assert function(fresh, y).item() == pytest.approx(
            nn.functional.cross_entropy(between(fresh), y).item()
        )

    def test_gives_up_on_anything_else(self):
        out = torch.randn(5, 3)
        assert loss_function(self.first(out * 2, torch.zeros(5).long()), out) is None
        assert loss_function(None, out) is None


@needs_fork
class TestForked:
    def test_brings_back_what_was_said_and_leaves_the_parent_alone(self, tmp_path):
        here = Path.cwd()
        assert attach.forked(lambda: {"p": Said(attached=True, steps=2)}, ["p"]) == {
            "p": Said(attached=True, steps=2)
        }
        assert Path.cwd() == here

    def test_a_child_that_dies_stands_as_not_attached(self):
        def die():
            raise SystemExit("enough")

        said = attach.forked(die, ["p", "q"])
        assert list(said) == ["p", "q"]
        assert not said["p"].attached and "ended with 1" in said["p"].why


def test_gravest_level_of_a_kind_counts():
    assert gathered([("k", "info", "a"), ("k", "critical", "b")]) == [Alarm("k", "critical", "a", 2)]


def test_units_run_numbers_once_for_all_that_want_them():
    names = [made for made, _ in attach.units(["gradwise", *PEERS])]
    assert ["training-doctor", "trainpulse"] in names and names[0] == ["none"] and names[1] == ["gradwise"]
    assert sorted(n for made in names for n in made) == sorted(["none", "gradwise", *PEERS])


def test_a_watcher_is_silent_by_itself():
    watcher = Watcher()
    watcher.first_pass(None)
    assert watcher.alarms() == () and replace(Said(attached=True)).alarms == ()
