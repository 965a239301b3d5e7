"""``gradwise check --heal-live``: real scripts that come to harm are returned and cured, and all of it is said."""

import re

import pytest

from gradwise.trace.read import read_run
from tests.cli.healed import HEAD, RAISED, checked, told


def test_a_rate_that_is_raised_midway_goes_back_with_the_state(server, tmp_path):
    plain, nothing = checked(server, tmp_path, RAISED, live=())
    assert nothing is None
    assert "loss nan" in plain.out
    (tmp_path / "run").rename(tmp_path / "plain")

    done, healed = checked(server, tmp_path, RAISED)
    loss, rate = re.search(r"loss (\S+) rate (\S+)", done.out).groups()
    assert float(loss) < 0.1
    assert float(rate) == 0.05
    (line,) = told(done)
    assert "the loss is no longer finite; returned to step 1" in line
    assert line.endswith("learning rate of SGD 20 → 0.05, as it was then.")
    (one,) = healed["interventions"]
    assert one["kind"] == "loss"
    assert 100 <= one["returned_to"] <= 150  # from before the raise, and not long before
    assert one["rates"] == [{"optimizer": "SGD", "before": 20.0, "after": 0.05}]
    assert (healed["times"], healed["returns"], healed["stopped"]) == (1, 1, "")
    assert healed["states"] > 3

    assert "healed while running" in done.err  # the report
    assert "1 intervention, 1 return" in done.err
    page = (tmp_path / "run" / "report.html").read_text()
    assert "Healed while running" in page
    assert "learning rate of SGD 20 → 0.05, as it was then" in page
    assert not (tmp_path / "run" / "states").exists()  # it ended well
    facts = read_run(tmp_path / "run").trace.facts_of("healed")
    assert [fact.step for fact in facts] == [one["step"]]


def test_a_rate_that_is_raised_again_and_again_is_lowered(server, tmp_path):
    done, healed = checked(server, tmp_path, RAISED, "always")
    assert float(re.search(r"loss (\S+)", done.out)[1]) < 0.5
    assert [one["cure"] for one in healed["interventions"]][:2] == ["rates", "lower-lr"]
    second = healed["interventions"][1]
    assert second["dose"]["factor"] <= 0.1
    assert "lower-lr" in done.err.split("treatments")[1]
    assert "rate 20.0" in done.out  # the script's own number


def test_a_schedule_goes_on_and_its_rates_are_lowered(server, tmp_path):
    script = (
        HEAD
        + """
opt = torch.optim.SGD(net.parameters(), lr=0.05)
plan = torch.optim.lr_scheduler.LambdaLR(opt, lambda n: 400.0 if n >= 100 else 1.0)
for step in range(250):
    loss = mse_loss(net(X), Y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    plan.step()
print("loss", loss.item(), "rate", opt.param_groups[0]["lr"], plan.last_epoch)
"""
    )
    done, healed = checked(server, tmp_path, script)
    assert "rate 20.0 250" in done.out
    assert float(re.search(r"loss (\S+)", done.out)[1]) < 0.5
    assert {one["cure"] for one in healed["interventions"]} == {"lower-lr"}
    assert healed["interventions"][0]["dose"]["factor"] == pytest.approx(1 / 400)


POISON = (
    HEAD
    + """
from torch.utils.data import DataLoader, TensorDataset
X[70, 3] = float("nan")
X[200] = float("inf")
if "plain" in sys.argv:
    net = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 1))
else:
    net = nn.Sequential(nn.BatchNorm1d(10), nn.Linear(10, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.Adam(net.parameters(), lr=0.01)
loader = DataLoader(TensorDataset(X, Y), batch_size=16)
for epoch in range(6):
    for x, y in loader:
        loss = mse_loss(net(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
net.eval()
print("whole", all(t.isfinite().all().item() for t in net.state_dict().values()))
print("loss", mse_loss(net(X[:64]), Y[:64]).item())
"""
)


