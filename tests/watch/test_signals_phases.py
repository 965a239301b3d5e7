"""Evaluation phases are found without help, and rounds, stages and roles are told apart."""

from time import sleep

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gradwise.trace.read import read_run
from tests.watch.watching import trace_of, watched


def data(rows, seed=0):
    generator = torch.Generator().manual_seed(seed)
    y = torch.randint(0, 3, (rows,), generator=generator)
    return torch.randn(rows, 4, generator=generator) + y[:, None], y


def make():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Dropout(0.5), nn.Linear(6, 3))
    return model, torch.optim.SGD(model.parameters(), lr=0.1)


def train(model, optimizer, steps, loss=F.cross_entropy):
    x, y = data(20, seed=9)
    for _ in range(steps):
        model.train()
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()


def evaluated(folder, evaluate, *, phases=3, steps=4, no_grad=True):
    """Train, call ``evaluate(model)`` after every few steps in eval mode; the trace."""
    with watched(folder):
        model, optimizer = make()
        for _ in range(phases):
            train(model, optimizer, steps)
            model.eval()
            with torch.set_grad_enabled(not no_grad):
                evaluate(model)
    return trace_of(folder)


@pytest.mark.parametrize("no_grad", [True, False])
def test_an_evaluation_is_one_mean_over_its_batches(no_grad, tmp_path):
    expected = []
    x, y = data(50)

    def evaluate(model):
        for at in range(0, 50, 16):  # the last batch holds two samples only
            F.cross_entropy(model(x[at : at + 16]), y[at : at + 16])
        out = model(x).detach()
        expected.append((F_cross_entropy(out, y), (out.argmax(1) == y).double().mean().item()))

    trace = evaluated(tmp_path / "run", evaluate, no_grad=no_grad)
    loss, accuracy = trace.sampled("val_loss"), trace.sampled("val_accuracy")
    assert list(loss.steps) == list(accuracy.steps) == [4, 8, 12]
    assert len(loss.places) == 1 and loss.places[0].startswith("cross_entropy (line ")
    assert list(loss.values[:, 0]) == pytest.approx([pair[0] for pair in expected], rel=1e-5)
    assert list(accuracy.values[:, 0]) == pytest.approx([pair[1] for pair in expected])
    assert trace.steps == 12 and len(trace.step_signal("loss")) == 12


def F_cross_entropy(out, y):
    logs = torch.log_softmax(out.double(), dim=1)
    return -logs[range(len(y)), y].mean().item()


def test_an_evaluation_that_sums(tmp_path):
    x, y = data(50)
    expected = []

    def evaluate(model):
        for at in (0, 25):
            F.cross_entropy(model(x[at : at + 25]), y[at : at + 25], reduction="sum")
        expected.append(F_cross_entropy(model(x), y))

    trace = evaluated(tmp_path / "run", evaluate, phases=1)
    assert list(trace.sampled("val_loss").values[:, 0]) == pytest.approx(expected, rel=1e-5)


def test_two_loaders_evaluated_at_two_lines_are_two_places(tmp_path):
    def evaluate(model):
        x, y = data(20, seed=9)
        F.cross_entropy(model(x), y)
        x, y = data(30, seed=5)
        F.cross_entropy(model(x), y)

    assert evaluated(tmp_path / "run", evaluate).sampled("val_loss").values.shape == (3, 2)


def test_one_function_called_from_two_lines_is_two_places(tmp_path):
    last = []

    def loss_on(model, x, y):
        return F.cross_entropy(model(x), y).item()

    def evaluate(model):
        first = loss_on(model, *data(20, seed=9))
        second = loss_on(model, *data(30, seed=5))
        last[:] = sorted([first, second])

    table = evaluated(tmp_path / "run", evaluate).sampled("val_loss")
    assert table.values.shape == (3, 2)
    assert sorted(table.values[-1]) == pytest.approx(last, rel=1e-5)


def test_a_loss_beside_the_training_of_every_step_is_no_flood(tmp_path):
    with watched(tmp_path / "run"):
        model, optimizer = make()
        x, y = data(20)
        for _ in range(300):
            train(model, optimizer, 1)
            with torch.no_grad():
                F.cross_entropy(model(x), y)
    trace = trace_of(tmp_path / "run")
    assert trace.steps == 300
    assert len(trace.sampled("val_loss")) <= 50


def test_the_training_loss_in_eval_mode_is_no_evaluation(tmp_path):
    with watched(tmp_path / "run"):
        model, optimizer = make()
        model.eval()
        x, y = data(20)
        for _ in range(10):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
    trace = trace_of(tmp_path / "run")
    assert "val_loss" not in trace.tables
    assert len(trace.step_signal("loss")) == 10


