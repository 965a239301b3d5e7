"""Regularisers within the loop: averages, checkpoints, line searches, and what a plan makes of their names."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from gradwise import optim, regularize
from gradwise.data.examples import Task
from gradwise.errors import GradwiseError, UsageError
from gradwise.train.averaging import averaged
from gradwise.train.callbacks import Callback, SaveCheckpoint
from gradwise.train.checkpoint import Checkpoints
from gradwise.train.config import FitConfig
from gradwise.train.loop import fit, step
from gradwise.train.plan import make_plan
from gradwise.train.randomness import seed_everything
from gradwise.train.stack import CannotStackError
from gradwise.train.together import together
from gradwise.train.training import Training
from tests.train.small import StopAt, net, same, train_batches, training, valid_batches, weights

IRIS = Task("classes", ("kind",), ("setosa", "versicolor", "virginica"))


def regularised(names, *, ema=None, average_from=None, rate=0.005, seed=0):
    seed_everything(seed)
    model, parts = net(), regularize.make(names)
    parts.wrap(model)
    optimizer = optim.make("adam", [*model.parameters(), *parts.parameters()], rate=rate)
    average = averaged(model, ema) if ema is not None else None
    if average_from is not None:
        average = AveragedModel(model)
    return Training(
        model,
        optimizer,
        nn.CrossEntropyLoss(),
        ema=average,
        average_from=average_from,
        regularisers=parts,
        end_with_best=True,
    )


class KeepWeights(Callback):
    def __init__(self):
        self.kept = []

    def on_epoch_end(self, training, row, /):
        self.kept.append(training.model[0].weight.detach().clone())
        if row.epoch == 1:
            training.progress.best_value = -1.0  # as if no later epoch were as good


def plan(config, rows=150):
    return make_plan(IRIS, {"numbers": 4}, rows, config)


@pytest.mark.parametrize(
    ("names", "options"),
    [
        ("l1:strength=0.01, noise:where=gradients", {"ema": 0.9}),
        ("l0, noise:where=weights, noise", {"ema": 0.9}),
        ("elastic, dropout, max-norm:norm=1", {"average_from": 1}),
    ],
)
def test_a_resumed_training_ends_with_the_same_bits(names, options, tmp_path):
    whole = regularised(names, **options)
    fit(whole, train_batches(), valid_batches(), epochs=4)
    cut = regularised(names, **options)
    fit(cut, train_batches(), valid_batches(), epochs=4, callbacks=[StopAt(27), SaveCheckpoint(tmp_path)])
    assert cut.progress.epoch == 2
    again = regularised(names, seed=9, **options)
    assert Checkpoints(tmp_path).load(again) == []
    fit(again, train_batches(), valid_batches(), epochs=4)
    assert same(weights(whole.model), weights(again.model))
    assert same(weights(whole.judged), weights(again.judged))
    assert same(whole.best_weights, again.best_weights) and whole.notes == again.notes
    first, second = whole.regularisers.state_dict(), again.regularisers.state_dict()
    assert str(first) == str(second) and first.keys() == second.keys()


def test_a_checkpoint_of_other_regularisers_is_refused(tmp_path):
    made = regularised("l1")
    fit(made, train_batches(), epochs=1, callbacks=[SaveCheckpoint(tmp_path)])
    with pytest.raises(UsageError, match="saved with regularisers l1, this training has l1:strength=2"):
        Checkpoints(tmp_path).load(regularised("l1:strength=2"))


def test_nothing_named_changes_nothing():
    ends = []
    for parts in (regularize.Regularisers(), regularize.make("l2:strength=0"), None):
        made = training()
        if parts is not None:
            made.regularisers = parts
        fit(made, train_batches(), valid_batches(), epochs=1)
        ends.append(weights(made.model))
        assert made.notes == []
    assert same(ends[0], ends[1]) and same(ends[0], ends[2])


def test_the_averaged_net_has_the_zeros_of_the_net():
    made = regularised("l1:strength=0.03", ema=0.9)
    fit(made, train_batches(), epochs=3)
    zero = made.model[0].weight == 0
    assert 0.1 < zero.float().mean() < 0.95
    made.best_weights = {}
    assert (made.judged[0].weight == 0).equal(zero)
    assert not made.judged[4].weight.equal(made.model[4].weight)


def test_the_share_of_zeros_is_noted_at_the_end():
    made = regularised("l1:strength=0.03")
    fit(made, train_batches(), valid_batches(), epochs=3)
    held = [made.best_weights[name] for name in ("0.weight", "4.weight")]
    share = 100 * sum(int((weight == 0).sum()) for weight in held) / 2368
    assert made.notes == [f"l1: {share:.3g} % of 2,368 weights are exactly zero"] == [made.regularised]
    assert share > 10


def test_weights_are_averaged_over_epochs_and_norms_taken_anew():
    made, kept = regularised("l2", average_from=2), KeepWeights()
    fit(made, train_batches(), valid_batches(), epochs=5, callbacks=[kept])
    mean = torch.stack(kept.kept[2:]).mean(0)
    torch.testing.assert_close(made.ema.module[0].weight.detach(), mean)
    assert made.progress.best_epoch >= 3  # epochs before the average began do not compete with it
    module = made.ema.module
    batches = list(train_batches().iterate(0))
    means = torch.stack([module[0](*inputs).mean(0) for inputs, _ in batches]).mean(0)
    assert int(made.ema.n_averaged) == 3
    module.load_state_dict({**module.state_dict(), "0.weight": mean})
    torch.testing.assert_close(module[1].running_mean, means.detach(), atol=1e-4, rtol=1e-3)


def test_the_loss_of_a_step_is_that_of_the_data():
    for name in ("adam", "l-bfgs"):
        losses = []
        for parts in (regularize.Regularisers(), regularize.make("l2:strength=10")):
            seed_everything(0)
            model = net().eval()
            optimizer = optim.make(name, model.parameters(), rate=0.01 if name == "adam" else 1.0)
            made = Training(
                model, optimizer, nn.CrossEntropyLoss(), regularisers=parts, closure=name == "l-bfgs"
            )
            inputs, target = next(iter(train_batches().iterate(0)))
            losses.append(step(made, inputs, target).item())
        assert losses[0] == losses[1]
        assert model[0].weight.norm() < 2.5 or name == "adam"


def test_l_bfgs_minimises_loss_and_penalty():
    inputs, target = torch.ones(1, 1), torch.full((1, 1), 3.0)
    model = nn.Linear(1, 1, bias=False)
    made = Training(
        model,
        optim.make("l-bfgs", model.parameters()),
        nn.MSELoss(),
        regularisers=regularize.make("l2:strength=1"),
        closure=True,
    )
    for _ in range(5):
        step(made, (inputs,), target)
    assert model.weight.item() == pytest.approx(2.0, abs=1e-4)  # (w − 3)² + w² / 2


def test_gates_are_in_the_weights_that_are_kept():
    made = regularised("l0")
    with torch.no_grad():
        for gate in made.regularisers.parameters():
            gate.copy_(torch.linspace(-3, 3, len(gate)))
    fit(made, train_batches(), valid_batches(), epochs=2)
    plain = net().eval()
    plain.load_state_dict(made.best_weights)
    inputs, _ = next(iter(valid_batches().iterate(0)))
    torch.testing.assert_close(plain(*inputs), made.judged.eval()(*inputs))
    assert "gates are shut" in made.notes[0] and (plain[0].weight == 0).all(0).any()


def test_a_stack_takes_none():
    made = regularised("l1")
    with pytest.raises(CannotStackError, match="weights of one net"):
        together(made, [net(), net()])


def test_names_with_settings_of_their_own_become_these():
    config = FitConfig.make(
        {"regularize": ["ema:decay=0.9", "early-stopping", "clip:norm=2", "ensemble:runs=3", "l1"]}
    )
    assert (config.regularize, config.ema, config.patience, config.clip, config.runs) == ("l1", 0.9, 10, 2, 3)
    assert FitConfig.make(config.given()) == config
    assert FitConfig(regularize="ema").regularize == "none"
    assert FitConfig(regularize="None") == FitConfig(regularize="None")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"regularize": "ema", "ema": 0.9}, "--ema and regulariser 'ema' say the same; give one of them."),
        ({"regularize": "ensemble", "runs": 2}, "--runs and regulariser 'ensemble' say the same"),
        ({"regularize": "swa", "ema": 0.9}, "--ema and regulariser 'swa' do the same work"),
        (
            {"regularize": "weight-decay", "weight_decay": 0.1},
            "--weight-decay and regulariser 'weight-decay' do",
        ),
        ({"regularize": "dropout", "dropout": 0.1}, "--dropout and regulariser 'dropout' do the same work"),
        ({"regularize": "l1", "optimizer": "l-bfgs"}, "behind l-bfgs's line search; take l2"),
        ({"regularize": "elastic", "optimizer": "ftrl"}, "write --optimizer ftrl:l1=0.1 alone"),
        ({"regularize": 3}, "regularize takes a word, not 3."),
        ({"regularize": "lasoo"}, "there is no regulariser 'lasoo' (did you mean 'lasso'?)."),
    ],
)
def test_what_does_not_go_together_is_told(settings, said):
    with pytest.raises(GradwiseError) as error:
        plan(FitConfig.make(settings))
    assert said in str(error.value)


def test_a_plan_follows_from_the_names():
    made = plan(FitConfig(regularize="Lasso:strength=0.1, max-norm"))
    assert (made.regularize, made.weight_decay) == ("l1:strength=0.1, max-norm", 0.0)
    assert "l1 was asked for" in next(c.reason for c in made.choices if c.name == "weight-decay")
    assert plan(FitConfig(regularize="l1", weight_decay=0.1)).weight_decay == 0.1
    assert plan(FitConfig(regularize="max-norm")).weight_decay == 0.01
    made = plan(FitConfig(regularize="swa"))
    assert (made.schedule, made.patience) == ("constant", 0)
    assert plan(FitConfig(regularize="swa", schedule="cosine", patience=3)).patience == 3
    assert plan(FitConfig()).regularize == "none"
