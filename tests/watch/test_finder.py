"""The first non-finite loss or gradient: operation, place, values, and the batch to run again."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint
from torch.utils.data import DataLoader, TensorDataset

from gradwise.errors import UsageError
from gradwise.watch.replay import load_batch
from tests.watch.watching import trace_of, watched

BAD = 25  # far from the first samples, so that no hook is there


class Share(nn.Module):
    """Each row divided by its sum: NaN for a row of zeros."""

    def forward(self, x):
        return x / (x * 1.0).sum(dim=1, keepdim=True)


def train(folder, criterion, *parts, steps=BAD + 3, bad=BAD, spoil=None):
    """Train ``parts`` on random rows; ``criterion(z, y, broken)`` is told from step ``bad`` on."""
    torch.manual_seed(0)
    with watched(folder):
        model = nn.Sequential(*(parts or (nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2))))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for step in range(steps):
            x, y = torch.randn(5, 3), torch.randint(0, 2, (5,))
            if spoil is not None and step >= bad:
                x = spoil(x)
            optimizer.zero_grad()
            criterion(model(x), y, step >= bad).backward()
            optimizer.step()
    trace = trace_of(folder)
    assert not trace.facts_of("note")
    return trace.facts_of("nonfinite")


def log(z, y, broken):
    return -(torch.softmax(z, 1) * (0.0 if broken else 1.0)).log()[range(5), y].mean()


FORWARD = {
    "log of 0": (log, "log"),
    "division by 0": (lambda z, y, b: (z / (z.detach() * 0 if b else 1.0)).square().mean(), "division"),
    "exp overflows": (lambda z, y, b: (z.abs() * (1e5 if b else 1.0)).exp().mean(), "exp"),
    "a power overflows": (lambda z, y, b: (z * (1e30 if b else 1.0)).pow(2).mean(), "pow"),
    "square root of a negative number": (lambda z, y, b: (z.abs() * (-1.0 if b else 1.0) + (0 if b else 1)).sqrt().mean(), "sqrt"),
    "acos beyond +-1": (lambda z, y, b: (z.tanh() * (3.0 if b else 0.5) + (2 if b else 0)).acos().mean(), "acos"),
    "softmax over a row that is all -inf, or holds +inf": (lambda z, y, b: (z + (-torch.inf if b else 0)).softmax(1).square().mean(), "softmax"),
}  # fmt: skip


@pytest.mark.parametrize("cause", FORWARD)
def test_the_operation_behind_a_loss_that_is_not_finite(cause, tmp_path):
    criterion, operation = FORWARD[cause]
    fact = train(tmp_path / "run", criterion)[0]
    assert (fact.step, fact.data["what"], fact.data["direction"]) == (BAD, "loss", "forward")
    assert (fact.data["operation"], fact.data["cause"]) == (operation, cause)
    assert fact.data["place"] == "in the loss, after 2"
    assert 0 < fact.data["values"]["bad_share"] <= 1


def test_the_values_that_went_in(tmp_path):
    fact = train(tmp_path / "run", log)[0]
    told = fact.data["values"]
    assert (told["min"], told["max"], told["nonfinite_share"], told["bad_share"]) == (0.0, 0.0, 0.0, 1.0)
    assert told["dtype"] == "float32"


def test_a_module_of_the_users_own(tmp_path):
    parts = nn.Linear(3, 8, bias=False), nn.ReLU(), Share(), nn.Linear(8, 2)
    facts = train(tmp_path / "run", lambda z, y, b: F.cross_entropy(z, y), *parts, spoil=lambda x: x * 0)
    assert facts[0].data["first_module"] == "2" and facts[0].data["place"] == "in 2"
    assert facts[0].data["cause"] == "division by 0"


SLOPES = {
    "slope of the square root at 0": (lambda z, y, b: (z * (0.0 if b else 1.0)).square().sum(1).sqrt().mean(), "sqrt"),
    "slope of a power below 1 at 0": (lambda z, y, b: (z.abs() * (0.0 if b else 1.0) + (0 if b else 0.1)).pow(0.5).mean(), "pow"),
    "log of 0": (lambda z, y, b: torch.where(z > 1e9, (z * (0.0 if b else 0.1) + (0 if b else 5)).log(), z).mean(), "log"),
}  # fmt: skip


@pytest.mark.parametrize("cause", SLOPES)
def test_a_gradient_that_breaks_while_the_loss_is_finite(cause, tmp_path):
    criterion, operation = SLOPES[cause]
    first, *later = train(tmp_path / "run", criterion)
    assert (first.step, first.data["what"], first.data["direction"]) == (BAD, "gradient", "backward")
    assert (first.data["operation"], first.data["cause"]) == (operation, cause)
    assert first.data["bad_parameters"] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert first.data["first_module"] == "2"  # nearest the loss
    assert [fact.data["what"] for fact in later] == ["weight"]  # the step after, ruined by the update


def test_the_batch_can_be_run_again(tmp_path):
    criterion, _ = SLOPES["slope of the square root at 0"]
    train(tmp_path / "run", criterion)
    saved = load_batch(tmp_path / "run")
    assert (saved.step, saved.what) == (BAD, "gradient")
    model = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2))
    model.load_state_dict(saved.weights)
    loss = criterion(model(saved.batch["x"]), saved.batch["y"], True)
    loss.backward()
    assert torch.isfinite(loss) and model[0].weight.isfinite().all() and model[0].bias.grad.isnan().any()


def test_a_loaders_batch_is_kept_as_it_came(tmp_path):
    x = torch.randn(40, 3)
    x[17] = torch.nan
    loader = DataLoader(TensorDataset(x, torch.arange(40) % 2), batch_size=5)
    with watched(tmp_path / "run"):
        model = nn.Linear(3, 2)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for rows, classes in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(rows), classes).backward()
            optimizer.step()
    saved = load_batch(tmp_path / "run")
    assert saved.step == 3
    torch.testing.assert_close(saved.batch["batch.0"], x[15:20], equal_nan=True)
    assert saved.batch["batch.1"].tolist() == [1, 0, 1, 0, 1]
    fact = trace_of(tmp_path / "run").facts_of("nonfinite")[0]
    assert fact.data["input_nonfinite"] and fact.data["batch"]["tensors"]["batch.0"] == [5, 3]


def test_a_run_that_stays_finite_keeps_nothing(tmp_path):
    assert train(tmp_path / "run", log, bad=10**6) == ()
    with pytest.raises(UsageError, match="keeps no batch"):
        load_batch(tmp_path / "run")


def test_a_checkpointed_block_is_not_computed_again(tmp_path):
    calls = []

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(3, 3)

        def step(self, x):
            calls.append(1)
            return self.inner(x).log()

        def forward(self, x):
            return checkpoint(self.step, x, use_reentrant=False)

    counts = []
    for folder in (None, tmp_path / "run"):
        calls.clear()
        torch.manual_seed(0)

        def loop():
            model = nn.Sequential(nn.Linear(3, 3), Block(), nn.Linear(3, 1))
            for _ in range(2):
                model(torch.randn(4, 3)).square().mean().backward()

        if folder is None:
            loop()
        else:
            with watched(folder):
                loop()
        counts.append(len(calls))
    assert counts[0] == counts[1]


def test_checking_every_gradient_changes_nothing(tmp_path):
    def run(folder=None):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.3), nn.BatchNorm1d(8), nn.Linear(8, 2))
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        for step in range(40):
            z = model(torch.randn(6, 3)) * (0.0 if step >= 35 else 1.0)
            optimizer.zero_grad()
            z.square().sum(1).sqrt().mean().backward()
            optimizer.step()
        return [*model.state_dict().values(), *(p.grad for p in model.parameters()), torch.get_rng_state()]

    plain = run()
    with watched(tmp_path / "run"):
        under = run()
    assert trace_of(tmp_path / "run").facts_of("nonfinite")
    assert all(torch.equal(a.nan_to_num(7), b.nan_to_num(7)) for a, b in zip(plain, under, strict=True))


def test_steps_that_a_scaler_skips_are_counted(tmp_path):
    torch.manual_seed(0)
    with watched(tmp_path / "run"):
        model = nn.Linear(3, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        scaler = torch.amp.GradScaler("cpu", init_scale=2.0**8, growth_interval=1000)
        for step in range(12):
            optimizer.zero_grad()
            loss = model(torch.randn(4, 3)).square().mean()
            scaler.scale(loss * (1e38 if step in (2, 5) else 1.0)).backward()
            scaler.step(optimizer)
            scaler.update()
    trace = trace_of(tmp_path / "run")
    last = trace.facts_of("scaler")[-1]
    assert (last.data["skipped"], last.data["steps"]) == (2, 12)
    assert trace.steps == 10 and not trace.facts_of("nonfinite") and not trace.facts_of("accumulation")


def test_a_sampled_gradient_that_is_not_finite(tmp_path):
    with watched(tmp_path / "run"):
        model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 1))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for step in range(3):
            optimizer.zero_grad()
            model(torch.randn(4, 3)).mean().backward()
            if step == 2:
                model[0].weight.grad.fill_(torch.nan)  # as a hook of the user's own might
            optimizer.step()
    trace = trace_of(tmp_path / "run")
    (fact,) = trace.facts_of("nonfinite")
    assert fact.data["bad_parameters"] == ["0.weight"] and fact.data["applied"] is True
    assert trace.sampled("grad_nonfinite").column("gradients").tolist() == [0.0, 0.0, 0.25]


def test_a_loss_that_the_script_skips_is_looked_at_too(tmp_path):
    torch.manual_seed(0)
    with watched(tmp_path / "run"):
        model = nn.Linear(3, 2)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for step in range(9):
            x, y = torch.randn(5, 3), torch.randint(0, 2, (5,))
            if step % 3 == 1:
                x[2, 1] = float("inf")
            loss = F.cross_entropy(model(x), y)
            if torch.isfinite(loss):
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    (fact,) = trace_of(tmp_path / "run").facts_of("nonfinite")
    assert (fact.step, fact.data["skipped"], fact.data["input_nonfinite"]) == (1, True, True)
    assert (fact.data["bad_rows"], fact.data["bad_columns"]) == ([2], [1])