def test_evaluation_takes_no_step_time(tmp_path):
    def evaluate(model):
        x, y = data(20)
        F.cross_entropy(model(x), y)
        sleep(0.4)

    trace = evaluated(tmp_path / "run", evaluate, phases=4, steps=3)
    seconds = trace.step_signal("step_seconds")
    assert seconds.mean[seconds.nonfinite == 0].max() < 0.4


# ---- rounds and stages ------------------------------------------------------------------


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Linear(2, 4)

    def forward(self, z):
        return self.net(z)


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Linear(4, 1)

    def forward(self, x):
        return self.net(x)


@pytest.mark.parametrize("critic_steps", [1, 3])
def test_a_gan_counts_iterations_once(critic_steps, tmp_path):
    with watched(tmp_path / "run"):
        generator, critic = Generator(), Critic()
        optimizers = [
            torch.optim.Adam(m.parameters(), lr=rate) for m, rate in ((generator, 1e-3), (critic, 2e-3))
        ]
        for _ in range(8):
            for _ in range(critic_steps):
                optimizers[1].zero_grad()
                (
                    critic(generator(torch.randn(5, 2)).detach()).mean() - critic(torch.randn(5, 4)).mean()
                ).backward()
                optimizers[1].step()
            optimizers[0].zero_grad()
            (-critic(generator(torch.randn(5, 2))).mean()).backward()
            optimizers[0].step()
    run = read_run(tmp_path / "run")
    if critic_steps == 1:
        assert run.info.steps == 8
    else:
        assert 8 <= run.info.steps <= 8 * critic_steps + 1
    assert len(run.segments) == 1
    names = {p.name for p in run.trace.parameters}
    assert names == {"Generator.net.weight", "Generator.net.bias", "Critic.net.weight", "Critic.net.bias"}
    assert set(run.trace.sampled("update_norm").places) == names
    assert len(run.trace.facts_of("optimizer")) == 2


def test_two_models_of_one_class_are_numbered_in_order_of_creation(tmp_path):
    with watched(tmp_path / "run"):
        encoders = [nn.Sequential(nn.Linear(4, width)) for width in (2, 3, 5, 6)]
        optimizers = [torch.optim.SGD(model.parameters(), lr=0.1) for model in reversed(encoders)]
        for _ in range(4):
            for model, optimizer in zip(encoders, reversed(optimizers), strict=True):
                optimizer.zero_grad()
                model(torch.randn(5, 4)).square().mean().backward()
                optimizer.step()
    trace = trace_of(tmp_path / "run")
    shapes = {p.name: p.shape for p in trace.parameters if p.name.endswith("weight")}
    assert shapes == {f"Sequential#{i}.0.weight": (w, 4) for i, w in enumerate((2, 3, 5, 6), 1)}
    assert set(trace.sampled("input_rms").places) == {f"Sequential#{i}" for i in (1, 2, 3, 4)}


def test_folds_are_segments(tmp_path):
    with watched(tmp_path / "run"):
        for fold in range(3):
            torch.manual_seed(fold)
            model = nn.Sequential(nn.Linear(4, 5 + fold), nn.ReLU(), nn.Linear(5 + fold, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            train(model, optimizer, 12)
            model.eval()
            with torch.no_grad():
                x, y = data(20)
                F.cross_entropy(model(x), y)
    run = read_run(tmp_path / "run")
    assert [(s.first_step, s.steps) for s in run.segments] == [(0, 12), (12, 12), (24, 12)]
    for fold, segment in enumerate(run.segments):
        assert segment.parameter("0.weight").shape == (5 + fold, 4)
        assert len(segment.sampled("grad_norm")) >= 10
        assert list(segment.sampled("val_loss").steps) == [12 * (fold + 1)]
        assert len(segment.step_signal("loss")) == 12


def test_two_optimizers_of_one_model_from_the_start_are_one_stage(tmp_path):
    with watched(tmp_path / "run"):
        model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))
        optimizers = [torch.optim.SGD(model[0].parameters(), lr=0.1), torch.optim.Adam(model[2].parameters())]
        x, y = data(20)
        for _ in range(10):
            for optimizer in optimizers:
                optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            for optimizer in optimizers:
                optimizer.step()
    run = read_run(tmp_path / "run")
    assert (run.info.steps, len(run.segments)) == (10, 1)
    assert set(run.trace.sampled("update_norm").places) == {"0.weight", "0.bias", "2.weight", "2.bias"}
