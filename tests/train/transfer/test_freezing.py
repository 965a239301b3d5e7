"""Stages of nets, which of them learn in which epoch, and at what rate."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gradwise import nets, optim
from gradwise.errors import UsageError
from gradwise.nets.auxiliary import Auxiliary
from gradwise.train.averaging import averaged
from gradwise.train.loop import fit
from gradwise.train.rate_test import range_test
from gradwise.train.transfer import Freezing, rate_factors, stages
from tests.train.small import net, train_batches, training, valid_batches, weights

IMAGE = {"channels": 3, "height": 224, "width": 224}
NAMES = {
    "lenet-5": ["features.0", "features.3", "head.1", "head.3", "head.5"],
    "resnet50": ["conv1", "layer1", "layer2", "layer3", "layer4", "fc"],
    "preresnet18": ["stem.conv", *(f"stages.{n}.blocks" for n in range(4)), "head.fc"],
}


def made(name, **options):
    size = {"channels": 1, "height": 28, "width": 28} if name == "lenet-5" else IMAGE
    with torch.device("meta"):
        return nets.make(name, outputs=10, **size, **options)


@pytest.mark.parametrize("name", NAMES)
def test_stages_are_what_one_would_name(name):
    assert [stage.name for stage in stages(made(name))] == NAMES[name]


def test_every_weight_of_every_net_is_in_one_stage_and_the_last_is_the_output():
    for name in nets.NETS:
        if "images" not in nets.NETS[name].makers:
            continue
        model = made(name)
        found = stages(model)
        ids = [id(weight) for stage in found for weight in stage.parameters]
        assert sorted(ids) == sorted(id(weight) for weight in model.parameters()), name
        assert sum(weight.ndim > 1 for weight in found[-1].parameters) == 1, name


def test_auxiliary_classifiers_go_with_the_output():
    class Side(Auxiliary):
        def __init__(self):
            super().__init__(0.3)
            self.out = nn.Linear(4, 2)

    model = nn.Sequential(nn.Linear(3, 4), Side(), nn.Linear(4, 4), nn.Linear(4, 2))
    assert [stage.name for stage in stages(model)] == ["0", "2", "3"]
    assert model[1].out.weight in set(stages(model)[-1].parameters)


def test_norms_and_loose_weights_go_with_their_neighbours():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.token = nn.Parameter(torch.zeros(1, 3))
            self.before = nn.BatchNorm1d(3)
            self.body = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.PReLU(), nn.Linear(4, 4))
            self.tied = self.body[3]
            self.out = nn.Linear(4, 2)

    found = stages(Net())
    assert [(stage.name, stage.size) for stage in found] == [
        ("body.0", 3 + 6 + 16 + 8 + 1),
        ("body.3", 20),
        ("out", 10),
    ]


def learning(model):
    return [name for name, weight in model.named_parameters() if weight.requires_grad]


def test_frozen_weights_and_norms_stay_to_the_bit_and_the_others_learn():
    state = training()
    state.freezing = Freezing(state.model, "all")
    before = weights(state.model)
    fit(state, train_batches(), valid_batches(), epochs=2)
    after = weights(state.model)
    changed = {name for name in after if not after[name].equal(before[name])}
    assert changed == {"4.weight", "4.bias"} == set(learning(state.model))
    assert state.model[3].training and not state.model[1].training  # dropout acts, the frozen norm does not


def test_stages_thaw_one_by_one_with_their_norms():
    model = net()
    freezing = Freezing(nn.Sequential(nn.Linear(64, 64), *model), "all", every=2)
    assert [freezing.learning_in(epoch) for epoch in range(6)] == [1, 1, 2, 2, 3, 3]
    state = training()
    state.freezing = Freezing(state.model, "all", every=1)
    first = state.model[0].weight.clone()
    seen = []
    for epochs in (1, 2):
        fit(state, train_batches(), valid_batches(), epochs=epochs)
        seen.append((state.model[0].weight.equal(first), int(state.model[1].num_batches_tracked)))
    assert seen == [(True, 0), (False, 10)]


def test_an_average_of_epochs_leaves_frozen_norms_alone():
    state = training()
    with torch.no_grad():
        state.model[1].running_mean.fill_(0.25)
    state.freezing = Freezing(state.model, "all")
    state.ema, state.average_from = torch.optim.swa_utils.AveragedModel(state.model), 1
    fit(state, train_batches(), valid_batches(), epochs=3)
    assert state.ema.module[1].running_mean.eq(0.25).all()
    state = training(ema=averaged)
    state.ema = averaged(state.model, 0.9)
    state.freezing = Freezing(state.model, "all")
    fit(state, train_batches(), valid_batches(), epochs=1)
    assert state.ema.module[0].weight.equal(state.model[0].weight)


WRONG = {
    "2": r"not '2'; write all-but-2 if the last 2 shall learn\.$",
    "half": r"^--freeze takes none, all .* or all-but-3 .*, not 'half'\.$",
    "all-but-0": "not 'all-but-0'",
    "all-but-2": r"leaves nothing to freeze: this net has 2 stages \(0, 4\)",
    "all-but-9": r"leaves nothing to freeze: this net has 2 stages \(0, 4\); freeze fewer, or leave it out\.$",
}


@pytest.mark.parametrize("word", WRONG)
def test_words_that_freeze_nothing(word):
    with pytest.raises(UsageError, match=WRONG[word]):
        Freezing(net(), word)


@pytest.mark.parametrize("schedule", ["one-cycle", "plateau:patience=0", "constant:warm-up=0.2"])
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_rates_stay_in_proportion_under_schedules_and_decay(schedule, decay):
    model = net()
    shares = rate_factors(model, 0.5)
    optimizer = optim.make("adamw", model.parameters(), rate=0.01, weight_decay=decay, shares=shares)
    made = optim.make_schedule(schedule, optimizer, steps_per_epoch=4, epochs=3)
    of = {id(weight): group for group in optimizer.param_groups for weight in group["params"]}
    first, last = of[id(model[0].weight)], of[id(model[4].weight)]
    assert optimizer.param_groups[0] is last  # the rate that is shown is the full one
    assert len(optimizer.param_groups) == (4 if decay else 2)
    assert of[id(model[4].bias)]["weight_decay"] == 0.0 and last["weight_decay"] == decay
    for step in range(12):
        assert first["lr"] == pytest.approx(0.5 * last["lr"])
        optimizer.step()
        if "plateau" in schedule:
            made.scheduler.step(1.0)
        elif made.pace == "batch" or step % 4 == 3:
            made.scheduler.step()


def test_slow_stages_move_less_and_the_range_test_keeps_the_proportion():
    def state():
        shares = {}

        def optimizer(parameters):
            parameters = list(parameters)
            shares.update(dict.fromkeys(parameters[:4], 0.1))
            return optim.make("sgd", parameters, rate=0.1, shares=shares)

        return training(optimizer=optimizer)

    tried = state()
    batches = list(train_batches().iterate(0))
    range_test(lambda: tried, batches, usual=0.1, steps=(30,))
    rates = [group["lr"] for group in tried.optimizer.param_groups]
    assert rates[1] == pytest.approx(0.1 * rates[0])
