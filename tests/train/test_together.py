"""Several nets in one stack learn what each learns alone."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from gradwise import losses, nets, optim
from gradwise.data.examples import Examples
from gradwise.errors import UsageError
from gradwise.train.averaging import averaged
from gradwise.train.batches import Batches
from gradwise.train.callbacks import Callback, EarlyStopping
from gradwise.train.checkpoint import Checkpoints
from gradwise.train.loop import fit
from gradwise.train.metrics import metrics_for
from gradwise.train.stack import CannotStackError, Stack, check_agreement
from gradwise.train.together import ELEMENTWISE, MemberBatches, MembersLoss, clip_members, together
from gradwise.train.training import Training
from tests.train.small import DIGITS, StopAt, digits, same

SEEDS = (3, 4, 5)
TOLERANCE = 2e-6  # of weights up to 1: float32 sums in another order, over some fifty steps


def net(seed):
    torch.manual_seed(seed)
    return nets.make("mlp", outputs=10, numbers=64, units=16, depth=2)


def training(model, optimizer="adamw", *, weights=None, clip=None, ema=None, epochs=5):
    made = optim.make(optimizer, model.parameters(), weight_decay=0.01)
    schedule = optim.make_schedule("one-cycle", made, steps_per_epoch=10, epochs=epochs)
    return Training(
        model,
        made,
        losses.make("cross-entropy", weights=weights),
        schedule.scheduler,
        schedule.pace,
        clip=clip,
        ema=averaged(model, ema) if ema is not None else None,
        metrics=metrics_for(DIGITS),
        keep_best=True,
    )


def alone(seed, *, patience=0, epochs=5, **options):
    made = training(net(seed), epochs=epochs, **options)
    valid = Batches(digits(1000, 1100), 64, shuffle=False)
    batches = Batches(digits(0, 160), 16, seed=seed)
    fit(made, batches, valid, epochs=epochs, callbacks=[EarlyStopping(patience)])
    return made


def stacked(*, patience=0, ema=None, epochs=5, **options):
    made = [net(seed) for seed in SEEDS]
    return together(training(net(SEEDS[0]), epochs=epochs, **options), made, ema=ema, patience=patience)


def batches(**options):
    return MemberBatches(digits(0, 160), 16, seeds=SEEDS, **options)


def valid():
    return MemberBatches(digits(1000, 1100), 64, shuffle=False, seeds=SEEDS)


def apart(one, other):
    return max(float((one[name] - other[name]).abs().max()) for name in one)


def check_alike(several, singles):
    for member, single in enumerate(singles):
        found = several.member_weights(member)
        assert found.keys() == single.judged.state_dict().keys()
        assert apart(found, single.judged.state_dict()) <= TOLERANCE
    assert several.members.best_epochs == [single.progress.best_epoch for single in singles]
    for number, row in enumerate(several.progress.history):
        rows = [single.progress.history[number] for single in singles]
        assert row.train_loss == pytest.approx(np.mean([each.train_loss for each in rows]), rel=1e-5)
        assert row.valid_loss == pytest.approx(np.mean([each.valid_loss for each in rows]), rel=1e-5)
        assert row.metrics["accuracy"] == pytest.approx(np.mean([each.metrics["accuracy"] for each in rows]))


@pytest.mark.parametrize("optimizer", sorted(ELEMENTWISE & set(optim.OPTIMIZERS)))
def test_each_learns_what_it_learns_alone(optimizer):
    several = stacked(optimizer=optimizer, epochs=3)
    fit(several, batches(), valid(), epochs=3, callbacks=[EarlyStopping(0)])
    check_alike(several, [alone(seed, optimizer=optimizer, epochs=3) for seed in SEEDS])


@pytest.mark.parametrize(
    "options",
    [
        {"clip": 0.05, "optimizer": "momentum"},
        {"weights": [1.0 + digit for digit in range(10)]},
        {"ema": 0.9},
    ],
    ids=["clipped", "weighted", "averaged"],
)
def test_also_with_clipping_weights_and_averages(options):
    several = stacked(**options)
    fit(several, batches(), valid(), epochs=5, callbacks=[EarlyStopping(0)])
    check_alike(several, [alone(seed, **options) for seed in SEEDS])


def test_clipping_does_something():
    clipped, free = (alone(3, clip=clip, optimizer="momentum") for clip in (0.05, None))
    assert apart(clipped.model.state_dict(), free.model.state_dict()) > 100 * TOLERANCE


def test_biases_do_not_decay_though_a_stack_of_them_is_a_matrix():
    several = stacked()
    decays = {
        tuple(weight.shape): group["weight_decay"]
        for group in several.optimizer.param_groups
        for weight in group["params"]
    }
    assert decays[(3, 16, 64)] == 0.01
    assert decays[(3, 16)] == 0.0


class Seen(Callback):
    """Every member's weights after every epoch."""

    def __init__(self):
        self.epochs = []

    def on_epoch_end(self, training, _row, /):
        self.epochs.append([training.stack.weights(member) for member in range(len(SEEDS))])


