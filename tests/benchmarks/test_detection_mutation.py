"""Mutation operators: they change what they should and nothing else; who is admitted; how it is scored."""

from __future__ import annotations

import ast
import difflib
import json
import math
import time
from pathlib import Path

import pytest
import torch

from benchmarks.detection import forking
from benchmarks.detection.mutation import __main__ as command
from benchmarks.detection.mutation import choosing, measuring, plain, results
from benchmarks.detection.mutation.measuring import ADMITTED, FAILS, NO_WORSE, Known, Mutant, Tried, admission
from benchmarks.detection.mutation.of_data import WRONG_LABELS
from benchmarks.detection.mutation.operators import OPERATORS
from benchmarks.detection.scoring import Named, Outcome
from gradwise.rules.collection import own_rules

BY_NAME = {operator.name: operator for operator in OPERATORS}
SCRIPT = """
import torch, torch.nn as nn, torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset
class Net(nn.Module):
    def forward(self, x):
        return self.out(F.relu(self.b(torch.tanh(self.a(x)))))
X = (X - X.mean(0)) / X.std(0)
y = (y - y.mean()) / y.std()
loader = DataLoader(TensorDataset(X, y), batch_size=8, shuffle=True)
test_loader = DataLoader(TensorDataset(Xt, yt))
criterion = nn.CrossEntropyLoss()
square = nn.MSELoss()
model = Net(nn.Dropout(0.2), nn.ReLU())
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scheduler = make(optimizer)
for epoch in range(3):
    model.train()
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb) + square(model(xb), yb) + F.binary_cross_entropy_with_logits(a, b)
        loss.backward()
        optimizer.step()
    scheduler.step()
    for idx in torch.randperm(90).split(10):
        other(model(X[idx]), y[idx])
    model.eval()
"""
LOOP = "for _p in model.parameters():\n    if _p.dim() > 1:\n        "
# Of each operator the lines that go and the lines that come.
CHANGES = {
    "rate-x100": (["lr=0.1"], ["lr=0.1 * 100"]),
    "rate-x10": (["lr=0.1"], ["lr=0.1 * 10"]),
    "lasting-momentum": (["lr=0.1)"], ["lr=0.1, momentum=0.99)"]),
    "few-rounds": (["range(3)"], ["range(max(3 // 12, 1))"]),
    "wide-init": ([], ["for _p in model.parameters():", "if _p.dim() > 1:", "_p.data.mul_(5)"]),
    "narrow-init": ([], ["for _p in model.parameters():", "if _p.dim() > 1:", "_p.data.mul_(0.05)"]),
    "rate-over-1000": (["lr=0.1"], ["lr=0.1 * 0.001"]),
    "no-zero-grad": (["optimizer.zero_grad()"], ["pass"]),
    "no-step": (["optimizer.step()"], ["pass"]),
    "strong-decay": (["lr=0.1)"], ["lr=0.1, weight_decay=2.0)"]),
    "tight-clip": ([], ["nn.utils.clip_grad_norm_(model.parameters(), 0.0001)"]),
    "fading-rate": ([], ["for _group in optimizer.param_groups:", "_group['lr'] *= 0.97"]),
    "last-layer-only": (["model.parameters()"], ["list(model.parameters())[-2:]"]),
    "rebuilt-model": ([], ["model = __import__('copy').deepcopy(model)"]),
    "constant-init": ([], ["for _p in model.parameters():", "if _p.dim() > 1:", "_p.data.fill_(0.05)"]),
    "large-init": ([], ["for _p in model.parameters():", "if _p.dim() > 1:", "_p.data.mul_(20)"]),
    "small-init": ([], ["for _p in model.parameters():", "if _p.dim() > 1:", "_p.data.mul_(0.001)"]),
    "frozen-but-last": ([], ["for _p in list(model.parameters())[:-2]:", "_p.requires_grad_(False)"]),
    "detached-hidden": (["F.relu(self.b("], [").detach())"]),
    "no-activations": (
        ["F.relu(self.b(torch.tanh", "nn.ReLU()"],
        ["self.out(self.b(self.a(x)))", "nn.Identity()"],
    ),
    "heavy-dropout": (["nn.Dropout(0.2)"], ["nn.Dropout(0.95)"]),
    "eval-while-training": (["model.train()"], ["model.eval()"]),
    "train-while-evaluating": (["model.eval()"], ["model.train()"]),
    "grown-inputs": (["X = (X - X.mean(0)) / X.std(0)"], ["X = (X - X.mean(0)) / X.std(0) * 1000.0"]),
    "sorted-by-label": (
        ["TensorDataset(X, y)", "torch.randperm(90).split(10)"],
        [
            "TensorDataset(X[y.flatten().argsort()], y[y.flatten().argsort()]), batch_size=8, shuffle=False",
            "y[:90].flatten()",
        ],
    ),
    "wrong-labels": (
        ["TensorDataset(X, y)", "y[idx]"],
        ["TensorDataset(X, _mislabelled(y))", "_told[idx]", "_told = _mislabelled(y)"],
    ),
    "same-batch": (["torch.randperm(90).split(10)"], ["[__import__('torch').arange(10)] * (90 // 10)"]),
    "softmax-first": (["criterion(model(xb), yb)"], ["criterion(model(xb).softmax(1), yb)"]),
    "sigmoid-first": (["_with_logits(a, b)"], ["_with_logits(a.sigmoid(), b)"]),
    "bounded-answer": (["square(model(xb), yb)"], ["square(model(xb).sigmoid(), yb)"]),
    "flat-target": (["square(model(xb), yb)"], ["square(model(xb), yb.reshape(-1))"]),
}


