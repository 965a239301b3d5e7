"""First weights of scripts that have no module: drawn as products show how they are used."""

import pytest
import torch
import torch.nn.functional as F

from gradwise.heal.treatment import Cure
from tests.remedies.nets import MLP, did, sgd, treatment

SIZES = {"MLP": (40, 60, 50), "CNN": (9, 80, 70), "RNN": (30, 50, 50)}


def tensors(kind):
    """Matrices of no module, as scripts by hand have them: for dense layers, patches, time steps."""
    torch.manual_seed(2)
    inputs, hidden, outputs = SIZES[kind]
    first, second = torch.ones(inputs, hidden), torch.ones(outputs, hidden)
    weights = [first, second, torch.ones(hidden, hidden), torch.ones(4, inputs), torch.zeros(outputs)]
    for weight in weights:
        weight.requires_grad_()
    x = torch.randn(8, inputs) + weights[3].detach()[torch.randint(0, 4, (8,))]

    def forward():
        state = torch.tanh(x @ first)
        if kind == "RNN":
            state = torch.tanh(state.matmul(weights[2]))
        return F.linear(state, second, weights[4])

    return weights, forward


@pytest.mark.parametrize("kind", SIZES)
@pytest.mark.parametrize("by_hand", [False, True])
def test_matrices_of_no_module_are_drawn_as_they_are_used(kind, by_hand):
    inputs, hidden, outputs = SIZES[kind]
    with treatment(Cure("glorot-init")) as run:
        weights, forward = tensors(kind)
        optimizer = None if by_hand else torch.optim.SGD(weights, lr=0.1)
        loss = forward().square().mean()
        assert weights[0].std().item() == pytest.approx((2 / (inputs + hidden)) ** 0.5, rel=0.1)
        assert weights[1].std().item() == pytest.approx((2 / (hidden + outputs)) ** 0.5, rel=0.1)
        assert bool((weights[3] == 1).all())  # a table is no matrix of a product
        assert len(did(run)) == 2 + (kind == "RNN")
        drawn = [weight.detach().clone() for weight in weights]
        loss.backward()
        if optimizer is None:
            with torch.no_grad():
                for weight in weights[:2]:
                    weight -= 0.1 * weight.grad
        else:
            optimizer.step()
        learnt = [weight.detach().clone() for weight in weights]
        forward().mean().backward()  # nothing is drawn a second time
        assert all(torch.equal(weight, one) for weight, one in zip(weights, learnt, strict=True))
    assert not torch.equal(learnt[0], drawn[0])
    assert all(torch.equal(weight, one) for weight, one in zip(weights, learnt, strict=True))  # has learnt


def test_two_matrices_of_one_shape_begin_apart_and_undone_they_are_the_scripts():
    with treatment(Cure("he-init")):
        query, key = (torch.ones(20, 20, requires_grad=True) for _ in range(2))
        torch.optim.Adam([query, key])
        x = torch.ones(3, 20)
        assert ((x @ query) @ (x @ key).T).shape == (3, 3)
        assert not torch.equal(query, key)
        assert query.std() > 0
    assert bool((query == 1).all() and (key == 1).all())


def test_inputs_that_want_a_gradient_and_what_comes_late_stay():
    with treatment(Cure("he-init")) as run:
        x, late = torch.ones(3, 20, requires_grad=True), torch.ones(5, 5, requires_grad=True)
        (x @ torch.ones(20, 5)).sum().backward()
        (torch.ones(3, 5) @ late).sum().backward()
        net = MLP()
        optimizer = sgd(net)
        hand = F.linear(torch.ones(2, 6), net.fc1.weight)  # a module's own, though it was not called
        assert torch.equal(hand, torch.ones(2, 6) @ net.fc1.weight.T)
        optimizer.zero_grad()
    assert bool((x == 1).all() and (late == 1).all())
    assert run.charts[0].idle
