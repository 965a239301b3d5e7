"""train-longer: the outermost loop that trains makes more rounds, and every other range is Python's own."""

import runpy

import pytest
from torch.optim.lr_scheduler import CosineAnnealingLR, ReduceLROnPlateau

from gradwise.heal.candidates import Candidate, random_treatments
from gradwise.heal.treatment import Cure
from tests.remedies.nets import did, same, treatment

CURE = Cure("train-longer", {"times": 3})
HEAD = """\
import torch
import torch.nn.functional as F
from tests.remedies.nets import {kind}, SHAPES, sgd

torch.manual_seed(3)
net = {kind}()
x, y = torch.randn(24, *SHAPES[{kind}]), torch.randint(0, 3, (24,))
rounds, schedule = [], None


def step(a, b):
    optimizer.zero_grad()
    F.cross_entropy(net(a), b).backward()
    optimizer.step()


optimizer = sgd(net)
"""
EPOCHS = """\
for epoch in range({rounds}):
    rounds.append(epoch)
    for i in range(0, len(x), 8):
        step(x[i : i + 8], y[i : i + 8])
    if schedule is not None:
        schedule.step()
"""


def run(tmp_path, body, *, kind="MLP", treated=False):
    """What a script leaves, and what the treatment did."""
    file = tmp_path / "script.py"
    file.write_text(HEAD.format(kind=kind) + body)
    if not treated:
        return runpy.run_path(str(file), run_name="__main__"), {}
    with treatment(CURE) as given:
        names = runpy.run_path(str(file), run_name="__main__")
    return names, did(given)


@pytest.mark.parametrize("kind", ["MLP", "CNN", "RNN"])
def test_more_rounds_are_those_of_the_edit(kind, tmp_path):
    healed, told = run(tmp_path, EPOCHS.format(rounds=2), kind=kind, treated=True)
    assert healed["rounds"] == [0, 1, 2, 3, 4, 5]
    assert told == {"2 rounds → 6 (script.py:18)": 1}
    assert same(healed["net"], run(tmp_path, EPOCHS.format(rounds=6), kind=kind)[0]["net"])


@pytest.mark.parametrize("made", [lambda o, n: CosineAnnealingLR(o, n), lambda o, n: ReduceLROnPlateau(o)])
def test_schedules_last_for_all_rounds(made, tmp_path, monkeypatch):
    monkeypatch.setattr("tests.remedies.nets.made", made, raising=False)
    body = "from tests.remedies.nets import made\nschedule = made(optimizer, 2)\n"
    epochs = EPOCHS.format(rounds=2).replace("schedule.step()", "schedule.step(*args)")
    body += f"args = [1.0] if hasattr(schedule, 'patience') else []\n{epochs}rate = optimizer.param_groups[0]['lr']\n"
    healed, _ = run(tmp_path, body, treated=True)
    plain, _ = run(tmp_path, body)
    assert len(healed["rounds"]) == 6
    assert healed["rate"] == pytest.approx(plain["rate"])


@pytest.mark.parametrize(
    "loop",
    [
        "for i in range(2):\n    rounds.append(i)\n    step(x, y)\n",
        "for i in range(1, 3):\n    rounds.append(i)\n    step(x, y)\n",
        "for _, i in enumerate(range(2)):\n    rounds.append(i)\n    step(x, y)\n",
        "def fit():\n    for i in range(2):\n        rounds.append(i)\n        yield step(x, y)\n\n\nlist(fit())\n",
    ],
)
def test_loops_in_other_forms_go_on_too(loop, tmp_path):
    healed, _ = run(tmp_path, loop, treated=True)
    start = healed["rounds"][0]
    assert healed["rounds"] == [start + i for i in range(6)]


OTHERS = """\
numbers = [i for i in range(3)]
for i in range(3):
    numbers.append(i)
assert numbers == [0, 1, 2, 0, 1, 2] and isinstance(range(3), range) and range(5)[1:3] == range(1, 3)
"""


@pytest.mark.parametrize(
    "loop",
    [
        OTHERS
        + "for i in range(0, 24, 8):\n    step(x[i : i + 8], y[i : i + 8])\n",  # one pass over the data
        OTHERS + "for i in range(len(x)):\n    step(x[i : i + 1], y[i : i + 1])\n",
        OTHERS + "while len(rounds) < 3:\n    rounds.append(0)\n    step(x, y)\n",
        OTHERS + "for i in range(9):\n    step(x, y)\n    if i == 2:\n        break\n",  # it stops by itself
    ],
)
def test_what_counts_no_rounds_is_left(loop, tmp_path):
    healed, told = run(tmp_path, loop, treated=True)
    assert same(healed["net"], run(tmp_path, loop)[0]["net"])
    assert not told


FOLDS = """\
folds = []
for fold in range(2):
    net = {kind}()
    optimizer = sgd(net)
    folds.append(0)
    for epoch in range(2):
        folds[-1] += 1
        step(x, y)
"""


def test_folds_and_repeated_searches_stay_as_many(tmp_path):
    twice = FOLDS.format(kind="MLP") + "first = folds\n" + FOLDS.format(kind="MLP")
    healed, told = run(tmp_path, twice, treated=True)
    assert healed["first"] == healed["folds"] == [6, 6]
    assert sum(told.values()) == 4


def test_undone_a_loop_ends_where_the_script_says(tmp_path):
    file = tmp_path / "script.py"
    file.write_text(
        HEAD.format(kind="MLP") + "def fit():\n    for i in range(2):\n        yield step(x, y)\n"
    )
    with treatment(CURE):
        names = runpy.run_path(str(file), run_name="__main__")
        going = names["fit"]()
        next(going)
    assert len(list(going)) == 1
    assert names["fit"].__globals__.get("range") is None
    assert sum(1 for _ in names["fit"]()) == 2


def test_it_counts_as_so_many_runs_and_is_never_drawn():
    assert Candidate((Cure("lower-lr"), CURE), "").times == 3
    drawn = random_treatments("changes-training", 1, (), 1)
    assert "train-longer" not in {next(drawn)[0].name for _ in range(400)}
