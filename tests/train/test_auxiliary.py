"""Auxiliary classifiers: what they add to a loss, when, and what stays as it was."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch import Tensor, nn

from gradwise import losses
from gradwise.nets.auxiliary import Auxiliary
from gradwise.train.averaging import averaged
from gradwise.train.callbacks import SaveCheckpoint
from gradwise.train.checkpoint import Checkpoints
from gradwise.train.heads import AuxiliaryLoss, criterion_for
from gradwise.train.loop import evaluate, fit
from gradwise.train.randomness import seed_everything
from gradwise.train.stack import CannotStackError
from gradwise.train.together import together
from gradwise.train.training import Training
from tests.train.small import StopAt, digits, same, train_batches, valid_batches, weights

NAMES = ["cross-entropy", "focal", "center:strength=0.1", "large-margin"]


class Side(Auxiliary):
    """A classifier on hidden units."""

    def __init__(self, share: float) -> None:
        super().__init__(share)
        self.out = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(x)


class Net(nn.Module):
    """Two hidden layers, each with a classifier of its own while it trains."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(64, 32), nn.Linear(32, 32)
        self.near, self.far = Side(0.3), Side(0.5)
        self.last = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x).tanh()
        if self.training:
            self.near(x)
        x = self.second(x).tanh()
        if self.training:
            self.far(x)
        return self.last(x)


def batch() -> tuple[Tensor, Tensor]:
    rows = digits(0, 40)
    assert rows.target is not None
    return torch.from_numpy(rows.inputs["numbers"]), torch.from_numpy(rows.target)


def training(name: str = "cross-entropy", *, ema: bool = False) -> Training:
    seed_everything(1)
    model = Net()
    criterion = criterion_for(name, model, outputs=10)
    optimizer = torch.optim.AdamW([*model.parameters(), *criterion.parameters()], 0.01)
    return Training(model, optimizer, criterion, ema=averaged(model, 0.9) if ema else None)


@pytest.mark.parametrize("name", NAMES)
def test_shares_are_added_while_gradients_are_wanted(name: str) -> None:
    seed_everything(0)
    (rows, ids), share = batch(), [1.0, 3.0] * 5
    model = Net()
    bare = copy.deepcopy(model)
    bare.near, bare.far = nn.Identity(), nn.Identity()
    main = criterion_for(name, bare, outputs=10, weights=share)
    criterion = criterion_for(name, model, outputs=10, weights=share)
    with torch.no_grad():  # centres are drawn
        for ours, theirs in zip(main.parameters(), criterion.parameters(), strict=True):
            ours.copy_(theirs)
    plain = losses.make(name if name == "focal" else "cross-entropy", weights=share)
    hidden = model.first(rows).tanh()
    near, far = model.near.out(hidden), model.far.out(model.second(hidden).tanh())
    wanted = main(bare(rows), ids) + 0.3 * plain(near, ids) + 0.5 * plain(far, ids)
    torch.testing.assert_close(criterion(model(rows), ids), wanted)
    with torch.no_grad():
        assert criterion(model(rows), ids) == plain(bare(rows), ids)


def test_without_classifiers_the_loss_is_left_alone() -> None:
    model = nn.Sequential(nn.Linear(64, 10))
    assert type(criterion_for("focal", model, outputs=10)) is type(losses.make("focal"))


def test_every_classifier_learns_and_reaches_the_layers_below() -> None:
    made, (rows, ids) = training(), batch()
    nn.init.zeros_(made.model.last.weight)  # nothing comes from above
    made.criterion(made.model(rows), ids).backward()
    assert all(weight.grad is not None and weight.grad.any() for weight in made.model.near.parameters())
    assert made.model.first.weight.grad.any() and made.model.second.weight.grad.any()


def test_in_evaluation_mode_and_after_it_nothing_stale_is_added() -> None:
    made, (rows, ids) = training(), batch()
    plain = nn.CrossEntropyLoss()
    outputs = made.model(rows)
    with torch.no_grad():
        assert made.criterion(outputs, ids) == plain(outputs, ids)
    made.criterion(made.model(rows), ids)
    outputs = made.model.eval()(rows)  # with gradients, as a look at the inputs has them
    assert made.criterion(outputs, ids) == plain(outputs, ids)


def test_it_learns_and_copies_of_the_net_go_their_own_way() -> None:
    made = training(ema=True)
    fit(made, train_batches(), valid_batches(), epochs=8)
    row = made.progress.history[-1]
    assert row.valid_loss is not None and row.valid_loss < 0.9
    assert list(made.judged.state_dict()) == list(Net().state_dict())
    alone = evaluate(made.judged, valid_batches(), nn.CrossEntropyLoss())["loss"]
    assert alone == row.valid_loss  # epochs are judged by the outputs alone
    rows, ids = batch()
    made.model.train()
    wanted = made.criterion(made.model(rows), ids)
    other = copy.deepcopy(made.model)
    outputs = made.model(rows)
    other(2 * rows)  # a copy's classifiers are no concern of this loss
    assert made.criterion(outputs, ids) == wanted
    twin = pickle.loads(pickle.dumps(copy.deepcopy(made.model)))
    assert same(weights(twin), weights(made.model))


@pytest.mark.parametrize("name", NAMES[::2])
def test_it_goes_on_from_a_checkpoint_as_if_nothing_had_happened(tmp_path, name: str) -> None:
    whole, first, second = (training(name, ema=True) for _ in range(3))
    fit(whole, train_batches(), valid_batches(), epochs=3)
    fit(first, train_batches(), valid_batches(), epochs=3, callbacks=[StopAt(7), SaveCheckpoint(tmp_path)])
    seed_everything(99)
    assert Checkpoints(tmp_path).load(second) == []
    fit(second, train_batches(), valid_batches(), epochs=3)
    assert same(weights(whole.model), weights(second.model))
    assert whole.progress.history[-1].train_loss == second.progress.history[-1].train_loss


def test_a_compiled_net_tells_the_loss_the_same() -> None:
    torch.compiler.reset()
    seed_everything(0)
    (rows, ids), model = batch(), Net()
    criterion = criterion_for("cross-entropy", model, outputs=10)
    wanted = criterion(model(rows), ids)
    wanted.backward()
    slope = model.near.out.weight.grad.clone()
    model.zero_grad()
    model.compile(backend="eager", fullgraph=True)
    for _ in range(2):
        model.zero_grad()
        made = criterion(model(rows), ids)
        made.backward()
        torch.testing.assert_close(made, wanted)
        torch.testing.assert_close(model.near.out.weight.grad, slope)


def test_nets_with_classifiers_are_not_stacked() -> None:
    made = training()
    assert isinstance(made.criterion, AuxiliaryLoss)
    with pytest.raises(CannotStackError, match="auxiliary classifiers"):
        together(made, [Net(), Net()])
