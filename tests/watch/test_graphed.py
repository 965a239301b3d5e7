"""Evaluations with gradients on, in training mode: seen where nothing announces them, and nothing else taken for one."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules import module as module_hooks
from torch.utils.data import DataLoader, TensorDataset

from gradwise.watch.judging import PLAIN, untouched
from tests.watch.watching import trace_of, watched

STEPS = 40  # in an epoch; later than the steps that are all sampled
EPOCHS = 6


def data(rows, seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(rows, 4, generator=generator)
    return x, (x.sum(1) > 0).long()


def make(dropout=True):
    torch.manual_seed(0)
    middle = nn.Dropout(0.3) if dropout else nn.LayerNorm(8)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), middle, nn.Linear(8, 2))


def train(model, optimizer, x, y):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()


def run(folder, after, *, dropout=True):
    """What was recorded, and the float64 losses of unseen rows after each epoch."""
    x, y = data(160, 0)
    unseen = data(64, 1)
    expected = []
    with watched(folder) as session:
        model = make(dropout)
        session.budget.share = 0.02
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(EPOCHS):
            for i in range(0, len(x), 4):
                train(model, optimizer, x[i : i + 4], y[i : i + 4])
            weights = [p.detach().double() for p in model.parameters()]
            expected.append(reference(weights, *unseen) if not dropout else None)
            after(model, *unseen)
    assert not module_hooks._global_forward_hooks
    assert not set(PLAIN) & set(vars(Tensor))
    return trace_of(folder), expected


def by_loss(model, x, y):
    return F.cross_entropy(model(x), y).item()


def by_argmax(model, x, y):
    return (model(x).argmax(1) == y).float().mean().item()


def reference(weights, x, y):
    """The loss of a network with layer norm, independently."""
    first, second = weights[0], weights[1]
    h = (x.double() @ first.T + second).clamp(min=0)
    h = (h - h.mean(1, keepdim=True)) / (h.var(1, correction=0, keepdim=True) + 1e-5).sqrt()
    z = (h * weights[2] + weights[3]) @ weights[4].T + weights[5]
    z = z - z.max(1, keepdim=True).values
    return float((z.exp().sum(1).log() - z[range(len(y)), y]).mean())


def nothing(model, x, y):
    return None


def modes(trace):
    facts = trace.facts_of("evaluation-modes")
    return facts[-1].data if facts else None


def test_losses_of_slicing_loops_are_met_where_they_come_again(tmp_path):
    trace, expected = run(tmp_path / "run", by_loss, dropout=False)
    table = trace.sampled("val_loss")
    (place,) = table.places
    seen = dict(zip(table.steps.tolist(), table.column(place).tolist(), strict=True))
    # The first two tell how far apart they are; the last one follows the last step.
    assert sorted(seen)[-4:] == [STEPS * k for k in range(EPOCHS - 3, EPOCHS + 1)]
    for step, value in seen.items():
        assert value == pytest.approx(expected[step // STEPS - 1], rel=1e-4)


@pytest.mark.parametrize("after", [by_loss, by_argmax])
def test_the_mode_is_told_where_eval_was_never_called(after, tmp_path):
    told = modes(run(tmp_path / "run", after)[0])
    assert told["modules"] == ["2"]
    assert told["active"] == told["phases"] >= 1


def test_after_a_loader_every_evaluation_is_met(tmp_path):
    x, y = data(160, 0)
    unseen = data(64, 1)
    with watched(tmp_path / "run") as session:
        session.budget.share = 0.02
        model = make()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        loader = DataLoader(TensorDataset(x, y), batch_size=4)
        for _ in range(EPOCHS):
            for batch in loader:
                train(model, optimizer, *batch)
            by_argmax(model, *unseen)
    told = modes(trace_of(tmp_path / "run"))
    assert (told["phases"], told["active"], told["gap"]) == (EPOCHS, EPOCHS, STEPS)


def test_without_dropout_and_batch_norm_no_mode_is_wrong(tmp_path):
    told = modes(run(tmp_path / "run", by_loss, dropout=False)[0])
    assert told["active"] == 0


def in_eval_mode(model, x, y):
    model.eval()
    by_loss(model, x, y)
    model.train()


@pytest.mark.parametrize("after", [nothing, in_eval_mode])
def test_runs_that_evaluate_otherwise_are_left_alone(after, tmp_path):
    assert modes(run(tmp_path / "run", after)[0]) is None


def losses_of(folder, loop):
    with watched(folder) as session:
        model = make()
        loop(model, torch.optim.SGD(model.parameters(), lr=0.1), session)
    trace = trace_of(folder)
    return trace.sampled("val_loss").places, modes(trace)


def metric_beside(model, optimizer, _session):
    x, y = data(8, 0)
    for _ in range(60):
        optimizer.zero_grad()
        out = model(x)
        F.mse_loss(out.softmax(1), F.one_hot(y, 2).float())  # only looked at
        F.cross_entropy(out, y).backward()
        optimizer.step()
        (out.softmax(1).argmax(1) == y).float().mean()


def varying_sums(model, optimizer, _session):
    x, y = data(8, 0)
    for i in range(80):
        optimizer.zero_grad()
        sum(F.cross_entropy(model(x), y) for _ in range(1 + i * i % 5)).backward()
        optimizer.step()


def skipping(model, optimizer, _session):
    x, y = data(8, 0)
    for i in range(60):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        if i % 7 != 3:
            loss.backward()
            optimizer.step()


class Both(nn.Module):
    """Shares, and the scores that are trained on."""

    def __init__(self):
        super().__init__()
        self.net = make()

    def forward(self, x):
        scores = self.net(x)
        return scores.softmax(1), scores


def shares_beside_scores(_model, _optimizer, _session):
    model = Both()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loader = DataLoader(TensorDataset(*data(32, 0)), batch_size=8)
    for _ in range(12):
        for x, y in loader:
            optimizer.zero_grad()
            shares, scores = model(x)
            F.mse_loss(shares, F.one_hot(y, 2).float())  # only looked at
            F.cross_entropy(scores, y).backward()
            optimizer.step()


def two_backwards(model, optimizer, _session):
    x, y = data(8, 0)
    for _ in range(40):
        optimizer.zero_grad()
        losses = [F.cross_entropy(model(x), y), F.cross_entropy(model(-x), 1 - y)]
        for loss in losses:
            loss.backward()
        optimizer.step()


def seldom_terms(model, optimizer, _session):
    x, y = data(8, 0)
    for i in range(80):
        optimizer.zero_grad()
        extra = F.cross_entropy(model(x * 2), y) if i % 20 == 19 else 0
        (F.cross_entropy(model(x), y) + extra).backward()
        optimizer.step()


@pytest.mark.parametrize(
    "loop", [metric_beside, varying_sums, two_backwards, seldom_terms, shares_beside_scores]
)
def test_what_training_uses_is_no_evaluation(loop, tmp_path):
    assert losses_of(tmp_path / "run", loop) == ((), None)


def test_a_training_loss_that_is_skipped_is_no_evaluation(tmp_path):
    assert losses_of(tmp_path / "run", skipping)[0] == ()


def test_an_exception_ends_no_evaluation(tmp_path):
    def failing(model, optimizer, session):
        varying_sums(model, optimizer, session)
        F.cross_entropy(model(data(8, 0)[0]), data(8, 0)[1])
        raise RuntimeError("the script's own")

    with pytest.raises(RuntimeError, match="own"):
        losses_of(tmp_path / "run", failing)
    assert modes(trace_of(tmp_path / "run")) is None


def test_a_graph_is_untouched_until_a_backward_or_a_step():
    model = make()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x, y = data(8, 0)
    out = model(x)
    assert untouched(out.grad_fn)
    F.cross_entropy(out, y).backward()
    assert not untouched(out.grad_fn)
    out = model(x)
    optimizer.step()
    assert not untouched(out.grad_fn)
    assert not untouched(None)


@pytest.mark.parametrize(
    ("target", "where"),
    [
        ("gradwise.watch.graphed.Graphed._end", "graphed"),
        ("gradwise.watch.graphed.user_frames", "activations"),
        ("gradwise.watch.judging.untouched", "graphed"),
        ("gradwise.watch.graphed.Graphed.expect", "graphed"),
    ],
)
def test_a_failure_is_a_note_and_steps_are_counted_all_the_same(target, where, tmp_path, monkeypatch):
    def fail(*args, **kwargs):
        raise ValueError("planted here")

    x, y = data(160, 0)
    with watched(tmp_path / "run") as session:
        session.budget.share = 0.02
        model = make()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        loader = DataLoader(TensorDataset(x, y), batch_size=4)
        for epoch in range(EPOCHS):
            for batch in loader:
                train(model, optimizer, *batch)
            by_argmax(model, x, y)
            by_loss(model, x, y)
            if epoch == 0:
                monkeypatch.setattr(target, fail)
        session.flush()
        monkeypatch.undo()
    trace = trace_of(tmp_path / "run")
    assert trace.steps == EPOCHS * STEPS
    notes = [fact.data for fact in trace.facts_of("note") if "planted here" in fact.data["error"]]
    assert {note["where"] for note in notes} == {where}
    assert len(notes) <= 3