def test_each_is_done_after_its_own_patience():
    several = stacked(optimizer="sgd", patience=1)
    each = iter([[1.0, 1.0, 1.0], [0.9, 1.1, 0.9], [0.8, 0.5, math.nan], [0.9, 0.4, 0.8]])
    several.criterion.read = lambda: next(each)
    seen = Seen()
    fit(several, batches(), valid(), epochs=20, callbacks=[seen, EarlyStopping(1)])
    assert several.members.best_epochs == [3, 1, 2], "what comes after the wait does not count"
    assert several.stop.startswith("no better loss")
    assert several.progress.epoch == 4
    for member, best in enumerate([3, 1, 2]):
        assert same(several.member_weights(member), seen.epochs[best - 1][member]), "of its own best epoch"


def test_a_member_without_a_loss_leaves_the_others_alone():
    several = stacked()
    with torch.no_grad():
        next(several.stack.parameters())[1].fill_(math.nan)
    fit(several, batches(), valid(), epochs=5, callbacks=[EarlyStopping(0)])
    assert several.members.best_epochs[1] == 0
    assert not math.isnan(several.progress.history[-1].valid_loss)
    for member in (0, 2):
        assert apart(several.member_weights(member), alone(SEEDS[member]).model.state_dict()) <= TOLERANCE


def test_it_goes_on_to_the_same_bits(tmp_path):
    whole = stacked(patience=3)
    fit(whole, batches(), valid(), epochs=5, callbacks=[EarlyStopping(3)])
    cut = stacked(patience=3)
    fit(cut, batches(), valid(), epochs=5, callbacks=[EarlyStopping(3, restore=False), StopAt(23)])
    assert cut.progress.position == 3
    Checkpoints(tmp_path).save(cut)
    resumed = stacked(patience=3)
    assert Checkpoints(tmp_path).load(resumed) == []
    assert resumed.members.best_epochs == cut.members.best_epochs
    fit(resumed, batches(), valid(), epochs=5, callbacks=[EarlyStopping(3)])
    assert same(resumed.model.state_dict(), whole.model.state_dict())
    assert resumed.members.best_values == whole.members.best_values
    assert resumed.members.waits == whole.members.waits


def test_members_meet_the_rows_in_the_order_of_their_seeds():
    rows = Examples({"numbers": np.arange(10.0, dtype=np.float32)[:, None]}, np.arange(10))
    several = MemberBatches(rows, 4, seeds=SEEDS)
    assert several.rows == 30
    singles = [list(Batches(rows, 4, seed=seed).iterate(2)) for seed in SEEDS]
    for number, ((numbers,), target) in enumerate(several.iterate(2)):
        assert target.tolist() == torch.cat([single[number][1] for single in singles]).tolist()
        assert numbers[:, 0].long().tolist() == target.tolist()


@pytest.mark.parametrize(
    ("name", "shape", "inputs"),
    [
        ("mlp", {"numbers": 3, "categories": (4, 7)}, [torch.randn(6, 3), torch.randint(0, 4, (6, 2))]),
        (
            "lenet-5",
            {"channels": 1, "height": 14, "width": 14},
            [torch.randint(0, 256, (6, 1, 14, 14), dtype=torch.uint8)],
        ),
    ],
)
def test_parts_of_any_kind_are_stacked(name, shape, inputs):
    made = []
    for seed in SEEDS:
        torch.manual_seed(seed)
        made.append(nets.make(name, outputs=2, **shape))
    stack = Stack(made)
    check_agreement(stack, made, inputs)
    stack(*inputs).square().sum().backward()
    for member, single in enumerate(made):
        single(*[tensor[2 * member : 2 * member + 2] for tensor in inputs]).square().sum().backward()
    for weight, *own in zip(stack.parameters(), *(single.parameters() for single in made), strict=True):
        torch.testing.assert_close(
            weight.grad, torch.stack([each.grad for each in own]), rtol=1e-4, atol=1e-5
        )


