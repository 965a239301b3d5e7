"""Agreement of gradients and gradients through time, against float64 computations."""

import numpy as np
import pytest
import torch
from torch import nn

from tests.watch.watching import at, trace_of, watched

T = 16


def quarters(norms):
    parts = [np.sqrt((norms[i : i + T // 4] ** 2).sum()) for i in range(0, T, T // 4)]
    return parts[0] / max(parts)


def truth_by_inputs(rnn, head, x, y):
    """Norm of the loss's gradient by each step's input, in float64, by autograd through the whole loss."""
    twin, top = type(rnn)(3, 5, batch_first=True).double(), nn.Linear(5, 1).double()
    twin.load_state_dict(rnn.state_dict())
    top.load_state_dict(head.state_dict())
    inputs = x.double().requires_grad_()
    loss = nn.functional.mse_loss(top(twin(inputs)[0][:, -1]), y.double())
    (grad,) = torch.autograd.grad(loss, inputs)
    return grad.pow(2).sum(dim=(0, 2)).sqrt().numpy()


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_early_gradient_of_a_recurrent_module(kind, tmp_path):
    torch.manual_seed(3)
    rnn, head = kind(3, 5, batch_first=True), nn.Linear(5, 1)
    x, y = torch.randn(6, T, 3), torch.randn(6, 1)
    truth = []
    with watched(tmp_path / "run"):
        model = nn.ModuleDict({"rnn": rnn, "head": head})
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for step in range(3):
            truth.append(quarters(truth_by_inputs(rnn, head, x, y)))
            optimizer.zero_grad()
            out, state = rnn(x)
            last = state[0] if isinstance(state, tuple) else state
            used = last[0] if step == 1 else out[:, -1]  # both ways in which scripts take the last step
            nn.functional.mse_loss(head(used), y).backward()
            optimizer.step()
    trace = trace_of(tmp_path / "run")
    assert not trace.facts_of("note")
    for step, value in enumerate(truth[1:], start=1):
        assert at(trace, "early_gradient", "rnn", step) == pytest.approx(value, rel=1e-3)


def test_early_gradient_of_a_cell_in_a_loop(tmp_path):
    class Loop(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.head = nn.GRUCell(3, 5), nn.Linear(5, 1)

        def forward(self, x):
            h = torch.zeros(len(x), 5)
            self.states = []
            for t in range(T):
                h = self.cell(x[:, t], h)
                h.retain_grad()
                self.states.append(h)
            return self.head(h)

    torch.manual_seed(5)
    x, y, truth = torch.randn(4, T, 3), torch.randn(4, 1), []
    with watched(tmp_path / "run"):
        model = Loop()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x), y).backward()
            truth.append(quarters(np.array([h.grad.double().norm().item() for h in model.states])))
            optimizer.step()
    trace = trace_of(tmp_path / "run")
    assert not trace.facts_of("note")
    # That the cell is called again and again is known from the second sample on.
    assert at(trace, "early_gradient", "cell", 2) == pytest.approx(truth[2], rel=1e-4)


def test_short_sequences_and_both_directions_are_left_alone(tmp_path):
    with watched(tmp_path / "run"):
        model = nn.ModuleList([nn.LSTM(3, 4, batch_first=True), nn.GRU(3, 4, bidirectional=True)])
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            (model[0](torch.randn(2, 7, 3))[0].mean() + model[1](torch.randn(20, 2, 3))[0].mean()).backward()
            optimizer.step()
    assert not trace_of(tmp_path / "run").sampled("early_gradient").places


def test_gradients_of_neighbouring_steps(tmp_path):
    torch.manual_seed(2)
    seen = []
    with watched(tmp_path / "run"):
        model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(5):
            optimizer.zero_grad()
            nn.functional.mse_loss(model(torch.randn(8, 4)), torch.randn(8, 2)).backward()
            seen.append(torch.cat([p.grad.double().flatten() for p in model.parameters()]).numpy())
            optimizer.step()
    trace = trace_of(tmp_path / "run")
    for step in range(1, 5):
        one, two = seen[step - 1], seen[step]
        cosine = one @ two / np.linalg.norm(one) / np.linalg.norm(two)
        assert at(trace, "grad_agreement", "SGD#1", step) == pytest.approx(cosine, abs=1e-4)
    assert (
        np.isnan(trace.sampled("grad_agreement").values[0, 0])
        or 0 not in trace.sampled("grad_agreement").steps
    )


def test_running_a_module_again_changes_nothing(tmp_path):
    def train(folder=None):
        torch.manual_seed(7)
        rnn, head = nn.LSTM(3, 5, batch_first=True), nn.Linear(5, 1)
        optimizer = torch.optim.Adam([*rnn.parameters(), *head.parameters()], lr=0.01)
        for _ in range(6):
            optimizer.zero_grad()
            nn.functional.mse_loss(head(rnn(torch.randn(4, T, 3))[0][:, -1]), torch.ones(4, 1)).backward()
            optimizer.step()
        grads = [p.grad for p in (*rnn.parameters(), *head.parameters())]
        return [*rnn.state_dict().values(), *head.state_dict().values(), *grads, torch.get_rng_state()]

    plain = train()
    with watched(tmp_path / "run"):
        under = train()
    assert trace_of(tmp_path / "run").sampled("early_gradient").places
    assert all(torch.equal(one, two) for one, two in zip(plain, under, strict=True))
