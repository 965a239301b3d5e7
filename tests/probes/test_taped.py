"""Steps that are no single call of one model and one loss function are played again from tapes."""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from gradwise.probes.bench import Bench
from gradwise.probes.probe import Abstain
from gradwise.probes.rate import run as rate
from gradwise.probes.taped import TapedReplica
from gradwise.watch.capturing import captured_by
from tests.watch.watching import watched

STEPS = 12


def rows(number: int) -> Tensor:
    return torch.randn(16, 4, generator=torch.Generator().manual_seed(number))


class Written(nn.Module):
    """A loss written out in a way that nothing recognises, with dropout before it."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(inplace=True), nn.Dropout(0.3))
        self.head = nn.Linear(8, 1)

    def descended(self, number):
        x = rows(number)
        return torch.log1p((self.head(self.net(x)).squeeze(1) - x.sum(1)).abs()).mean()


class Penalised(nn.Module):
    """A loss function and a penalty beside it."""

    def __init__(self):
        super().__init__()
        self.net = nn.Linear(4, 3)

    def descended(self, number):
        x = rows(number)
        loss = F.cross_entropy(self.net(x), x[:, :3].argmax(1))
        return loss + 1e-2 * sum(p.pow(2).sum() for p in self.parameters()) * (1 + number % 3)


class Variational(nn.Module):
    """Two nets, noise drawn in between from torch's own state, and noise that no weight takes part in."""

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = nn.Linear(4, 6), nn.Linear(3, 4)

    def descended(self, number):
        x = rows(number) + 0.01 * torch.randn(16, 4)
        mean, spread = self.encoder(x).chunk(2, dim=1)
        code = mean + torch.randn_like(spread) * (0.5 * spread).exp()
        divergence = -0.5 * (1 + spread - mean.pow(2) - spread.exp()).sum(1).mean()
        return F.mse_loss(self.decoder(code), x) + divergence


class Siamese(nn.Module):
    """The same net twice in a step."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))

    def descended(self, number):
        x = rows(number)
        one, two = self.net(x), self.net(x + 0.1)
        return F.relu((one - two).norm(dim=1) - (one - two.roll(1, 0)).norm(dim=1) + 1).mean()


class InPlace(nn.Module):
    """A net whose states are written into a tensor made beforehand."""

    def __init__(self):
        super().__init__()
        self.cell, self.head = nn.GRUCell(1, 5), nn.Linear(5, 1)

    def descended(self, number):
        x, state = rows(number), torch.zeros(16, 5)
        out = torch.zeros(16, 4)
        for t in range(4):
            state = self.cell(x[:, t : t + 1], state)
            out[:, t] = self.head(state).squeeze(1)
        return ((out[:, :-1] - x[:, 1:]) ** 2).mean().sqrt()


class Slopes(nn.Module):
    """A penalty on the gradient with respect to the inputs."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4, 8), nn.Softplus(), nn.Linear(8, 1))

    def descended(self, number):
        x = rows(number).requires_grad_()
        out = self.net(x)
        (slope,) = torch.autograd.grad(out.sum(), x, create_graph=True)
        return F.mse_loss(out.squeeze(1), x.detach().sum(1)) + 0.1 * (slope.norm(dim=1) - 1).pow(2).mean()


class Mixed(nn.Module):
    """Autocast around the forward pass only."""

    def __init__(self):
        super().__init__()
        self.net = nn.Linear(4, 4)

    def descended(self, number):
        x = rows(number)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            out = self.net(x)
        return (out.float() - x.flip(1)).abs().pow(1.5).mean()


class Straight(torch.autograd.Function):
    """Signs, through which gradients go as through nothing."""

    @staticmethod
    def forward(ctx, x):
        return x.sign()

    @staticmethod
    def backward(ctx, slope):
        return slope


class Binary(nn.Module):
    """A function with a backward of its own."""

    def __init__(self):
        super().__init__()
        self.net, self.head = nn.Linear(4, 8), nn.Linear(8, 4)

    def descended(self, number):
        x = rows(number)
        return (self.head(Straight.apply(self.net(x))) - x.flip(1)).abs().pow(1.5).mean()


KINDS = (Written, Penalised, Variational, Siamese, InPlace, Slopes, Mixed)


def trained(model, *, steps=STEPS, step=None, optimizers=()):
    optimizer = optimizers[0] if optimizers else torch.optim.Adam(model.parameters(), lr=0.01)
    folder = Path(tempfile.mkdtemp(prefix="gradwise-taped-"))
    losses = []
    given = [*(optimizers or [optimizer])]
    with watched(folder / "run", models=[model], optimizers=given, probing=True) as session:
        for one in given:
            session.stages.optimizers.add(one)
        for number in range(steps):
            if step is not None:
                step(model, optimizer, number)
                continue
            optimizer.zero_grad()
            loss = model.descended(number)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert session.guard.counts == {}
    return captured_by(session), losses


