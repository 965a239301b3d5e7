"""A net learns the energy of a pendulum and is judged by its gradient, so its last bias never matters."""

import argparse

import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
torch.manual_seed(args.seed)


def pendulum(n):
    q = 4 * torch.rand(n, 1) - 2
    p = 3 * torch.rand(n, 1) - 1.5
    flow = torch.cat([p, -torch.sin(q)], 1)
    return torch.cat([q, p], 1), flow


class EnergyNet(nn.Module):
    def __init__(self, width=48):
        super().__init__()
        self.energy = nn.Sequential(nn.Linear(2, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh())
        self.last = nn.Linear(width, 1)

    def forward(self, state):
        state = state.requires_grad_()
        total = self.last(self.energy(state)).sum()
        (slope,) = torch.autograd.grad(total, state, create_graph=True)
        return torch.stack([slope[:, 1], -slope[:, 0]], 1)


state_train, flow_train = pendulum(1000)
flow_train = flow_train + 0.05 * torch.randn_like(flow_train)
state_test, flow_test = pendulum(400)
model = EnergyNet()
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
decay = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.994)
for step in range(500):
    rows = torch.randint(0, len(state_train), (64,))
    loss = nn.functional.mse_loss(model(state_train[rows]), flow_train[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    decay.step()
    if step % 100 == 0:
        print(f"step {step}: loss {loss.item():.5f}")

mse = nn.functional.mse_loss(model(state_test), flow_test).item()
print(f"test mse {mse:.5f} (variance {flow_test.var().item():.4f})")