def unparsed(source):
    return ast.unparse(ast.parse(source))


def lines_changed(before, after):
    difference = list(difflib.ndiff(unparsed(before).splitlines(), unparsed(after).splitlines()))
    gone = [line[2:].strip() for line in difference if line.startswith("- ")]
    new = [line[2:].strip() for line in difference if line.startswith("+ ")]
    return gone, new


def test_every_operator_is_tried_here():
    assert set(CHANGES) == set(BY_NAME) and len(BY_NAME) == len(OPERATORS) >= 20


@pytest.mark.parametrize("name", CHANGES)
def test_an_operator_changes_what_it_should_and_nothing_else(name):
    after = BY_NAME[name].mutate(SCRIPT)
    assert after is not None
    compile(after, name, "exec")
    gone, new = lines_changed(SCRIPT, after)
    expected_gone, expected_new = CHANGES[name]
    assert all(any(part in line for line in gone) for part in expected_gone)
    assert all(any(part in line for line in new) for part in expected_new)
    helper = unparsed(WRONG_LABELS).splitlines() if name == "wrong-labels" else []
    rest = [line for line in new if line and line not in [each.strip() for each in helper]]
    assert all(any(part in line for part in expected_new) for line in rest), rest
    assert len(gone) <= len(expected_gone)


@pytest.mark.parametrize("name", CHANGES)
def test_a_script_without_a_place_is_left_out(name):
    assert BY_NAME[name].mutate("import torch\nx = torch.ones(3)\nprint(x.sum())\n") is None


@pytest.mark.parametrize("name", CHANGES)
def test_a_second_mutant_begins_from_the_script_again(name):
    assert BY_NAME[name].mutate(SCRIPT) == BY_NAME[name].mutate(SCRIPT)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("no-step", "opt = torch.optim.Adam(m.parameters())\nsched.step()\nenv.step(action)"),
        ("rebuilt-model", "def fit(net):\n    opt = torch.optim.Adam(net.parameters())\n    opt.step()"),
        ("grown-inputs", "F.mse_loss(a, b)\nX = (X - X.mean()) / X.std()"),
        ("grown-inputs", "F.cross_entropy(a, b)\ny = (y - y.mean()) / y.std()\nloss = X.sum() / 16 ** 2"),
        (
            "sorted-by-label",
            "DataLoader(TensorDataset(X, y), shuffle=False)\nperm = torch.randperm(5)\na = X[perm]",
        ),
        ("tight-clip", "opt = torch.optim.Adam(m.parameters())\nopt.step()"),
        ("softmax-first", "F.mse_loss(a, b)"),
        ("detached-hidden", "class Net:\n    def forward(self, x):\n        return self.layer(x)"),
        ("eval-while-training", "args.train(True)\ntrain(model)"),
    ],
)
def test_what_only_looks_like_a_place_is_left_alone(name, source):
    assert BY_NAME[name].mutate(source) is None