def made(kind):
    torch.manual_seed(0)
    return kind()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_step_is_repeated_to_the_last_bit(kind):
    captured, _ = trained(made(kind))
    bench = Bench(captured)
    assert isinstance(bench.replica, TapedReplica)
    assert bench.admitted == "to the last bit"
    assert len(bench.batches) >= 3


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_with_other_weights_it_has_the_loss_and_the_gradient_that_the_script_would_have(kind):
    """Against the script's own code, run on a model of its own from the same weights and random state."""
    captured, _ = trained(made(kind))
    replica = Bench(captured).replica
    replica.load("initial")
    for batch in captured.taped.batches:
        own = made(kind)
        own.train()
        torch.manual_seed(batch.step)
        for p, q in zip(own.parameters(), replica.parameters, strict=True):
            p.data.copy_(q.data)
        if kind in (Written, Variational):
            continue  # what they draw is not to be had again from outside; see the test below
        loss = own.descended(batch.step)
        loss.backward()
        played = replica.loss(batch)
        replica.gradients(played)
        assert torch.equal(played, loss)
        for p, q in zip(own.parameters(), replica.parameters, strict=True):
            assert (p.grad is None) == (q.grad is None)
            assert p.grad is None or torch.equal(p.grad, q.grad)


@pytest.mark.parametrize("kind", [Written, Variational], ids=lambda kind: kind.__name__)
def test_training_goes_on_from_tapes_as_the_script_did(kind):
    """The last steps, played from the state before the first of them, give the weights of the end."""
    model = made(kind)
    captured, _ = trained(model, steps=5)
    replica = Bench(captured).replica
    replica.load("captured")
    replica.gradients(replica.loss(captured.taped.batches[-1]))
    replica.optimizer.step()
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), replica.parameters, strict=True))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_writing_and_playing_change_nothing(kind):
    plain = made(kind)
    optimizer = torch.optim.Adam(plain.parameters(), lr=0.01)
    losses = []
    for number in range(STEPS):
        optimizer.zero_grad()
        loss = plain.descended(number)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    after = torch.get_rng_state()
    model = made(kind)
    captured, seen = trained(model)
    assert seen == losses
    assert torch.equal(torch.get_rng_state(), after)
    before = copy.deepcopy((model.state_dict(), optimizer.state_dict()))
    from gradwise.probes.examining import run_probes

    facts = run_probes(captured, ["rate", "hessian"], seconds=2.0)
    assert [fact.data["status"] for fact in facts] == ["answered", "answered"]
    assert torch.equal(torch.get_rng_state(), after)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[0][name])
        assert torch.equal(tensor, plain.state_dict()[name])


def test_a_rate_a_hundred_times_too_high_is_told_with_a_loss_written_by_hand():
    def step(model, optimizer, number):
        optimizer.param_groups[0]["lr"] = 1.0
        optimizer.zero_grad()
        model.descended(number).backward()
        optimizer.step()

    captured, _ = trained(made(Siamese), steps=40, step=step)
    bench = Bench(captured)
    bench.watch = bench.watch.__class__(20.0)
    assert rate(bench).verdict == "lower"


def test_two_optimizers_that_step_together_are_played_together():
    model = made(Variational)
    adam = torch.optim.Adam(model.encoder.parameters(), lr=0.01)
    momentum = torch.optim.SGD(model.decoder.parameters(), lr=0.1, momentum=0.9)

    def step(model, _optimizer, number):
        adam.zero_grad()
        momentum.zero_grad()
        model.descended(number).backward()
        adam.step()
        momentum.step()

    captured, _ = trained(model, steps=8, step=step, optimizers=[adam, momentum])
    bench = Bench(captured)
    replica = bench.replica
    assert bench.admitted == "to the last bit"
    assert bench.batches[-1].step == 7
    replica.gradients(replica.loss(bench.batches[-1]))
    replica.optimizer.step()
    own = [*model.encoder.parameters(), *model.decoder.parameters()]
    assert all(torch.equal(p, q) for p, q in zip(own, replica.parameters, strict=True))


def refused(captured):
    with pytest.raises(Abstain) as reason:
        Bench(captured).replica  # noqa: B018
    return str(reason.value)


class Checkpointed(Siamese):
    """Nobody sees what runs within."""

    def descended(self, number):
        x = rows(number).requires_grad_()
        return checkpoint(self.net, x, use_reentrant=True).abs().pow(1.5).mean()


@pytest.mark.parametrize("kind", [Checkpointed, Binary], ids=lambda kind: kind.__name__)
def test_what_cannot_be_played_is_told(kind):
    captured, _ = trained(made(kind))
    assert captured.taped is None
    assert refused(captured) == "the model itself is never called in training"


def test_a_generator_of_the_scripts_own_is_left_alone():
    generator = torch.Generator().manual_seed(1)

    class Drawing(Siamese):
        def descended(self, number):
            out = self.net(rows(number))
            kept = torch.bernoulli(out.sigmoid().detach(), generator=generator)
            return (out * kept).abs().pow(1.5).mean()

    captured, _ = trained(made(Drawing))
    assert captured.taped is None


def test_one_loss_function_of_one_model_is_no_tape():
    class Plain(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Linear(4, 2)

        def forward(self, x):
            return self.net(x)

    def step(model, optimizer, number):
        x = rows(number)
        optimizer.zero_grad()
        F.cross_entropy(model(x), (x[:, 0] > 0).long()).backward()
        optimizer.step()

    captured, _ = trained(made(Plain), step=step)
    assert captured.taped is None
    assert not isinstance(Bench(captured).replica, TapedReplica)


def test_modes_of_the_script_stay_where_they_are():
    model = made(Siamese)
    torch.set_default_device("cpu")
    try:
        stack = torch.overrides._get_current_function_mode_stack()
        captured, _ = trained(model)
        assert torch.overrides._get_current_function_mode_stack() == stack
    finally:
        torch.set_default_device(None)
    assert captured.taped is not None
