"""Modes, shares of dropout, precision and layout."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gradwise.heal.treatment import Cure
from tests.remedies.nets import CLASSES, CNN, MLP, RNN, SHAPES, could_not, did, same, treatment


class Droppy(MLP):
    """The MLP with dropout, as a module and as a function that forgets the mode."""

    def __init__(self, share=0.5, *, function=False):
        super().__init__()
        self.drop, self.share, self.function = nn.Dropout(share), share, function

    def forward(self, x):
        x = self.drop(self.act(self.fc1(x)))
        x = F.relu(self.fc2(x))
        return self.head(F.dropout(x, self.share) if self.function else x)


class Recurrent(RNN):
    def __init__(self):
        super().__init__()
        self.rnn, self.drop = nn.GRU(5, 8, 2, batch_first=True, dropout=0.7), nn.Dropout(0.7)

    def forward(self, x):
        return self.head(self.drop(self.rnn(x)[0][:, -1]))


SHAPES.update({Droppy: (6,), Recurrent: (4, 5)})
NETS = [Droppy, CNN, Recurrent]


class Loop:
    """A loop as users write it, with what differs as arguments."""

    def __init__(self, make, *, start=None, before_epoch=None, evaluate=None, epochs=3):
        self.make, self.start, self.before_epoch, self.evaluate = make, start, before_epoch, evaluate
        self.epochs = epochs

    def run(self, *cures):
        with treatment(*cures) as run:
            torch.manual_seed(0)
            net = self.make()
            shape = SHAPES[type(net)]
            held = torch.randn(8, *shape)
            optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
            self.seen = []
            if self.start:
                self.start(net)
            for epoch in range(self.epochs):
                if self.before_epoch:
                    self.before_epoch(net)
                for step in range(4):
                    torch.manual_seed(10 * epoch + step)
                    x = torch.randn(12, *shape)
                    optimizer.zero_grad()
                    F.cross_entropy(net(x), (x.reshape(12, -1).sum(1) > 0).long()).backward()
                    optimizer.step()
                torch.manual_seed(epoch)
                if self.evaluate:
                    self.seen.append(self.evaluate(net, held))
        return net, run


def validated(net, x):
    net.eval()
    with torch.no_grad():
        return net(x)


def bare(net, x):
    with torch.no_grad():
        return net(x)


def proper(net, x):
    result = validated(net, x)
    net.train()
    return result


def with_gradients(net, x):
    net.eval()
    return net(x).detach()


# ---- set-train-mode -----------------------------------------------------------------


@pytest.mark.parametrize("kind", NETS)
def test_training_goes_on_in_training_mode(kind):
    healed, run = Loop(kind, evaluate=validated).run(Cure("set-train-mode"))
    assert same(healed, Loop(kind, evaluate=validated, before_epoch=nn.Module.train).run()[0])
    assert did(run) == {f"{kind.__name__} was put into training mode": 2}
    assert not same(healed, Loop(kind, evaluate=validated).run()[0])


@pytest.mark.parametrize("evaluate", [None, with_gradients])
def test_where_passes_look_alike_the_first_backward_decides(evaluate):
    made, run = Loop(Droppy, start=nn.Module.eval, evaluate=evaluate).run(Cure("set-train-mode"))
    assert not run.charts[0].idle
    assert not made.training  # undone
    told = []
    Loop(Droppy, start=nn.Module.eval, evaluate=lambda net, x: told.append(net.training)).run(
        Cure("set-train-mode")
    )
    assert told == [True] * 3


def test_what_is_frozen_and_what_only_looks_on_stays():
    def frozen(net):
        net.norm.requires_grad_(False)

    net, _ = Loop(CNN, start=lambda n: (frozen(n), n.eval())).run(Cure("set-train-mode"))
    assert torch.equal(net.norm.running_mean, torch.zeros(4))
    teacher = MLP().eval()
    with treatment(Cure("set-train-mode")) as run:
        student = MLP()
        torch.optim.SGD(student.parameters(), lr=0.1)
        x = torch.ones(2, 6)
        F.mse_loss(student(x), teacher(x)).backward()
    assert run.charts[0].idle
    assert not teacher.training


def test_a_proper_loop_is_left():
    healed, run = Loop(Droppy, evaluate=proper).run(Cure("set-train-mode"), Cure("set-eval-mode"))
    assert same(healed, Loop(Droppy, evaluate=proper).run()[0])
    assert [chart.idle for chart in run.charts] == [True, True]


# ---- set-eval-mode ------------------------------------------------------------------


@pytest.mark.parametrize("kind", NETS)
def test_evaluations_run_in_evaluation_mode(kind):
    loop, edited = Loop(kind, evaluate=bare), Loop(kind, evaluate=proper)
    healed, run = loop.run(Cure("set-eval-mode"))
    assert same(healed, edited.run()[0])
    assert all(torch.equal(a, b) for a, b in zip(loop.seen, edited.seen, strict=True))
    assert did(run) == {f"{kind.__name__} was evaluated in evaluation mode": 3}
    assert healed.training


@pytest.mark.parametrize("evaluate", [bare, proper])
def test_a_function_that_forgets_the_mode(evaluate):
    loop = Loop(lambda: Droppy(function=True), evaluate=evaluate)
    _, run = loop.run(Cure("set-eval-mode"))
    assert "dropout() was left out of evaluations" in did(run)
    net = Droppy(function=True)
    with treatment(Cure("set-eval-mode")), torch.no_grad():
        x = torch.randn(4, 6)
        assert torch.equal(net(x), net(x))
    assert not torch.equal(net(x), net(x))


def test_who_follows_an_evaluation_is_told_that_nothing_is_dropped(monkeypatch):
    told = []
    with treatment(Cure("set-eval-mode")) as run:
        net = Droppy(function=True)
        silenced = F.dropout

        def follows(*args, **kwargs):
            told.append(args[2] if len(args) > 2 else kwargs.get("training", True))
            return silenced(*args, **kwargs)

        with torch.no_grad(), monkeypatch.context() as wrapped:
            wrapped.setattr(F, "dropout", follows)
            net(torch.ones(2, 6))
            assert F.dropout is follows
        net(torch.ones(2, 6))
    assert told == [False, False]  # the layer's own, and the function that forgets the mode
    assert did(run)["dropout() was left out of evaluations"] == 1


def test_passes_at_every_step_are_part_of_training():
    with treatment(Cure("set-eval-mode")) as run:
        net = Droppy()
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        modes = []
        net.fc1.register_forward_hook(lambda *_: modes.append((torch.is_grad_enabled(), net.training)))
        for _ in range(6):
            bare(net, torch.ones(2, 6))
            net(torch.ones(2, 6)).sum().backward()
            optimizer.step()
    assert [training for grad, training in modes if not grad][2:] == [True] * 4
    assert could_not(run) == ["Droppy runs without gradients at every step"]


def test_statistics_that_are_collected_and_failures():
    from torch.optim.swa_utils import update_bn

    with treatment(Cure("set-eval-mode")) as run:
        net = CNN()
        update_bn([torch.randn(4, 1, 6, 6) + 3], net)
        assert not torch.equal(net.norm.running_mean, torch.zeros(4))
        with pytest.raises(RuntimeError), torch.no_grad():
            net(torch.ones(2, 9))
        assert all(part.training for part in net.modules())
    assert len(could_not(run)) == 1


@pytest.mark.parametrize("cure", ["set-eval-mode", "lower-dropout"])
def test_functions_that_drop_nothing_unless_asked_go_on_so(cure):
    class Alpha(MLP):
        def forward(self, x):
            return super().forward(F.alpha_dropout(x, 0.9))

    net, x = Alpha(), torch.randn(4, 6)
    with treatment(Cure(cure)) as run:
        assert torch.equal(net(x), net(x))
    assert run.charts[0].idle


# ---- lower-dropout ------------------------------------------------------------------


@pytest.mark.parametrize("function", [False, True])
def test_larger_shares_are_lowered(function):
    healed, run = Loop(lambda: Droppy(0.9, function=function)).run(Cure("lower-dropout", {"share": 0.3}))
    assert same(healed, Loop(lambda: Droppy(0.3, function=function)).run()[0])
    assert healed.drop.p == 0.9
    expected = {
        "drop drops 0.9 → 0.3": 1,
        **({"dropout() in Droppy drops 0.9 → 0.3": 12} if function else {}),
    }
    assert did(run) == expected


def test_dropout_inside_recurrent_layers():
    def edited():
        net = Recurrent()
        net.rnn.dropout = net.drop.p = 0.2
        return net

    healed, _ = Loop(Recurrent).run(Cure("lower-dropout"))
    assert same(healed, Loop(edited).run()[0])
    assert healed.rnn.dropout == 0.7


def test_smaller_shares_and_other_places_stay():
    assert Loop(lambda: Droppy(0.1)).run(Cure("lower-dropout"))[1].charts[0].idle
    _, run = Loop(lambda: Droppy(0.9, function=True)).run(Cure("lower-dropout", where=("drop",)))
    assert did(run) == {"drop drops 0.9 → 0.2": 1}


@pytest.mark.parametrize("function", [False, True])
def test_outputs_are_not_dropped(function):
    class Last(MLP):
        def __init__(self):
            super().__init__()
            self.drop = nn.Dropout(0.5)

        def forward(self, x):
            x = super().forward(x)
            return F.dropout(x) if function else self.drop(x)

    SHAPES[Last] = (6,)
    torch.manual_seed(0)
    x, net = torch.randn(4, 6), Last()
    wanted = MLP.forward(net, x)
    with treatment(Cure("lower-dropout")):
        assert torch.equal(net(x), wanted)


# ---- autocast-bf16 ------------------------------------------------------------------


class Cast(nn.Module):
    """The edit: the forward pass in a context."""

    def __init__(self, kind):
        super().__init__()
        self.net = kind()

    def forward(self, x):
        if not torch.is_grad_enabled():
            return self.net(x)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return self.net(x).float()


@pytest.mark.parametrize("kind", [MLP, CNN, RNN])
def test_training_passes_run_under_autocast(kind):
    class Edited(Cast):
        def __init__(self):
            super().__init__(kind)

    SHAPES[Edited] = SHAPES[kind]
    healed, run = Loop(kind, evaluate=bare).run(Cure("autocast-bf16"))
    assert same(healed, Loop(Edited, evaluate=bare).run()[0].net)
    assert not same(healed, Loop(kind, evaluate=bare).run()[0])
    assert did(run) == {f"{kind.__name__} ran in bfloat16": 12}
    assert not torch.is_autocast_enabled("cpu")


def test_where_autocast_is_not_meant_and_where_a_pass_fails():
    class Two(MLP):
        def forward(self, x):
            return {"scores": [super().forward(x)], "sum": x.sum(), "name": "two"}

    with treatment(Cure("autocast-bf16")) as run:
        out = Two()(torch.ones(2, 6))
        assert out["scores"][0].dtype == torch.float32
        assert out["name"] == "two"
        with pytest.raises(RuntimeError):
            MLP()(torch.ones(2, 7))
        assert not torch.is_autocast_enabled("cpu")
        assert MLP().double()(torch.ones(2, 6).double()).dtype == torch.float64
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert MLP()(torch.ones(2, 6)).dtype == torch.bfloat16
    assert could_not(run) == ["the script has an autocast of its own"]


# ---- channels-last ------------------------------------------------------------------


class Images(nn.Module):
    """Convolutions and a view that wants the usual layout."""

    def __init__(self):
        super().__init__()
        self.one, self.two, self.head = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3), nn.Linear(32, CLASSES)

    def forward(self, x):
        self.lies = x.is_contiguous(memory_format=torch.channels_last)
        x = F.relu(self.two(F.relu(self.one(x))))
        return self.head(x.view(x.size(0), -1))


SHAPES[Images] = (3, 6, 6)


def test_images_and_weights_lie_as_in_the_edited_script():
    class Edited(Images):
        def forward(self, x):
            x = x.contiguous(memory_format=torch.channels_last)
            x = F.relu(self.two(F.relu(self.one(x))))
            return self.head(x.reshape(x.size(0), -1))

    SHAPES[Edited] = (3, 6, 6)
    loop = Loop(Images, before_epoch=lambda net: loop.held.append(net.one.weight))
    loop.held = []
    healed, run = loop.run(Cure("channels-last"))
    assert healed.lies
    assert all(weight is healed.one.weight for weight in loop.held)
    assert same(healed, Loop(Edited, start=lambda net: net.to(memory_format=torch.channels_last)).run()[0])
    assert healed.one.weight.is_contiguous()
    assert did(run) == {"Images lies with the channels side by side": 1}


@pytest.mark.parametrize("kind", [MLP, RNN])
def test_nets_without_images_are_left(kind):
    healed, run = Loop(kind).run(Cure("channels-last"))
    assert run.charts[0].idle
    assert same(healed, Loop(kind).run()[0])


def test_views_that_are_wrong_stay_wrong():
    with treatment(Cure("channels-last")):
        x = torch.ones(2, 3)
        assert x.view(torch.int32).dtype == torch.int32
        assert x.t().view(6).shape == (6,)
        with pytest.raises(RuntimeError):
            x.view(5)
    with pytest.raises(RuntimeError):
        x.t().view(6)


def test_a_compiled_model_with_a_view():
    with treatment(Cure("channels-last")):
        net = Images()
        x = torch.randn(2, 3, 6, 6)
        torch.testing.assert_close(torch.compile(net, backend="eager")(x), net(x))
