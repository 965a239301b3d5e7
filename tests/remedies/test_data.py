"""Cures that change inputs, targets, the order of samples and how often each is drawn."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    RandomSampler,
    SequentialSampler,
    TensorDataset,
    WeightedRandomSampler,
)

from gradwise.heal.treatment import Cure
from tests.remedies.nets import CNN, MLP, NETS, RNN, SHAPES, close, could_not, did, same, sgd, treatment

each_net = pytest.mark.parametrize("kind", NETS)
AXIS = {MLP: 1, CNN: 1, RNN: -1}


def data(kind, rows=24):
    torch.manual_seed(7)
    x = torch.randn(rows, *SHAPES[kind]) * 40 + 300
    return x, torch.randint(0, 3, (rows,))


def loop(kind, x, y, *, loader=True, epochs=2, shuffle=False, sampler=None, judge=None, size=8):
    """Training from a loader, or with all rows at once, with an evaluation after each epoch."""
    torch.manual_seed(3)
    net = kind()
    optimizer = sgd(net, lr=0.01)
    batches = [(x, y)]
    if loader:
        batches = DataLoader(TensorDataset(x, y), batch_size=size, shuffle=shuffle, sampler=sampler)
    net.seen = []
    for _ in range(epochs):
        net.train()
        for a, b in batches:
            optimizer.zero_grad()
            F.cross_entropy(net(a), b).backward()
            optimizer.step()
        net.eval()
        with torch.no_grad():
            net.seen.append(net(x if judge is None else judge).clone())
    return net


def scaled(kind, x):
    dims = tuple(d for d in range(x.dim()) if d != AXIS[kind] % x.dim())
    mean, std = x.double().mean(dims, keepdim=True), x.double().std(dims, correction=0, keepdim=True)
    return (x - mean.float()) / std.float()


@each_net
@pytest.mark.parametrize("loader", [True, False])
def test_scaled_input_is_that_of_the_edit(kind, loader):
    x, y = data(kind)
    with treatment(Cure("standardize-input")) as run:
        healed = loop(kind, x, y, loader=loader)
    edited = loop(kind, scaled(kind, x), y, loader=loader)
    assert close(healed, edited)
    torch.testing.assert_close(healed.seen, edited.seen)
    assert not close(healed, loop(kind, x, y, loader=loader))
    assert list(did(run)) == [f"input columns of {kind.__name__} were brought to unit scale"]
    with torch.no_grad():  # undone: what enters is the script's own
        assert not torch.allclose(healed(x), healed.seen[-1])


def test_columns_of_flags_and_without_spread_stay():
    x, y = data(MLP)
    x[:, 0], x[:, 1] = 5.0, (x[:, 1] > 300).float()
    with treatment(Cure("standardize-input")):
        healed = loop(MLP, x, y)
    edited = scaled(MLP, x)
    edited[:, :2] = x[:, :2]
    assert close(healed, loop(MLP, edited, y))


def test_batches_that_nobody_knows_are_counted_while_they_come():
    x, y = data(MLP)

    def by_hand():
        torch.manual_seed(3)
        net = MLP()
        seen = []
        net.fc1.register_forward_hook(lambda module, args, out: seen.append(args[0]))
        for rows in torch.arange(24).split(6):
            F.cross_entropy(net(x[rows]), y[rows]).backward()
        return seen

    with treatment(Cure("standardize-input", {"batches": 2})):
        seen = by_hand()
    mean, std = x[:12].mean(0), x[:12].std(0, correction=0)
    torch.testing.assert_close(seen[0], (x[:6] - x[:6].mean(0)) / x[:6].std(0, correction=0))
    torch.testing.assert_close(seen[3], (x[18:] - mean) / std)


def test_inputs_at_unit_scale_and_ids_and_losses_are_left():
    torch.manual_seed(0)
    x, y = torch.randn(64, 6), torch.randint(0, 3, (64,))
    with treatment(Cure("standardize-input")) as run:
        healed = loop(MLP, x, y, loader=False)
        nn.Embedding(4, 2)(torch.tensor([1, 2]))
        nn.MSELoss()(torch.full((4, 1), 50.0), torch.ones(4, 1))
    assert same(healed, loop(MLP, x, y, loader=False))
    assert run.charts[0].idle


def test_what_another_model_computed_is_left():
    torch.manual_seed(0)
    first, second = nn.Linear(3, 3), nn.Linear(3, 1)
    seen = []
    second.register_forward_hook(lambda module, args, out: seen.append(args[0]))
    x = torch.randn(8, 3) * 50 + 9
    with treatment(Cure("standardize-input")):
        hidden = first(x)
        second(hidden).sum().backward()
    assert torch.equal(seen[0], hidden)


# ---- targets ------------------------------------------------------------------------


class Regressor(nn.Module):
    def __init__(self, body):
        super().__init__()
        self.body, self.out = body, nn.Linear(3, 1)

    def forward(self, x):
        return self.out(self.body(x))


MSE = nn.MSELoss()


def regress(kind, x, y, *, loss=MSE, squeeze=False, factor=1.0, shift=0.0, steps=6):
    """Training on numbers; the edited script gives predictions on in the old units."""
    torch.manual_seed(3)
    net = Regressor(kind())
    optimizer = sgd(net, lr=0.01)
    net.losses, net.judged = [], []
    for _ in range(steps):
        optimizer.zero_grad()
        out = net(x)
        value = loss(out.squeeze(1) if squeeze else out, (y - shift) / factor)
        value.backward()
        optimizer.step()
        net.losses.append(value.item())
        net.eval()
        with torch.no_grad():
            net.judged.append(net(x) * factor + shift)
        net.train()
    return net


@each_net
@pytest.mark.parametrize("loss", [nn.MSELoss(), nn.L1Loss(), nn.HuberLoss()])
def test_scaled_targets_are_those_of_the_edit(kind, loss):
    x = torch.randn(16, *SHAPES[kind])
    y = torch.randn(16, 1) * 2000 + 50_000
    with treatment(Cure("standardize-target")) as run:
        healed = regress(kind, x, y, loss=loss)
    mean, std = y.double().mean().float(), y.double().std(correction=0).float()
    edited = regress(kind, x, y, loss=loss, factor=std, shift=mean)
    assert same(healed, edited)
    torch.testing.assert_close(healed.judged, edited.judged)
    assert not close(healed, regress(kind, x, y, loss=loss))
    assert did(run)["distances were taken between scaled targets and outputs"] == 6


def test_losses_stay_in_the_scripts_units():
    x, y = torch.randn(16, 6), torch.randn(16) * 30 + 500
    with treatment(Cure("standardize-target")):
        healed = regress(MLP, x, y, squeeze=True)
    edited = regress(MLP, x, y, squeeze=True, factor=y.std(correction=0), shift=y.mean())
    assert close(healed, edited)
    assert healed.losses[1:] == pytest.approx(
        [value * y.var(correction=0).item() for value in edited.losses[1:]], rel=1e-3
    )


def test_targets_at_unit_scale_and_constant_ones_are_left():
    x = torch.randn(64, 6)
    for y in (torch.randn(64, 1), torch.full((64, 1), 9.0)):
        with treatment(Cure("standardize-target")) as run:
            healed = regress(MLP, x, y)
        assert same(healed, regress(MLP, x, y))
        assert run.charts[0].idle
        assert could_not(run) == ["targets are at unit scale already, or do not vary"]


# ---- order and share of samples -----------------------------------------------------


@each_net
def test_a_shuffled_loader_is_that_of_the_edit(kind):
    x, y = data(kind)
    with treatment(Cure("shuffle")) as run:
        healed = loop(kind, x / 100, y)
    assert same(healed, loop(kind, x / 100, y, shuffle=True))
    assert did(run) == {"epochs of the training loader were shuffled": 2}


def test_shuffled_loaders_and_evaluation_are_left_and_undoing_puts_the_order_back():
    x, y = data(MLP)
    with treatment(Cure("shuffle")) as run:
        healed = loop(MLP, x, y, shuffle=True)
        assert run.charts[0].idle
        own, judged = (DataLoader(TensorDataset(x, y), batch_size=8) for _ in range(2))
        with torch.no_grad():
            assert torch.equal(next(iter(judged))[0], x[:8])
        healed.eval()
        assert torch.equal(next(iter(judged))[0], x[:8])
        healed.train()
        for a, b in own:
            F.cross_entropy(healed(a), b).backward()
        assert type(own.sampler) is RandomSampler
        assert sorted(t.sum().item() for t, _ in own) != sorted(t.sum().item() for t in x.split(8))
    assert type(own.sampler) is type(own.batch_sampler.sampler) is SequentialSampler
    assert torch.equal(next(iter(own))[0], x[:8])


def test_a_loader_that_is_never_trained_from_gets_its_order_back():
    x, y = data(MLP)
    other = DataLoader(TensorDataset(x, y), batch_size=8)
    with treatment(Cure("shuffle")) as run:
        for _ in range(3):
            seen = [a for a, _ in other]
        assert torch.equal(torch.cat(seen), x)
    assert run.charts[0].idle


def test_batches_cut_by_hand_are_told():
    x, y = data(MLP)
    with treatment(Cure("shuffle"), Cure("resample")) as run:
        loop(MLP, x, y, loader=False)
    assert (
        could_not(run)
        == ["no DataLoader was trained from; batches that are cut by hand stay as they are"] * 2
    )


@each_net
@pytest.mark.parametrize("shuffle", [True, False])
def test_a_loader_of_larger_batches_is_that_of_the_edit(kind, shuffle):
    x, y = data(kind)
    with treatment(Cure("larger-batch", {"times": 4})) as run:
        healed = loop(kind, x / 100, y, shuffle=shuffle, size=3)
    assert same(healed, loop(kind, x / 100, y, shuffle=shuffle, size=12))
    assert not same(healed, loop(kind, x / 100, y, shuffle=shuffle, size=3))
    assert did(run) == {"epochs of the training loader had batches 4 times as large": 2}


def test_batch_norm_sees_the_larger_batch():
    x, y = data(MLP)
    norm = nn.BatchNorm1d(x.shape[1])
    sizes = []
    norm.register_forward_pre_hook(lambda _module, given: sizes.append(len(given[0])))
    head = nn.Linear(x.shape[1], 3)
    optimizer = torch.optim.SGD([*norm.parameters(), *head.parameters()], lr=0.1)
    loader = DataLoader(TensorDataset(x, y), batch_size=2, drop_last=True)
    with treatment(Cure("larger-batch", {"times": 16})):
        for a, b in loader:
            F.cross_entropy(head(norm(a)), b).backward()
            optimizer.step()
        assert loader.batch_size == 24  # no larger than the data, of which drop_last would leave nothing
    assert sizes == [24]
    assert loader.batch_size == loader.batch_sampler.batch_size == 2
    assert len(next(iter(loader))[0]) == 2


def test_batches_that_something_else_chooses_are_summed_up():
    x, y = data(MLP)

    class Own(BatchSampler):
        """Chooses batches itself."""

    own = Own(SequentialSampler(x), 6, drop_last=False)
    net = MLP()
    with treatment(Cure("larger-batch", {"times": 2})) as run:
        optimizer = sgd(net, lr=0.01)
        for a, b in DataLoader(TensorDataset(x, y), batch_sampler=own):
            F.cross_entropy(net(a), b).backward()
            optimizer.step()
    assert did(run) == {"gradients of 2 steps were averaged and used at once": 2}
    assert own.batch_size == 6


@each_net
@pytest.mark.parametrize("shuffle", [True, False])
def test_drawing_by_class_is_that_of_the_edit(kind, shuffle):
    x, y = data(kind)
    y = (torch.arange(24) < 4).long()
    with treatment(Cure("resample")) as run:
        healed = loop(kind, x / 100, y, shuffle=shuffle)
    sampler = WeightedRandomSampler(1.0 / torch.bincount(y)[y], len(y))
    assert same(healed, loop(kind, x / 100, y, sampler=sampler))
    assert did(run) == {"epochs of the training loader were drawn by class": 2}


def test_classes_that_cannot_be_read_are_told():
    class Secret(torch.utils.data.Dataset):
        def __len__(self):
            return 8

        def __getitem__(self, index):
            return torch.zeros(6), index % 3

    with treatment(Cure("resample")) as run:
        for _ in DataLoader(Secret(), batch_size=4):
            pass
    assert could_not(run) == ["the classes of the data set cannot be read without reading all samples"]
