"""Accuracies that a script counts itself in an evaluation, against its own numbers."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules import module as module_hooks

from gradwise.watch.answering import COMPARING, DECIDING, PICKING, RECASTING
from tests.watch.watching import trace_of, watched

ROWS = 60


def data(seed, classes):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(ROWS, 4, generator=generator)
    return x, (x.sum(1) * 2).round().long().remainder(classes)


def evaluations(folder, evaluate, *, classes=4, width=None, loss=F.cross_entropy, phases=3):
    """What was recorded, and what the script itself counted in each phase."""
    x, y = data(0, classes)
    unseen = data(1, classes)
    counted = []
    with watched(folder):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, width or classes))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(phases):
            for _ in range(4):
                model.train()
                optimizer.zero_grad()
                loss(model(x), y).backward()
                optimizer.step()
            model.eval()
            with torch.no_grad():
                counted.append(evaluate(model, *unseen))
    assert not {*PICKING, *DECIDING, *RECASTING, *COMPARING} & set(vars(Tensor))
    assert not module_hooks._global_forward_hooks
    return trace_of(folder), counted


def in_halves(model, x, y):
    right = 0
    for part in (slice(0, 40), slice(40, ROWS)):
        _, predicted = torch.max(model(x[part]).data, 1)
        right += (predicted == y[part]).sum().item()
    return right / len(y)


FORMS = {
    "argmax": lambda m, x, y: (m(x).argmax(1) == y).float().mean().item(),
    "argmax of the last axis, of shares": lambda m, x, y: (
        torch.argmax(m(x).softmax(-1), dim=-1).eq(y).sum().item() / len(y)
    ),
    "max, in halves": in_halves,
    "keepdim": lambda m, x, y: (
        m(x).max(1, keepdim=True)[1].eq(y.view(-1, 1)).sum().item() / len(y)
    ),
    "truth first": lambda m, x, y: (y == m(x).argmax(dim=1).long()).float().mean().item(),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_classes(form, tmp_path):
    trace, counted = evaluations(tmp_path / "run", FORMS[form])
    table = trace.sampled("val_accuracy")
    (place,) = table.places
    assert place.startswith("accuracy (line ")
    assert list(table.column(place)) == pytest.approx(counted)
    assert list(table.steps) == [4, 8, 12]
    assert "val_loss" not in trace.tables


def yes_or_no(z, y):
    return F.binary_cross_entropy_with_logits(z.squeeze(1), y.float())


SINGLE = {
    "above 0": lambda m, x, y: ((m(x).squeeze(1) > 0).long() == y).float().mean().item(),
    "above one half": lambda m, x, y: (
        (torch.sigmoid(m(x)) >= 0.5).float().squeeze(1) == y
    ).sum().item() / len(y),
    "rounded": lambda m, x, y: (torch.sigmoid(m(x)).round().flatten() == y).float().mean().item(),
}  # fmt: skip


@pytest.mark.parametrize("form", SINGLE)
def test_yes_and_no(form, tmp_path):
    trace, counted = evaluations(tmp_path / "run", SINGLE[form], classes=2, width=1, loss=yes_or_no)
    table = trace.sampled("val_accuracy")
    assert list(table.values[:, 0]) == pytest.approx(counted)


OTHERS = {
    "another tensor's largest": lambda m, x, y: (m(x).sum(), (x[:, :3].argmax(1) == y).sum())[1].item(),
    "a mask of the labels": lambda m, x, y: m(x)[y == 1].mean().item(),
    "all pairs": lambda m, x, y: (m(x).argmax(1) == y[:, None]).float().mean().item(),
    "nothing": lambda m, x, y: m(x).mean().item(),
}


@pytest.mark.parametrize("form", OTHERS)
def test_other_comparisons_are_left_alone(form, tmp_path):
    assert "val_accuracy" not in evaluations(tmp_path / "run", OTHERS[form])[0].tables


def test_the_numbers_of_training_rows_do_not_come_between(tmp_path):
    """Answers in training mode are never looked at, whatever they are compared with."""
    x, y = data(0, 4)
    with watched(tmp_path / "run"):
        model = nn.Linear(4, 4)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(6):
            out = model(x)
            F.cross_entropy(out, y).backward()
            optimizer.step()
            (out.argmax(1) == y).sum()
    assert "val_accuracy" not in trace_of(tmp_path / "run").tables


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own, of its tracer
def test_a_trace_of_the_model_holds_nothing_of_ours(tmp_path):
    class Picking(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Linear(4, 4)

        def forward(self, x):
            return self.net(x)

    class Right(nn.Module):
        def __init__(self, net):
            super().__init__()
            self.net = net

        def forward(self, x, y):
            return self.net(x).argmax(1) == y

    x, y = data(0, 4)
    with watched(tmp_path / "run"):
        model = Picking()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(4):
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
        model.eval()
        model(x)
        traced = torch.jit.trace(Right(model), (x, y), check_trace=False)
        plain = torch.vmap(lambda a, b: model(a[None]).argmax(1) == b)(x, y)
    kinds = [node.kind() for node in traced.inlined_graph.nodes()]
    assert "aten::eq" in kinds and "aten::sum" not in kinds
    assert torch.equal(traced(x, y), plain[:, 0])
    assert not trace_of(tmp_path / "run").facts_of("note")
