"""``gradwise check --heal-live`` leaves runs alone that come to no harm, and fails for itself only."""

import re

import pytest
import torch

from tests.cli.healed import HEAD, RAISED, checked, told, write

HEALTHY = (
    HEAD
    + """
from torch.utils.data import DataLoader, TensorDataset
torch.manual_seed(3)
net = nn.Sequential(nn.Linear(10, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 1))
opt = torch.optim.Adam(net.parameters(), lr=0.01)
plan = torch.optim.lr_scheduler.StepLR(opt, 5, 0.5)
losses = []
for epoch in range(12):
    for x, y in DataLoader(TensorDataset(X, Y), batch_size=16, shuffle=True):
        loss = mse_loss(net(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        losses.append(loss.item())
    plan.step()
print(digest(*net.state_dict().values(), *held(opt), torch.get_rng_state(), torch.tensor(losses)), random.random())
"""
)
CLOSURES = (
    HEAD
    + """
opt = torch.optim.LBFGS(net.parameters(), lr=0.1, max_iter=4)
for step in range(60):
    def closure():
        opt.zero_grad()
        loss = mse_loss(net(X), Y)
        loss.backward()
        return loss
    opt.step(closure)
print(digest(*net.state_dict().values(), torch.get_rng_state()))
"""
)
SKIPPED = (
    HEAD
    + """
how = sys.argv[1]
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, fused=how == "fused")
scaler = torch.amp.GradScaler("cpu", init_scale=2.0**127, growth_interval=20)
for step in range(120):
    x, y = X[step : step + 32].clone(), Y[step : step + 32]
    if how in ("before", "after") and step % 30 == 10:
        x[0] = float("nan")
    loss = mse_loss(net(x), y)
    if how == "before" and not torch.isfinite(loss):
        continue
    opt.zero_grad()
    if how in ("scaler", "fused"):
        scaler.scale(loss).backward()
        scaler.step(opt)
        scaler.update()
        continue
    loss.backward()
    if how == "after" and not torch.isfinite(loss):
        opt.zero_grad()
        continue
    opt.step()
print(digest(*net.state_dict().values(), *held(opt), torch.get_rng_state()))
"""
)


@pytest.mark.parametrize(
    ("script", "argument"),
    [
        (HEALTHY, ""),
        (CLOSURES, ""),
        (SKIPPED, "scaler"),
        (SKIPPED, "fused"),
        (SKIPPED, "before"),
        (SKIPPED, "after"),
    ],
)
def test_a_run_that_is_not_harmed_is_the_same_to_the_last_bit(server, tmp_path, script, argument):
    plain, _ = checked(server, tmp_path, script, argument, live=())
    (tmp_path / "run").rename(tmp_path / "plain")
    done, healed = checked(server, tmp_path, script, argument)
    assert done.out == plain.out
    assert told(done) == []
    assert (healed["interventions"], healed["times"]) == ([], 0)
    assert healed["states"] > 0  # it was watched over
    assert "not needed" in done.err


def test_processes_that_begin_to_train_together_are_left_alone(server, tmp_path):
    script = RAISED.replace(
        "for step", "torch.distributed.is_initialized = lambda: True\n"
        "torch.distributed.get_world_size = lambda *_: 2\nfor step", 1
    )  # fmt: skip
    done, healed = checked(server, tmp_path, script)
    assert "loss nan" in done.out
    assert told(done) == []
    assert done.err.count("gradwise: heal-live: several processes train together") == 1
    assert "not healed; several processes train together" in " ".join(done.err.split())
    assert healed["states"] == 0


def test_a_forked_process_is_left_alone(server, tmp_path):
    script = RAISED.replace("for step", "import os\nchild = os.fork()\nfor step", 1)
    script = script.replace("if step == 150", "if child == 0 and step == 150")
    script += "os._exit(0) if child == 0 else os.waitpid(child, 0)\n"
    done, healed = checked(server, tmp_path, script)
    assert told(done) == []
    assert healed["times"] == 0
    assert healed["states"] > 3


def test_states_that_cannot_be_written_never_end_the_run(server, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "states").write_text("in the way")
    plain, _ = checked(server, tmp_path, HEALTHY, live=("--quiet",))
    (tmp_path / "run" / "trace.sqlite").unlink()
    done, healed = checked(server, tmp_path, HEALTHY)
    assert done.out == plain.out
    assert done.err.count("gradwise: heal-live: a state could not be kept in") == 1
    assert healed["states"] == 0
    assert (tmp_path / "run" / "states").read_text() == "in the way"

    (tmp_path / "run" / "trace.sqlite").unlink()
    done, healed = checked(server, tmp_path, RAISED)  # and the harmed run goes on too
    assert "loss" in done.out
    assert "Traceback" not in done.err


def test_a_script_that_fails_leaves_its_last_good_state(server, tmp_path):
    done, _ = checked(server, tmp_path, HEALTHY + "raise ValueError('later')\n")
    assert done.code == 3
    step = re.search(r"the last good state is that of step (\d+), (\S+)\.\n", done.err)
    state = torch.load(step[2], weights_only=True)
    assert state["step"] == int(step[1])
    assert set(state["models"][0]) >= {"0.weight", "1.running_mean"}


@pytest.mark.parametrize(
    ("arguments", "variables", "words"),
    [
        (("--heal-live",), {"WORLD_SIZE": "4"}, "--heal-live heals one process, and WORLD_SIZE is 4"),
        (("--heal-live", "--allow", "changes-model"), {}, "--heal-live has no cure of grade changes-model"),
        (("--heal-live", "--allow", "mild"), {}, "--allow takes safe, changes-training"),
        (("--allow", "safe"), {}, "--allow says how --heal-live heals; give that too, or leave --allow out."),
        (("--heal-returns", "2"), {}, "--heal-returns says how --heal-live heals"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence_and_nothing_runs(server, tmp_path, arguments, variables, words):
    write(tmp_path, HEALTHY)
    done = server.check(*arguments, "train.py", cwd=tmp_path, variables=variables)
    assert (done.code, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert words in line
    assert not (tmp_path / ".gradwise").exists()
