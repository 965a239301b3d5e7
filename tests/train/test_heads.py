"""Losses of features and heads: what they see of a net, and what of them is kept."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn

from gradwise import losses
from gradwise.data.examples import Examples
from gradwise.errors import UsageError
from gradwise.train.averaging import averaged
from gradwise.train.batches import Batches
from gradwise.train.callbacks import SaveCheckpoint
from gradwise.train.checkpoint import Checkpoints
from gradwise.train.heads import criterion_for
from gradwise.train.loop import evaluate, fit
from gradwise.train.randomness import seed_everything
from gradwise.train.training import Training
from tests.train.small import StopAt, same, weights

NAMES = ["center:strength=0.1", "large-margin", "contrastive", "triplet", "triplet:mining=hard"]
DATA = load_digits()
PIXELS, TRUTH = (DATA.data / 16).astype(np.float32), DATA.target.astype(np.int64)
SOME = torch.from_numpy(PIXELS[:40]), torch.from_numpy(TRUTH[:40])


def net() -> nn.Sequential:
    return nn.Sequential(nn.Linear(64, 16), nn.Tanh(), nn.Linear(16, 10))


def batches(rows: slice = slice(0, 512)) -> Batches:
    return Batches(Examples({"numbers": PIXELS[rows]}, TRUTH[rows]), 64, shuffle=rows.start == 0)


def deeper() -> nn.Sequential:
    return nn.Sequential(
        nn.Sequential(nn.Linear(64, 64), nn.ReLU()),
        nn.Sequential(nn.Linear(64, 32), nn.ReLU()),
        nn.Linear(32, 10),
    )


def training(name: str, *, ema: bool = False, clip: float | None = None, make=net) -> Training:
    seed_everything(1)
    model = make()
    criterion = criterion_for(name, model, outputs=10)
    optimizer = torch.optim.AdamW([*model.parameters(), *criterion.parameters()], 0.01)
    average = averaged(model, 0.9) if ema else None
    return Training(model, optimizer, criterion, ema=average, clip=clip)


def test_a_loss_of_outputs_is_left_alone() -> None:
    model = net()
    criterion = criterion_for("focal", model, outputs=10, weights=[2.0] * 10)
    assert type(criterion) is type(losses.make("focal")) and not model[2]._forward_pre_hooks


@pytest.mark.parametrize("name", NAMES)
def test_with_gradients_features_count_and_without_the_outputs_alone(name: str) -> None:
    model, (rows, ids) = net(), SOME
    share = [1.0, 3.0] * 5
    criterion = criterion_for(name, model, outputs=10, weights=share)
    made = criterion(model(rows), ids)
    features, outputs = model[:2](rows), model(rows)
    plain = losses.make("cross-entropy", weights=share)(outputs, ids)
    if name == "large-margin":
        wanted = losses.make(name, weights=share)(outputs, ids, features, model[2].weight)
    else:
        sizes = {"classes": 10, "features": 16} if "center" in name else {}
        wanted = plain + losses.make(name, **sizes)(features, ids)
    torch.testing.assert_close(made, wanted)
    assert made > plain
    with torch.no_grad():
        assert criterion(model(rows), ids) == plain


@pytest.mark.parametrize("name", NAMES)
def test_it_learns_and_copies_of_the_net_go_their_own_way(name: str) -> None:
    made = training(name, ema=True, clip=5.0)
    valid = batches(slice(1000, 1797))
    before = evaluate(made.judged, valid, made.criterion)["loss"]
    fit(made, batches(), valid, epochs=12)
    assert before > 2 and made.progress.history[-1].valid_loss < 0.6
    assert list(made.judged.state_dict()) == list(net().state_dict())  # nothing of the loss is in the net
    rows, ids = SOME
    other = copy.deepcopy(made.model)
    outputs = made.model(rows)
    wanted = made.criterion(outputs, ids)
    outputs = made.model(rows)
    other(2 * rows)  # a copy's features are no concern of this loss
    assert made.criterion(outputs, ids) == wanted
    twin = pickle.loads(pickle.dumps(copy.deepcopy(made.model)))
    assert same(weights(twin), weights(made.model))


@pytest.mark.parametrize("name", NAMES)
def test_it_goes_on_from_a_checkpoint_as_if_nothing_had_happened(tmp_path, name: str) -> None:
    whole, first, second = (training(name, ema=True, clip=1.0) for _ in range(3))
    fit(whole, batches(), batches(), epochs=3)
    fit(first, batches(), batches(), epochs=3, callbacks=[StopAt(11), SaveCheckpoint(tmp_path)])
    seed_everything(99)
    assert Checkpoints(tmp_path).load(second) == []
    fit(second, batches(), batches(), epochs=3)
    assert same(weights(whole.model), weights(second.model))
    assert same(dict(whole.criterion.named_parameters()), dict(second.criterion.named_parameters()))
    assert whole.progress.history[-1].train_loss == second.progress.history[-1].train_loss


def test_centres_are_moved_and_saved_and_other_centres_are_refused(tmp_path) -> None:
    made = training("center", clip=1e-9)
    fit(made, batches(), epochs=1, callbacks=[SaveCheckpoint(tmp_path)])
    centers = dict(made.criterion.named_parameters())["loss.centers"]
    assert centers.abs().mean() > 0.01  # clipping is of the net's gradient
    assert not any(weight is centers for weight in made.parameters)
    with pytest.raises(UsageError, match="'loss.centers' is 160 in the checkpoint and missing in this net"):
        plain = training("cross-entropy")
        plain.optimizer = torch.optim.AdamW(plain.model.parameters(), 0.01)
        Checkpoints(tmp_path).load(plain)


def test_classes_get_tighter() -> None:
    def spread(name: str) -> float:
        made = training(name, make=deeper)
        fit(made, batches(), epochs=15)
        rows, ids = torch.from_numpy(PIXELS[1000:]), torch.from_numpy(TRUTH[1000:])
        with torch.no_grad():
            features = nn.functional.normalize(made.model[:2](rows))
        means = torch.stack([features[ids == k].mean(0) for k in range(10)])
        between = (means - features.mean(0)).square().sum(1).mean()
        return float((features - means[ids]).square().sum(1).mean() / between)

    plain = spread("cross-entropy")
    assert spread("large-margin") < 0.95 * plain  # measured: 0.275 of 0.309
    assert all(spread(name) < 0.9 * plain for name in ("center:strength=0.1", "contrastive", "triplet"))


def test_autocast_to_bfloat16() -> None:
    for name in NAMES:
        made = training(name)
        made.autocast = torch.bfloat16
        fit(made, batches(), batches(), epochs=1)
        assert made.progress.history[0].train_loss < 4


class Doubled(nn.Sequential):
    """A net that does something with what its last layer puts out."""

    def forward(self, rows):
        return 2 * super().forward(rows)


def test_nets_that_do_not_end_in_a_linear_layer_are_refused() -> None:
    with pytest.raises(
        UsageError, match="'center' takes a net with a linear layer of 3 outputs, and Sequential"
    ):
        criterion_for("center", net(), outputs=3)
    with pytest.raises(
        UsageError, match="takes classes and features from the net, got others; leave them out"
    ):
        criterion_for("center:classes=3", net(), outputs=10)
    odd = Doubled(nn.Linear(64, 10))
    criterion = criterion_for("triplet", odd, outputs=10)
    with pytest.raises(UsageError, match="'triplet' takes a net whose outputs are those of its last linear"):
        criterion(odd(SOME[0]), SOME[1])
    model = net()
    criterion = criterion_for("triplet", model, outputs=10)
    with torch.no_grad():
        outputs = model(SOME[0])
    with pytest.raises(
        UsageError, match="'triplet' takes outputs of a forward pass with gradients, got others"
    ):
        criterion(outputs, SOME[1])


def test_outputs_that_are_no_numbers_pass() -> None:
    model = net()
    nn.init.constant_(model[0].weight, torch.nan)
    assert criterion_for("large-margin", model, outputs=10)(model(SOME[0]), SOME[1]).isnan()
