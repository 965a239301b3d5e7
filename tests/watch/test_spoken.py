"""What lines of the user say of the rows they evaluate: single lines, and in watched runs."""

import linecache

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gradwise.watch.evaluation import user_frames
from gradwise.watch.spoken import TRAINING, VALIDATION, said_by, spoken
from tests.watch.watching import trace_of, watched


@pytest.mark.parametrize(
    ("line", "unseen", "seen"),
    [
        ("        val = self.error(val_loader)", True, False),
        ("pred = model(X_test)", True, False),
        ("for x, y in xVal:", True, False),
        ("for x, y in loaders.held_out:", True, False),
        ("hold_loss = self.score(hold_x, hold_y)", True, False),
        ("kept = threshold(hold)", False, False),
        ("val_loss += loss(model(x), y).item()", True, False),
        ("out = model(data.test)", True, False),
        ("out = model(self.dev_rows)", True, False),
        ("out = model(x_train)", False, True),
        ("fit(model, train_loader, val_loader)", True, True),
        ("print('train', score(model, x))", False, True),
        ("out = model(x)", False, False),
        ("val = model(x)", False, False),  # a value
        ("out = model(x.to(dev))", False, False),  # a device
        ("out = model(x[valid])", False, False),  # a mask
        ("test(model, rows)  # x_val", False, False),
        ("print('test', score(model, x))", False, False),
        ("values = model(latest, interval)", False, False),
        ("out = model(x=x_val)", True, False),
        ("if model(x) == x_test:", True, False),
        ("", False, False),
    ],
)
def test_what_a_line_says(line, unseen, seen):
    assert said_by(line) == (unseen, seen)


def rows(seed):
    return torch.randn(24, 3, generator=torch.Generator().manual_seed(seed))


def plainly(model, x):
    return F.mse_loss(model(x), torch.ones(len(x), 1))


def in_a_loop(model, val_batches, epochs=1):
    for _ in range(epochs):
        for x in val_batches:
            y = torch.ones(len(x), 1)
            F.mse_loss(model(x), y)


def by_its_parameter(model, test_rows):
    F.mse_loss(model(test_rows), torch.ones(len(test_rows), 1))


@pytest.mark.parametrize(
    ("evaluate", "expected"),
    [
        (lambda model, x_val: plainly(model, x_val), VALIDATION),
        (lambda model, x_train: plainly(model, x_train), TRAINING),
        (lambda model, x: plainly(model, x), ""),
        (lambda model, x: in_a_loop(model, [x]), VALIDATION),
        (lambda model, x_train: by_its_parameter(model, x_train), TRAINING),
        (lambda model, x: by_its_parameter(model, x), VALIDATION),
    ],
)
def test_the_fact_of_an_evaluation(evaluate, expected, tmp_path):
    with watched(tmp_path / "run"):
        model = nn.Linear(3, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            model.train()
            optimizer.zero_grad()
            F.mse_loss(model(rows(0)), torch.ones(24, 1)).backward()
            optimizer.step()
            model.eval()
            with torch.no_grad():
                evaluate(model, rows(1))
    trace = trace_of(tmp_path / "run")
    assert {fact.data["named"] for fact in trace.facts_of("evaluation-rows")} == {expected}
    assert not trace.facts_of("note")


def test_a_source_that_is_not_there(monkeypatch):
    """Code without a file says nothing."""
    told = {}
    code = compile("x_val = 1\ntold['said'] = spoken(user_frames())\n", "<nowhere>", "exec")
    exec(code, {"told": told, "spoken": spoken, "user_frames": user_frames})
    assert told["said"] == ""
    monkeypatch.setattr(linecache, "getline", lambda file, line: "told = spoken(x_val)\n")
    exec(code, {"told": told, "spoken": spoken, "user_frames": user_frames})
    assert told["said"] == VALIDATION
