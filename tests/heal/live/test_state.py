"""A state is taken without a trace and put back to the last bit, into the tensors that are there."""

import copy
import io
import random

import numpy as np
import pytest
import torch
from torch import nn

from gradwise.heal.live.chance import random_states, set_random_states
from gradwise.heal.live.state import Body, clear_broken_gradients, finite


def through_disk(document):
    """As the ring writes and reads it, without running code."""
    stream = io.BytesIO()
    torch.save(document, stream)
    stream.seek(0)
    return torch.load(stream, weights_only=True)


def train(net, optimizer, steps):
    for _ in range(steps):

        def closure():
            optimizer.zero_grad()
            loss = net(torch.randn(16, 4)).square().mean()
            loss.backward()
            return loss

        optimizer.step(closure)


def everything(net, optimizer):
    groups = [{k: copy.deepcopy(v) for k, v in g.items() if k != "params"} for g in optimizer.param_groups]
    return copy.deepcopy((dict(net.state_dict()), list(optimizer.state.values()), groups))


def same(one, other):
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


@pytest.mark.parametrize(
    "make",
    [
        lambda p: torch.optim.SGD(p, lr=0.1),
        lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
        lambda p: torch.optim.Adam(p, lr=0.01, amsgrad=True),
        lambda p: torch.optim.AdamW(p, lr=torch.tensor(0.01), betas=(0.8, 0.9), fused=False, foreach=False),
        lambda p: torch.optim.RMSprop(p, lr=0.01, centered=True),
        lambda p: torch.optim.Adagrad(p, lr=0.01),
        lambda p: torch.optim.LBFGS(p, lr=0.1, max_iter=3),
    ],
)
@pytest.mark.parametrize("steps", [0, 5])
def test_all_returns_whatever_the_optimizer(make, steps):
    torch.manual_seed(1)
    net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 2))
    optimizer = make(net.parameters())
    train(net, optimizer, steps)
    body = Body()
    body.look(list(net.modules()), [optimizer])
    before, tensors = everything(net, optimizer), list(net.state_dict(keep_vars=True).values())
    document = through_disk(body.take()[0])
    assert same(before, everything(net, optimizer))  # taking reads only

    train(net, optimizer, 4)
    with torch.no_grad():
        net[0].weight.fill_(float("nan"))
    optimizer.param_groups[0]["lr"] = 7.0
    body.put_back(document)
    assert same(before, everything(net, optimizer))
    now = net.state_dict(keep_vars=True).values()
    assert all(a is b for a, b in zip(tensors, now, strict=True))
    on = everything(net, optimizer)
    train(net, optimizer, 3)
    assert not same(on, everything(net, optimizer))  # and it goes on from there


def test_random_numbers_return():
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    states = through_disk(random_states())
    first = random.random(), np.random.rand(), np.random.standard_normal(), torch.rand(1).item()
    set_random_states(states)
    assert first == (random.random(), np.random.rand(), np.random.standard_normal(), torch.rand(1).item())


def test_rates_under_a_schedule_stay_where_the_schedule_is():
    net = nn.Linear(4, 2)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    plan = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    body = Body()
    body.look([net], [optimizer])
    document = through_disk(body.take()[0])
    train(net, optimizer, 1)
    plan.step()
    body.put_back(document)
    assert optimizer.param_groups[0]["lr"] == 0.05
    assert not optimizer.state


def test_frozen_weights_are_written_once_and_averages_always():
    net, average = nn.Sequential(nn.Linear(40, 40), nn.Linear(40, 2)), nn.Linear(4, 4)
    net[0].requires_grad_(requires_grad=False)
    counting = nn.BatchNorm1d(4, affine=False)
    optimizer = torch.optim.SGD(net[1].parameters(), lr=0.1)
    body = Body()
    modules = [*net.modules(), average, counting]
    names = []
    for _ in range(3):
        body.look(modules, [optimizer])
        document, size = body.take()
        names.append([set(document["models"][number]) for number in range(3)])
        assert size > sum(t.nbytes for model in document["models"].values() for t in model.values())
        average.weight.data.mul_(0.5)  # past autograd's counter of versions
        counting(torch.randn(3, 4))
    assert names[0] == [
        {"0.weight", "0.bias", "1.weight", "1.bias"},
        {"weight", "bias"},
        {"running_mean", "running_var", "num_batches_tracked"},
    ]
    changed = [{"1.weight", "1.bias"}, {"weight"}, {"running_mean", "running_var", "num_batches_tracked"}]
    assert names[1] == names[2] == changed


def test_a_return_between_forward_and_backward_breaks_no_graph():
    net = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 1))
    body = Body()
    body.look(list(net.modules()), [torch.optim.SGD(net.parameters(), lr=0.1)])
    document = through_disk(body.take()[0])
    loss = net(torch.randn(3, 4)).mean()
    body.put_back(document)
    loss.backward()


def test_bare_weights_and_parts_of_larger_ones_return():
    whole = torch.zeros(1000)
    weight = torch.nn.Parameter(whole[:10])
    optimizer = torch.optim.Adam([weight], lr=0.1)
    body = Body()
    body.look([], [optimizer])
    taken, size = body.take()
    document = through_disk(taken)
    assert size < 20_000  # the generators' states, and nothing of the larger one
    weight.data.fill_(3.0)
    body.put_back(document)
    assert weight.eq(0).all()


def test_models_that_are_gone_are_passed_over():
    net = nn.Linear(2, 2)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    gone = nn.Linear(2, 2)
    body = Body()
    body.look([gone, net], [optimizer])
    document = through_disk(body.take()[0])
    del gone
    net.weight = nn.Parameter(torch.zeros(3, 2))  # another shape
    net.bias.data.fill_(9.0)
    body.put_back(document)
    assert not net.bias.eq(9.0).any()


def test_finite_sees_every_kind():
    assert finite([])
    assert finite([torch.ones(3), torch.tensor([1, 2]), torch.full((2,), 65504.0, dtype=torch.float16)])
    assert finite([torch.full((4,), 1e30)])  # its squares would overflow
    assert not finite([torch.ones(3), torch.tensor(float("nan"))])
    assert not finite([torch.tensor([1.0, -float("inf")])])


def test_buffers_that_never_were_finite_are_no_harm():
    net = nn.Linear(2, 2)
    net.register_buffer("mask", torch.tensor([0.0, -float("inf")]))
    net.register_buffer("mean", torch.zeros(2))
    body = Body()
    body.look([net], [torch.optim.SGD(net.parameters(), lr=0.1)])
    assert len(body.buffers()) == 1
    net.mean[0] = float("nan")
    assert not finite(body.buffers())


def test_broken_gradients_are_cleared_and_others_kept():
    good, bad = torch.zeros(2, requires_grad=True), torch.zeros(2, requires_grad=True)
    good.grad, bad.grad = torch.ones(2), torch.tensor([1.0, float("nan")])
    clear_broken_gradients([good, bad])
    assert good.grad.tolist() == [1, 1]
    assert bad.grad.tolist() == [0, 0]