@pytest.mark.parametrize("kind", ["plain", "norms"])
def test_a_poisoned_batch_is_left_out_and_nothing_is_undone(server, tmp_path, kind):
    done, healed = checked(server, tmp_path, POISON, kind)
    assert "whole True" in done.out
    assert float(re.search(r"loss (\S+)", done.out)[1]) < 3
    (line,) = told(done)
    assert "the batch holds values that are not finite; the step was left out" in line
    assert ("running averages were put back" in line) == (kind == "norms")
    assert line.endswith("steps whose loss or gradients are not finite are left out from now on.")
    (one,) = healed["interventions"]
    assert (one["cure"], one["returned_to"], healed["returns"]) == ("skip-batch", None, 0)
    # 2 broken batches in each of 6 epochs: the first was left out at once, the cure did the others
    assert "steps were left out: loss not finite (11 times)" in done.err
    assert healed["mended"] >= (20 if kind == "norms" else 0)


def test_an_accident_of_one_loss_costs_one_step(server, tmp_path):
    script = (
        HEAD
        + """
opt = torch.optim.SGD(net.parameters(), lr=0.05)
for step in range(200):
    i = torch.randint(0, 256, (32,))
    some = torch.zeros(32, 1) if step in (60, 150) else torch.ones(32, 1)
    loss = ((net(X[i]) - Y[i]).square() * some).sum() / some.sum()
    opt.zero_grad()
    loss.backward()
    opt.step()
print("loss", loss.item())
"""
    )
    done, healed = checked(server, tmp_path, script)
    assert float(re.search(r"loss (\S+)", done.out)[1]) < 0.5
    (line,) = told(done)
    assert "the loss is not finite for one batch; the step was left out" in line
    assert (healed["returns"], healed["interventions"][0]["returned_to"]) == (0, None)


def test_gradients_that_break_under_a_finite_loss_are_left_out(server, tmp_path):
    """A root of zero: its value is fine and its slope is not."""
    script = (
        HEAD
        + """
opt = torch.optim.SGD(net.parameters(), lr=0.02)
for step in range(200):
    i = torch.randint(0, 256, (32,))
    far = net(X[i]) - Y[i]
    far = far * (0.0 if step % 40 == 39 else 1.0)
    loss = far.square().sum(1).sqrt().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
print("loss", loss.item())
"""
    )
    done, healed = checked(server, tmp_path, script)
    assert float(re.search(r"loss (\S+)", done.out)[1]) == 0.0  # the last step is one of those
    assert healed["times"] == 1
    assert healed["interventions"][0]["cure"] == "skip-batch"
    assert "steps were left out: gradient not finite (4 times)" in " ".join(done.err.split())


def test_everything_returns_to_the_last_bit(server, tmp_path):
    """Weights, buffers, Adam's averages, momentum, rates and random numbers are those of the state."""
    script = (
        HEAD
        + """
net = nn.Sequential(nn.Linear(10, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 1))
mean = torch.optim.swa_utils.AveragedModel(net)
opts = [torch.optim.Adam(net[:2].parameters(), lr=0.01), torch.optim.SGD(net[2:].parameters(), lr=0.01, momentum=0.9)]
seen = {}
for step in range(120):
    i = torch.randint(0, 256, (32,))
    loss = mse_loss(net(X[i]), Y[i])
    for opt in opts:
        opt.zero_grad()
        opt.param_groups[0]["lr"] = 0.01 / (1 + step)
    loss.backward()
    if step == 90:
        net[3].weight.data.fill_(float("nan"))
        net[0].weight.data.mul_(3.0)
    for opt in opts:
        opt.step()
    rates = torch.tensor([o.param_groups[0]["lr"] for o in opts])
    now = digest(*net.state_dict().values(), *held(*opts), rates, torch.get_rng_state()), digest(*mean.parameters())
    if step > 89 and now[0] in seen:
        print("returned to", seen[now[0]][0], "average", seen[now[0]][1] == now[1])
        break
    mean.update_parameters(net)
    seen[now[0]] = step + 1, now[1]
"""
    )
    done, healed = checked(server, tmp_path, script)
    (one,) = healed["interventions"]
    assert one["kind"] == "weights"
    assert f"returned to {one['returned_to']} average True\n" in done.out