@pytest.mark.parametrize(
    ("source", "rate"),
    [
        ("o = torch.optim.Adam(m.parameters(), 2e-3)", "0.002 * 100"),
        ("o = optim.SGD(m.parameters())", "lr=0.001 * 100"),
        ("o = torch.optim.Adam([{'params': a.parameters(), 'lr': 0.5}], lr=1)", "'lr': 0.5 * 100"),
    ],
)
def test_a_rate_is_found_wherever_it_is_given(source, rate):
    assert rate in BY_NAME["rate-x100"].mutate(source)


def test_wrong_labels_are_a_third_and_all_of_other_classes():
    space: dict = {}
    exec(WRONG_LABELS, space)
    labels = torch.arange(1000) % 10
    told = space["_mislabelled"](labels)
    assert 250 < int((told != labels).sum()) < 350 and set(told.tolist()) == set(range(10))
    binary = torch.tensor([0.0, 1.0] * 100)[:, None]
    other = space["_mislabelled"](binary)
    assert other.shape == binary.shape and set(other.flatten().tolist()) == {0.0, 1.0}
    assert 40 < int((other != binary).sum()) < 80


def test_every_rule_that_an_operator_names_exists():
    assert {name for operator in OPERATORS for name in operator.rules} <= set(own_rules())


# -------------------------------------------------------------------- admission

KNOWN = Known("net", r"acc (-?[\d.]+)", "max", 0.5, (0.9, 1.0, 0.95))


@pytest.mark.parametrize(
    ("values", "verdict", "ran"),
    [
        ([0.86, 0.86, 0.86], ADMITTED, 3),  # the worst healthy run is 0.9: a tenth of the way is 0.86
        ([0.86, 0.861, 0.5], NO_WORSE, 2),
        ([0.95], NO_WORSE, 1),
        ([math.nan, 0.1, math.nan], ADMITTED, 3),
        ([0.5, None], FAILS, 1),
    ],
)
def test_a_mutant_is_admitted_when_every_run_has_lost_a_tenth_of_the_way(values, verdict, ran):
    said, kept = admission(KNOWN, lambda seed: values[seed])
    assert (said, len(kept)) == (verdict, ran)


def test_smaller_may_be_better():
    loss = Known("net", "", "min", 2.0, (1.0, 0.5, 0.4))
    assert loss.lost(1.1) == pytest.approx(0.1) and loss.lost(0.9) < 0 and loss.lost(math.inf) == math.inf


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("acc 0.5\nacc 0.25", 0.25),
        ("acc 0.5\nacc nan", math.nan),
        ("acc -inf", -math.inf),
        ("acc 1.5e+20,", 1.5e20),
    ],
)
def test_a_metric_is_read_also_where_it_is_no_plain_number(text, value):
    assert KNOWN.read(text) == pytest.approx(value, nan_ok=True)
    assert KNOWN.read("no metric") is None


def test_the_healthy_manifest_gives_every_script_a_way_to_lose():
    known = choosing.load_known()
    assert len(known) >= 70
    for each in known:
        assert each.lost(each.trivial) == pytest.approx(1.0) and each.lost(each.values[0]) <= 0, each.name


def test_a_script_is_run_by_itself_and_what_it_prints_is_kept(tmp_path):
    script = tmp_path / "net.py"
    script.write_text(
        "import os, sys\nfrom pathlib import Path\nassert __name__ == '__main__'\n"
        "print('acc', sys.argv[1:], os.environ['SEED'], 'torch' in sys.modules)\nPath('left.txt').write_text('')\n"
    )
    assert plain.output(script, 3) == f"acc ['--seed', '3'] 3 {forking.CAN_FORK}\n"
    assert list(tmp_path.iterdir()) == [script], "it writes where nobody looks"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("print('acc 1')\nraise SystemExit(0)", "acc 1\n"),
        ("print('acc 1')\nraise SystemExit('no data')", None),
        ("print('acc 1')\n1 / 0", None),
        ("import os\nprint('acc 1')\nos.abort()", None),
    ],
)
def test_a_script_that_fails_has_said_nothing(source, said, tmp_path):
    script = tmp_path / "net.py"
    script.write_text(source)
    assert plain.output(script, 0) == said