class Spreading(nn.Module):
    """A loss that compares rows."""

    def forward(self, outputs, _target):
        return (outputs - outputs.mean(dim=0)).square().mean()


@pytest.mark.parametrize(
    ("criterion", "alike"),
    [(losses.make("cross-entropy"), True), (losses.make("cross-entropy", weights=[1, 2, 3]), False),
     (Spreading(), False)],
    ids=["plain", "weighted", "comparing"],
)  # fmt: skip
def test_the_loss_is_the_sum_of_the_members_own(criterion, alike):
    several = MembersLoss(criterion, 2)
    for _ in range(2):
        outputs, target = torch.randn(8, 3, requires_grad=True), torch.arange(8) % 3
        expected = criterion(outputs[:4], target[:4]) + criterion(outputs[4:], target[4:])
        found = several(outputs, target)
        torch.testing.assert_close(found, expected)
        torch.testing.assert_close(
            torch.autograd.grad(found, outputs)[0], torch.autograd.grad(expected, outputs)[0]
        )
    assert several.alike is alike
    with torch.no_grad():
        several(outputs, target)
        several(outputs[[0, 4]], target[[0, 4]])
    each = []
    for at in (0, 4):
        four, one = slice(at, at + 4), slice(at, at + 1)
        sums = 4 * criterion(outputs[four], target[four]) + criterion(outputs[one], target[one])
        each.append(sums / 5)
    assert several.read() == pytest.approx([value.item() for value in each])
    assert math.isnan(several.read()[0]), "nothing was evaluated since"


class Mixing(nn.Module):
    """Says of a row what depends on the others."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 2)

    def forward(self, x):
        return self.layer(x - x.mean(dim=0))


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(4, 4)
        self.two = nn.Linear(4, 4)
        self.two.weight = self.one.weight


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)), "means of its batches"),
        (lambda: nn.LSTM(4, 4), "recurrent"),
        (Tied, "share weights"),
        (nn.ReLU, "no weights"),
    ],
)
def test_what_cannot_be_stacked_is_told(make, why):
    with pytest.raises(CannotStackError, match=why):
        Stack([make(), make()])


def test_a_net_that_mixes_rows_is_found_out():
    made = [Mixing(), Mixing()]
    with pytest.raises(CannotStackError, match="differ by"):
        check_agreement(Stack(made), made, [torch.randn(8, 4)])


def test_dropout_is_each_members_own():
    made = [nn.Sequential(nn.Dropout(0.5), nn.Linear(64, 1, bias=False)) for _ in range(2)]
    made[1].load_state_dict(made[0].state_dict())
    out = Stack(made)(torch.ones(2, 64))
    assert not out[0].equal(out[1])


def test_clipping_is_that_of_torch():
    single = [nn.Parameter(torch.zeros(3, 2)), nn.Parameter(torch.zeros(3))]
    several = [nn.Parameter(torch.zeros(2, 3, 2)), nn.Parameter(torch.zeros(2, 3))]
    for one, many in zip(single, several, strict=True):
        one.grad = torch.randn_like(one)
        many.grad = torch.stack([one.grad, 1e-3 * one.grad])
    small = [1e-3 * one.grad for one in single]
    nn.utils.clip_grad_norm_(single, 0.5)
    clip_members(several, 0.5)
    for one, many, kept in zip(single, several, small, strict=True):
        torch.testing.assert_close(many.grad[0], one.grad)
        torch.testing.assert_close(many.grad[1], kept)


def test_a_rate_that_goes_by_the_loss_cannot_be_shared():
    single = training(net(3))
    single.pace = "loss"
    with pytest.raises(CannotStackError, match="by the loss of one net"):
        together(single, [net(3), net(4)])


def test_validation_rows_are_needed():
    with pytest.raises(UsageError, match="validation rows"):
        fit(stacked(), batches(), None, epochs=1)
