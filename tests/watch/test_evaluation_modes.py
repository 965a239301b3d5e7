"""In which mode evaluations run: layers that know their mode, and functions that do not."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.watch.test_connections import data, last, make, step
from tests.watch.watching import trace_of, watched


def evaluations(folder, evaluate, *, mode, phases=3, steps=4):
    with watched(folder):
        model = make()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(phases):
            model.train()
            for _ in range(steps):
                step(model, optimizer)
            mode(model)
            evaluate(model, *data())
    return trace_of(folder)


@torch.no_grad()
def by_argmax(model, x, y):
    return (model(x).argmax(dim=1) == y).float().mean()


@torch.inference_mode()
def by_loss(model, x, y):
    return F.cross_entropy(model(x), y)


def within(model, x, y):
    with torch.no_grad():
        for half in (slice(0, 12), slice(12, 24)):
            _, predicted = torch.max(model(x[half]), 1)
    return predicted


def samples(model, x, y):
    with torch.no_grad():
        return model(torch.randn_like(x)) * 2


@pytest.mark.parametrize("evaluate", [by_argmax, by_loss, within])
def test_an_evaluation_in_training_mode(evaluate, tmp_path):
    trace = evaluations(tmp_path / "run", evaluate, mode=nn.Module.train)
    told = last(trace, "evaluation-modes")
    assert told["modules"] == ["0.1", "1"]
    assert (told["phases"], told["active"], told["gap"], told["first_active"]) == (3, 3, 4, 4)
    assert told["by_loss"] == (3 if evaluate is by_loss else 0)


@pytest.mark.parametrize("evaluate", [by_argmax, by_loss, within])
def test_an_evaluation_in_eval_mode(evaluate, tmp_path):
    told = last(evaluations(tmp_path / "run", evaluate, mode=nn.Module.eval), "evaluation-modes")
    assert (told["phases"], told["active"], told["modules"]) == (3, 0, [])


def test_a_pass_whose_output_nobody_judges_is_no_evaluation(tmp_path):
    trace = evaluations(tmp_path / "run", samples, mode=nn.Module.train)
    assert trace.facts_of("evaluation-modes") == ()


def test_dropout_switched_on_after_eval(tmp_path):
    def carlo(model):
        model.eval()
        model[1].train()

    told = last(evaluations(tmp_path / "run", by_argmax, mode=carlo), "evaluation-modes")
    assert (told["phases"], told["active"]) == (3, 0)


class Dropping(nn.Module):
    """Drops units by a function, told of the mode or not."""

    def __init__(self, told):
        super().__init__()
        self.hidden, self.out, self.layer, self.told = nn.Linear(4, 8), nn.Linear(8, 3), nn.Dropout(0.2), told

    def forward(self, x):
        h = self.layer(self.hidden(x))
        h = F.dropout(h, 0.4, training=self.training) if self.told else F.dropout(h, p=0.4)
        return self.out(h)


def averaged(model, x, y):
    with torch.no_grad():
        return (sum(model(x) for _ in range(3)).argmax(1) == y).float().mean()


@pytest.mark.parametrize(
    ("told", "mode", "evaluate", "active"),
    [
        (False, nn.Module.eval, by_argmax, ["F.dropout"]),
        (False, nn.Module.eval, within, ["F.dropout"]),
        (False, nn.Module.train, by_argmax, ["F.dropout", "layer"]),
        (True, nn.Module.eval, by_argmax, []),
        (False, nn.Module.eval, averaged, []),
    ],
    ids=["untold", "untold, two batches", "all in training mode", "told", "an average of passes"],
)
def test_functions_that_drop_units_in_an_evaluation(told, mode, evaluate, active, tmp_path, monkeypatch):
    monkeypatch.setattr(f"{__name__}.make", lambda: Dropping(told))
    original = F.dropout
    fact = last(evaluations(tmp_path / "run", evaluate, mode=mode), "evaluation-modes")
    assert fact["modules"] == active
    assert fact["active"] == (3 if active else 0)
    assert F.dropout is original


def test_pseudo_labels_lie_one_step_apart(tmp_path):
    told = last(
        evaluations(tmp_path / "run", by_argmax, mode=nn.Module.train, phases=20, steps=1), "evaluation-modes"
    )
    assert told["gap"] == 1


def test_wrapped_methods_are_put_back_when_the_mode_changes_inside(tmp_path):
    before = {name: getattr(torch.Tensor, name) for name in ("argmax", "max", "sub", "__sub__", "__gt__")}

    @torch.no_grad()
    def evaluate(model, x, y):
        model(x).argmax(1)
        model.eval()
        model(x).argmax(1)
        model.train()

    trace = evaluations(tmp_path / "run", evaluate, mode=nn.Module.train)
    assert before == {name: getattr(torch.Tensor, name) for name in before}
    assert not trace.facts_of("note")


@torch.no_grad()
def one_part_only(model, x, y):
    model[0].eval()
    return (model(x).argmax(dim=1) == y).float().mean()


@torch.no_grad()
def within_the_stretch(model, x, y):
    model.eval()
    return (model(x).argmax(dim=1) == y).float().mean()


def test_only_a_part_is_put_into_eval_mode(tmp_path):
    """Here the dropout behind it drops on; the switch lies within the stretch without gradients."""
    told = last(evaluations(tmp_path / "run", one_part_only, mode=nn.Module.train), "evaluation-modes")
    assert (told["phases"], told["active"], told["modules"]) == (3, 3, ["1"])


def test_the_mode_is_switched_within_the_stretch(tmp_path):
    told = last(evaluations(tmp_path / "run", within_the_stretch, mode=nn.Module.train), "evaluation-modes")
    assert (told["phases"], told["active"], told["modules"]) == (3, 0, [])