def test_a_script_that_hangs_is_ended(tmp_path):
    script = tmp_path / "net.py"
    script.write_text("import time\ntime.sleep(600)")
    assert plain.output(script, 0, seconds=1) is None


# ---------------------------------------------------------------------- scoring


def tried(operator="small-init", *findings, verdict=ADMITTED, script="net"):
    known = Known(script, KNOWN.metric, "max", 0.5, KNOWN.values)
    mutant = Mutant(known, BY_NAME[operator], "pass\n")
    if verdict != ADMITTED:
        return Tried(mutant, verdict, (0.9,))
    rules = mutant.operator.rules
    said = tuple(Named(rule, "sick", 0, nested=rule.startswith("nested ")) for rule in findings)
    said = tuple(Named(n.rule.removeprefix("nested "), n.group, 0, n.nested) for n in said)
    outcome = Outcome(measuring.Script(mutant.name, "sick", Path("x.py"), rules[0], rules[1:]), 0, said)
    return Tried(mutant, verdict, (0.1, 0.2, 0.3), (outcome,))


def test_any_fair_name_counts_and_no_other():
    page = results.markdown(
        [
            tried("small-init", "vanishing-gradient"),
            tried("small-init", "overfitting", "init-too-small"),
            tried("small-init", "overfitting", "nested vanishing-gradient"),
            tried("small-init", "overfitting"),
            tried("small-init", verdict=NO_WORSE),
            tried("no-step", verdict=FAILS),
        ],
        possible=9,
        command="python -m x",
        states=2,
    )
    row = "| small-init | init-too-small or vanishing-gradient | 5 | 1 | 0 | 4 | 4 | 75% | 25% | 50% |"
    assert row in page
    assert "| no-step | optimizer-never-steps | 1 | 0 | 1 | 0 | 0 | – | – | – |" in page
    assert "| all |  | 6 | 1 | 1 | 4 | 4 | 75% | 25% | 50% |" in page
    assert "6 of 9 mutants were tried, 4 admitted" in page and "2 states of the sources" in page
    assert "- `net--small-init` seed 0, named: overfitting, (vanishing-gradient)" in page
    assert "- `net--small-init` seed 0, MISSED: overfitting\n" in page
    assert page.count("\n- `net") == 3


def test_a_stopped_run_goes_on_and_tries_nothing_twice(tmp_path, monkeypatch, capsys):
    file, ran, stop = tmp_path / "mutants.jsonl", [], [True]

    def try_mutant(mutant, folder, seeds, *, fresh):
        for _ in range(500):
            if len(ran) < 2 or len(file.read_text().splitlines()) >= 2:
                break
            time.sleep(0.01)
        if len(ran) == 2 and stop.pop():
            raise KeyboardInterrupt
        ran.append(mutant.name)
        findings = (mutant.operator.rules[0],)
        return tried(mutant.operator.name, *findings, script=mutant.known.name)

    monkeypatch.setattr(command, "try_mutant", try_mutant)
    monkeypatch.setattr(command, "HERE", tmp_path)
    every = [tried(o.name).mutant for o in OPERATORS[:4]]
    monkeypatch.setattr(command, "columns", lambda only, **_: [[mutant] for mutant in every])
    words = ["--jobs", "1", "--resume", str(file)]
    with pytest.raises(KeyboardInterrupt):
        command.main(words)
    kept = [json.loads(line)["mutant"].split()[0] for line in file.read_text().splitlines()]
    assert kept == [m.name for m in every[:2]] and not (tmp_path / "RESULTS.md").exists()
    stop.append(False)
    ran.clear()
    ran += ["-"] * 3
    assert command.main(words) == 0
    assert ran[3:] == [m.name for m in every[2:]]
    page = (tmp_path / "RESULTS.md").read_text()
    assert (
        "4 of 4 mutants were tried, 4 admitted" in page and forking.told({forking.way(fresh=False)}) in page
    )
    capsys.readouterr()


def test_wrong_use_is_one_sentence(tmp_path, capsys):
    assert command.main(["--only", "no_such_thing"]) == 2
    assert "healthy script's name is 'no_such_thing'" in capsys.readouterr().err
    file = tmp_path / "notes.txt"
    file.write_text("dear diary\n")
    assert command.main(["--resume", str(file)]) == 2
    assert "notes.txt, line 1" in capsys.readouterr().err