def test_two_models_return_together(server, tmp_path):
    script = (
        HEAD
        + """
maker, judge = nn.Linear(4, 10), nn.Linear(10, 1)
opts = [torch.optim.Adam(m.parameters(), lr=0.01) for m in (maker, judge)]
seen = {}
for step in range(100):
    x = X[torch.randint(0, 256, (32,))]
    fake = maker(torch.randn(32, 4))
    loss = judge(fake.detach()).mean() - judge(x).mean()
    opts[1].zero_grad(); loss.backward(); opts[1].step()
    loss = -judge(fake).mean()
    opts[0].zero_grad(); loss.backward()
    if step == 70:
        maker.weight.data.fill_(float("nan"))
    opts[0].step()
    now = digest(*maker.parameters(), *judge.parameters(), *held(*opts))
    if now in seen:
        print("returned to", seen[now])
    seen[now] = step + 1
print("whole", all(p.isfinite().all().item() for m in (maker, judge) for p in m.parameters()))
"""
    )
    done, healed = checked(server, tmp_path, script)
    (one,) = healed["interventions"]
    assert f"returned to {one['returned_to']}\n" in done.out
    assert "whole True" in done.out


def test_a_loss_that_leaves_its_level_for_good_is_returned(server, tmp_path):
    script = (
        HEAD
        + """
opt = torch.optim.SGD(net.parameters(), lr=0.05)
for step in range(400):
    i = torch.randint(0, 256, (32,))
    loss = mse_loss(net(X[i]), Y[i])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step == 200:
        net[2].bias.data.add_(1e4)
        opt.param_groups[0]["lr"] = 1e-7
print("loss", loss.item())
"""
    )
    done, healed = checked(server, tmp_path, script)
    assert float(re.search(r"loss (\S+)", done.out)[1]) < 0.5
    one = healed["interventions"][0]
    assert one["kind"] == "lost"
    assert one["returned_to"] <= 201
    assert "the loss has left its level" in told(done)[0]


def test_a_loss_that_is_high_for_another_reason_is_returned_once(server, tmp_path):
    script = (
        HEAD
        + """
opt = torch.optim.SGD(net.parameters(), lr=0.05)
for step in range(300):
    i = torch.randint(0, 256, (32,))
    loss = mse_loss(net(X[i]), Y[i]) + (1e4 if step >= 150 else 0.0)
    opt.zero_grad()
    loss.backward()
    opt.step()
print("fit", mse_loss(net(X), Y).item())
"""
    )
    done, healed = checked(server, tmp_path, script)
    first, second = told(done)
    assert "the loss has left its level" in first
    assert "nothing more is done: what it has left its level for is not in the weights" in second
    assert healed["returns"] == 1
    assert float(re.search(r"fit (\S+)", done.out)[1]) < 0.5


def test_a_run_beyond_help_is_told_and_goes_on(server, tmp_path):
    script = (
        HEAD
        + """
opt = torch.optim.SGD(net.parameters(), lr=0.05)
for step in range(120):
    loss = mse_loss(net(X), Y) + (torch.sqrt(-net[0].weight.square().sum()) if step >= 60 else 0)
    opt.zero_grad()
    loss.backward()
    opt.step()
print("ended")
"""
    )
    done, healed = checked(server, tmp_path, script, live=("--heal-live", "--heal-returns", "2"))
    assert "ended" in done.out
    lines = told(done)
    assert len(lines) == 4
    assert "the loss is not finite for one batch; the step was left out" in lines[0]
    assert "nothing more is done: 2 returns brought no progress; the last good states lie in" in lines[-1]
    assert healed["stopped"] == "2 returns brought no progress"
    assert [one.get("returned_to") is None for one in healed["interventions"]] == [True, False, False, True]
    assert list((tmp_path / "run" / "states").glob("step-*.pt"))


def test_it_goes_together_with_a_treatment(server, tmp_path):
    (tmp_path / "t.toml").write_text('version = 1\n[[cure]]\nname = "lower-lr"\nfactor = 0.5\n')
    done, healed = checked(server, tmp_path, RAISED, live=("--heal-live", "--treat", "t.toml"))
    assert float(re.search(r"loss (\S+)", done.out)[1]) < 0.1
    assert "rate 0.05" in done.out  # what the treatment lends is not taken for the script's own
    assert healed["times"] == 1
    assert "lower-lr  factor 0.5: rate of SGD 0.05 → 0.025" in done.err
